"""Clauses: cut early, never inside a number, a time or an abbreviation, and no word lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.clauses import ClauseSplitter, spoken


def split(text: str) -> list[str]:
    splitter = ClauseSplitter()
    return splitter.feed(text) + splitter.finish()


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("Yes! We do.", ["Yes!", "We do."]),
        ("Sure. Let me see.", ["Sure.", "Let me see."]),
        (
            "I don't know that, but a colleague can call you.",
            ["I don't know that,", "but a colleague can call you."],
        ),
        ("14 Harbour Street, next to the library.", ["14 Harbour Street,", "next to the library."]),
        ("Yes, we do that here.", ["Yes,", "we do that here."]),
        (
            "We are open Monday to Friday from 8 a.m. to 6 p.m., and Saturday from 9 a.m. to noon.",
            ["We are open", "Monday to Friday from 8 a.m. to 6 p.m.,", "and Saturday from 9 a.m. to noon."],
        ),
        ("Parking is free behind the house.", ["Parking is free", "behind the house."]),
        ("The address is 5 Mill Lane.", ["The address", "is 5 Mill Lane."]),
        ("We are at 14 Harbour Street, by the library.", ["We are at 14 Harbour Street,", "by the library."]),
        ("You need your insurance card for it.", ["You need your insurance card", "for it."]),
        ("Doctor Cole sees children.", ["Doctor Cole sees", "children."]),
    ],
)
def test_the_first_clause_is_short(text: str, clauses: list[str]) -> None:
    assert split(text) == clauses


@pytest.mark.parametrize(
    "whole",
    [
        "9:30",
        "8 a.m. to 6 p.m.",
        "Dr. Ruiz",
        "St. Mary's",
        "J. Smith",
        "1,000",
        "3.50",
        "555 0134, 22",
        "e.g. Monday",
        "555 0134 555 0199 555 0177 555 0155 555 0133",
        "No. 5",
    ],
)
def test_these_are_never_split(whole: str) -> None:
    for before in ("", "Yes, it is ", "Well, as far as I can tell it must be "):
        clauses = split(f"{before}{whole} as I said. Good.")
        assert any(whole in clause for clause in clauses), clauses


def test_a_number_that_begins_the_reply_is_no_list() -> None:
    assert " ".join(split("12. We moved.")) == "12. We moved."
    assert split("- one\n2. two") == ["one", "two"]


def test_sentences_end_after_times_and_streets() -> None:
    assert split("We close at 6 p.m. Please be early.") == ["We close", "at 6 p.m.", "Please be early."]
    assert split("It is 4 Main Rd. You can park there.") == ["It is 4 Main Rd.", "You can park there."]


def test_a_clause_comes_out_before_the_text_ends() -> None:
    splitter = ClauseSplitter()
    assert splitter.feed("We are") == []
    assert splitter.feed(",") == ["We are,"]
    assert splitter.feed(" sorry.") == []
    assert splitter.finish() == ["sorry."]
    assert splitter.finish() == []


def test_what_never_pauses_is_cut_all_the_same() -> None:
    clauses = split("word " * 60)
    assert max(len(clause.split()) for clause in clauses) <= 24
    assert [len(clause.split()) for clause in clauses] == [3, 8, 24, 24, 1]


def test_later_clauses_are_longer() -> None:
    assert split("Good morning. One, two, three, four, five, six, seven, eight, nine, ten.") == [
        "Good morning.",
        "One, two, three,",
        "four, five, six, seven, eight, nine,",
        "ten.",
    ]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        (
            "**Sure!** We have:\n- apples 🍎\n- `pears`\n1. one\n2) two",
            ["Sure!", "We have:", "apples", "pears", "one", "two"],
        ),
        ("# Hours\nSee [our site](https://x.y/z) please", ["Hours", "See our site please"]),
        ("👍🏽 ❤️\n\n---\n", []),
        ("It is 20° here.", ["It is 20° here."]),
        ("", []),
        (" ... ", []),
    ],
)
def test_what_can_not_be_spoken_is_dropped(text: str, clauses: list[str]) -> None:
    assert split(text) == clauses


WORDS = st.sampled_from(
    "we are open from 8 a.m. to 6 p.m. Dr. Ruiz 9:30 1,000 555 0134 no. yes, sure! and or the Street; x Well: "
    "(really) \"quoted\" I'm it's end. ? 12. A. St. ... until".split()
)
TEXT = st.lists(WORDS, max_size=40).map(" ".join)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@given(TEXT, st.lists(st.integers(1, 9), max_size=60))
def test_no_word_is_lost_and_the_cut_of_the_pieces_changes_nothing(text: str, sizes: list[int]) -> None:
    splitter, rest, clauses = ClauseSplitter(), text, list[str]()
    for size in sizes:
        clauses += splitter.feed(rest[:size])
        rest = rest[size:]
    clauses += splitter.feed(rest) + splitter.finish()
    assert clauses == split(text)
    assert words(" ".join(clauses)) == words(text)
    assert all(clause == clause.strip() and words(clause) for clause in clauses)


@given(st.text(max_size=200))
def test_any_text_gives_clauses_with_something_to_say(text: str) -> None:
    assert all(spoken(clause) for clause in split(text))
