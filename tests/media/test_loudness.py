from __future__ import annotations

import numpy as np
import pytest

from media.frame import FULL_SCALE
from media.loudness import SILENT_LUFS, SPEECH_LUFS, gain_to, integrated_lufs, levelled


def sine(hz: float, dbfs: float, seconds: float, rate: int) -> np.ndarray:
    """A tone whose peaks lie at `dbfs`."""
    return (10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 48000])
def test_the_reference_tone_of_the_recommendation(rate: int) -> None:
    """BS.1770-4, annex 1: a full-scale sine of 997 Hz in one channel is -3.01 LKFS."""
    assert integrated_lufs(sine(997, 0, 4, rate), rate) == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize(("hz", "weight_db"), [(100, -1.1), (1000, 0.7), (3000, 3.7), (10000, 4.0)])
def test_the_weighting_follows_its_curve(hz: float, weight_db: float) -> None:
    """Against the published K-curve, read to a tenth of a dB or so."""
    assert integrated_lufs(sine(hz, -20, 4, 48000), 48000) == pytest.approx(-23.7 + weight_db, abs=0.2)


def test_pauses_do_not_count() -> None:
    """EBU Tech 3341, case 3 in one channel: quiet stretches around a loud one are gated out."""
    quiet, loud = sine(1000, -36, 10, 8000), sine(1000, -23, 60, 8000)
    whole = integrated_lufs(np.concatenate([quiet, loud, quiet]), 8000)
    assert whole == pytest.approx(integrated_lufs(loud, 8000), abs=0.1)


def test_silence_and_nothing_are_silent() -> None:
    assert integrated_lufs(np.zeros(8000, np.float32), 8000) == SILENT_LUFS
    assert integrated_lufs(np.zeros(0, np.float32), 8000) == SILENT_LUFS
    assert gain_to(np.zeros(8000, np.float32), 8000, SPEECH_LUFS) == 1.0


def test_a_short_sound_is_one_block() -> None:
    assert integrated_lufs(sine(1000, -20, 0.2, 8000), 8000) == pytest.approx(-23.0, abs=0.5)


@pytest.mark.parametrize("dbfs", [-35.0, -20.0, -3.0])
def test_levelled_comes_to_its_target(dbfs: float) -> None:
    noise = np.random.default_rng(1).standard_normal(16000) * FULL_SCALE * 10 ** (dbfs / 20)
    pcm = np.clip(noise, -32768, 32767).astype(np.int16)
    out = levelled(pcm, 8000)
    assert integrated_lufs(out.astype(np.float32) / np.float32(FULL_SCALE), 8000) == pytest.approx(SPEECH_LUFS, abs=0.3)


def test_what_would_clip_is_bent() -> None:
    """Rare peaks, 25 dB over the rest."""
    pcm = np.full(16000, 200, np.int16) * np.where(np.arange(16000) % 2, 1, -1).astype(np.int16)
    pcm[::4000] = 8000
    out = levelled(pcm, 8000)
    assert int(np.abs(out.astype(int)).max()) <= 32767
    assert out[4000] > 3 * pcm[4000]
