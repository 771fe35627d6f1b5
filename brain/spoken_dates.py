"""Dates as callers say them, and as a recogniser writes them: "the fourth of July", "7/4", "next Tuesday".

Two steps: `date_parts` says what was said, without knowing what day it is; `dates` says which days that may be.
Pure: today's date is an argument. Compare the builtin grammar `date` of VoiceXML 2.0, appendix P, which leaves
what wasn't said as "????" in yyyymmdd.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, date, timedelta
from enum import Enum

from brain.corrections import attempts
from brain.spoken_numbers import ONES, TENS, number_at, number_words, ordinal_at

MONTHS = "january february march april may june july august september october november december".split()
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTH = {name[:n]: at for at, name in enumerate(MONTHS, 1) for n in (3, 4, len(name))}
_WEEKDAY = {name: at for at, name in enumerate(WEEKDAYS)} | {f"{name}s": at for at, name in enumerate(WEEKDAYS)}
_DAYS = {"today": 0, "tomorrow": 1, "yesterday": -1, "tonight": 0}
_UNITS = {"day": 1, "days": 1, "week": 7, "weeks": 7, "fortnight": 14}
_NUMERIC = re.compile(
    r"(?<![\w/.-])([0-9o]{1,2})\s?[/.-]\s?([0-9o]{1,2})(?:\s?[/.-]\s?([0-9o]{2}|[0-9]{4}))?(?![\w/-])", re.I
)
_ISO = re.compile(r"(?<![\w-])([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})(?![\w-])")
_RUN = re.compile(r"(?<![\w-])([0-9o]{2})[ -]?([0-9o]{2})[ -]?((?:[0-9]{2})?[0-9o]{2})(?![\w-])", re.I)
_SPLIT_NOUGHT = re.compile(r"(?<![\w-])0-([0-9])(?=-)")
_FUTURE_YEARS = 20
"""A year of two digits up to so far ahead is of this century."""
_LONGEST_LIFE = 120


class Order(Enum):
    """How a plan's callers write a date in figures."""

    MONTH_FIRST = "month first"
    DAY_FIRST = "day first"


class Which(Enum):
    """Which of the days of a name is meant."""

    COMING = "coming"
    NEXT = "next"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class DateParts:
    """What was said of a date; None was not. `figures` are two or three in the caller's own order.

    `days` counts from today, `weeks` from the day that the rest names. `open` says that more has to follow:
    "July", "next", "the fourth of".
    """

    day: int | None = None
    month: int | None = None
    year: int | None = None
    weekday: int | None = None
    which: Which = Which.COMING
    days: int | None = None
    weeks: int = 0
    figures: tuple[int, ...] = ()
    open: bool = False

    @property
    def whole(self) -> bool:
        """Whether it names a day."""
        return bool(self.figures) or self.days is not None or self.weekday is not None or self.day is not None

    @property
    def empty(self) -> bool:
        """Whether nothing of a date was said."""
        return not self.whole and self.month is None and self.year is None


def date_parts(text: str) -> DateParts | None:
    """What `text` says of a date, with its corrections. None where that is nothing."""
    found: DateParts | None = None
    for attempt in attempts(text):
        parts = _read(attempt)
        if parts.empty:
            found = replace(found, open=True) if found is not None and parts.open else found
        else:
            found = parts if found is None else _corrected(found, parts)
    if found is not None and attempts(text)[-1:] == [""]:
        return replace(found, open=True)
    return found


def _corrected(old: DateParts, new: DateParts) -> DateParts:
    """What was said anew replaces its like; the rest stands: "July fourth, no, the fifth"."""
    if new.figures or new.days is not None or new.weekday is not None or not (old.day or old.month):
        return new
    return replace(
        old,
        day=new.day or old.day,
        month=new.month or old.month,
        year=new.year or old.year,
        weekday=None if new.day else old.weekday,
        open=new.open,
    )


def _read(text: str) -> DateParts:
    """One attempt."""
    text = _SPLIT_NOUGHT.sub(r"0\1", text)
    if iso := _ISO.search(text):
        return DateParts(int(iso[3]), int(iso[2]), int(iso[1]))
    words = number_words(text)
    named = any(word in _MONTH or word in _WEEKDAY for word in words)
    if not named and (found := _NUMERIC.search(text) or _RUN.search(text)):
        return DateParts(figures=tuple(_figure(part) for part in found.groups() if part))
    parts, loose = DateParts(), list[str]()
    at = 0
    while at < len(words):
        parts, at = _word(words, at, parts, loose)
    if parts.open and (not words or words[-1] not in _LEADS):
        parts = replace(parts, open=False)
    return _with_numbers(parts, loose)


_LEADS = frozenset("next this last in of week month the a day after from on and coming following".split())
"""Nobody ends there."""


def _word(words: list[str], at: int, parts: DateParts, loose: list[str]) -> tuple[DateParts, int]:
    """The next word or words; numbers that may be day or year go to `loose`."""
    word = words[at]
    after = words[at + 1] if at + 1 < len(words) else ""
    if words[at : at + 3] == ["day", "after", "tomorrow"]:
        return replace(parts, days=2), at + 3
    if words[at : at + 3] == ["day", "before", "yesterday"]:
        return replace(parts, days=-2), at + 3
    if word in _DAYS:
        return replace(parts, days=_DAYS[word]), at + 1
    if word in _MONTH and not (word in ("may", "mar", "march") and at == 0 and after in ("i", "be", "we")):
        return replace(parts, month=_MONTH[word]), at + 1
    if word in _WEEKDAY:
        return replace(parts, weekday=_WEEKDAY[word], weeks=parts.weeks + (after == "week")), at + 1 + (after == "week")
    if word in ("next", "last", "following") and after in _WEEKDAY:
        return replace(parts, which=Which.LAST if word == "last" else Which.NEXT), at + 1
    if word == "in" and (offset := _offset(words, at + 1)) is not None:
        return replace(parts, days=offset[0]), offset[1]
    if word == "in" and (number := number_at(words, at + 1)) is not None and at + 1 + number[1] == len(words):
        return replace(parts, open=True), len(words)
    if (offset := _offset(words, at)) is not None:
        days, end = offset
        joint = words[end] if end < len(words) else ""
        if joint in ("from", "after", "on"):
            rest = words[end + 1] if end + 1 < len(words) else ""
            if rest in ("now", "today"):
                return replace(parts, days=days), end + 2
            if rest == "tomorrow":
                return replace(parts, days=days + 1), end + 2
            if days % 7 == 0:
                return replace(parts, weeks=days // 7, open=True), end + 1
        if joint == "ago":
            return replace(parts, days=-days), end + 1
        return replace(parts, days=days, open=True), end  # "two weeks": from today, or from what follows
    if (ordinal := ordinal_at(words, at)) is not None:
        return replace(parts, day=ordinal[0]) if parts.day is None else parts, at + ordinal[1]
    if (year := _year(words, at)) is not None and (parts.month or parts.day) and year[0] >= 1000:
        return replace(parts, year=year[0]), at + year[1]
    if (number := number_at(words, at)) is not None and number[0] == int(number[0]):
        loose.append(word if word.isdecimal() else str(int(number[0])))
        return parts, at + number[1]
    if word == "oh" and after in ONES:
        loose.append(f"0{ONES[after]}")
        return parts, at + 2
    return replace(parts, open=word in _LEADS), at + 1


def _offset(words: list[str], at: int) -> tuple[int, int] | None:
    """ "three days", "a week": days, and where the words after it begin."""
    if words[at : at + 1] in (["a"], ["an"], ["one"]) and words[at + 1 : at + 2] and words[at + 1] in _UNITS:
        return _UNITS[words[at + 1]], at + 2
    if words[at : at + 2] in (["week", "from"], ["fortnight", "from"]):  # its "a" was swallowed
        return _UNITS[words[at]], at + 1
    number = number_at(words, at)
    if number is None or not words[at + number[1] : at + number[1] + 1]:
        return None
    unit = words[at + number[1]]
    return (int(number[0]) * _UNITS[unit], at + number[1] + 1) if unit in _UNITS else None


def _year(words: list[str], at: int) -> tuple[int, int] | None:
    """A year that begins at `at`: "1984", "nineteen eighty four", "nineteen oh five", "two thousand and five"."""
    first = number_at(words, at)
    if first is None or first[0] != int(first[0]):
        return None
    value, width = int(first[0]), first[1]
    if value in (19, 20):
        second = words[at + width] if at + width < len(words) else ""
        if second in ("oh", "o") and at + width + 1 < len(words) and (unit := ONES.get(words[at + width + 1])):
            return value * 100 + unit, width + 2
        rest = number_at(words, at + width)
        if rest is not None and 10 <= rest[0] < 100 and (second in TENS or second in ONES or len(second) == 2):
            return value * 100 + int(rest[0]), width + rest[1]
    return value, width


def _with_numbers(parts: DateParts, loose: list[str]) -> DateParts:
    """Numbers without a name of their own: the day beside a month, a year, or a date all in figures."""
    numbers = [int(figures) for figures in loose]
    if parts.month is not None:
        for number in numbers:
            if parts.day is None and 1 <= number <= 31:
                parts = replace(parts, day=number)
            elif parts.year is None and parts.day is not None and (number >= 1000 or number < 100):
                parts = replace(parts, year=number)
        if parts.day is None:
            parts = replace(parts, open=True)
        return parts
    if parts.weekday is not None or parts.days is not None or parts.day is not None:
        if parts.weekday is not None and parts.day is None and numbers and 1 <= numbers[0] <= 31:
            return replace(parts, day=numbers[0])
        return parts
    in_figures = len(numbers) in (2, 3) and all(1 <= number <= 31 for number in numbers[:2])
    if in_figures and all(len(year) in (2, 4) for year in loose[2:]):
        return replace(parts, figures=tuple(numbers))
    if len(numbers) == 4 and numbers[2] in (19, 20) and numbers[3] < 100:
        return replace(parts, figures=(numbers[0], numbers[1], numbers[2] * 100 + numbers[3]))
    if len(numbers) == 1 and 1 <= numbers[0] <= 31:
        return replace(parts, day=numbers[0])
    return parts


def _figure(text: str) -> int:
    return int(text.lower().replace("o", "0"))


# ---- which day --------------------------------------------------------------------------------------------


def dates(
    parts: DateParts,
    today: date,
    order: Order = Order.MONTH_FIRST,
    earliest: date | None = None,
    latest: date | None = None,
) -> tuple[date, ...]:
    """The days that `parts` may mean, the likeliest first; two where it can't be told, empty where there is none.

    Of days that weren't fully named the next one counts, in the past only where nothing else lies between
    `earliest` and `latest`. Where nothing lies there at all, the likeliest outside is given.
    """
    found = list(dict.fromkeys(_candidates(parts, today, order, earliest)))
    if parts.weekday is not None and parts.day is not None:
        near = found[:1] if parts.month is not None else found
        fitting = [day for day in near if day.weekday() == parts.weekday]
        found = fitting[:1] or found[:1] + list(_weekdays(parts, today))[:1]
    inside = [day for day in found if (earliest or day) <= day <= (latest or day)]
    several = 2 if _ambiguous(parts) else 1
    return tuple((inside or found)[:several])


def years(parts: DateParts, earliest: date, latest: date) -> int:
    """In how many years between the two `parts` has a day, where it doesn't name its year: 30 birthdays."""
    if parts.day is None or parts.month is None or parts.year is not None:
        return 1
    found = (_day(year, parts.month, parts.day) for year in range(earliest.year, latest.year + 1))
    return sum(day is not None and earliest <= day <= latest for day in found)


def _ambiguous(parts: DateParts) -> bool:
    """Whether people mean different days by it: "next Tuesday"; a weekday that isn't that day's."""
    return parts.weekday is not None and (parts.which is Which.NEXT or parts.day is not None)


def _candidates(parts: DateParts, today: date, order: Order, earliest: date | None) -> list[date]:
    """Days from the likeliest on."""
    if parts.days is not None:
        return _moved(today, parts.days)
    if parts.figures:
        first, second, *rest = parts.figures
        month, day = (first, second) if order is Order.MONTH_FIRST else (second, first)
        if month > 12:
            month, day = day, month
        return _candidates(DateParts(day, month, rest[0] if rest else None), today, order, earliest)
    if parts.day is not None and parts.month is not None:
        return _by_year(parts, today, earliest)
    if parts.day is not None:
        months = [(today.year * 12 + today.month - 1 + ahead) for ahead in (*range(13), -1)]
        return _future_first([_day(m // 12, m % 12 + 1, parts.day) for m in months], today)
    if parts.weekday is not None:
        return _weekdays(parts, today)
    return []


def _by_year(parts: DateParts, today: date, earliest: date | None) -> list[date]:
    assert parts.day is not None and parts.month is not None
    if parts.year is None:
        back = min(_LONGEST_LIFE, today.year - earliest.year) if earliest is not None else 1
        years = (today.year, *range(today.year + 1, today.year + 9), *range(today.year - 1, today.year - back - 1, -1))
        return _future_first([_day(year, parts.month, parts.day) for year in years], today)
    if parts.year >= 100:
        found = [_day(parts.year, parts.month, parts.day)]
    else:
        century = today.year // 100 * 100
        near = century + parts.year
        if near > today.year + _FUTURE_YEARS:
            near -= 100
        found = [_day(year, parts.month, parts.day) for year in (near, near - 100)]
    return [day for day in found if day is not None]


def _weekdays(parts: DateParts, today: date) -> list[date]:
    assert parts.weekday is not None
    ahead = (parts.weekday - today.weekday()) % 7
    if parts.which is Which.LAST:
        return _moved(today, ahead - 7 if ahead else -7)
    monday = 7 - today.weekday()
    coming, next_week = ahead or 7, monday + parts.weekday
    if parts.which is Which.NEXT and not parts.weeks:
        return [*_moved(today, next_week), *_moved(today, coming)]
    return [day for week in range(parts.weeks, parts.weeks + 60) for day in _moved(today, coming + 7 * week)]


def _moved(day: date, days: int) -> list[date]:
    """`day` so many days on; none where the calendar ends."""
    try:
        return [day + timedelta(days)]
    except OverflowError:
        return []


def _future_first(found: list[date | None], today: date) -> list[date]:
    days = [day for day in found if day is not None]
    return [day for day in days if day >= today] + [day for day in days if day < today]


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if MINYEAR <= year <= MAXYEAR else None
    except ValueError:
        return None
