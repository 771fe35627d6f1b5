"""Playing faster and slower: in whole periods, without steps, and unheard in silence."""

from __future__ import annotations

import numpy as np
import pytest

from media.frame import Pcm, silence
from media.timescale import Splice, find_splice, lengthen, shorten

RATE = 8000


def hum(hz: float, count: int) -> Pcm:
    t = np.arange(count) / RATE
    return (3000 * sum(np.sin(2 * np.pi * k * hz * t + k) / k for k in range(1, 8))).astype(np.int16)


@pytest.mark.parametrize("hz", [80, 100, 160, 250, 400])
def test_the_splice_is_a_whole_number_of_periods(hz: int) -> None:
    splice = find_splice(hum(hz, 320), RATE, 120, quiet=16)
    assert splice is not None and splice.likeness > 0.99
    periods = splice.lag * hz / RATE
    assert periods == pytest.approx(round(periods), abs=hz / RATE) and round(periods) >= 1


@pytest.mark.parametrize("hz", [80, 100, 160, 250, 400])
def test_a_steady_voice_stays_the_same_voice(hz: int) -> None:
    pcm = hum(hz, 480)
    splice = find_splice(pcm, RATE, 120, quiet=16)
    assert splice is not None
    shorter, longer = shorten(pcm, splice, RATE), lengthen(pcm, splice, RATE)
    assert shorter.size == 480 - splice.lag and longer.size == 480 + splice.lag
    same = hum(hz, 700)
    for out in (shorter, longer):
        error = out - same[: out.size].astype(float)
        assert 10 * np.log10(np.mean(out.astype(float) ** 2) / (np.mean(error**2) + 1)) > 12
        assert np.abs(np.diff(out.astype(int))).max() <= 1.1 * np.abs(np.diff(same.astype(int))).max()


def test_begin_and_end_stay_as_they_are() -> None:
    rng = np.random.default_rng(1)
    pcm = rng.integers(-3000, 3000, 320).astype(np.int16)
    splice = Splice(60, 1.0)
    shorter, longer = shorten(pcm, splice, RATE), lengthen(pcm, splice, RATE)
    assert np.array_equal(shorter[80:], pcm[140:]) and abs(int(shorter[0]) - int(pcm[0])) < 60
    assert np.array_equal(longer[:60], pcm[:60]) and np.array_equal(longer[140:], pcm[80:])


def test_silence_is_spliced_anywhere_and_stays_silence() -> None:
    for longest in (1, 7, 80, 120):
        splice = find_splice(silence(320), RATE, longest, quiet=16)
        assert splice == Splice(longest, 1.0)
        assert not shorten(silence(320), splice, RATE).any() and not lengthen(silence(320), splice, RATE).any()


def test_a_faint_noise_is_silence_where_quiet_says_so() -> None:
    noise = np.random.default_rng(2).integers(-20, 20, 320).astype(np.int16)
    assert find_splice(noise, RATE, 50, quiet=16) == Splice(50, 1.0)
    loud = find_splice(noise, RATE, 50, quiet=2)
    assert loud is not None and loud.likeness < 0.9


def test_no_splice_where_none_fits() -> None:
    assert find_splice(hum(100, 320), RATE, 10, quiet=16) is None  # shorter than any period
    assert find_splice(hum(100, 320), RATE, 0, quiet=16) is None
    assert find_splice(hum(100, 80), RATE, 80, quiet=16) is None  # nothing to compare with
