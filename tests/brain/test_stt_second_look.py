import numpy as np
import pytest
from recordings import two_cities

from brain.resampling import resample
from brain.stt.second_look import DRY, second_look
from media.frame import FULL_SCALE
from media.noise import RATE_HZ, Wave


def voice(seconds: float = 3.0) -> Wave:
    return resample(two_cities()[: int(seconds * 8000)].astype(np.float32) / FULL_SCALE, 8000, RATE_HZ)


def noise(count: int) -> Wave:
    return (np.random.default_rng(1).standard_normal(count) * 0.05).astype(np.float32)


@pytest.mark.parametrize("cut", [0, 1, 127, 128, 300])
def test_it_is_as_long_and_lies_over_the_line_to_the_sample(cut: int) -> None:
    line = voice()[: 3 * RATE_HZ - cut]
    look = second_look(line)
    assert look.size == line.size
    middle = slice(1000, line.size - 1000)
    likeness = [float(look[middle].dot(np.roll(line, lag)[middle])) for lag in range(-40, 41)]
    assert int(np.argmax(likeness)) == 40


def test_its_end_is_cleaned_too() -> None:
    look, line = second_look(noise(RATE_HZ)), noise(RATE_HZ)
    assert np.abs(look[-RATE_HZ // 4 :] - DRY * line[-RATE_HZ // 4 :]).mean() < 0.2 * np.abs(line).mean()


def test_there_is_less_noise_in_it_and_the_voice_stays() -> None:
    clean = voice()
    look = second_look(clean + noise(clean.size))
    before, after = noise(clean.size), look - clean
    assert np.mean(after[RATE_HZ:] ** 2) < 0.6 * np.mean(before**2)


def test_a_line_of_nothing_has_nothing_in_it() -> None:
    assert second_look(np.zeros(0, np.float32)).size == 0
    assert np.abs(second_look(np.zeros(RATE_HZ, np.float32))).max() < 1e-3
