"""Every verb in a scripted call, and the plan around them."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest
from plans import plan, problems

from brain.expect import Interruptible
from dialplans.call import AgentOutcome, CallEnded, CallInfo, Keyed, Nothing, Said, Spoken
from dialplans.fake_call import HangsUp, Line, OffScript, ScriptedCall, Transferred, journey
from dialplans.scene import DEAF_JUMPS, MUTE_JUMPS


async def test_say_and_the_end_of_a_plan(tmp_path: Path) -> None:
    call = ScriptedCall()
    text = await journey(plan(tmp_path, "steps:\n- say: Hello {caller_name} on {caller:digits}."), call)
    assert call.answered
    assert text == (
        "bot:    Hello A. Caller on five five five, zero one zero zero.\n(bot ends the call: plan ended)"
    )


async def test_the_settings_reach_the_call(tmp_path: Path) -> None:
    call = ScriptedCall()
    await journey(plan(tmp_path, "voice: joe\nspeed: 0.9\nstt: tiny.en\nsteps: [hangup]"), call)
    assert call.tts is not None and (call.tts.voice, call.tts.speed) == ("joe", 0.9)
    assert call.stt is not None and call.stt.model == "tiny.en"


@pytest.mark.parametrize(
    ("word", "how"),
    [("yes", Interruptible.SPEECH), ("keys only", Interruptible.KEYS), ("no", Interruptible.NO)],
)
async def test_interruptible(tmp_path: Path, word: str, how: Interruptible) -> None:
    seen: list[Interruptible] = []

    class Listening(ScriptedCall):
        async def say(self, text: str, interruptible: Interruptible = Interruptible.SPEECH) -> Spoken:
            seen.append(interruptible)
            return await super().say(text, interruptible)

    await journey(plan(tmp_path, f"steps:\n- say:\n    text: x\n    interruptible: {word}"), Listening())
    assert seen == [how]


async def test_play(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "welcome.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(320))
    call = ScriptedCall()
    journeyed = plan(tmp_path, "steps:\n- play: welcome.wav\n- say: Hello.")
    await journey(journeyed, call)
    assert call.played == [tmp_path / "welcome.wav"]


def recording(path: Path) -> None:
    """A tenth of a second of silence."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(1600))


async def test_an_earcon_needs_no_file(tmp_path: Path) -> None:
    call = ScriptedCall()
    text = await journey(plan(tmp_path, "steps:\n- play: beep\n- say: Hello."), call)
    assert text.startswith("bot:    (beep)\nbot:    Hello.")
    assert call.played == []


async def test_keys_are_pressed_for_a_machine(tmp_path: Path) -> None:
    steps = 'steps:\n- press: "12#"\n- press: {keys: "*", method: inband}'
    text = await journey(plan(tmp_path, steps), ScriptedCall())
    assert text.startswith("bot:    [12#] by rfc4733\nbot:    [*] by inband")


@pytest.mark.parametrize("keys", ["", "12x", "1 2", "{caller}", "1" * 33])
def test_what_is_no_key_is_not_pressed(tmp_path: Path, keys: str) -> None:
    assert problems(tmp_path, f'steps:\n- press: "{keys}"\n- hangup')[0].startswith("2: ")


async def test_ambience_lies_under_the_call_and_music_under_a_transfer(tmp_path: Path) -> None:
    recording(tmp_path / "room.wav")
    recording(tmp_path / "music.wav")
    journeyed = plan(
        tmp_path,
        """
        ambience: room.wav
        steps:
        - transfer: {target: "sip:desk@127.0.0.1", music: music.wav}
        - say: Nobody is there.
        """,
    )
    assert journeyed.recordings() == [tmp_path / "room.wav", tmp_path / "music.wav"]
    call = ScriptedCall(Transferred(False))
    await journey(journeyed, call)
    assert call.beds == [tmp_path / "room.wav", tmp_path / "music.wav", None, tmp_path / "room.wav"]


def test_sounds_that_are_not_there_are_found_with_their_line(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        ambience: {file: room.wav, level_db: -40}
        steps:
        - transfer: {target: "sip:desk@127.0.0.1", music: music.wav}
        """,
    )
    assert [line.split(":")[0] for line in found] == ["1", "3"]
    assert all("no such file" in line for line in found)


async def test_a_recording_that_went_away_ends_no_call(tmp_path: Path) -> None:
    class Gone(ScriptedCall):
        async def play(self, path: Path, interruptible: Interruptible = Interruptible.SPEECH) -> Spoken:
            raise FileNotFoundError(path)

    with wave.open(str(tmp_path / "welcome.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(320))
    call = Gone()
    await journey(plan(tmp_path, "steps:\n- play: welcome.wav\n- say: Hello."), call)
    assert call.said == ["Hello."]


async def test_goto_and_hangup(tmp_path: Path) -> None:
    text = """
        start: two
        steps:
          one:
            - say: One.
            - hangup: had enough
          two:
            - say: Two.
            - goto: one
    """
    call = ScriptedCall()
    await journey(plan(tmp_path, text), call)
    assert (call.said, call.over) == (["Two.", "One."], "had enough")


async def test_echo(tmp_path: Path) -> None:
    call = ScriptedCall()
    await journey(plan(tmp_path, "steps: [echo]"), call)
    assert call.echoed


TRANSFER = """
    steps:
      start:
        - transfer: sip:desk@127.0.0.1
        - say: Nobody is there.
"""


async def test_a_transfer_that_is_accepted_ends_the_plan(tmp_path: Path) -> None:
    call = ScriptedCall(Transferred(True))
    await journey(plan(tmp_path, TRANSFER), call)
    assert (call.said, call.over) == ([], "transferred")


async def test_a_transfer_that_fails_lets_the_plan_go_on(tmp_path: Path) -> None:
    call = ScriptedCall(Transferred(False))
    await journey(plan(tmp_path, TRANSFER), call)
    assert call.said == ["Nobody is there."]


async def test_a_transfer_may_fail_to_a_step(tmp_path: Path) -> None:
    text = """
        steps:
          start:
            - transfer: {target: "tel:+4930123", on_fail: sorry}
          sorry:
            - say: Sorry.
    """
    call = ScriptedCall(Transferred(False))
    await journey(plan(tmp_path, text), call)
    assert call.said == ["Sorry."]


AGENT = """
    facts: {hours: 8 to 6}
    steps:
      start:
        - agent:
            prompt: |
              You know {hours}.
              No more.
            answers:
              - when: [when are you open, opening hours]
                say: We are open {hours}.
            exits:
              callback: {when: a call back, examples: [call me], goto: callback}
              leave: {when: to leave, say: "Until {hours}.", goto: bye}
            unknown: I can't say.
            fallback: ["Pardon?", Sorry.]
            max_turns: 3
            silence_s: 4
            still_there: Hello?
            on_silence: quiet
            on_turns: enough
            on_failed: broken
        - say: Went on.
      callback: [{say: Callback.}]
      bye: [{say: Bye.}]
      quiet: [{say: Quiet.}]
      enough: [{say: Enough.}]
      broken: [{say: Broken.}]
"""


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("callback", "Callback."), ("leave", "Bye."), ("silence", "Quiet."), ("turns", "Enough."),
        ("max_turns", "Enough."), ("failed", "Broken."), ("unheard", "Went on."), ("new", "Broken."),
    ],
)  # fmt: skip
async def test_where_an_agent_leads(tmp_path: Path, ending: str, said: str) -> None:
    call = ScriptedCall(AgentOutcome(ending, 2))
    await journey(plan(tmp_path, AGENT), call)
    assert call.said == [said]


async def test_what_an_agent_is_given(tmp_path: Path) -> None:
    call = ScriptedCall(AgentOutcome("leave", 1))
    agent = plan(tmp_path, AGENT)
    await journey(agent, call)
    (spec,) = call.specs
    assert [spec] == list(agent.agents())
    assert spec.prompt == "You know 8 to 6.\nNo more."
    assert [(answer.when, answer.say) for answer in spec.answers] == [
        (("when are you open", "opening hours"), "We are open 8 to 6.")
    ]
    assert [(way.name, way.when, way.examples, way.say) for way in spec.exits] == [
        ("callback", "a call back", ("call me",), ""),
        ("leave", "to leave", (), "Until 8 to 6."),
    ]
    assert (spec.max_turns, spec.silence_s, spec.still_there) == (3, 4.0, ("Hello?",))
    assert (spec.unknown, spec.fallback) == ("I can't say.", ("Pardon?", "Sorry."))
    assert {"We are open 8 to 6.", "Until 8 to 6.", "I can't say.", "Pardon?", "Quiet."} <= set(
        agent.fixed_texts()
    )


KEYED = AGENT.replace(
    'exits:', 'exits:\n              desk: {when: "a {person}", key: 0, say: "To {hours}.", goto: bye}', 1
).replace('goto: callback}', 'key: "*", goto: callback}', 1)  # fmt: skip
ASKED = (
    "I am sorry, I have trouble understanding speech at the moment. If you want a {person}, press 0. "
    "If you want a call back, press *."
)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([Keyed("0")], [ASKED, "To 8 to 6.", "Bye."]),
        ([Keyed("*")], [ASKED, "Callback."]),
        ([Keyed("5"), Keyed("*")], [ASKED, ASKED, "Callback."]),
        ([Nothing(), Nothing()], [ASKED, ASKED, "Went on."]),
    ],
)
async def test_where_speech_is_lost_an_agent_asks_for_the_keys_of_its_exits(
    tmp_path: Path, answers: list[Line], said: list[str]
) -> None:
    call = ScriptedCall(AgentOutcome("unheard", 2), *answers)
    agent = plan(tmp_path, KEYED)
    await journey(agent, call)
    assert call.said == said and ASKED in agent.fixed_texts()
    assert not any(expect.voice for expect in call.asked)
    assert {key: way.name for key, way in call.specs[0].keys.items()} == {"0": "desk", "*": "callback"}


async def test_the_plan_may_say_how_to_ask_for_the_keys(tmp_path: Path) -> None:
    call = ScriptedCall(AgentOutcome("unheard", 0), ("Zero, until 8 to 6.", Keyed("0")))
    text = KEYED.replace("unknown:", 'keys_prompt: "Zero, until {hours}."\n            unknown:', 1)
    await journey(plan(tmp_path, text), call)
    assert call.said[-1] == "Bye."


async def test_slots_from_headers(tmp_path: Path) -> None:
    text = """
        headers: {customer: X-Customer, missing: X-Missing}
        steps:
          - say: "{customer}, {missing}."
    """
    info = CallInfo("c", "anna", "menu", headers={"x-customer": "{caller} 7\r\n"})
    call = ScriptedCall(info=info)
    await journey(plan(tmp_path, text), call)
    assert call.said == ["caller 7, ."]


async def test_a_circle_without_a_word_ends(tmp_path: Path) -> None:
    text = "steps:\n  one: [{goto: two}]\n  two: [{goto: one}]"
    call = ScriptedCall()
    await journey(plan(tmp_path, text), call)
    assert call.over.startswith("the plan runs in a circle at step ")


async def test_a_circle_that_talks_to_nobody_ends(tmp_path: Path) -> None:
    call = ScriptedCall()
    await journey(plan(tmp_path, "steps:\n  one:\n  - say: Hello.\n  - goto: one"), call)
    assert len(call.said) == DEAF_JUMPS + 1
    assert "the caller never answered" in call.over


async def test_a_circle_whose_voice_is_dead_ends_sooner(tmp_path: Path) -> None:
    class Dumb(ScriptedCall):
        async def say(self, text: str, interruptible: Interruptible = Interruptible.SPEECH) -> Spoken:
            await super().say(text, interruptible)
            return Spoken(False, "")

    call = Dumb()
    await journey(plan(tmp_path, "steps:\n  one:\n  - say: Hello.\n  - goto: one"), call)
    assert len(call.said) == MUTE_JUMPS + 1


async def test_a_caller_who_answers_may_go_round_for_ever(tmp_path: Path) -> None:
    text = "steps:\n  one:\n  - menu: {prompt: x, options: {'1': {goto: one}}}"
    call = ScriptedCall(*[Keyed("1")] * 200, HangsUp())
    await journey(plan(tmp_path, text), call)
    assert len(call.asked) == 201


async def test_a_caller_who_hangs_up_ends_the_plan(tmp_path: Path) -> None:
    call = ScriptedCall(HangsUp())
    with pytest.raises(CallEnded, match="caller"):
        await plan(tmp_path, "steps:\n- gather: {slot: a, prompt: x, by: voice}\n- say: x").travel(call)
    assert call.said == ["x"]


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ([], "the script is at its end"),
        ([("who", Said("x", 1.0))], 'expected a prompt with "who"'),
        ([Keyed("1")], "doesn't take"),
        ([Transferred(True)], "the plan asked"),
        ([Said("x", 1.0), Nothing()], "the script goes on"),
    ],
)
async def test_a_script_that_does_not_fit_is_told(tmp_path: Path, script: list[object], why: str) -> None:
    with pytest.raises(OffScript, match=why):
        await journey(
            plan(tmp_path, "steps:\n- gather: {slot: a, prompt: x, by: voice}"), ScriptedCall(*script)
        )
