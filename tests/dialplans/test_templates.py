"""Holes are filled and nothing more; numbers are read out in groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.spoken import parse_digits
from dialplans.templates import TemplateError, parse, spoken_digits, spoken_letters


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Hello.", "Hello."),
        ("Thank you, {name}.", "Thank you, John Smith."),
        ("I have {number:digits}.", "I have five five five, zero one two three."),
        ("That is {name:letters}.", "That is J, O, H, N, S, M, I, T, H."),
        ("Two {{braces}}.", "Two {braces}."),
        ("Nobody: {nobody}.", "Nobody: ."),
        ("  Many\n  lines. ", "Many lines."),
    ],
)
def test_filled(text: str, spoken: str) -> None:
    assert parse(text).fill({"name": "John Smith", "number": "5550123"}) == spoken


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a { b", 'a lone "{"'),
        ("a } b", 'a lone "}"'),
        ("{}", "is not {name}"),
        ("{name.upper}", "is not {name}"),
        ("{name[0]}", "is not {name}"),
        ("{0}", "is not {name}"),
        ("{name:shout}", 'unknown form "shout"'),
    ],
)
def test_wrong_holes(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message.replace("{", r"\{").replace("}", r"\}")):
        parse(text)


def test_what_fills_a_hole_is_no_template() -> None:
    assert (
        parse("You are {name}.").fill({"name": "{number} <b>\x07\n", "number": "secret"})
        == "You are number b."
    )


def test_a_value_without_end_is_cut() -> None:
    assert len(parse("{name}").fill({"name": "a" * 10_000})) == 200


@pytest.mark.parametrize(
    ("value", "spoken"),
    [
        ("7", "seven"),
        ("1234", "one two three four"),
        ("12345", "one two three, four five"),
        ("5550123", "five five five, zero one two three"),
        ("07700900123", "zero seven seven zero zero, nine zero zero, one two three"),
        ("+4930123", "plus four nine three, zero one two three"),
        ("", ""),
    ],
)
def test_digits_in_groups(value: str, spoken: str) -> None:
    assert spoken_digits(value) == spoken


@given(st.text("0123456789", min_size=1, max_size=25))
def test_what_is_read_back_is_the_number(digits: str) -> None:
    assert parse_digits(spoken_digits(digits)) == digits


@given(st.text(max_size=60))
def test_any_value_is_spoken(value: str) -> None:
    spoken = parse("{v}|{v:digits}|{v:letters}").fill({"v": value})
    assert spoken.isprintable() or spoken == ""
    assert spoken_letters(value).isupper() or not any(c.isalpha() for c in value) or spoken_letters(value)
