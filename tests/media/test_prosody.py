"""Pitch, loudness and length at the end of speech, of voices whose pitch is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from media.frame import Pcm
from media.prosody import measure


def voice(pitch_hz: Sequence[float], seconds: float = 1.0, rate_hz: int = 8000, lowest_hz: float = 300.0) -> Pcm:
    """A buzz whose pitch goes through `pitch_hz`, in the telephone's band: without its fundamental."""
    count = int(rate_hz * seconds)
    pitch = np.interp(np.arange(count), np.linspace(0, count, len(pitch_hz)), pitch_hz)
    phase = 2 * np.pi * np.cumsum(pitch) / rate_hz
    harmonics = [
        np.where((n * pitch > lowest_hz) & (n * pitch < 3400), np.sin(n * phase) / n, 0.0) for n in range(1, 40)
    ]
    buzz = np.sum(harmonics, axis=0)
    return (buzz / np.abs(buzz).max() * 8000).astype(np.int16)


def quiet(seconds: float, rate_hz: int = 8000) -> Pcm:
    return np.random.default_rng(3).normal(0, 8, int(seconds * rate_hz)).astype(np.int16)


@pytest.mark.parametrize("rate_hz", [8000, 16000])
@pytest.mark.parametrize("pitch_hz", [75.0, 120.0, 220.0, 380.0])
def test_a_level_voice_neither_falls_nor_fades(pitch_hz: float, rate_hz: int) -> None:
    heard = measure(voice([pitch_hz, pitch_hz], rate_hz=rate_hz), rate_hz)
    assert heard is not None
    assert heard.fall_st == 0.0 and abs(heard.fade_db) < 0.5


@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_a_fall_and_a_rise_are_told_in_semitones(rate_hz: int) -> None:
    falls = measure(voice([200, 200, 200, 150], rate_hz=rate_hz), rate_hz)
    rises = measure(voice([120, 120, 120, 170], rate_hz=rate_hz), rate_hz)
    assert falls is not None and rises is not None
    assert 3.5 < falls.fall_st < 5.0  # 12 log2(200 / 150) = 5.0, at its very end
    assert -6.0 < rises.fall_st < -4.0


def test_a_voice_that_fades_is_told_in_decibels() -> None:
    sound = voice([150, 150]).astype(float)
    sound[-1200:] *= 0.25
    heard = measure(sound.astype(np.int16), 8000)
    assert heard is not None and 9.0 < heard.fade_db < 13.0


def test_the_last_syllable_has_a_length_and_syllables_a_rate() -> None:
    syllable, gap = voice([150, 150], 0.16), quiet(0.1)
    short = np.concatenate([syllable, gap, syllable, gap, syllable, gap, syllable])
    long = np.concatenate([syllable, gap, syllable, gap, voice([150, 150], 0.5)])
    brief, drawn_out = measure(short, 8000), measure(long, 8000)
    assert brief is not None and drawn_out is not None
    assert 0.1 <= brief.tail_s <= 0.2 and 0.4 <= drawn_out.tail_s <= 0.55


def test_only_the_last_second_counts() -> None:
    sound = voice([150, 120])
    assert measure(np.concatenate([voice([300, 350]), sound]), 8000) == measure(sound, 8000)


@pytest.mark.parametrize(
    "sound",
    [
        quiet(0.0),
        quiet(0.02),
        quiet(1.0),
        np.zeros(8000, np.int16),
        np.full(8000, 8000, np.int16),
        (np.random.default_rng(1).normal(size=8000) * 1000).astype(np.int16),
    ],
    ids=["nothing", "a frame", "line noise", "silence", "a constant", "loud noise"],
)
def test_of_what_is_no_voice_nothing_is_said(sound: Pcm) -> None:
    assert measure(sound, 8000) is None


def test_other_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="44100"):
        measure(quiet(1.0), 44100)
