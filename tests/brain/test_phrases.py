"""Words that are nearly those of a list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.phrases import corrected, match, near_phrases

LIST = ("Fenwick Road", "Doctor Kowalczyk", "Doctor Mbeki", "Okonkwo", "Willow Street", "Wallow Street")


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("I live on Fennick road.", "I live on Fenwick Road."),
        ("Dr. Kowalchik, please", "Doctor Kowalczyk, please"),
        ("It's Okonkvo.", "It's Okonkwo."),
        ("Doctor Kowalchik or Doctor Mbeky?", "Doctor Kowalczyk or Doctor Mbeki?"),
        ("Willow Street", "Willow Street"),
        ("", ""),
    ],
)
def test_what_is_nearly_a_phrase_becomes_it(text: str, right: str) -> None:
    assert corrected(text, LIST) == right


@pytest.mark.parametrize(
    "text",
    [
        "Doctor Wilson", "the road", "Mister Fenwick", "Fenwick Lane", "I broke my leg, doctor.",
        "Wellow Street",  # as near to one as to the other
    ],
)  # fmt: skip
def test_what_is_no_phrase_stays(text: str) -> None:
    assert corrected(text, LIST) == text


def test_a_word_within_a_phrase_was_said() -> None:
    assert corrected("Can somebody call me back?", ["call back"]) == "Can somebody call me back?"
    assert corrected("Dr. Jo Mbeki", ["Doctor Mbeki"]) == "Dr. Jo Mbeki"
    assert corrected("Doctor May Becky", ["Doctor Mbeki"]) == "Doctor Mbeki"
    assert near_phrases("call me back", ["call back"]) == ["call back"]


def test_which_are_heard() -> None:
    assert near_phrases("Doctor Mbeky on Fennick Road", LIST) == ["Doctor Mbeki", "Fenwick Road"]
    assert near_phrases("nobody", LIST) == []


@given(st.text(max_size=40), st.lists(st.text(max_size=12), max_size=4))
def test_any_text_and_list(text: str, phrases: list[str]) -> None:
    assert isinstance(corrected(text, phrases), str)


@given(st.sampled_from(LIST))
def test_a_phrase_is_itself(phrase: str) -> None:
    assert corrected(phrase, LIST) == phrase and match(phrase, phrase) == 1.0
