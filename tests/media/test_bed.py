from __future__ import annotations

import numpy as np
import pytest

from media.bed import FADE_MS, Bed, looped
from media.frame import Pcm, level_dbfs
from media.playout import Playout

RATE = 8000
FRAME = 160
FADE_FRAMES = FADE_MS // 20


def tone(count: int, level: int = 3000) -> Pcm:
    """400 Hz: twenty samples a period, so that any multiple of 160 samples is seamless."""
    return np.rint(level * np.sin(2 * np.pi * np.arange(count) / 20)).astype(np.int16)


def take(playout: Playout, frames: int) -> Pcm:
    return np.concatenate([playout.take(FRAME).copy() for _ in range(frames)])


def test_a_loop_goes_on_and_on_without_a_click() -> None:
    playout = Playout(RATE, comfort_noise_dbfs=None)
    playout.lay(Bed(looped(tone(20 * FRAME + 80), RATE), RATE))  # the seam takes the 80 samples
    heard = take(playout, 100)
    steady = heard[FADE_FRAMES * FRAME :]
    assert np.abs(steady - tone(heard.size)[FADE_FRAMES * FRAME :]).max() <= 2
    assert playout.bedded and playout.idle


def test_it_fades_in_and_out() -> None:
    playout = Playout(RATE, comfort_noise_dbfs=None)
    playout.lay(Bed(looped(tone(16000), RATE), RATE))
    levels = [level_dbfs(playout.take(FRAME)) for _ in range(FADE_FRAMES)]
    assert levels == sorted(levels) and levels[0] < levels[-1] - 15
    playout.lay(None)
    levels = [level_dbfs(playout.take(FRAME)) for _ in range(FADE_FRAMES)]
    assert levels == sorted(levels, reverse=True)
    assert not playout.bedded
    assert not take(playout, 3).any()


def test_it_gives_way_to_speech_and_comes_back() -> None:
    playout = Playout(RATE, comfort_noise_dbfs=None)
    playout.lay(Bed(looped(tone(16000), RATE), RATE, under_db=-20.0))
    alone = level_dbfs(take(playout, 20)[-FRAME:])
    playout.begin(1)
    playout.put(1, np.zeros(40 * FRAME, np.int16), "Please hold.")  # speech that is silent shows the bed alone
    playout.end(1)
    under = level_dbfs(take(playout, 30)[-FRAME:])
    assert under == pytest.approx(alone - 20.0, abs=0.5)
    take(playout, 10)
    assert level_dbfs(take(playout, 20)[-FRAME:]) == pytest.approx(alone, abs=0.5)


def test_speech_over_it_is_counted_as_ever() -> None:
    playout = Playout(RATE, comfort_noise_dbfs=None)
    playout.lay(Bed(looped(tone(16000, 300), RATE), RATE))
    playout.begin(1)
    playout.put(1, tone(4 * FRAME), "One two.")
    playout.end(1)
    take(playout, 4)
    assert playout.heard(4).complete and playout.finished(4) == [1]


def test_a_new_one_takes_over_from_the_old() -> None:
    playout = Playout(RATE, comfort_noise_dbfs=None)
    playout.lay(Bed(looped(tone(16000, 1000), RATE), RATE))
    take(playout, 20)
    playout.lay(Bed(looped(np.full(16000, 500, np.int16), RATE), RATE))
    assert (take(playout, 20)[-FRAME:] == 500).all()


def test_loud_beds_and_speech_do_not_clip() -> None:
    playout = Playout(RATE, comfort_noise_dbfs=None)
    playout.lay(Bed(looped(np.full(16000, 30000, np.int16), RATE), RATE))
    playout.begin(1)
    playout.put(1, np.full(40 * FRAME, 30000, np.int16))
    heard = take(playout, 40)
    assert heard.max() <= 32767 and heard.min() >= 0


def test_a_loop_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        looped(np.zeros(100, np.int16), RATE)


def test_a_sound_beside_is_heard_once_whatever_is_said() -> None:
    playout = Playout(RATE, comfort_noise_dbfs=None)
    playout.beside(tone(400, 1000))
    assert playout.bedded and playout.idle
    heard = take(playout, 5)
    assert np.array_equal(heard[:400], tone(400, 1000)) and not heard[400:].any()
    assert not playout.bedded
    playout.begin(0)
    playout.put(0, tone(800, 2000))
    playout.end(0)
    playout.beside(tone(320, 1000))
    mixed = take(playout, 5)
    assert np.array_equal(mixed[:320], tone(320, 2000) + tone(320, 1000))
    assert np.array_equal(mixed[320:], tone(800, 2000)[320:])


def test_a_bed_that_changes_leaves_it_alone() -> None:
    playout = Playout(RATE, comfort_noise_dbfs=None)
    playout.beside(tone(400, 1000))
    playout.lay(None)
    assert np.array_equal(take(playout, 3)[:400], tone(400, 1000))
