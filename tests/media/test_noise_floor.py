from math import inf

import numpy as np
import pytest

from media.noise_floor import NoiseFloor


def noisy(mean_dbfs: float, deviation_db: float, count: int, seed: int = 1) -> list[float]:
    return list(np.random.default_rng(seed).normal(mean_dbfs, deviation_db, count))


def learnt(levels: list[float], most_over_db: float = inf) -> NoiseFloor:
    floor = NoiseFloor(most_over_db)
    floor.begin(levels[0])
    for level in levels:
        floor.learn(level)
    return floor


@pytest.mark.parametrize("before", [-70.0, -30.0])
def test_it_finds_the_noise_from_above_and_from_below(before: float) -> None:
    floor = learnt(noisy(before, 0.5, 100) + noisy(-50, 0.5, 300))
    assert floor.dbfs == pytest.approx(-50, abs=1)


def test_it_falls_fast_and_rises_slowly() -> None:
    frames = {}
    for before in (-70.0, -30.0):
        floor = learnt([before] * 50)
        count = 0
        while abs(floor.dbfs + 50) > 3:
            floor.learn(-50.0)
            count += 1
        frames[before] = count
    assert frames[-30.0] <= 20 < 60 <= frames[-70.0]


def test_gaps_are_no_quieter_line() -> None:
    levels = noisy(-50, 0.5, 400)
    for at in range(20, 400, 15):
        levels[at : at + 5] = [-100.0] * 5
    assert learnt(levels).dbfs == pytest.approx(-50, abs=1.5)


def test_what_was_passed_over_keeps_it_from_falling() -> None:
    floor = learnt([-50.0] * 50)
    for _ in range(100):
        for _ in range(8):
            floor.learn(-80.0)
        floor.pass_over(-30.0)
    assert floor.dbfs == pytest.approx(-50, abs=0.1)


@pytest.mark.parametrize(("deviation_db", "least", "most"), [(0.0, 1.9, 2.1), (0.5, 1.9, 3.5), (2.0, 6.0, 14.0)])
def test_the_steadier_the_noise_the_less_stands_out(deviation_db: float, least: float, most: float) -> None:
    floor = learnt(noisy(-50, deviation_db, 400))
    assert least <= floor.sound_dbfs - floor.dbfs <= most


def test_noise_itself_seldom_stands_out() -> None:
    for deviation_db in (0.5, 2.0):
        floor, out = learnt(noisy(-50, deviation_db, 200)), 0
        for level in noisy(-50, deviation_db, 5000, seed=2):
            out += level >= floor.sound_dbfs
            floor.learn(level)
        assert out <= 5, deviation_db


def test_however_it_swells_enough_is_enough() -> None:
    floor = learnt(noisy(-50, 4.0, 400), most_over_db=6.0)
    assert floor.sound_dbfs - floor.dbfs == pytest.approx(6.0)


def test_a_sound_that_came_to_nothing_was_noise() -> None:
    floor = learnt([-60.0] * 200)
    steady = floor.sound_dbfs - floor.dbfs
    for level in noisy(-45, 0.3, 12):
        floor.pass_over(level)
    floor.rise()
    assert floor.dbfs == pytest.approx(-45, abs=1)
    assert floor.sound_dbfs - floor.dbfs > steady + 3, "who was fooled looks twice"
    floor = learnt([-40.0] * 200)
    for _ in range(12):
        floor.pass_over(-55.0)
    floor.rise()
    assert floor.dbfs == pytest.approx(-40)


def test_after_speech_fainter_sounds_are_no_news_for_a_while() -> None:
    floor = learnt(noisy(-50, 0.3, 400))
    steady = floor.sound_dbfs - floor.dbfs
    floor.unsettle()
    assert floor.sound_dbfs - floor.dbfs > steady + 3
    for level in noisy(-50, 0.3, 100, seed=2):
        floor.learn(level)
    assert floor.sound_dbfs - floor.dbfs == pytest.approx(steady, abs=0.5)


def test_it_stays_in_its_bounds() -> None:
    assert learnt([-100.0] * 300).dbfs == -75
    assert learnt([0.0]).dbfs <= -39, "one who speaks at once is no noise"
    floor = NoiseFloor()
    for _ in range(12):
        floor.pass_over(0.0)
    floor.rise()
    assert floor.dbfs == -6
