"""What the plan expects to hear next: evidence for the end of a turn, and the grammar of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from brain.courtesy import Courtesy


class Kind(Enum):
    """The type of an answer."""

    TALK = "talk"  # free talk with an agent
    TEXT = "text"  # anything, once
    DIGITS = "digits"
    YES_NO = "yes_no"
    NAME = "name"
    CHOICE = "choice"  # one of `phrases`
    DATE = "date"
    TIME = "time"
    MONEY = "money"
    EMAIL = "email"
    SPELLED = "spelled"  # letters and digits
    NUMBER = "number"  # how many, how much


class Interruptible(Enum):
    """What may stop the bot while it speaks."""

    SPEECH = "yes"  # speech and keys
    KEYS = "keys only"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Expect:
    """One answer that the plan waits for.

    `min_digits`..`max_digits` bound a DIGITS or SPELLED answer, and keys; `terminator` ends keys early.
    With so many digits as `usual_digits` names, a spoken number is most likely complete. `phrases` are words that
    are likely now. A DATE with `needs_year` isn't whole without its year: a birthday.
    `silence_s` without a word or a key is no input. `keys` and `voice` say which ways are open. Where
    `only_keys` is given, no other key means anything: the bot goes on as if it had not been pressed. `courtesy` says
    how dead air is filled, None for not at all.
    """

    kind: Kind = Kind.TALK
    min_digits: int = 1
    max_digits: int = 20
    terminator: str = "#"
    phrases: tuple[str, ...] = ()
    voice: bool = True
    keys: bool = True
    silence_s: float = 6.0
    between_keys_s: float = 3.0
    max_pause_s: float = 1.2
    usual_digits: tuple[int, ...] = ()
    only_keys: str | None = None
    needs_year: bool = False
    courtesy: Courtesy | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.min_digits <= self.max_digits:
            raise ValueError(f"bad digit counts: {self.min_digits} to {self.max_digits}")
        if not (self.voice or self.keys):
            raise ValueError("an answer needs a way in: voice, keys or both")

    def means(self, key: str) -> bool:
        """Whether `key` is of any use to this question, or may at least stop its prompt."""
        return self.only_keys is None or key in self.only_keys


_OF_WORDS = frozenset({Kind.TALK, Kind.TEXT, Kind.NAME, Kind.CHOICE})
"""Kinds whose answers may hold a plan's phrases; elsewhere phrases pull the recogniser away from figures."""


def likely_phrases(of_plan: tuple[str, ...], expect: Expect) -> tuple[str, ...]:
    """The phrases that the recogniser is told of: the question's own first, then the plan's, each once."""
    return tuple(dict.fromkeys((*expect.phrases, *of_plan))) if expect.kind in _OF_WORDS else ()
