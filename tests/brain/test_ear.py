"""What the recogniser is told of a plan, in virtual time."""

from __future__ import annotations

import numpy as np
import pytest
from no_echo import NoEcho
from virtual_call import FRAME, Line, asking, call

from brain.engines import SttSettings, SttStream, TtsSettings
from brain.expect import Expect, Kind
from brain.stt.fake import ScriptedStream, ScriptedStt
from media.echo import EchoState


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
