"""How sounds begin: synthetic vowels, bursts and rattles."""

from __future__ import annotations

import numpy as np
import pytest

from media.frame import Pcm
from media.onset import BEFORE_MS, LOOK_MS, is_voiced

RATE = 8000


def vowel(ms: int, level: float, rate_hz: int = RATE) -> np.ndarray:
    time = np.arange(ms * rate_hz // 1000) / rate_hz
    return level * sum(np.sin(2 * np.pi * 140 * n * time) / n for n in range(1, 12))


def burst(ms: int, level: float, rate_hz: int = RATE) -> np.ndarray:
    return np.random.default_rng(3).normal(0, level, ms * rate_hz // 1000)


def rattle(ms: int, level: float) -> np.ndarray:
    clicks = np.zeros(ms * RATE // 1000)
    clicks[:: RATE * 25 // 1000] = level
    return np.convolve(clicks, np.exp(-np.arange(12) / 3) * np.cos(np.arange(12)))[: clicks.size]


def onset(*parts: np.ndarray, rate_hz: int = RATE) -> Pcm:
    lead = np.zeros(BEFORE_MS * rate_hz // 1000)
    sound = np.concatenate((lead, *parts))[: (BEFORE_MS + LOOK_MS) * rate_hz // 1000]
    noise = np.random.default_rng(4).normal(0, 10, sound.size)
    return (sound + noise).astype(np.int16)


@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_a_vowel_is_voiced_a_burst_is_not(rate_hz: int) -> None:
    assert is_voiced(onset(vowel(120, 4000, rate_hz), rate_hz=rate_hz), rate_hz)
    assert not is_voiced(onset(burst(120, 4000, rate_hz), rate_hz=rate_hz), rate_hz)


def test_a_soft_consonant_before_a_loud_vowel_may_be_a_word_a_loud_burst_before_one_is_a_cough() -> None:
    assert is_voiced(onset(burst(90, 300), vowel(30, 6000)), RATE)
    assert not is_voiced(onset(burst(90, 4000), vowel(30, 2000)), RATE)


def test_a_rattle_is_slower_than_any_pitch() -> None:
    assert not is_voiced(onset(rattle(120, 20000)), RATE)


def test_too_little_says_nothing() -> None:
    assert is_voiced(np.zeros(100, np.int16), RATE)
    with pytest.raises(ValueError, match="11025"):
        is_voiced(np.zeros(2000, np.int16), 11025)
