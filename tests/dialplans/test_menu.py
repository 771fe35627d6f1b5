"""`menu`: by key, by word, and when neither comes."""

from __future__ import annotations

from pathlib import Path

import pytest
from plans import plan

from brain.expect import Kind
from dialplans.call import Keyed, Nothing, Said, Unheard
from dialplans.fake_call import Line, ScriptedCall, journey

MENU = """
    steps:
      start:
        - menu:
            prompt: Choose.
            options:
              "1": {phrases: [opening hours, when are you open], goto: hours}
              "2": {phrases: billing, goto: billing}
              "#": {goto: hash}
            reprompts: [One., Two.]
            keys_prompt: Keys!
            on_fail: failed
      hours: [{say: Hours.}]
      billing: [{say: Billing.}]
      hash: [{say: Hash.}]
      failed: [{say: Failed.}]
"""


def said(text: str) -> Said:
    return Said(text, 0.9)


@pytest.mark.parametrize(
    ("script", "end"),
    [
        ([Keyed("1")], "Hours."),
        ([Keyed("#")], "Hash."),
        ([said("Opening hours, please.")], "Hours."),
        ([said("When are you open?")], "Hours."),
        ([said("bulling")], "Billing."),
        ([said("number two")], "Billing."),
        ([said("option 1")], "Hours."),
        ([said("opening hours and billing"), ("One.", Keyed("2"))], "Billing."),
        ([Keyed("9"), ("One.", Nothing()), ("Two.", said("cheese")), ("Keys!", Nothing())], "Failed."),
        ([Nothing(), ("One.", Nothing()), ("Two.", Nothing()), ("Keys!", Keyed("1"))], "Hours."),
        ([Unheard("stt"), ("Keys!", Keyed("2"))], "Billing."),
        ([Unheard("stt"), ("Keys!", Nothing()), ("Two.", Nothing())], "Failed."),
    ],
)
async def test_choices(tmp_path: Path, script: list[Line], end: str) -> None:
    call = ScriptedCall(*script)
    await journey(plan(tmp_path, MENU), call)
    assert call.said[-1] == end


async def test_what_a_menu_waits_for(tmp_path: Path) -> None:
    call = ScriptedCall(Unheard("stt"), Keyed("1"))
    await journey(plan(tmp_path, MENU), call)
    first, second = call.asked
    assert first.kind is Kind.CHOICE
    assert first.phrases == ("opening hours", "when are you open", "billing")
    assert (first.max_digits, first.terminator) == (1, "")
    assert (first.voice, second.voice) == (True, False)


async def test_a_menu_of_keys_needs_no_recogniser(tmp_path: Path) -> None:
    text = "steps:\n- menu: {prompt: x, options: {'1': {goto: start}}}\n- say: On."
    journeyed = plan(tmp_path, text)
    assert not journeyed.listens
    call = ScriptedCall(Nothing(), ("Sorry, I did not get that. x", Nothing()), Nothing())
    await journey(journeyed, call)
    assert call.said[-1] == "On."
    assert {expect.voice for expect in call.asked} == {False}
