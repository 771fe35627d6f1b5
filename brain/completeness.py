"""How complete an answer is, by its words: evidence for the end of a turn.

One function for the answers that have a grammar (dates, times, money, numbers, addresses, codes), pure and well under a
millisecond, so that it may be asked at each pause and each partial transcript. It knows grammar, not voices: whether
the caller sounds finished is for others to weigh, and other answers are `brain.endpoint_words`'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from brain.expect import Expect, Kind
from brain.spoken_dates import MONTHS, date_parts
from brain.spoken_emails import spoken_email
from brain.spoken_letters import spelled
from brain.spoken_money import money
from brain.spoken_numbers import spoken_number
from brain.spoken_times import spoken_time
from brain.tokens import words


class Completeness(Enum):
    """How much of an answer there is."""

    NOTHING = "no such answer"
    PREFIX = "the beginning of one: more will follow"
    ENOUGH = "an answer as it stands, which more may follow"
    WHOLE = "an answer, and nothing can follow that belongs to it"


_GOES_ON = frozenset(
    "and or but so because if the a an my your our is um uh er erm then it's its i'm at dot underscore hyphen dash "
    "plus minus as next this that was be point number name email address code double triple between about like".split()
)
"""Nobody ends an answer with these."""
_OPENS = {
    Kind.DATE: ("next", "this", "last", "in", "on", "the", "a week", "week from", "on the", "of", *MONTHS),
    Kind.TIME: ("at", "half", "quarter", "past", "half past", "around", "about", "in the", "to"),
    Kind.MONEY: ("about", "around", "a", "hundred and", "dollars and"),
    Kind.NUMBER: ("about", "around", "a", "hundred and", "and a"),
    Kind.EMAIL: ("it's", "email is", "address is"),
    Kind.SPELLED: ("it's", "code is", "as in", "for", "double"),
}
"""Ends of an answer of that kind that is only beginning."""


def completeness(expect: Expect, text: str) -> Completeness:
    """How complete `text`, a transcript so far, is as the answer that `expect` waits for. KeyError: no such grammar."""
    said = words(text)
    if not said:
        return Completeness.NOTHING
    found = _GRAMMARS[expect.kind](expect, text)
    if found is Completeness.WHOLE and said[-1] not in ("um", "uh", "er", "erm"):
        return found
    if said[-1] in _GOES_ON or _opens(expect.kind, said):
        return Completeness.PREFIX
    if found is Completeness.ENOUGH and text.rstrip().endswith((",", "...", "-", "…")):
        return Completeness.PREFIX
    return Completeness.ENOUGH if found is Completeness.WHOLE else found


def _opens(kind: Kind, said: list[str]) -> bool:
    return any(said[-len(parts) :] == parts for parts in (phrase.split() for phrase in _OPENS.get(kind, ())))


def _counted(count: int, expect: Expect) -> Completeness:
    if count >= expect.max_digits:
        return Completeness.WHOLE
    if count >= expect.min_digits:
        return Completeness.ENOUGH
    return Completeness.PREFIX if count else Completeness.NOTHING


def _date(expect: Expect, text: str) -> Completeness:
    parts = date_parts(text)
    if parts is None:
        return Completeness.NOTHING
    if parts.open or not parts.whole:
        return Completeness.PREFIX
    yearless = parts.year is None and len(parts.figures) < 3 and parts.days is None
    if expect.needs_year and yearless:
        return Completeness.PREFIX
    named = parts.month is not None or parts.days is not None or len(parts.figures) == 3
    return Completeness.WHOLE if named else Completeness.ENOUGH  # "the fourth", "Tuesday", "7/4"


def _time(expect: Expect, text: str) -> Completeness:
    said = spoken_time(text)
    if said is None:
        return Completeness.NOTHING
    if said.open or said.hour is None:
        return Completeness.PREFIX
    return Completeness.WHOLE if said.afternoon is not None else Completeness.ENOUGH


def _money(expect: Expect, text: str) -> Completeness:
    found = money(text)
    if not found:
        return Completeness.NOTHING
    if found[0].open:
        return Completeness.PREFIX
    cents = found[0].amount != int(found[0].amount)
    return Completeness.WHOLE if cents and found[0].currency else Completeness.ENOUGH


def _email(expect: Expect, text: str) -> Completeness:
    email = spoken_email(text)
    if email is None:
        return Completeness.NOTHING
    if email.address is None or email.open:
        return Completeness.PREFIX
    return Completeness.ENOUGH if email.may_go_on else Completeness.WHOLE


def _spelled(expect: Expect, text: str) -> Completeness:
    found = spelled(text)
    if found is None:
        return Completeness.NOTHING
    return Completeness.PREFIX if found.open else _counted(len(found.code), expect)


def _number(expect: Expect, text: str) -> Completeness:
    found = spoken_number(text)
    if found is None:
        return Completeness.NOTHING
    return Completeness.WHOLE if found.unit and found.sure else Completeness.ENOUGH


_GRAMMARS: Mapping[Kind, Callable[[Expect, str], Completeness]] = {
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.MONEY: _money,
    Kind.EMAIL: _email,
    Kind.SPELLED: _spelled,
    Kind.NUMBER: _number,
}
