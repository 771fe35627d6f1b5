"""Codes that are spelled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.spoken_letters import ALPHABET, spelled


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("B is in Bravo K for seven.", "BK47"),
        ("B is in Bravo K47.", "BK47"),
        ("B as in boy, K, four, seven", "BK47"),
        ("Bravo Kilo 47 Tango.", "BK47T"),
        ("X double T9 M for Mike", "XTT9M"),
        ("X W T 9 and for Mike.", "XWT9M"),
        ("T for Peter, D for David, 55.", "PD55"),
        ("Q7-ZR29", "Q7ZR29"),
        ("ABC123.", "ABC123"),
        ("It's Lima, November 8-0 FOX-TRAD.", "LN80F"),
        ("be see dee five", "BCD5"),
        ("my reference is K L 7 7", "KL77"),
        ("capital B small c", "BC"),
        ("triple five A", "555A"),
        ("twenty three X", "23X"),
        ("A B, no, A P", "AP"),
        ("K L 7 7, no, 7 8", "KL78"),
    ],
)
def test_a_code(text: str, code: str) -> None:
    found = spelled(text)
    assert found is not None and found.code == code


@pytest.mark.parametrize("text", ["", "I don't know", "It's in the email", "one moment please", "double"])
def test_no_code(text: str) -> None:
    found = spelled(text)
    assert found is None or found.sure < 0.6


@pytest.mark.parametrize(
    ("text", "clear"), [("B K 4 7", False), ("B as in Bravo K 4 7", True), ("Kilo Lima 4", True), ("K L 4", True)]
)
def test_letters_that_are_easily_misheard_want_a_word(text: str, clear: bool) -> None:
    found = spelled(text)
    assert found is not None and found.clear is clear


@pytest.mark.parametrize("text", ["B as in", "K L double", "B for", "K L, no"])
def test_what_must_go_on(text: str) -> None:
    found = spelled(text)
    assert found is not None and found.open


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=3, max_size=10))
def test_every_code_in_code_words(code: str) -> None:
    words = [ALPHABET.get(sign.lower(), sign) for sign in code]
    explained = [f"{sign} as in {word}" if sign.isalpha() else sign for sign, word in zip(code, words, strict=True)]
    for text in (" ".join(words), ", ".join(explained)):
        found = spelled(text)
        assert found is not None and found.code == code, text
