"""Engines that fail under a call: the voice, the recogniser, the end-of-turn model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from virtual_call import RATE, SPEECH, Line, Voice, asking, call

from brain import actions as act
from brain.engines import EngineError, Final, Partial, SttSettings, SttStream
from brain.expect import Expect
from brain.stt.fake import ScriptedStt
from media.frame import Pcm


def test_a_voice_that_fails_at_once_leaves_the_question_open(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        source = Voice(5, fails_at=0)
        answer = asking(line, source, Expect(silence_s=2.0))
        await line.pass_time(2.2)
        outcome, utterance = await answer
        assert isinstance(outcome, act.NoInput) and source.closed
        assert utterance is not None and not utterance.complete and utterance.over.is_set()

    assert [error.engine for error in call(scene, monkeypatch).reports] == ["tts"]


def test_a_voice_that_fails_midway_is_heard_so_far_and_not_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(line: Line) -> None:
        saying = line.tasks.create_task(line.agent.say(Voice(9, fails_at=3), SPEECH))
        await line.pass_time(0.5)
        utterance = await saying
        assert not utterance.complete and utterance.heard == "word1 word2 word3"

    assert len(call(scene, monkeypatch).reports) == 1


class Tap:
    """A stream that notes what it is given."""

    def __init__(self, inner: SttStream, given: list[object]) -> None:
        self.inner, self.given = inner, given

    def begin(self, segment: int, settings: SttSettings) -> None:
        self.inner.begin(segment, settings)

    def feed(self, pcm: Pcm) -> None:
        self.given.append(pcm)
        self.inner.feed(pcm)

    def finalize(self, segment: int, request: int) -> None:
        self.given.append((segment, request))
        self.inner.finalize(segment, request)

    def __aiter__(self) -> AsyncIterator[Partial | Final]:
        return self.inner.__aiter__()

    async def aclose(self) -> None:
        await self.inner.aclose()


class Recording(ScriptedStt):
    """A recogniser that keeps what each of its streams was given: audio, and (segment, request)."""

    def __init__(self, *script: str) -> None:
        super().__init__(script, whole=True)
        self.given: list[list[object]] = []

    async def open(self, call: str, rate_hz: int) -> SttStream:
        self.given.append([])
        return Tap(await super().open(call, rate_hz), self.given[-1])


def loud_samples(given: list[object]) -> int:
    return sum(int((item > 0).sum()) for item in given if isinstance(item, np.ndarray))


def test_a_recogniser_that_dies_in_a_turn_is_replaced_and_given_all_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stt = Recording("lost", "I need a doctor.")

    async def scene(line: Line) -> None:
        answer = asking(line, None)
        await line.pass_time(1.0, loud=True)
        stt.fail("crashed")
        await line.pass_time(1.0, loud=True)
        await line.pass_time(1.0)
        outcome = (await answer)[0]
        assert isinstance(outcome, act.Commit) and outcome.text == "I need a doctor."

    line = call(scene, monkeypatch, stt)
    assert [error.reason for error in line.reports] == ["crashed"]
    assert loud_samples(stt.given[1]) == 2 * RATE


def test_a_final_that_the_dead_recogniser_owed_is_asked_of_the_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Mute(Recording):
        """Its first stream dies of the request."""

        async def open(self, call: str, rate_hz: int) -> SttStream:
            stream = await super().open(call, rate_hz)
            if len(self.given) == 1:
                monkeypatch.setattr(stream, "finalize", lambda segment, request: self.fail("crashed"))
            return stream

    stt = Mute("lost", "Good day to you.")

    async def scene(line: Line) -> None:
        answer = asking(line, None)
        await line.pass_time(1.0, loud=True)
        await line.pass_time(1.0)
        outcome = (await answer)[0]
        assert isinstance(outcome, act.Commit) and outcome.text == "Good day to you."

    call(scene, monkeypatch, stt)
    assert [item for item in stt.given[1] if isinstance(item, tuple)] == [(1, 1)]
    assert loud_samples(stt.given[1]) == RATE


def test_a_recogniser_that_stays_away_is_said_once_and_leads_to_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    stt = ScriptedStt(["Hello again."], whole=True)

    async def scene(line: Line) -> None:
        answer = asking(line, None, Expect(silence_s=60.0))
        stt.failure = "no server"
        stt.fail("crashed")
        await line.pass_time(2.2)
        assert isinstance((await answer)[0], act.CannotHear)
        await line.pass_time(10.0)
        stt.failure = None
        await line.pass_time(3.0)
        answer = asking(line, None)
        await line.pass_time(0.6, loud=True)
        await line.pass_time(1.0)
        assert isinstance((await answer)[0], act.Commit)

    line = call(scene, monkeypatch, stt)
    assert len(line.reports) == 1
    assert sum('"SttFailed"' in text for text in line.lines) == 1
    assert sum('"SttRecovered"' in text for text in line.lines) == 1


def test_a_recogniser_that_opens_and_dies_is_tried_ever_more_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    class Flapping(ScriptedStt):
        opened = 0

        async def open(self, call: str, rate_hz: int) -> SttStream:
            stream = await super().open(call, rate_hz)
            self.opened += 1
            self.fail("crashed")
            return stream

    stt = Flapping([])

    async def scene(line: Line) -> None:
        await line.pass_time(20.0)

    call(scene, monkeypatch, stt)
    assert 8 <= stt.opened <= 14


class SlowEot:
    """Answers 0.9; hangs or fails where told to."""

    def __init__(self, *moods: str) -> None:
        self.moods = list(moods)
        self.asked = 0

    async def warm(self) -> None: ...

    async def score(self, pcm: Pcm, rate_hz: int) -> float:
        self.asked += 1
        assert pcm.size <= 8 * rate_hz
        mood = self.moods.pop(0) if self.moods else "well"
        if mood == "hangs":
            await asyncio.Event().wait()
        if mood == "fails":
            raise EngineError("eot", "gone")
        return 0.9


def test_scores_hurry_a_commit_and_without_them_it_comes_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    eot = SlowEot("well", "fails", "fails", "hangs", "well")
    waits: list[float] = []

    async def scene(line: Line) -> None:
        for _ in range(5):
            answer = asking(line, None)
            await line.pass_time(1.0, loud=True)
            await line.pass_time(2.0)
            outcome = (await answer)[0]
            assert isinstance(outcome, act.Commit)
            waits.append(outcome.why.wait_s)

    line = call(scene, monkeypatch, ScriptedStt(["When do you open?"] * 5, whole=True), eot=eot)
    well, unscored, *_ = waits
    assert well < unscored and waits == [well, unscored, unscored, unscored, well] and eot.asked == 5
    assert [error.engine for error in line.reports] == ["eot"]  # the log learns it once
