import numpy as np
import pytest

from media.frame import level_dbfs
from media.mixing import Ramp, comfort_noise, to_pcm


def gains(ramp: Ramp, *sizes: int) -> list[float]:
    out: list[float] = []
    for size in sizes:
        signal = np.ones(size, np.float32)
        ramp.apply(signal)
        out += signal.tolist()
    return out


@pytest.mark.parametrize("sizes", [(12,), (1,) * 12, (3, 3, 3, 3), (8, 4)])
def test_a_ramp_is_a_straight_line_however_it_is_cut(sizes: tuple[int, ...]) -> None:
    ramp = Ramp(8)
    assert ramp.transparent
    ramp.to(0.2)
    assert not ramp.transparent
    assert gains(ramp, *sizes) == pytest.approx([1 - 0.1 * n for n in range(1, 9)] + [0.2] * 4)


def test_a_ramp_that_turns_round_goes_on_from_where_it_is() -> None:
    ramp = Ramp(8)
    ramp.to(0.2)
    assert gains(ramp, 4)[-1] == pytest.approx(0.6)
    ramp.to(1.0)
    assert gains(ramp, 10) == pytest.approx([0.6 + 0.05 * n for n in range(1, 9)] + [1.0] * 2)
    assert ramp.transparent


def test_a_ramp_sent_where_it_goes_is_not_restarted() -> None:
    ramp = Ramp(8)
    ramp.to(0.2)
    gains(ramp, 6)
    ramp.to(0.2)
    assert gains(ramp, 3) == pytest.approx([0.3, 0.2, 0.2])


def test_a_ramp_can_jump_and_settle() -> None:
    ramp = Ramp(8)
    ramp.to(0.5)
    ramp.settle()
    assert gains(ramp, 2) == [0.5, 0.5]
    ramp.jump(1.0)
    assert ramp.transparent


def test_what_fits_is_only_rounded() -> None:
    signal = np.array([0.4, -0.6, 32766.4, -32767.0], np.float32)
    assert to_pcm(signal).tolist() == [0, -1, 32766, -32767]


def test_peaks_are_bent_and_keep_their_order() -> None:
    signal = np.linspace(-60000, 60000, 2001, dtype=np.float32)
    out = to_pcm(signal).astype(int)
    assert np.abs(out).max() <= 32767
    assert (np.diff(out) >= 0).all()
    assert (np.diff(out)[np.abs(signal[1:]) < 40000] > 0).all()  # bent, not cut flat
    quiet = np.abs(signal) < 26000
    assert np.abs(out[quiet] - signal[quiet]).max() <= 0.5


@pytest.mark.parametrize("dbfs", [-60.0, -66.0])
def test_comfort_noise_has_its_level_and_cannot_be_changed(dbfs: float) -> None:
    noise = comfort_noise(8000, dbfs)
    assert level_dbfs(noise) == pytest.approx(dbfs, abs=0.2)
    assert noise is comfort_noise(8000, dbfs)
    with pytest.raises(ValueError, match="read-only"):
        noise[0] = 1
