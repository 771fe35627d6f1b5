"""Values in their normal form, read aloud."""

from __future__ import annotations

import pytest

from brain.tts.aloud import code_aloud, date_aloud, email_aloud, money_aloud, time_aloud
from brain.tts.spoken import spoken


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2026-07-04", "Saturday, July 4th, 2026"),
        ("1984-03-22", "Thursday, March 22nd, 1984"),
        ("2026-11-13", "Friday, November 13th, 2026"),
        ("soon", "soon"),
        ("", ""),
    ],
)
def test_dates(value: str, said: str) -> None:
    assert date_aloud(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("15:30", "3:30 in the afternoon"),
        ("08:05", "8:05 in the morning"),
        ("20:00", "8 o'clock in the evening"),
        ("23:15", "11:15 at night"),
        ("12:00", "noon"),
        ("00:00", "midnight"),
        ("00:30", "12:30 in the morning"),
        ("25:00", "25:00"),
    ],
)
def test_times(value: str, said: str) -> None:
    assert time_aloud(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("40.50 USD", "40 dollars and 50 cents"),
        ("1.00 EUR", "1 euro"),
        ("0.01 GBP", "1 penny"),
        ("3.25 GBP", "3 pounds and 25 pence"),
        ("120.00 JPY", "120 yen"),
        ("12.99", "12.99"),
        ("a lot", "a lot"),
    ],
)
def test_money(value: str, said: str) -> None:
    assert money_aloud(value) == said


def test_codes_have_words_where_letters_are_easily_misheard() -> None:
    assert code_aloud("BK47T") == "B as in Bravo, K, 4, 7; T as in Tango"
    assert code_aloud("") == ""


def test_addresses_are_spelled() -> None:
    assert email_aloud("jo.b7@gmail.com") == "J, O, dot, B, 7, at gmail dot com"
    assert email_aloud("a_b@x-y.co.uk") == "A, underscore, B, at X, hyphen, Y dot co dot uk"
    assert email_aloud("nobody") == "nobody"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It is 40.50 USD.", "It is 40 dollars and 50 cents."),
        ("It costs 9 EUR", "It costs 9 euros"),
        ("at 15:30 on 2026-07-04", "at three thirty P M on July 4th, 2026"),
        (f"at {time_aloud('15:30')}", "at three thirty in the afternoon"),
    ],
)
def test_a_voice_gets_words(text: str, said: str) -> None:
    assert spoken(text) == said
