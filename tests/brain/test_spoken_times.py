"""Times of day as they are said and written."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.spoken_times import spoken_time, times


def readings(text: str, earliest: time | None = None, latest: time | None = None) -> list[str]:
    said = spoken_time(text)
    return [f"{moment:%H:%M}" for moment in times(said, earliest, latest)] if said is not None else []


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Quarter to nine in the morning.", "08:45"),
        ("330PM.", "15:30"),
        ("3:30 p.m.", "15:30"),
        ("9 a.m. please", "09:00"),
        ("at noon.", "12:00"),
        ("midnight", "00:00"),
        ("20 past 7 tonight.", "19:20"),
        ("20 past seven to night.", "19:20"),
        ("1500 hours.", "15:00"),
        ("15:30", "15:30"),
        ("12 am", "00:00"),
        ("12:30 pm", "12:30"),
        ("twelve at night", "00:00"),
        ("eleven at night", "23:00"),
        ("one at night", "01:00"),
        ("ten to twelve at night", "23:50"),
        ("ten to twelve in the morning", "11:50"),
        ("five to noon", "11:55"),
        ("quarter tonight in the morning.", "08:45"),
        ("three, no, four pm", "16:00"),
        ("for in the afternoon.", "16:00"),
        ("3 pm, no, four", "16:00"),
        ("four in the morning, sorry, afternoon", "16:00"),
    ],
)
def test_one_time(text: str, moment: str) -> None:
    assert readings(text) == [moment]


@pytest.mark.parametrize(
    ("text", "likely", "other"),
    [
        ("half past three", "15:30", "03:30"),
        ("half three", "15:30", "03:30"),
        ("Half Pastry", "15:30", "03:30"),
        ("ten to six", "17:50", "05:50"),
        ("10-6", "17:50", "05:50"),
        ("8 o'clock", "08:00", "20:00"),
        ("eight oh five", "08:05", "20:05"),
        ("three thirty", "15:30", "03:30"),
        ("330", "15:30", "03:30"),
        ("twelve", "12:00", "00:00"),
        ("around nine or so", "09:00", "21:00"),
        ("five minutes past two", "14:05", "02:05"),
        ("5 pass 2", "14:05", "02:05"),
    ],
)
def test_which_half_of_the_day_is_open(text: str, likely: str, other: str) -> None:
    assert readings(text) == [likely, other]


@pytest.mark.parametrize("text", ["", "no idea", "25:10", "half past", "quarter to", "I'm past two", "order to nine"])
def test_no_time(text: str) -> None:
    assert readings(text) == []


def test_what_must_go_on() -> None:
    for text in ("half past", "quarter to", "ten to"):
        said = spoken_time(text)
        assert said is not None and said.open, text


def test_bounds_tell_morning_from_afternoon() -> None:
    assert readings("half past three", time(8), time(18)) == ["15:30"]
    assert readings("eight", time(8), time(18)) == ["08:00"]
    assert readings("seven", time(8), time(18)) == ["07:00"]  # neither lies inside


@given(st.times())
def test_every_minute_by_the_clock(moment: time) -> None:
    assert readings(f"{moment:%H:%M}")[0].endswith(f"{moment:%M}")
    assert readings(f"{moment.hour % 12 or 12}:{moment:%M} {'pm' if moment.hour > 11 else 'am'}") == [f"{moment:%H:%M}"]
