"""What is said beside the conversation: it is heard, an answer waits for its end, the history has none of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from virtual_call import RATE, SPEECH, Line, Stuck, Voice, asking, call

from brain import actions as act
from brain.conversation import Speaker
from brain.conversing import Replier, converse
from brain.courtesy import BACKCHANNEL, Courtesy
from brain.engines import EngineError, TtsSettings
from brain.expect import Expect
from brain.llm.fake import ScriptedLlm
from brain.orchestrator import AgentExit, AgentSpec
from brain.stt.fake import ScriptedStt
from brain.tts.fake import LEVEL, ToneTts, tone
from telephony.call_record import Private, turn_row

COURTESY = Courtesy(("One moment.",), ("Still looking.",), "Take your time.", 10.0, "Yes, I am here.")
SPEC = AgentSpec(
    "You answer.",
    exits=(AgentExit("bye", "to leave", ("goodbye then",), "Goodbye."),),
    silence_s=3.0,
    still_there=("Still there?", "Hello?"),
    courtesy=COURTESY,
)
ANSWER = '{"say": "We are open from eight to six."}'


def talk(
    monkeypatch: pytest.MonkeyPatch,
    script: list[tuple[float, bool]],
    heard: list[str],
    llm: ScriptedLlm | None = None,
    spec: AgentSpec = SPEC,
) -> tuple[Line, Replier, list[str]]:
    """Converse to the end while the caller is (seconds, whether they speak) one after another."""
    repliers: list[Replier] = []

    async def scene(line: Line) -> None:
        replier = Replier(line.agent, llm or ScriptedLlm(default=[ANSWER]), spec, ToneTts(), RATE, _no_report)
        repliers.append(replier)
        task = line.tasks.create_task(converse(line.agent, replier, spec, ToneTts(), RATE))
        for seconds, loud in script:
            await line.pass_time(seconds, loud=loud)
        while not task.done():
            await line.pass_time(0.5)
        await task

    line = call(scene, monkeypatch, ScriptedStt(heard, whole=True))
    return line, repliers[0], [said.heard for said in line.agent.mouth.said]


def _no_report(error: EngineError) -> None:
    raise AssertionError(error)


def slowly(seconds: float) -> ScriptedLlm:
    """A model whose first word takes its time."""

    async def gate(piece: int) -> None:
        if piece == 0:
            await asyncio.sleep(seconds)

    return ScriptedLlm(default=[ANSWER], gate=gate)


def test_a_slow_answer_is_acknowledged_and_follows_without_a_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    script = [(0.5, False), (1.2, True), (6.0, False)]
    line, replier, said = talk(monkeypatch, script, ["When do you open?"], slowly(1.6))
    assert said[:2] == ["One moment.", "We are open from eight to six."]
    interjection, answer = line.agent.mouth.said[:2]
    (trace,) = line.agent.traces
    assert interjection.interjection and not answer.interjection and trace.utterance == answer.number
    assert interjection.first_heard == pytest.approx(trace.committed + 0.8, abs=0.1)
    assert answer.first_heard - interjection.ended <= 0.1
    assert trace.said == "We are open from eight to six."
    assert "One moment." not in " ".join(turn.text for turn in replier.history)
    row = turn_row(trace, Private())["ms"]
    assert row["acknowledged"] < row["first_audio"] <= row["first_heard"]


def test_a_quick_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    line, _, said = talk(monkeypatch, [(0.5, False), (1.2, True), (4.0, False)], ["When do you open?"])
    assert said[0] == "We are open from eight to six." and not any(u.interjection for u in line.agent.mouth.said)
    assert line.agent.traces[0].acknowledged is None


def test_a_placeholder_follows_when_it_takes_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, said = talk(monkeypatch, [(0.5, False), (1.2, True), (9.0, False)], ["When do you open?"], slowly(4.5))
    assert said[:3] == ["One moment.", "Still looking.", "We are open from eight to six."]


def test_words_over_an_acknowledgement_stop_it_and_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    script = [(0.5, False), (1.2, True), (1.4, False), (1.4, True), (9.0, False)]
    line, replier, said = talk(monkeypatch, script, ["When do you open?", "I mean on Sunday please"], slowly(3.0))
    first = line.agent.mouth.said[0]
    assert first.interjection and not first.complete
    assert [turn.text for turn in replier.history if turn.speaker is Speaker.CALLER][-1] == "I mean on Sunday please"


def test_the_ladder_of_silence_is_climbed_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    line, _, said = talk(monkeypatch, [(10.0, False)], [])
    assert said == ["Still there?", "Hello?"]
    first, second = line.agent.mouth.said
    assert first.first_heard == pytest.approx(3.0, abs=0.1)
    assert second.first_heard - first.ended == pytest.approx(3.0, abs=0.1)


def test_an_answer_takes_the_ladder_back_to_its_foot(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, said = talk(monkeypatch, [(4.5, False), (1.2, True), (9.0, False)], ["When do you open?"])
    assert said == ["Still there?", "We are open from eight to six.", "Still there?", "Hello?"]


def test_who_asks_for_time_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    llm = ScriptedLlm(default=[ANSWER])
    line, _, said = talk(monkeypatch, [(0.5, False), (1.2, True), (11.0, False)], ["Just a second."], llm)
    assert said == ["Take your time.", "Still there?", "Hello?"] and llm.asked == []
    assert line.agent.mouth.said[1].first_heard > 12.0


def test_who_wonders_while_the_bot_thinks_hears_at_once_and_is_answered_then(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = replace(SPEC, courtesy=replace(COURTESY, acknowledgements=()))
    script = [(0.5, False), (1.2, True), (0.8, False), (0.8, True), (9.0, False)]
    _, _, said = talk(monkeypatch, script, ["When do you open?", "Are you there?"], slowly(4.0), spec)
    assert said[:2] == ["Yes, I am here.", "We are open from eight to six."]


def test_a_backchannel_over_an_answer_is_kept_and_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    script = [(0.5, False), (1.2, True), (1.0, False), (0.3, True), (4.0, False), (1.2, True), (4.0, False)]
    long = "We are open from eight in the morning to six in the evening on weekdays."
    llm = ScriptedLlm(default=[f'{{"say": "{long}"}}'])
    _, replier, _ = talk(monkeypatch, script, ["When do you open?", "okay", "And on Sunday?"], llm)
    turns = [(turn.speaker, turn.text, turn.aside) for turn in replier.history]
    assert turns == [
        (Speaker.CALLER, "When do you open?", False),
        (Speaker.BOT, long, False),
        (Speaker.CALLER, "okay", True),
        (Speaker.CALLER, "And on Sunday?", False),
    ]


def test_one_whose_voice_does_not_come_gives_way_to_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        monkeypatch.setattr(line.agent, "_tts", _Mute())
        line.agent._perform(act.Interject("One moment."))  # as the turn manager would
        await line.settle()
        said = await _said(line, Voice(3))
        assert said.complete and line.agent.mouth.silent

    call(scene, monkeypatch)


async def _said(line: Line, source: Voice) -> object:
    saying = line.tasks.create_task(line.agent.say(source, SPEECH))
    await line.pass_time(1.0)
    return await saying


class _Mute(ToneTts):
    def speak(self, clauses: object, settings: TtsSettings, rate_hz: int) -> Stuck:  # type: ignore[override]
        return Stuck(1)


def test_a_call_that_ends_in_one_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        line.agent._perform(act.Interject("One moment, please, I will have a look."))
        await line.pass_time(0.3)
        assert line.speaking()

    call(scene, monkeypatch)


def test_a_prompt_waits_for_its_end_and_a_second_one_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        line.agent._perform(act.Interject("One moment."))
        await line.settle()
        line.agent._perform(act.Interject("Another."))
        asked = asking(line, Voice(5), Expect(silence_s=1.0))
        await line.pass_time(0.4)
        assert [u.first_audio is not None for u in line.agent.mouth.said] == [True, False]
        await line.pass_time(3.0)
        outcome, prompt = await asked
        assert isinstance(outcome, act.NoInput) and prompt is not None and prompt.complete

    call(scene, monkeypatch)


def test_a_backchannel_of_ours_is_heard_low_and_is_no_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        await line.agent.render_backchannel()
        line.agent._perform(act.Backchannel())
        await line.pass_time(0.5)
        heard = np.concatenate(line.sent)
        expected = tone(BACKCHANNEL, TtsSettings(), RATE)
        assert 0.2 * LEVEL < np.abs(heard).max() < 0.5 * LEVEL
        assert np.count_nonzero(np.abs(heard) > 200) <= expected.size
        assert line.agent.mouth.said == [] and line.agent.mouth.silent and line.agent.playout.idle

    line = call(scene, monkeypatch)
    assert not any("Prompt" in row for row in line.lines)


def test_without_a_voice_for_it_there_are_no_backchannels(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        class Broken(ToneTts):
            def speak(self, *args: object) -> Voice:  # type: ignore[override]
                return Voice(1, fails_at=0)

        monkeypatch.setattr(line.agent, "_tts", Broken())
        await line.agent.render_backchannel()
        line.agent._perform(act.Backchannel())
        await line.pass_time(0.5)
        assert not line.speaking() and len(line.reports) == 1

    call(scene, monkeypatch)


def test_an_opening_behind_which_nothing_comes_is_excused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def gate(piece: int) -> None:
        if piece == 1:  # the opening is said at once, the answer isn't
            await asyncio.sleep(4.0)

    llm = ScriptedLlm(default=['{"say":"Sure,', " at 14", ' Harbour Street."', "}"], gate=gate)
    spec = replace(SPEC, prompt="You answer.\nAddress: 14 Harbour Street.", openings=("Sure,", "Okay,"))
    script = [(0.5, False), (1.2, True), (9.0, False)]
    line, _, said = talk(monkeypatch, script, ["What is your address?"], llm, spec)
    assert said[0] == "Sure, Still looking. at 14 Harbour Street."
    (trace,) = line.agent.traces
    assert trace.answer_heard is not None and trace.first_heard is not None
    assert trace.answer_heard - trace.first_heard > 3.0
