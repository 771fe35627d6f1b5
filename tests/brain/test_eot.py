"""End of turn: the fake and the model keep the contract; the model's input is what its makers document."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from contract_eot import EotContract
from recordings import brown_fox, hello_world

from brain.engines import EngineError, Eot
from brain.eot.fake import ScriptedEot
from brain.eot.smart_turn import SmartTurn, features
from brain.log_mel import log_mel
from brain.speech_scheduler import Scheduler


class TestScriptedEot(EotContract):
    @pytest.fixture
    async def eot(self) -> AsyncIterator[Eot]:
        yield ScriptedEot([0.2, 0.9])


@pytest.mark.models
class TestSmartTurn(EotContract):
    @pytest.fixture
    async def eot(self) -> AsyncIterator[Eot]:
        scheduler = Scheduler(2)
        yield SmartTurn(scheduler)
        await scheduler.aclose()

    async def test_a_whole_sentence_is_more_complete_than_half_of_it(self, eot: Eot) -> None:
        for sentence in (brown_fox(), hello_world()):
            ends = np.nonzero(np.abs(sentence.astype(np.int32)) > 700)[0][-1] + 1600
            whole = await eot.score(sentence[:ends], 8000)
            half = await eot.score(sentence[: int(ends * 0.55)], 8000)
            assert whole > 0.8 > half


async def test_scores_come_in_order_and_the_last_stays() -> None:
    eot = ScriptedEot([0.2, 0.9])
    pcm = np.ones(800, np.int16)
    assert [await eot.score(pcm, 8000) for _ in range(3)] == [0.2, 0.9, 0.9]
    assert eot.asked == [800, 800, 800]


def test_a_score_that_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match="probabilities"):
        ScriptedEot([1.5])


async def test_a_failure_is_raised() -> None:
    eot = ScriptedEot()
    eot.failure = "gone"
    with pytest.raises(EngineError, match="gone"):
        await eot.score(np.ones(800, np.int16), 8000)


async def test_a_model_that_is_not_there_is_named() -> None:
    scheduler = Scheduler(1)
    with pytest.raises(EngineError, match="nowhere.onnx"):
        await SmartTurn(scheduler, Path("/nowhere.onnx")).warm()
    await scheduler.aclose()


def test_the_newest_sample_is_at_the_end_of_eight_seconds() -> None:
    tone = (8000 * np.sin(np.arange(8000) * 0.5)).astype(np.int16)
    given = features(tone, 8000)
    assert (given.shape, given.dtype) == ((1, 80, 800), np.float32)
    energy = given[0].max(axis=0)
    assert energy[:695].max() < energy[705:].min()


def test_of_long_audio_the_last_eight_seconds_count() -> None:
    noise = np.random.default_rng(2).normal(0, 1000, 8000 * 20).astype(np.int16)
    recent = noise[-8000 * 8 :]
    assert np.allclose(features(noise, 8000)[:, :, 5:], features(recent, 8000)[:, :, 5:], atol=1e-3)


def test_loudness_does_not_change_the_input() -> None:
    noise = np.random.default_rng(2).normal(0, 700, 8000 * 9)
    quiet, loud = (features(np.round(noise * gain).astype(np.int16), 8000)[:, :55] for gain in (1, 8))
    assert np.abs(quiet - loud).max() < 0.05  # below 3.5 kHz: above is what rounding makes of nothing


# ---- features ------------------------------------------------------------------------------------------


def test_log_mel_is_the_reference_implementations() -> None:
    extractor = pytest.importorskip("faster_whisper.feature_extractor").FeatureExtractor()
    audio = np.random.default_rng(3).normal(0, 0.1, 48000).astype(np.float32) * np.linspace(0, 1, 48000)
    audio = audio.astype(np.float32)
    assert np.allclose(log_mel(audio), extractor(audio, padding=0), atol=1e-5)


def test_a_tone_lies_in_its_band() -> None:
    time = np.arange(16000) / 16000
    low, high = (log_mel(np.sin(2 * np.pi * f * time).astype(np.float32)) for f in (300, 3000))
    assert low.mean(axis=1).argmax() < 12 < 40 < high.mean(axis=1).argmax()


def test_too_little_audio_is_refused() -> None:
    with pytest.raises(ValueError, match="samples"):
        log_mel(np.zeros(10, np.float32))
