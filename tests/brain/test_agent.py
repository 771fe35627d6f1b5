"""The shell: audio in, audio out, engines that fail, plans that are cancelled."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from virtual_call import CHUNK, RATE, SPEECH, Line, Stuck, Voice, asking, call

from brain import actions as act
from brain import events as ev
from brain.agent import Speculator
from brain.engines import SpeechAudio, TtsSettings
from brain.expect import Expect, Kind
from brain.stt.fake import ScriptedStt
from brain.tts.fake import ToneTts


async def one(text: str) -> AsyncIterator[str]:
    yield text


# ---- say and ask ------------------------------------------------------------------------------


def test_what_is_said_is_heard_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        source = Voice(5)
        saying = line.tasks.create_task(line.agent.say(source, SPEECH))
        await line.pass_time(0.3)
        assert line.speaking() and not saying.done()
        await line.pass_time(0.4)
        utterance = await saying
        assert utterance.complete and utterance.heard == "word1 word2 word3 word4 word5"
        assert source.closed and not line.speaking()
        assert utterance.first_heard is not None and utterance.ended is not None
        assert utterance.first_audio is not None and utterance.ended >= utterance.first_audio + 0.5

    call(scene, monkeypatch)


def test_new_audio_is_announced_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        ready: list[bool] = []
        line.agent.mouth.on_audio = lambda: ready.append(bool(line.agent.playout.take(160).max() > 500))
        saying = line.tasks.create_task(line.agent.say(Voice(3), SPEECH))
        await line.settle()
        assert ready == [True, True, True]  # without a tick
        await line.pass_time(0.5)
        await saying

    call(scene, monkeypatch)


def test_a_question_is_answered_by_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        answer = asking(line, ToneTts().speak(one("Well?"), TtsSettings(), RATE), Expect(Kind.YES_NO))
        await line.pass_time(0.5)
        await line.pass_time(0.4, loud=True)
        await line.pass_time(0.6)
        outcome, utterance = await answer
        assert isinstance(outcome, act.Commit) and outcome.text == "Yes."
        assert utterance is not None and utterance.complete
        (trace,) = line.agent.traces
        assert trace.ended <= trace.committed <= trace.ended + 0.5
        assert trace.final is not None and trace.final <= trace.committed

    call(scene, monkeypatch, ScriptedStt(["Yes."], whole=True))


def test_words_over_the_prompt_stop_it_and_are_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        source = Voice(50)
        answer = asking(line, source)
        await line.pass_time(1.0)
        await line.pass_time(0.2, loud=True)
        assert not line.speaking(0.04)  # paused within 200 ms
        await line.pass_time(1.0, loud=True)
        await line.pass_time(1.5)
        outcome, utterance = await answer
        assert isinstance(outcome, act.Commit) and outcome.text == "I need a doctor"
        assert utterance is not None and not utterance.complete and source.closed
        assert utterance.heard.startswith("word1 ") and "word50" not in utterance.heard
        assert not line.speaking(1.0)

    call(scene, monkeypatch, ScriptedStt(["I need a doctor"]))


def test_a_cough_pauses_the_prompt_and_loses_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        saying = line.tasks.create_task(line.agent.say(Voice(20), SPEECH))
        await line.pass_time(1.0)
        await line.pass_time(0.2, loud=True)
        await line.pass_time(3.0)
        utterance = await saying
        assert utterance.complete and utterance.first_heard is not None and utterance.ended is not None
        assert utterance.ended - utterance.first_heard > 2.1

    call(scene, monkeypatch, ScriptedStt([""]))


def test_keys_ahead_of_the_question_leave_the_prompt_unsaid_and_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene(line: Line) -> None:
        source = Voice(9)
        line.post(lambda at: ev.KeyPressed(at, "1"))
        outcome, utterance = await line.agent.ask(source, Expect(Kind.CHOICE), SPEECH)
        assert outcome == act.CommitKeys(1, "1") and utterance is None
        assert source.made == 0 and source.closed

    call(scene, monkeypatch)


def test_an_answer_before_the_first_sound_of_the_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        source = Stuck(1)
        answer = asking(line, source, Expect(Kind.CHOICE))
        await line.pass_time(0.2)
        line.post(lambda at: ev.KeyPressed(at, "2"))
        outcome, utterance = await answer
        assert outcome == act.CommitKeys(1, "2") and source.closed
        assert utterance is not None and utterance.over.is_set() and utterance.heard == ""

    call(scene, monkeypatch)


def test_silence_is_no_input_without_an_ear_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        answer = asking(line, None, Expect(Kind.DIGITS, voice=False, silence_s=2.0))
        await line.pass_time(2.1)
        assert isinstance((await answer)[0], act.NoInput)

    call(scene, monkeypatch, voice=False)


def test_on_hold_the_prompt_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        saying = line.tasks.create_task(line.agent.say(Voice(10), SPEECH))
        await line.pass_time(0.5)
        line.post(lambda at: ev.HoldChanged(at, True))
        await line.pass_time(5.0, held=True)
        assert not saying.done()
        line.post(lambda at: ev.HoldChanged(at, False))
        await line.pass_time(0.7)
        assert (await saying).complete

    call(scene, monkeypatch)


def test_what_was_said_before_a_hold_is_the_beginning_of_the_turn_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene(line: Line) -> None:
        answer = asking(line, None)
        await line.pass_time(0.7, loud=True)
        line.post(lambda at: ev.HoldChanged(at, True))
        await line.pass_time(2.0, held=True)
        assert json.loads(line.lines[-1])["text"] == "I need"  # asked for at once, also on hold
        line.post(lambda at: ev.HoldChanged(at, False))
        await line.pass_time(0.6, loud=True)
        await line.pass_time(1.5)
        outcome = (await answer)[0]
        assert isinstance(outcome, act.Commit) and outcome.text == "I need a doctor."

    call(scene, monkeypatch, ScriptedStt(["I need a doctor. Really.", "Another turn."]))


def test_who_says_nothing_more_after_a_hold_has_said_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        answer = asking(line, None)
        await line.pass_time(0.7, loud=True)
        line.post(lambda at: ev.HoldChanged(at, True))
        await line.pass_time(40.0, held=True)
        line.post(lambda at: ev.HoldChanged(at, False))
        await line.pass_time(1.5)
        outcome = (await answer)[0]
        assert isinstance(outcome, act.Commit) and outcome.text == "A doctor."

    call(scene, monkeypatch, ScriptedStt(["A doctor."]))


# ---- speculation ------------------------------------------------------------------------------


def test_speculation_is_begun_and_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    dropped: list[int] = []

    async def scene(line: Line) -> None:
        line.agent.speculator = Speculator(lambda turn, text: begun.append(text), dropped.append)
        answer = asking(line, None)
        await line.pass_time(0.9, loud=True)
        await line.pass_time(0.3)
        await line.pass_time(0.9, loud=True)
        await line.pass_time(1.5)
        outcome = (await answer)[0]
        assert isinstance(outcome, act.Commit) and outcome.text == begun[-1]

    call(scene, monkeypatch, ScriptedStt(["Tell me more of this please"]))
    assert len(begun) == 2 and len(dropped) == 1


# ---- plans that are cancelled -----------------------------------------------------------------


@pytest.mark.parametrize("frames", [0, 1, 2, 10, 40, 60, 80, 150])
@pytest.mark.parametrize("loud", [False, True])
def test_hanging_up_at_any_moment_of_a_question(
    monkeypatch: pytest.MonkeyPatch, frames: int, loud: bool
) -> None:
    source = Voice(10)

    async def scene(line: Line) -> None:
        answer = asking(line, source)
        await line.pass_time(min(frames, 30) * 0.02)
        await line.pass_time(max(0, frames - 30) * 0.02, loud=loud)
        answer.cancel()
        await line.settle()
        assert answer.done()
        assert not frames or source.closed
        await line.pass_time(0.3)
        assert not line.speaking()

    call(scene, monkeypatch, ScriptedStt(["I need a doctor"]))


def test_a_cancelled_say_stops_at_once_and_the_next_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        first = Voice(50)
        saying = line.tasks.create_task(line.agent.say(first, SPEECH))
        await line.pass_time(0.5)
        saying.cancel()
        await line.settle()
        assert first.closed
        await line.pass_time(0.2)
        assert not line.speaking()
        again = line.tasks.create_task(line.agent.say(Voice(3), SPEECH))
        await line.pass_time(0.5)
        assert (await again).complete

    call(scene, monkeypatch)


def test_after_the_end_nothing_happens_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        asking(line, None).cancel()
        await line.pass_time(0.1, loud=True)
        line.agent.close()
        written = len(line.lines)
        await line.pass_time(3.0, loud=True)
        line.post(ev.AskWithdrawn)
        assert len(line.lines) == written

    call(scene, monkeypatch)


def test_a_fault_in_a_source_reaches_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> AsyncIterator[SpeechAudio]:
        yield SpeechAudio(0, "word", CHUNK, True)
        raise ZeroDivisionError

    async def scene(line: Line) -> None:
        with pytest.raises(ZeroDivisionError):
            await line.agent.say(broken(), SPEECH)
        with pytest.raises(ZeroDivisionError):
            await line.agent.ask(broken(), Expect(), SPEECH)
        await line.pass_time(0.1)
        assert not line.speaking(0.04)

    call(scene, monkeypatch)
