"""Dates as they are said and written."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.spoken_dates import MONTHS, Order, date_parts, dates, years

TODAY = date(2026, 7, 1)
"""A Wednesday."""


def parse_date(text: str, today: date, order: Order = Order.MONTH_FIRST) -> date | None:
    """The likeliest day that `text` names."""
    parts = date_parts(text)
    return next(iter(dates(parts, today, order)), None) if parts is not None else None


def readings(text: str, **bounds: date) -> list[str]:
    parts = date_parts(text)
    return [day.isoformat() for day in dates(parts, TODAY, **bounds)] if parts is not None else []


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("the fourth of July", "2026-07-04"),
        ("the 4th of July.", "2026-07-04"),
        ("July fourth", "2026-07-04"),
        ("July 4", "2026-07-04"),
        ("4 July", "2026-07-04"),
        ("3 March 1984", "1984-03-03"),
        ("March 3rd, 2005.", "2005-03-03"),
        ("March third, two thousand and five", "2005-03-03"),
        ("the third of March nineteen oh five", "1905-03-03"),
        ("twenty first of May twenty twenty seven", "2027-05-21"),
        ("my birthday is the 3rd of May 76", "1976-05-03"),
        ("7/4", "2026-07-04"),
        ("03-12-76", "1976-03-12"),
        ("O31276", "1976-03-12"),
        ("oh three, twelve, seventy six", "1976-03-12"),
        ("seven four eighty four", "1984-07-04"),
        ("twelve twelve twenty twenty six", "2026-12-12"),
        ("31.12.2026", "2026-12-31"),
        ("2026-12-24", "2026-12-24"),
        ("the 12th", "2026-07-12"),
        ("the 31st", "2026-07-31"),
        ("February 29", "2028-02-29"),
        ("today", "2026-07-01"),
        ("Tomorrow, please.", "2026-07-02"),
        ("the day after tomorrow", "2026-07-03"),
        ("yesterday", "2026-06-30"),
        ("in three days", "2026-07-04"),
        ("two weeks from today", "2026-07-15"),
        ("and two weeks.", "2026-07-15"),
        ("0-3-12-76.", "1976-03-12"),
        ("a week ago", "2026-06-24"),
        ("Friday", "2026-07-03"),
        ("Wednesday", "2026-07-08"),
        ("last Monday", "2026-06-29"),
        ("a week from Monday", "2026-07-13"),
        ("week from Monday", "2026-07-13"),
        ("Monday week", "2026-07-13"),
        ("Saturday the 4th", "2026-07-04"),
        ("Saturday, July 4th", "2026-07-04"),
        ("The 4th, no, the 5th of August.", "2026-08-05"),
        ("The fourth know the fifth of August.", "2026-08-05"),
        ("July fourth, sorry, the fifth", "2026-07-05"),
        ("tomorrow, I mean Friday", "2026-07-03"),
    ],
)
def test_one_day(text: str, day: str) -> None:
    assert readings(text) == [day]


@pytest.mark.parametrize(
    "text", ["", "hello", "I don't know", "July", "the 31st of February", "next", "1984", "five five five", "in two"]
)
def test_no_day(text: str) -> None:
    assert readings(text) == []


def test_next_tuesday_may_be_either() -> None:
    assert readings("next Friday") == ["2026-07-10", "2026-07-03"]
    assert readings("next Tuesday") == ["2026-07-07"]  # the coming one is next week's


def test_a_weekday_that_is_not_that_days() -> None:
    assert readings("Sunday, July 4th") == ["2026-07-04", "2026-07-05"]


def test_day_first() -> None:
    parts = date_parts("3/12/84")
    assert parts is not None
    assert dates(parts, TODAY, Order.DAY_FIRST) == (date(1984, 12, 3),)
    assert dates(parts, TODAY, Order.MONTH_FIRST) == (date(1984, 3, 12),)
    assert parse_date("25/12", TODAY, Order.MONTH_FIRST) == date(2026, 12, 25)


def test_bounds_decide_what_was_not_said() -> None:
    assert readings("June 4th", latest=TODAY) == ["2026-06-04"]
    assert readings("June 4th") == ["2027-06-04"]
    assert readings("next Friday", latest=date(2026, 7, 5)) == ["2026-07-03"]
    assert readings("3 5 26", latest=date(2000, 1, 1)) == ["1926-03-05"]
    assert readings("June 4th 2020", earliest=TODAY) == ["2020-06-04"]  # nothing lies inside


def test_how_many_years_a_day_may_be_of() -> None:
    birthday, whole = date_parts("March 3rd"), date_parts("March 3rd 1984")
    assert birthday is not None and whole is not None
    assert years(birthday, date(1920, 1, 1), TODAY) == 107
    assert years(birthday, TODAY, date(2027, 6, 30)) == 1
    assert years(whole, date(1920, 1, 1), TODAY) == 1


@given(st.dates(date(1910, 1, 1), date(2040, 12, 31)))
def test_every_day_in_words_and_figures(day: date) -> None:
    ending = "th" if 10 <= day.day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    month = MONTHS[day.month - 1].capitalize()
    for text in (
        f"the {day.day}{ending} of {month} {day.year}",
        f"{month} {day.day}{ending}, {day.year}.",
        f"{day.month}/{day.day}/{day.year}",
        day.isoformat(),
    ):
        assert parse_date(text, TODAY) == day, text


@given(st.integers(-30, 30))
def test_days_from_today(ahead: int) -> None:
    said = f"in {ahead} days" if ahead >= 0 else f"{-ahead} days ago"
    assert parse_date(said, TODAY) == TODAY + timedelta(ahead)


def test_the_ends_of_the_calendar() -> None:
    assert parse_date("in 9 million days", TODAY) is None
    assert parse_date("yesterday", date.min) is None
