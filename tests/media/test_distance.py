"""Near or far, by level: what is heard is given as a level a frame, and what the voice detector says of it."""

from __future__ import annotations

import pytest

from media.distance import DOWN, FAINTEST_DBFS, SETTLED_FRAMES, SETTLED_UNDER_DB, TURN_FRAMES, UP, Distance
from media.vad import Activity

NOISE_DBFS = -62.0


def hear(
    distance: Distance, dbfs: float, frames: int = 1, over_voice: bool = True, noise_dbfs: float = NOISE_DBFS
) -> bool:
    """So many frames of speech."""
    for _ in range(frames):
        far = distance.hear(dbfs, noise_dbfs, Activity.SPEECH, over_voice)
    return far


def quiet(distance: Distance) -> None:
    distance.hear(-100.0, NOISE_DBFS, Activity.QUIET, False)


def turn(distance: Distance, dbfs: float) -> None:
    """One of the caller's, while nothing of ours sounds."""
    hear(distance, dbfs, TURN_FRAMES, over_voice=False)
    quiet(distance)


def test_what_is_as_loud_as_the_caller_is_near_from_the_first_frame() -> None:
    assert not hear(Distance(-25.0), -24.0)


def test_a_soft_beginning_is_near_and_becomes_far_where_nothing_louder_follows() -> None:
    distance = Distance(-25.0)
    assert not hear(distance, -33.0, SETTLED_FRAMES - 1)
    assert hear(distance, -33.0)


def test_one_loud_frame_makes_all_of_a_sound_near() -> None:
    distance = Distance(-25.0)
    assert hear(distance, -40.0, 5)
    assert not hear(distance, -22.0)
    assert not hear(distance, -40.0, 50)


def test_it_keeps_what_it_found_until_the_next_sound() -> None:
    distance = Distance(-25.0)
    assert hear(distance, -45.0, 20)
    quiet(distance)
    assert distance.far
    assert not hear(distance, -25.0)


def test_noise_counts_for_nothing() -> None:
    """A voice 15 dB under the caller, in a noise 10 dB under: together they lie 8.8 dB under."""
    assert hear(Distance(-20.0), -28.8, noise_dbfs=-30.0)
    assert not hear(Distance(-20.0), -28.8, noise_dbfs=-60.0)


def test_until_the_caller_has_spoken_only_the_faintest_are_far() -> None:
    distance = Distance()
    assert not hear(distance, FAINTEST_DBFS - SETTLED_UNDER_DB + 0.1, 50)
    quiet(distance)
    assert hear(distance, FAINTEST_DBFS - SETTLED_UNDER_DB - 0.1, 50)


def test_the_callers_level_is_learnt_from_their_turns_louder_ones_sooner() -> None:
    distance = Distance()
    turn(distance, -30.0)
    assert distance.own_dbfs == pytest.approx(-30.0, abs=0.01)
    turn(distance, -20.0)
    assert distance.own_dbfs == pytest.approx(-30.0 + UP * 10, abs=0.01)
    turn(distance, -45.0)
    assert distance.own_dbfs == pytest.approx(-25.0 - DOWN * 20, abs=0.1)


def test_nothing_is_learnt_from_what_is_short_or_said_over_us() -> None:
    distance = Distance()
    hear(distance, -30.0, TURN_FRAMES - 1, over_voice=False)
    quiet(distance)
    hear(distance, -30.0, 100, over_voice=True)
    quiet(distance)
    assert distance.own_dbfs is None
