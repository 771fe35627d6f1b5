"""Counts and amounts as callers say them: "twenty three", "a hundred and twenty", "two and a half", "the 4th".

Unlike `brain.spoken`'s digits ("two three" is 23 there), words make one value here. Pure, over a transcript.
The other grammars (dates, times, money) are built on `number_at` and `ordinal_at`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from brain.corrections import attempts

_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
_UNITS += "seventeen eighteen nineteen".split()
ONES = {word: value for value, word in enumerate(_UNITS)} | {"nought": 0, "nil": 0, "niner": 9}
TENS = {
    word: value
    for value, word in zip(
        range(20, 100, 10), "twenty thirty forty fifty sixty seventy eighty ninety".split(), strict=True
    )
} | {"fourty": 40}
SCALES = {"hundred": 100, "thousand": 1000, "grand": 1000, "million": 1_000_000}
_ORDINALS = dict(
    zip(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth".split(),
        range(1, 20),
        strict=True,
    )
) | {"twentieth": 20, "thirtieth": 30}
_ENDINGS = frozenset({"st", "nd", "rd", "th"})
_HOMOPHONES = {"for": 4, "fore": 4, "to": 2, "too": 2, "won": 1, "ate": 8, "tree": 3, "free": 3}
"""Alone they are prepositions; as the first word of an answer that has no other number they may be one."""
_WORD = re.compile(r"[0-9]+(?:\.[0-9]+)?|[^\W\d_]+(?:'[^\W\d_]+)*|[%$€£]")
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")


@dataclass(frozen=True, slots=True)
class SpokenNumber:
    """A number; `sure` is False where it was taken from a word that is one only by its sound. `unit` says that
    a word follows it: "four people"."""

    value: Decimal
    sure: bool = True
    unit: bool = False

    @property
    def text(self) -> str:
        """In figures: "23", "2.5"."""
        return f"{self.value:f}"


def number_words(text: str) -> list[str]:
    """Lower-case words and figures, "3,450" as one; marks are left out."""
    plain = unicodedata.normalize("NFC", text).lower().replace("’", "'")
    return _WORD.findall(_THOUSANDS.sub("", plain))


def number_at(words: Sequence[str], at: int) -> tuple[Decimal, int] | None:
    """The number that begins at `at`, and how many words it takes. None where none does."""
    start = at
    total = group = Decimal(0)
    found = _small(words, at)
    if found is None:
        if _word(words, at) not in ("a", "an") or _word(words, at + 1) not in (*SCALES, "dozen", "couple"):
            return None
        found = Decimal(1), 1
    group, at = found[0], at + found[1]
    while True:
        word = _word(words, at)
        if word in SCALES:
            scale = SCALES[word]
            if scale == 100:
                group *= 100
            else:
                total, group = total + group * scale, Decimal(0)
            at += 1
        elif word == "dozen":
            return group * 12, at + 1 - start
        elif word == "couple":
            return group * 2, at + 1 - start
        elif (rest := _rest(words, at, group, total)) is not None:
            group, at = group + rest[0], at + rest[1]
        else:
            return total + group, at - start


def _rest(words: Sequence[str], at: int, group: Decimal, total: Decimal) -> tuple[Decimal, int] | None:
    """What goes on a number that stands before `at`: "... hundred and five", "two point five", "and a half"."""
    word = _word(words, at)
    if word == "point":
        digits = ""
        ahead = at + 1
        while (digit := _small(words, ahead)) is not None and digit[0] < 10 and digit[1] == 1:
            digits, ahead = digits + f"{digit[0]:f}", ahead + 1
        if not digits and (whole := _small(words, ahead)) is not None:
            digits, ahead = f"{whole[0]:f}", ahead + whole[1]
        return (Decimal(f"0.{digits}"), ahead - at) if digits else None
    if word in ("and", "in", "an"):
        if list(words[at + 1 : at + 3]) in (["a", "half"], ["the", "half"]):  # "2 in the half"
            return Decimal("0.5"), 3
        if list(words[at + 1 : at + 3]) == ["a", "quarter"]:
            return Decimal("0.25"), 3
    scaled = (group >= 100 and group % 100 == 0) or (total > 0 and group == 0)
    if not scaled:
        return None
    skip = 1 if word == "and" else 0
    found = _small(words, at + skip)
    if found is None or (group >= 100 and found[0] >= 100):
        return None
    return found[0], skip + found[1]


def _small(words: Sequence[str], at: int) -> tuple[Decimal, int] | None:
    """Figures, or a number under a hundred in words."""
    word = _word(words, at)
    if word[:1].isdecimal():
        return (Decimal(word), 1) if word.isascii() else None
    if word in ONES:
        return Decimal(ONES[word]), 1
    if word in TENS:
        one = ONES.get(_word(words, at + 1), 0)
        return (Decimal(TENS[word] + one), 2) if 0 < one < 10 else (Decimal(TENS[word]), 1)
    return None


def ordinal_at(words: Sequence[str], at: int) -> tuple[int, int] | None:
    """The ordinal under a hundred that begins at `at` ("4th", "twenty first"), and its words."""
    word, after = _word(words, at), _word(words, at + 1)
    if word.isdecimal() and word.isascii() and after in _ENDINGS:
        return int(word), 2
    if word in _ORDINALS:
        return _ORDINALS[word], 1
    if word in TENS and 0 < _ORDINALS.get(after, 0) < 10:
        return TENS[word] + _ORDINALS[after], 2
    if word in ("20", "30") and 0 < _ORDINALS.get(after, 0) < 10:
        return int(word) + _ORDINALS[after], 2
    return None


def spoken_number(text: str) -> SpokenNumber | None:
    """The number in `text`, the last one where the caller corrects it. None where there is none."""
    for attempt in reversed(attempts(text)):
        words = number_words(attempt)
        for at in range(len(words)):
            found = number_at(words, at)
            if found is None:
                continue
            negative = at > 0 and words[at - 1] in ("minus", "negative")
            one_of = words[at] == "one" and found[1] == 1 and len(words) > 1
            if one_of and _word(words, at + 1) in ("moment", "second", "of", "minute", "sec"):
                return None
            unit = bool(_word(words, at + found[1])) and _word(words, at + found[1]) not in ("and", "point")
            return SpokenNumber(-found[0] if negative else found[0], True, unit)
        if words and words[0] in _HOMOPHONES and len(words) <= 2:
            return SpokenNumber(Decimal(_HOMOPHONES[words[0]]), False, len(words) == 2)
    return None


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""
