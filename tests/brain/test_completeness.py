"""How complete an answer is, for every kind that has a grammar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.completeness import Completeness, completeness
from brain.expect import Expect, Kind

NOTHING, PREFIX, ENOUGH, WHOLE = Completeness
KINDS = [Kind.DATE, Kind.TIME, Kind.MONEY, Kind.NUMBER, Kind.EMAIL, Kind.SPELLED]


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        (Kind.DATE, "July", PREFIX),
        (Kind.DATE, "July 4th.", WHOLE),
        (Kind.DATE, "the fourth", ENOUGH),
        (Kind.DATE, "the fourth of", PREFIX),
        (Kind.DATE, "July 4th, no", PREFIX),
        (Kind.DATE, "next", PREFIX),
        (Kind.DATE, "a week from", PREFIX),
        (Kind.DATE, "tomorrow", WHOLE),
        (Kind.DATE, "next Tuesday", ENOUGH),
        (Kind.DATE, "hello", NOTHING),
        (Kind.TIME, "quarter past", PREFIX),
        (Kind.TIME, "half", PREFIX),
        (Kind.TIME, "three", ENOUGH),
        (Kind.TIME, "3:30 p.m.", WHOLE),
        (Kind.TIME, "whenever", NOTHING),
        (Kind.MONEY, "forty dollars and", PREFIX),
        (Kind.MONEY, "forty dollars", ENOUGH),
        (Kind.MONEY, "$40.50", WHOLE),
        (Kind.MONEY, "a lot", NOTHING),
        (Kind.EMAIL, "john at", PREFIX),
        (Kind.EMAIL, "john at example dot", PREFIX),
        (Kind.EMAIL, "john at gmail", ENOUGH),
        (Kind.EMAIL, "john at example dot com", WHOLE),
        (Kind.EMAIL, "john at example dot co", ENOUGH),
        (Kind.SPELLED, "B as in", PREFIX),
        (Kind.SPELLED, "B C 4", PREFIX),
        (Kind.SPELLED, "B C 4 7 8 9", ENOUGH),
        (Kind.SPELLED, "B C 4 7 8 9 D D", WHOLE),
        (Kind.SPELLED, "hello", NOTHING),
        (Kind.NUMBER, "twenty", ENOUGH),
        (Kind.NUMBER, "four people", WHOLE),
        (Kind.NUMBER, "a hundred and", PREFIX),
        (Kind.NUMBER, "nobody", NOTHING),
    ],
)
def test_an_answer(kind: Kind, text: str, found: Completeness) -> None:
    expect = Expect(kind, 6, 8, phrases=("billing", "sales"))
    assert completeness(expect, text) is found


def test_a_birthday_needs_its_year() -> None:
    expect = Expect(Kind.DATE, needs_year=True)
    assert completeness(expect, "the third of March") is PREFIX
    assert completeness(expect, "the third of March eighty four") is WHOLE
    assert completeness(expect, "3/3/84") is WHOLE


@given(st.sampled_from(KINDS), st.text(max_size=60))
def test_any_text_has_an_answer(kind: Kind, text: str) -> None:
    assert isinstance(completeness(Expect(kind, phrases=("a", "b")), text), Completeness)


WORDS = (
    "the fourth of july 4th next tuesday half past three 3:30 pm forty dollars and $40.50 john at dot com gmail b "
    "as in bravo double 5 oh no sorry , . quarter to a week from twenty hundred point @ - 1299 07/04 q7zr29 on"
)
SPOKEN = st.lists(st.sampled_from(WORDS.split()), max_size=8)


@given(st.sampled_from(KINDS), SPOKEN)
def test_any_words_have_an_answer(kind: Kind, said: list[str]) -> None:
    assert isinstance(completeness(Expect(kind, phrases=("a", "b")), " ".join(said)), Completeness)
