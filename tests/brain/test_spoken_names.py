"""Names as callers give them, whole, spelled, and corrected by their spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.spoken_names import parse_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is John Smith.", "John Smith"),
        ("it's john smith", "John Smith"),
        ("John.", "John"),
        ("Hi, I'm Peter Lo.", "Peter Lo"),
        ("This is Anna-Maria O'Brien speaking, thanks.", "Anna-Maria O'Brien"),
        ("No, it's John", "John"),
        ("My first name is John and my last name is Smith", "John Smith"),
        ("VINCENT VAN GOGH", "Vincent van Gogh"),
        ("McDonald", "McDonald"),
        ("jürgen müller", "Jürgen Müller"),
        ("John A. Smith", "John A Smith"),
        ("Mike Oscar", "Mike Oscar"),
    ],
)
def test_names(text: str, name: str) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("J O H N", "John"),
        ("J-O-H-N.", "John"),
        ("J. O. H. N. Smith", "John Smith"),
        ("S as in Sierra, M as in Mike, I as in India, T for Tango, H", "Smith"),
        ("Sierra Mike India Tango Hotel", "Smith"),
        ("John Smith, that's S M Y T H", "John Smyth"),
        ("It's Jon Smyth, J O H N", "John Smyth"),
        ("Kelly, K E double L Y", "Kelly"),
    ],
)
def test_a_spelling_wins(text: str, name: str) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yes",
        "No.",
        "Okay.",
        "what?",
        "can you repeat that",
        "5 5 5",
        "I",
        "It's",
        "this is she",
        "I would like to speak to somebody about my appointment on Monday",
    ],
)
def test_what_is_no_name(text: str) -> None:
    assert parse_name(text) is None


@given(st.text(alphabet="bcdfghjklmnpqrstvwxz", min_size=3, max_size=8), st.sampled_from([" ", "-", ". "]))
def test_any_spelled_letters_come_back(letters: str, separator: str) -> None:
    assert parse_name(separator.join(letters.upper())) == letters.capitalize()


@given(st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    name = parse_name(text)
    assert name is None or name.strip()
