"""The types of answers that `gather` takes: how each is heard, keyed, and asked for by keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from brain.expect import Kind
from brain.spoken import parse_yes_no, spoken_digits
from brain.spoken_names import parse_name
from dialplans.keypad import name_by_keys

YES_KEY, NO_KEY = "1", "2"
MAX_NAME_KEYS = 60


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many digits an answer of digits has."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class AnswerType:
    """One type. `spoken` and `keyed` give the value of an answer, None where it is none.

    `keyed` is None where keys can't answer; `keys_prompt` is how the keys are asked for, and
    `key_bounds` how many are taken, where the plan doesn't say.
    """

    kind: Kind
    spoken: Callable[[str, Bounds], str | None]
    keyed: Callable[[str, Bounds], str | None] | None
    keys_prompt: str
    key_bounds: Bounds | None


def digits_said(text: str, bounds: Bounds) -> str | None:
    """A spoken number, of a length the plan takes; with its plus, if it was said."""
    found = spoken_digits(text)
    return found.text if found and bounds.least <= len(found.digits) <= bounds.most else None


def _digits_keyed(keys: str, bounds: Bounds) -> str | None:
    fits = keys.isascii() and keys.isdecimal() and bounds.least <= len(keys) <= bounds.most
    return keys if fits else None


def _yes_or_no_said(text: str, bounds: Bounds) -> str | None:
    answer = parse_yes_no(text)
    return None if answer is None else "yes" if answer.yes else "no"


def _text_said(text: str, bounds: Bounds) -> str | None:
    return text.strip() or None


TYPES: Mapping[str, AnswerType] = {
    "text": AnswerType(Kind.TEXT, _text_said, None, "", None),
    "digits": AnswerType(
        Kind.DIGITS,
        digits_said,
        _digits_keyed,
        "Please type the number on your keypad, and press the hash key at the end.",
        None,
    ),
    "yes_no": AnswerType(
        Kind.YES_NO,
        _yes_or_no_said,
        lambda keys, bounds: {YES_KEY: "yes", NO_KEY: "no"}.get(keys),
        "Please press 1 for yes, or 2 for no.",
        Bounds(1, 1),
    ),
    "name": AnswerType(
        Kind.NAME,
        lambda text, bounds: parse_name(text),
        lambda keys, bounds: name_by_keys(keys),
        "Please spell the name on your keypad, with two keys for each letter: the key it is on, and its "
        "place on that key. For B, press 2, then 2. Press 0 twice for a space, and the hash key at the end.",
        Bounds(2, MAX_NAME_KEYS),
    ),
}
