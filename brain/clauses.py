"""LLM tokens -> clauses that can be spoken.

Synthesis starts at the first clause, so that one is cut as early as speech allows, the second a little later;
the rest may be longer, because they are made while the first are heard. Every decision looks only at the characters so
far, so how the text was cut into pieces changes nothing. A boundary never lies within a number, a time
("9:30", "8 a.m. to 6 p.m."), an abbreviation ("Dr. Ruiz") or a telephone number.

Markdown, list marks and emoji are dropped: they can't be spoken.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_TITLES = frozenset("dr mr mrs ms prof st mt rev hon gen e.g i.e eg ie vs approx".split())
"""A full stop after one of these never ends a sentence."""
_ABBREVIATIONS = frozenset(
    """no nr rd ave blvd sq apt ext tel etc dept inc ltd co jr sr a.m p.m am pm mon tue tues wed thu thur
    thurs fri sat sun jan feb mar apr jun jul aug sep sept oct nov dec""".split()
)
"""A full stop after one of these ends a sentence only where a capital follows."""
_BREAKS = frozenset(
    """and but or so because since if when while which who where until with without between after before from
    by for in on at near next opposite behind""".split()
)
"""A long clause may end before one of these words."""
_VERBS = frozenset("is are was were has have had does do can will costs takes".split())
"""So it may before one of these: what came before is what is spoken of."""
_ARTICLES = frozenset("the a an my your our his her their this that these those no".split())
_STICKY = _ARTICLES | frozenset("to of is are not".split())
"""A clause never ends on one of these, where it has the choice."""

_HARD = ".!?…"
_SOFT = ",;:"
_CLOSERS = "\"')]}”’"
_LINK = re.compile(r"\[([^\]]*)\]\([^)\s]*\)")
_BULLET = re.compile(r"[\n\v][ \t]*(?:[-*+•–—>]|#+)[ \t]+|\n[ \t]*\d{1,2}[.)][ \t]+")
_MARKS = re.compile(r"[*_`~#|<>\\]+")
_UNSPOKEN = frozenset({"So", "Cs", "Co", "Cn", "Cc", "Cf"})
"""Unicode categories (UAX #44, table 12) of emoji and what joins them."""
_HAS_WORD = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Limits:
    """All in words. A clause shorter than `least` isn't cut at a comma; one of at least `long` may end
    before a conjunction, preposition or verb; one of `most` ends at the next space where that is possible."""

    least: int
    long: int
    most: int


FIRST = Limits(least=1, long=2, most=3)
SECOND = Limits(least=3, long=4, most=8)
LATER = Limits(least=6, long=14, most=24)


class ClauseSplitter:
    """Feed pieces, get clauses; `finish` gives what is left. One splitter a reply."""

    def __init__(self, first: Limits = FIRST, second: Limits = SECOND, later: Limits = LATER) -> None:
        self._limits, *self._next = first, second, later
        # Says that a list's mark may follow, but not a list's number: "12. We moved." is an answer.
        self._text = "\v"

    def feed(self, piece: str) -> list[str]:
        """The clauses that `piece` completes, ready to be spoken."""
        clauses: list[str] = []
        for char in piece:
            end = self._end_before(char)
            if end:
                clauses += self._take(end)
            self._text += char
            if self._ends_with(char):
                clauses += self._take(len(self._text))
        return clauses

    def finish(self) -> list[str]:
        """The rest, if there is anything to say in it."""
        return self._take(len(self._text))

    def _end_before(self, char: str) -> int:
        """Where a clause ends in the text so far, now that `char` follows it; 0 if it goes on."""
        text = self._text
        if char == "\n":
            return len(text)
        body = text.rstrip()
        words = body.split()
        if not words:
            return 0
        if char.isspace():
            at_break = words[-1].lower() in _BREAKS or words[-1].lower() in _VERBS
            if len(body) == len(text) and len(words) > self._limits.long and at_break:
                before = body[: -len(words[-1])].rstrip()
                return 0 if _sticks(before, words[-1][0]) else len(before)
            return 0
        if len(body) == len(text):
            return 0  # in the middle of a word
        if body.rstrip(_CLOSERS)[-1:] in _HARD and _sentence_ends(words, char):
            return len(text)
        if (
            body[-1] in _SOFT
            and len(words) >= self._limits.least
            and not (body[-2].isdigit() and char.isdigit())
        ):
            return len(text)
        if len(words) >= self._limits.most and not (_sticks(body, char) or _goes_on(words)):
            return len(text)
        return 0

    def _ends_with(self, char: str) -> bool:
        """Whether the text that ends with `char` is a clause whatever follows: no need to wait for it."""
        if char not in ",;!?" or not self._text[-2:-1].isalpha():
            return False
        return char in "!?" or len(self._text.split()) >= self._limits.least

    def _take(self, end: int) -> list[str]:
        head, self._text = self._text[:end], self._text[end:]
        clause = spoken(head)
        if not clause:
            return []
        if self._next:
            self._limits = self._next.pop(0)
        return [clause]


def spoken(text: str) -> str:
    """`text` without what can't be said: markdown, list marks, emoji; empty if no word is left."""
    text = _BULLET.sub("\n", _LINK.sub(r"\1", text))
    text = "".join(c for c in _MARKS.sub("", text) if not _is_pictograph(c))
    text = " ".join(text.split()).lstrip(_HARD + _SOFT + _CLOSERS + "-–— ")
    return text if _HAS_WORD.search(text) else ""


def _is_pictograph(char: str) -> bool:
    return unicodedata.category(char) in _UNSPOKEN and char not in "°\n\t"


def _sentence_ends(words: list[str], char: str) -> bool:
    """Whether the stop at the end of `words` ends a sentence, now that `char` starts the next word."""
    last = words[-1].strip("\"'([{“‘" + _CLOSERS)
    if not last.endswith("."):
        return True
    bare = last[:-1].lower()
    if bare in _TITLES or (len(bare) == 1 and bare.isalpha() and bare != "i"):
        return False
    if bare in _ABBREVIATIONS:
        return char.isupper()
    return not (bare.isdigit() and len(words) == 1)  # "1." begins a list's entry


def _sticks(body: str, char: str) -> bool:
    """Whether `body` and the word that `char` starts belong together: "555 0134", "8 a.m.", "Dr. Ruiz".

    So do "Harbour Street".
    """
    words = body.split()
    last = words[-1] if words else ""
    return (
        last.lower() in _STICKY | _BREAKS
        or last.endswith(".")
        or any(c.isdigit() for c in last)
        or char.isdigit()
        or (last[:1].isupper() and char.isupper())
    )


def _goes_on(words: list[str]) -> bool:
    """Whether what an article or a "don't" began may go on: "your insurance | card", "don't know | that".

    Two words behind it are taken as its end.
    """
    return any(word.lower() in _ARTICLES or word.lower().endswith(("n't", "n’t")) for word in words[-2:])
