"""Audio for tests of the real models; a test is skipped where a recording's package isn't installed."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.human_clips import Clip, spoken_sample
from benchmarks.human_clips import two_cities as two_cities_clip
from media.frame import Pcm


def telephone(audio: np.ndarray, rate_hz: int) -> Pcm:
    """float32 audio at 8 kHz through G.711."""
    return Clip("", audio, rate_hz).telephone()


def hello_world() -> Pcm:
    """ "Hello world." (1.1 s, through G.711)."""
    return _sample("hello_world")


def brown_fox() -> Pcm:
    """ "The quick brown fox jumps over the lazy dog." (2.9 s, through G.711)."""
    return _sample("quick_brown_fox")


def two_cities() -> Pcm:
    """The opening of A Tale of Two Cities (44 s, through G.711)."""
    try:
        return two_cities_clip().telephone()
    except FileNotFoundError as error:
        pytest.skip(str(error))


def noise(seconds: float, dbfs: float, seed: int = 1) -> Pcm:
    """White noise at 8 kHz."""
    level = 32768 * 10 ** (dbfs / 20)
    return (np.random.default_rng(seed).standard_normal(int(seconds * 8000)) * level).astype(np.int16)


def _sample(name: str) -> Pcm:
    try:
        return spoken_sample(name).telephone()
    except FileNotFoundError as error:
        pytest.skip(str(error))
