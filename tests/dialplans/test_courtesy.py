"""What a plan has the bot say in dead air, from its keys to the turn manager's expectations."""

from __future__ import annotations

from pathlib import Path

from plans import plan, problems

from brain.courtesy import BACKCHANNEL, Courtesy
from dialplans.call import Keyed, Said
from dialplans.fake_call import HangsUp, ScriptedCall, journey

AGENT = """
    steps:
    - agent:
        prompt: You answer.
        exits:
          bye: {when: to leave, goto: start}
          desk: {when: a person, key: "2", goto: start}
        KEYS
"""


def agent(folder: Path, keys: str = "max_turns: 20") -> str:
    return AGENT.replace("KEYS", keys)


async def test_an_agent_without_a_word_about_it_is_polite(tmp_path: Path) -> None:
    (spec,) = plan(tmp_path, agent(tmp_path)).agents()
    assert spec.courtesy == Courtesy(
        ("One moment.", "Let me see."),
        ("I'm still looking.", "Just a moment longer, please."),
        "Sure, take your time.",
        60.0,
        "Yes, I'm here.",
        True,
    )
    assert spec.still_there == ("Are you still there?", "I can't hear you. If you want a person, press 2.")


async def test_a_plan_words_it_or_turns_it_off(tmp_path: Path) -> None:
    keys = """acknowledgements: []
        backchannels: false
        take_your_time: ""
        hold_on_s: 20
        here: "Yes?"
        still_there: ["One?", "Two?", "Three?"]"""
    (spec,) = plan(tmp_path, agent(tmp_path, keys)).agents()
    assert spec.courtesy.acknowledgements == () and not spec.courtesy.backchannels
    assert (spec.courtesy.take_your_time, spec.courtesy.hold_on_s, spec.courtesy.here) == ("", 20.0, "Yes?")
    assert spec.still_there == ("One?", "Two?", "Three?")


async def test_one_text_is_a_list_of_one(tmp_path: Path) -> None:
    keys = "acknowledgements: Wait.\n        still_there: Hello?"
    (spec,) = plan(tmp_path, agent(tmp_path, keys)).agents()
    assert spec.courtesy.acknowledgements == ("Wait.",) and spec.still_there == ("Hello?",)


def test_all_of_it_is_rendered_ahead(tmp_path: Path) -> None:
    texts = plan(tmp_path, agent(tmp_path)).fixed_texts()
    assert {"One moment.", "I'm still looking.", "Sure, take your time.", "Yes, I'm here.", BACKCHANNEL} <= set(texts)
    gather = "steps:\n- gather: {slot: a, prompt: x}"
    assert {"Sure, take your time.", "Yes, I'm here."} <= set(plan(tmp_path, gather).fixed_texts())
    by_keys = "steps:\n- gather: {slot: a, type: digits, by: keys, prompt: x}"
    assert "Yes, I'm here." not in plan(tmp_path, by_keys).fixed_texts()


async def test_a_gather_and_a_menu_wait_too_and_have_no_backchannels(tmp_path: Path) -> None:
    text = """
        steps:
        - gather: {slot: a, type: digits, prompt: x, confirm: "{a}?", hold_on_s: 30, here: "Yes?"}
        - menu: {prompt: y, options: {"1": {phrases: one, goto: start}}, take_your_time: Fine.}
        """
    call = ScriptedCall(Said("555", 0.9), Keyed("1"), Keyed("1"), HangsUp())
    await journey(plan(tmp_path, text), call)
    gathered, confirmed, menu, _ = call.asked
    assert gathered.courtesy == confirmed.courtesy == Courtesy((), (), "Sure, take your time.", 30.0, "Yes?")
    assert menu.courtesy == Courtesy((), (), "Fine.", 60.0, "Yes, I'm here.")


def test_these_texts_have_no_holes(tmp_path: Path) -> None:
    assert "no braces" in problems(tmp_path, agent(tmp_path, 'acknowledgements: ["{caller}?"]'))[0]
    assert "no braces" in problems(tmp_path, agent(tmp_path, 'here: "Yes, {caller}."'))[0]
