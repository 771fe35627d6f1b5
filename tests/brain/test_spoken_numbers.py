"""Numbers and counts."""

from __future__ import annotations

import pytest

from brain.corrections import attempts
from brain.spoken_numbers import ordinal_at, spoken_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Four people.", "4"),
        ("twenty three", "23"),
        ("23.", "23"),
        ("2 and a half.", "2.5"),
        ("2 in the half", "2.5"),
        ("two point five", "2.5"),
        ("a dozen", "12"),
        ("a couple", "2"),
        ("a hundred and twenty", "120"),
        ("3,450", "3450"),
        ("three thousand four hundred and fifty", "3450"),
        ("twelve hundred", "1200"),
        ("two thousand and five", "2005"),
        ("minus four", "-4"),
        ("it's five, no, six", "6"),
        ("one", "1"),
    ],
)
def test_a_number(text: str, number: str) -> None:
    found = spoken_number(text)
    assert found is not None and found.text == number and found.sure


@pytest.mark.parametrize("text", ["", "nobody", "one moment", "for my sister and me", "half"])
def test_no_number(text: str) -> None:
    assert spoken_number(text) is None


def test_a_number_by_its_sound_is_not_sure() -> None:
    found = spoken_number("For people.")
    assert found is not None and found.text == "4" and not found.sure


@pytest.mark.parametrize(
    ("text", "value"), [("4 th", 4), ("fourth", 4), ("twenty first", 21), ("30 first", 31), ("thirtieth", 30)]
)
def test_an_ordinal(text: str, value: int) -> None:
    found = ordinal_at(text.split(), 0)
    assert found is not None and found[0] == value


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("the fourth, no, the fifth", ["the fourth", "the fifth"]),
        ("No, the fifth.", ["the fifth"]),
        ("the fourth, no,", ["the fourth", ""]),
        ("four, scratch that, five", ["five"]),
        ("four, I mean five, sorry, six", ["four", "five", "six"]),
        ("four", ["four"]),
        ("", [""]),
    ],
)
def test_attempts(text: str, pieces: list[str]) -> None:
    assert attempts(text) == pieces
