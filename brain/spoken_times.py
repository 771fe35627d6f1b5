"""Times of day as callers say them: "half past three", "quarter to nine in the morning", "3:30 pm", "noon".

Whether morning or afternoon is meant stays open until it is known. Pure, over a transcript. Compare the builtin
grammar `time` of VoiceXML 2.0, appendix P, whose "hhmm?" is an hour whose half of the day is open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import time

from brain.corrections import attempts
from brain.spoken_numbers import ONES, number_at, number_words

_HALVES = {"am": False, "pm": True, "morning": False, "afternoon": True, "evening": True, "tonight": True}
_PAST, _TO = frozenset({"past", "after"}), frozenset({"to", "till", "til", "before", "of"})
_FRACTIONS = {"half": 30, "quarter": 15}
_LEAD = frozenset("at around about by for from say make it's".split())
_MERIDIEM = re.compile(r"(?<![a-z])([ap])\.?\s?m\b\.?")
_CLOCK = re.compile(r"(?<![0-9.])([0-9]{1,2})[:.h]([0-9]{2})(?![0-9])")
_RUN = re.compile(r"(?<![0-9])([0-9]{1,2})([0-9]{2})(?![0-9])")
_DASHED = re.compile(r"(?<![0-9])(5|10|15|20|25)-([0-9]{1,2})(?![0-9])")
"""How a recogniser writes "ten to six"."""
_MISHEARD = (
    (re.compile(r"\bhalf (?:of )?pastr(?:y|ies)\b"), "half past three"),
    (re.compile(r"\bquarter tonight\b"), "quarter to nine"),
    (re.compile(r"\bto night\b"), "tonight"),
    (re.compile(r"\bpass\b"), "past"),
    (re.compile(r"^\W*for(?= (?:in the|o'clock|[ap]\.?m))"), "four"),
)
_NIGHT_BEGINS = 6
"""At night: from six on before midnight, earlier after it."""
_DAY_BEGINS = 7
"""Of two halves the likelier: from seven to noon the morning, else the afternoon."""


@dataclass(frozen=True, slots=True)
class SpokenTime:
    """What was said of a time. `hour` counts to 12 where `afternoon` is None, which leaves open which half is
    meant, else to 23. `open` says that more has to follow: "half past", "quarter to"."""

    hour: int | None
    minute: int = 0
    afternoon: bool | None = None
    open: bool = False
    exact: bool = True
    """Whether minutes or "o'clock" were said, so that no minutes are to come."""


def spoken_time(text: str) -> SpokenTime | None:
    """The time in `text`, the last one where the caller corrects it. None where there is none."""
    tries = attempts(text)
    found: SpokenTime | None = None
    for attempt in tries:
        said = _read(attempt)
        if said is None:
            half = _half(number_words(_spaced(attempt)))
            if found is not None and half is not None:
                found = _in_half(replace(found, afternoon=None), half)
        elif found is not None and said.afternoon is None and found.afternoon is not None and said.hour is not None:
            found = _in_half(said, found.afternoon)
        else:
            found = said
    if found is not None and tries[-1:] == [""]:
        return replace(found, open=True)
    return found


def times(said: SpokenTime, earliest: time | None = None, latest: time | None = None) -> tuple[time, ...]:
    """The times that `said` may mean, the likeliest first: two where the half of the day is open, unless only one
    of them lies between `earliest` and `latest`. Where none does, the likeliest outside is given.
    """
    if said.hour is None:
        return ()
    if said.afternoon is not None or said.hour > 12 or said.hour == 0:
        found = [time(said.hour, said.minute)]
    else:
        morning, afternoon = time(said.hour % 12, said.minute), time(said.hour % 12 + 12, said.minute)
        found = [morning, afternoon] if _DAY_BEGINS <= said.hour < 12 else [afternoon, morning]
    inside = [moment for moment in found if (earliest or moment) <= moment <= (latest or moment)]
    return tuple(inside) if inside else tuple(found[:1])


def _spaced(text: str) -> str:
    plain = text.lower()
    for pattern, put in _MISHEARD:
        plain = pattern.sub(put, plain)
    return _MERIDIEM.sub(r" \1m ", plain)


def _read(text: str) -> SpokenTime | None:
    plain = _spaced(text)
    if (dashed := _DASHED.search(plain)) and 1 <= int(dashed[2]) <= 12:
        plain = plain.replace(dashed[0], f"{dashed[1]} to {dashed[2]}")
    words = number_words(plain)
    half = _half(words)
    if clock := _CLOCK.search(plain):
        return _checked(int(clock[1]), int(clock[2]), half)
    for at, word in enumerate(words):
        if word == "noon" or word == "midday":
            return SpokenTime(12, 0, True)
        if word == "midnight":
            return SpokenTime(0, 0, False)
        if (said := _relative(words, at, half)) is not None:
            return said
    return _plain(words, plain, half)


def _relative(words: list[str], at: int, half: bool | None) -> SpokenTime | None:
    """ "half past three", "20 to 7", "quarter of nine", "half three"; open where the hour is missing."""
    if words[at] in _FRACTIONS:
        minutes, width = _FRACTIONS[words[at]], 1
    elif (number := number_at(words, at)) is not None and number[0] in (5, 10, 15, 20, 25):
        minutes, width = int(number[0]), number[1]
    else:
        return None
    at += width
    if words[at : at + 1] in (["minutes"], ["minute"]):
        at += 1
    joint = words[at] if at < len(words) else ""
    hour = number_at(words, at + 1)
    if joint in _PAST | _TO and (hour is None or at + 1 + hour[1] > len(words)):
        noon = {"noon": 12, "midday": 12, "midnight": 0}.get(words[at + 1] if at + 1 < len(words) else "")
        if noon is not None:
            whole = noon * 60 + (minutes if joint in _PAST else -minutes)
            return SpokenTime(whole // 60 % 24, whole % 60, whole % 1440 >= 720)
        return SpokenTime(None, minutes, half, open=True) if at + 1 >= len(words) else None
    if joint in _PAST and hour is not None:
        return _checked(int(hour[0]), minutes, half)
    if joint in _TO and hour is not None:
        noonish = True if hour[0] == 12 and "morning" in words else half  # "ten to twelve in the morning"
        full = _checked(int(hour[0]), 0, noonish)
        return _before(full, minutes) if full is not None and full.hour is not None else None
    if minutes == 30 and width == 1 and words[at - 1] == "half" and (hour := number_at(words, at)) is not None:
        return _checked(int(hour[0]), 30, half)
    return None


def _before(full: SpokenTime, minutes: int) -> SpokenTime:
    """So many minutes before the full hour."""
    assert full.hour is not None
    if full.afternoon is None:
        return SpokenTime((full.hour - 2) % 12 + 1, 60 - minutes)
    hour = (full.hour - 1) % 24
    return SpokenTime(hour, 60 - minutes, hour >= 12)


def _plain(words: list[str], plain: str, half: bool | None) -> SpokenTime | None:
    """ "eight o'clock", "three thirty", "330", "eight oh five", "at 8", or a lone number."""
    numbers = [at for at in range(len(words)) if number_at(words, at) is not None]
    for at in numbers:
        number = number_at(words, at)
        assert number is not None
        after = words[at + number[1]] if at + number[1] < len(words) else ""
        if number[0] != int(number[0]):
            continue
        value = int(number[0])
        if value >= 100:
            run = _RUN.fullmatch(str(value))
            if run and (half is not None or after == "hours" or len(numbers) == 1):
                return _checked(int(run[1]), int(run[2]), half)
            continue
        if value > 24:
            continue
        if after == "hundred":
            return _checked(value, 0, half)
        if after in ("oh", "o") and at + number[1] + 1 < len(words) and words[at + number[1] + 1] in ONES:
            return _checked(value, ONES[words[at + number[1] + 1]], half)
        minutes = number_at(words, at + number[1])
        if minutes is not None and 10 <= minutes[0] < 60 and minutes[0] == int(minutes[0]):
            return _checked(value, int(minutes[0]), half)
        before = words[at - 1] if at else ""
        if before in _PAST or (before == "to" and at > 1):
            return None  # "I'm past two", "order to nine": the minutes were misheard
        clock = after in ("o'clock", "oclock", "o", "clock") or (before == "at" and len(words) > 1)
        if clock or after in ("am", "pm", "in", "tonight", "this") or half is not None or before in _LEAD:
            return _checked(value, 0, half, exact=after.endswith("clock"))
        if len(numbers) == 1:
            return _checked(value, 0, half, exact=False)
    return None


def _half(words: list[str]) -> bool | None:
    """Whether the afternoon is meant; None where it isn't said."""
    for word in words:
        if word in _HALVES:
            return _HALVES[word]
        if word == "night":
            hours = [int(n[0]) for at in range(len(words)) if (n := number_at(words, at)) and n[0] <= 12]
            return not hours or hours[-1] >= _NIGHT_BEGINS and hours[-1] != 12
    return None


def _checked(hour: int, minute: int, half: bool | None, exact: bool = True) -> SpokenTime | None:
    if not (0 <= hour <= 24 and 0 <= minute < 60) or (hour == 24 and minute):
        return None
    return _in_half(SpokenTime(hour % 24, minute, exact=exact), half)


def _in_half(said: SpokenTime, half: bool | None) -> SpokenTime:
    """`said` in the half of the day that was named."""
    hour = said.hour
    if half is None or hour is None or hour > 12:
        return replace(said, afternoon=hour > 12) if hour is not None and (hour > 12 or hour == 0) else said
    return replace(said, hour=hour % 12 + (12 if half else 0), afternoon=half)
