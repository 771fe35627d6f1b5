"""A transcript as the grammars of `brain.spoken` read it: words, runs of digits, marks."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MARKS = frozenset(",;.?!")
_TOKEN = re.compile(r"[0-9]+|[^\W\d_]+(?:['’][^\W\d_]+)*|\+|[,;.?!]")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a run of digits, "+" or a mark; `start`..`end` is its place in the text in NFC."""

    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Lower-case tokens of `text`; hyphens and other marks only separate."""
    plain = unicodedata.normalize("NFC", text)
    return [Token(m.group().lower().replace("’", "'"), m.start(), m.end()) for m in _TOKEN.finditer(plain)]


def words(text: str) -> list[str]:
    """The words and runs of digits of `text`, lower case, without marks."""
    return [token.text for token in tokens(text) if token.text not in MARKS]
