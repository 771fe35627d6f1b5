"""What the drift has come to, as a delay of the path's response."""

import numpy as np
import pytest

from media.echo_drift import DriftLoop


@pytest.mark.parametrize("ppm", [0, 137, -300, 500])
def test_a_response_is_delayed_by_what_the_far_signal_is(ppm: int) -> None:
    loop = DriftLoop(160)
    loop.slope = ppm * 1e-6
    moved = 0
    for _ in range(97):
        moved += loop.step()[0]
    late = ppm * 1e-6 * 160 * 97 - moved
    time = np.arange(200)
    pulse = np.exp(-0.5 * ((time - 100) / 6) ** 2).astype(np.float32)
    delayed = loop.delayed(pulse)
    assert delayed.size == pulse.size
    assert delayed @ time / delayed.sum() == pytest.approx(100 + late, abs=1 / 32)


def test_a_step_back_before_the_next_whole_sample() -> None:
    """The loop may correct by a part of a sample to below nothing or over one: that is a whole sample and a part."""
    loop, time = DriftLoop(160), np.arange(161)
    tone = np.fft.rfft(np.random.default_rng(1).standard_normal(320)).astype(np.complex64)
    for lag in (-1.0, 1.0):
        for _ in range(40):
            loop.follow(tone, tone * (np.exp(-1j * np.pi * time * lag / 160) - 1).astype(np.complex64))
        pulse = np.zeros(64, np.float32)
        pulse[32] = 1.0
        delayed = loop.delayed(pulse)
        assert abs(int(delayed.argmax()) - 32) <= 3 and delayed.sum() == pytest.approx(1, abs=0.05)
