"""What the recogniser is told of a plan, in virtual time."""

from __future__ import annotations

import numpy as np
import pytest
from no_echo import NoEcho
from virtual_call import FRAME, Line, LoudVad, asking, call

from brain import ear, journal
from brain import events as ev
from brain.engines import SttSettings, SttStream, TtsSettings
from brain.expect import Expect, Kind
from brain.stt.fake import ScriptedStream, ScriptedStt
from media.echo import EchoState
from media.frame import Pcm
from media.prosody import Prosody
from media.vad import Activity


class Noting(ScriptedStt):
    """Notes what each segment is begun with."""

    def __init__(self, script: list[str], begun: list[SttSettings]) -> None:
        super().__init__(script, whole=True)
        self.begun = begun

    async def open(self, call: str, rate_hz: int) -> SttStream:
        stream = await super().open(call, rate_hz)
        assert isinstance(stream, ScriptedStream)
        begin = stream.begin

        def note(segment: int, settings: SttSettings) -> None:
            self.begun.append(settings)
            begin(segment, settings)

        stream.begin = note  # type: ignore[method-assign]
        return stream


def test_phrases_are_for_words_and_not_for_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[SttSettings] = []
    plan = SttSettings(phrases=("Willow Street",))

    async def scene(line: Line) -> None:
        line.agent.settings(plan, TtsSettings())
        for kind in (Kind.TALK, Kind.DIGITS, Kind.NAME):
            answer = asking(line, None, Expect(kind, phrases=("John Smith",) if kind is Kind.NAME else ()))
            await line.pass_time(1.0, loud=True)
            await line.pass_time(2.0)
            await answer

    call(scene, monkeypatch, Noting(["When do you open?", "555 0123", "John Smith."], begun))
    assert [settings.phrases for settings in begun] == [plan.phrases, (), ("John Smith", *plan.phrases)]


def test_a_recogniser_knows_of_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[SttSettings] = []
    monkeypatch.setattr(ear.Levels, "noisy", property(lambda levels: len(begun) == 1))

    async def scene(line: Line) -> None:
        for _ in range(2):
            answer = asking(line, None)
            await line.pass_time(1.0, loud=True)
            await line.pass_time(2.0)
            await answer

    call(scene, monkeypatch, Noting(["When do you open?", "At eight?"], begun))
    assert [settings.noisy for settings in begun] == [False, True]


def test_a_voice_louder_than_an_echo_can_be_is_not_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the canceller has learnt of the line so far."""

    async def scene(line: Line) -> None:
        monkeypatch.setattr(NoEcho, "state", EchoState.LEARNING)
        sent, quiet = np.full(FRAME, 3000, np.int16), np.full(FRAME, 300, np.int16)
        doubted: list[tuple[int, bool]] = []
        for frame, heard in enumerate([quiet] * 10 + [sent] * 5 + [quiet] * 50):
            line.agent.hear(heard, sent, line.position, line.position + FRAME)
            line.position += FRAME
            now = line.agent.turns.floor.echo_doubted
            if not doubted or doubted[-1][1] is not now:
                doubted.append((frame, now))
        assert [state for _, state in doubted] == [True, False, True]
        assert 11 <= doubted[1][0] <= 12

    call(scene, monkeypatch)


def test_a_voice_far_under_the_callers_own_is_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their level is learnt from a turn of half a second, while nothing of ours sounds."""
    monkeypatch.setattr(
        LoudVad, "activity", property(lambda vad: Activity.SPEECH if vad._loud else Activity.QUIET)
    )

    async def scene(line: Line) -> None:
        sent, none = np.full(FRAME, 3000, np.int16), np.zeros(FRAME, np.int16)
        far: list[bool] = []
        for level, ours, frames in ((9000, none, 25), (0, none, 25), (1500, sent, 20), (0, sent, 10), (9000, sent, 5)):
            for _ in range(frames):
                line.agent.hear(np.full(FRAME, level, np.int16), ours, line.position, line.position + FRAME)
                line.position += FRAME
            far.append(line.agent.turns.floor.far)
        assert far == [False, False, True, True, False]

    call(scene, monkeypatch)


def test_a_pause_comes_with_its_prosody_and_a_partial_with_the_end_of_what_it_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured: list[Pcm] = []

    def measure(speech: Pcm, rate_hz: int) -> Prosody:
        measured.append(speech)
        return Prosody(fall_st=2.5)

    monkeypatch.setattr(ear, "measure", measure)

    async def scene(line: Line) -> None:
        answer = asking(line, None)
        await line.pass_time(0.5)
        await line.pass_time(2.0, loud=True)
        await line.pass_time(2.0)
        await answer

    line = call(scene, monkeypatch, ScriptedStt(["When do you open today?"], whole=True))
    events = [event for _, event, _ in journal.read(line.lines)]
    stop = next(n for n, event in enumerate(events) if isinstance(event, ev.SpeechStopped))
    assert events[stop - 1] == ev.Prosody(events[stop].at, Prosody(fall_st=2.5))
    assert measured[0].size == 8000 and measured[0].any() and measured[0][-160:].any()
    partials = [event for event in events if isinstance(event, ev.PartialText)]
    assert partials and all(event.until is not None and event.at - 0.1 <= event.until <= event.at for event in partials)
