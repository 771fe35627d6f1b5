"""Packet-loss concealment: it goes on in pitch and level, fades, and leads back."""

from __future__ import annotations

import numpy as np
import pytest

from media.conceal import FADE_MS, FULL_MS, Concealer, best_lag
from media.frame import Pcm, level_dbfs, samples

RATE = 8000
FRAME = 160


def hum(hz: float, count: int, level: float = 3000.0) -> Pcm:
    """A voice that doesn't change: harmonics of `hz` that fall off."""
    t = np.arange(count) / RATE
    return (level * sum(np.sin(2 * np.pi * k * hz * t) / k for k in range(1, 10))).astype(np.int16)


def after(pcm: Pcm) -> Concealer:
    concealer = Concealer(RATE)
    concealer.heard(pcm)
    return concealer


@pytest.mark.parametrize("hz", [80, 100, 125, 160, 200, 320])
def test_a_steady_voice_goes_on(hz: int) -> None:
    pcm = hum(hz, 10 * FRAME)
    made = after(pcm[: 8 * FRAME]).extend(80)
    wanted = pcm[8 * FRAME :][:80].astype(float)
    error = made - wanted
    assert 10 * np.log10(np.mean(wanted**2) / (np.mean(error**2) + 1)) > 20


def test_the_seams_have_no_steps() -> None:
    pcm = hum(130, 12 * FRAME)
    concealer = after(pcm[: 8 * FRAME])
    made = concealer.extend(2 * FRAME)
    out = np.concatenate((pcm[: 8 * FRAME], made, concealer.join(pcm[10 * FRAME :])))
    assert np.abs(np.diff(out.astype(int))).max() <= 1.3 * np.abs(np.diff(pcm.astype(int))).max()


def test_it_may_be_asked_for_in_pieces() -> None:
    pcm = hum(110, 8 * FRAME)
    pieces = after(pcm)
    whole = after(pcm).extend(3 * FRAME)
    assert np.array_equal(np.concatenate([pieces.extend(n) for n in (1, 159, 40, 280)]), whole)


def test_it_keeps_its_level_and_fades_to_silence() -> None:
    concealer = after(hum(100, 8 * FRAME))
    made = concealer.extend(samples(FULL_MS + FADE_MS, RATE))
    assert level_dbfs(made[:80]) == pytest.approx(level_dbfs(hum(100, 80)), abs=1.0)
    thirds = [level_dbfs(part) for part in np.array_split(made, 3)]
    assert thirds[0] > thirds[1] + 2 > thirds[2] + 4
    assert concealer.silent and not concealer.extend(FRAME).any()


def test_silence_goes_on_as_silence() -> None:
    concealer = Concealer(RATE)
    assert not concealer.extend(FRAME).any()
    assert not concealer.join(np.zeros(FRAME, np.int16)).any()


def test_the_way_back_is_a_short_cross_fade() -> None:
    pcm = hum(100, 10 * FRAME)
    concealer = after(pcm[: 8 * FRAME])
    concealer.extend(FRAME)
    joined = concealer.join(pcm[9 * FRAME :])
    assert np.array_equal(joined[20:], pcm[9 * FRAME + 20 :])
    assert concealer.made == 0


def test_a_bridge_is_nearer_to_the_truth_than_what_goes_on_from_one_side() -> None:
    t = np.arange(12 * FRAME) / RATE
    pcm = (4000 * np.sin(2 * np.pi * (120 * t + 40 * t * t)) * (1 - 2 * np.abs(t - 0.12))).astype(np.int16)
    lost = pcm[6 * FRAME : 8 * FRAME].astype(float)
    one_side = after(pcm[: 6 * FRAME]).extend(2 * FRAME) - lost
    concealer = after(pcm[: 6 * FRAME])
    both = concealer.bridge(2 * FRAME, pcm[8 * FRAME : 9 * FRAME]) - lost
    assert np.mean(both**2) < 0.8 * np.mean(one_side**2)
    assert concealer.made == 0


def test_loud_speech_does_not_wrap() -> None:
    loud = np.clip(hum(100, 8 * FRAME, 60000.0).astype(np.int64), -32768, 32767).astype(np.int16)
    square = np.where(np.arange(8 * FRAME) // 37 % 2, 32767, -32768).astype(np.int16)
    for pcm in (loud, square):
        made = after(pcm).extend(80).astype(int)
        assert np.abs(made).max() <= 32768 and level_dbfs(made.astype(np.int16)) > level_dbfs(pcm) - 3


def test_other_rates() -> None:
    t = np.arange(6400) / 16000
    pcm = (8000 * np.sin(2 * np.pi * 150 * t)).astype(np.int16)
    concealer = Concealer(16000)
    concealer.heard(pcm[:6000])
    made = concealer.extend(160).astype(float)
    assert np.corrcoef(made, pcm[6000:6160])[0, 1] > 0.98


def test_the_lag_is_the_pitch() -> None:
    past = hum(100, 400).astype(float)
    assert best_lag(past, 80, 40, 120) == 80
