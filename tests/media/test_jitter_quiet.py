from __future__ import annotations

import numpy as np
import pytest

from media.frame import Pcm, silence
from media.jitter_quiet import QuietLevel

FRAME = 160


def noise(rms: float, frames: int, seed: int = 1) -> list[Pcm]:
    rng = np.random.default_rng(seed)
    return list(np.rint(rng.normal(0.0, rms, (frames, FRAME))).astype(np.int16))


def rms(pcm: Pcm) -> float:
    return float(np.sqrt(np.mean(pcm.astype(float) ** 2)))


def heard(*parts: list[Pcm]) -> QuietLevel:
    level = QuietLevel()
    for part in parts:
        for frame in part:
            level.hear(frame, True)
    return level


def test_digital_silence_is_silence_from_the_start() -> None:
    assert QuietLevel().rms == pytest.approx(16.0)
    assert heard([silence(FRAME)] * 50).rms == pytest.approx(16.0)


@pytest.mark.parametrize("floor", [30.0, 100.0])
def test_the_noise_between_words_is_silence_and_words_are_not(floor: float) -> None:
    pauses, words = noise(floor, 25), noise(2500.0, 50)
    level = heard(*[pauses, words] * 5)
    assert max(rms(frame) for frame in pauses) < level.rms < 2500.0 / 10


def test_noise_as_loud_as_words_is_no_silence() -> None:
    babble = noise(1000.0, 500)
    assert heard(babble).rms < min(rms(frame) for frame in babble) / 10


def test_the_floor_rises_with_the_noise_but_no_further_than_24_db_under_the_words() -> None:
    words, louder = noise(2500.0, 50), noise(120.0, 25)
    level = heard(noise(20.0, 50), *[words, louder] * 20)
    assert 120.0 < level.rms <= 0.06 * 1.2 * 2500.0


def test_what_was_made_up_says_nothing_about_the_noise() -> None:
    level = heard(*[noise(100.0, 25), noise(2500.0, 50)] * 3)
    before = level.rms
    level.hear(silence(FRAME), False)
    assert level.rms == pytest.approx(before, rel=0.01)
