"""Callers correct themselves: "the fourth, no, the fifth". What was meant is in the attempts, the last first."""

from __future__ import annotations

import unicodedata

from brain.tokens import tokens

CORRECTIONS = ("no", "sorry", "wait", "actually", "rather", "correction", "oops", "i mean", "make that")
"""Said between what was wrong and what is right."""
RESTARTS = ("start again", "start over", "from the start", "scratch that", "forget that", "let me start")
"""Nothing said before counts."""
_MISHEARD = ("know",)
"""How a recogniser writes "no" between two attempts."""


def attempts(text: str) -> list[str]:
    """`text` cut at corrections, in order. The last is empty where a correction has just begun."""
    found: list[str] = []
    begin = at = 0
    text = unicodedata.normalize("NFC", text)
    said = tokens(text)
    words = [word.text for word in said]
    while at < len(said):
        restart = _width(words, at, RESTARTS)
        width = restart or _width(words, at, (*CORRECTIONS, *_MISHEARD))
        if not width:
            at += 1
            continue
        found.append(text[begin : said[at].start])
        if restart:
            found.clear()
        at += width
        begin = said[at - 1].end
    found.append(text[begin:])
    return [piece.strip(" ,.;-") for piece in found if _words(piece)] + ([""] if not _words(found[-1]) else [])


def _words(text: str) -> bool:
    return any(c.isalnum() for c in text)


def _width(words: list[str], at: int, phrases: tuple[str, ...]) -> int:
    """How many words the first of `phrases` that stands at `at` takes; 0 for none."""
    for phrase in phrases:
        parts = phrase.split()
        if words[at : at + len(parts)] == parts:
            return len(parts)
    return 0
