"""Written text becomes words a voice pronounces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.tts.spoken import MAX_PIECE, digits_aloud, pieces, plain, spoken


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0 2 0", "zero two zero"),
        ("020 7946 0018", "zero two zero, seven nine four six, zero zero one eight"),
        ("02079460018.", "zero two zero, seven nine four six, zero zero one eight."),
        ("call 555-0123 now", "call five five five, zero one two three now"),
        ("+44 20 7946 0018", "plus four four, two zero, seven nine four six, zero zero one eight"),
        ("code 123456", "code one two three, four five six"),
        ("We open at 9:00.", "We open at nine o'clock."),
        ("9:05 or 9:30", "nine oh five or nine thirty"),
        ("14:00 and 17:30", "two P M and five thirty P M"),
        ("00:15", "twelve fifteen A M"),
        ("at 5 p.m.", "at five P M."),
        ("at 5pm tomorrow", "at five P M tomorrow"),
        ("from 9-5, Mon-Fri", "from 9 to 5, Monday to Friday"),
        ("on 2024-05-03", "on May 3rd, 2024"),
        ("Dr. Patel", "Doctor Patel"),
        ("e.g. this & that", "for example this and that"),
        ("25% off", "25 percent off"),
        ("ID A12B", "ID A one two B"),
        ("info@clinic.example", "info at clinic dot example"),
        ("see https://www.clinic.example/help.", "see clinic dot example slash help."),
        ("**Hello** _there_ [you](http://x.y)", "Hello there you"),
        ("Of course \N{GRINNING FACE}!", "Of course !"),
    ],
)
def test_it_is_said(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    "text",
    [
        "It costs $12.50.",
        "1,250 people",
        "in 2024",
        "3rd of May",
        "room 101",
        "pi is 3.14159",
        "10 of 12",
        "12B",
    ],
)
def test_what_voices_read_well_is_left_alone(text: str) -> None:
    assert spoken(text) == text


@given(st.text(max_size=80))
def test_any_text_can_be_spoken(text: str) -> None:
    said = spoken(text)
    assert not set(said) & set("*_`#|<>{}\n\t")
    assert said == " ".join(said.split())


@given(st.text(max_size=500))
def test_pieces_are_short_and_lose_no_letter(text: str) -> None:
    found = pieces(text)
    assert all(0 < len(piece) <= MAX_PIECE for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


@given(st.text("0123456789", min_size=7, max_size=15))
def test_every_digit_of_a_number_is_said(number: str) -> None:
    assert spoken(number).replace(",", "") == digits_aloud(number)


def test_sentences_are_pieces() -> None:
    assert pieces("Hello. How are you? Fine") == ["Hello.", "How are you?", "Fine"]


def test_a_long_sentence_is_cut_at_a_comma() -> None:
    text = "word " * 20 + "end, " + "word " * 20
    assert [piece[-4:] for piece in pieces(text)] == ["end,", "word"]


def test_other_languages_lose_only_markup() -> None:
    assert plain("# Grüß *Gott*, 020 7946 0018") == "Grüß Gott , 020 7946 0018"
