"""What an answer is, and what a type of answers is; the types themselves are in `answer_types`.

An answer's value is in a normal form, whatever the caller said: dates as in ISO 8601, times of 24 hours ("15:30"),
money with its ISO 4217 code ("40.50 USD"), numbers in figures. What the plan allows is written the same way, so
that values are compared as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from brain.expect import Kind
from brain.spoken_dates import Order

YES_KEY, NO_KEY = "1", "2"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many digits, or signs, an answer has."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What the plan says of an answer, and the day of the call. `low` and `high` are values, empty for none."""

    bounds: Bounds
    today: date = date.min
    order: Order = Order.MONTH_FIRST
    low: str = ""
    high: str = ""
    currency: str = "USD"
    phrases: tuple[str, ...] = ()

    @property
    def needs_year(self) -> bool:
        """Whether a date isn't one without its year: what lies in the past may be any of many, as birthdays do."""
        if not self.high or self.high > self.today.isoformat():
            return False
        return not self.low or date.fromisoformat(self.high) - date.fromisoformat(self.low) > timedelta(366)


@dataclass(frozen=True, slots=True)
class Answer:
    """A value. `others` are what the words may mean instead; `sure` is False where the words alone leave a doubt,
    however well they were heard; `outside` where the plan doesn't allow the value."""

    value: str
    others: tuple[str, ...] = ()
    sure: bool = True
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """The beginning of an answer; `ask` asks for the rest."""

    ask: str = "And the rest?"


@dataclass(frozen=True, slots=True)
class AnswerType:
    """One type. `spoken` and `keyed` give the answer in words or keys, None where it is none.

    `keyed` is None where keys can't answer; `keys_prompt` is how the keys are asked for, and `key_bounds` how
    many are taken, where the plan doesn't say. An answer that was heard with less confidence than `doubt_below`
    is read back with `read_back`, unless the plan has words of its own; `{}` is the slot. `other_form` asks in
    another way, once asking the same again didn't help.
    """

    kind: Kind
    spoken: Callable[[str, Terms], Answer | Part | None]
    keyed: Callable[[str, Terms], Answer | None] | None
    keys_prompt: str
    key_bounds: Bounds | None
    doubt_below: float
    read_back: str
    other_form: str
    max_pause_s: float = 1.2
