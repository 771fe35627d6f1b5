"""A person's name, as callers give it: "my name is John Smith", "it's Smyth, S M Y T H", "S as in Sierra".

Pure, over a transcript. None means "that was no name".
"""

from __future__ import annotations

import re
import unicodedata

from brain.phrases import distance, sounds_like
from brain.spoken import parse_yes_no

MAX_WORDS = 5

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*\.?|[,;?!.]|[0-9]+")
_MARKS = frozenset(",;?!.")
_OPENINGS = [
    phrase.split()
    for phrase in (
        "my full name is|my name is|my name's|my names|the name is|the name's|name is|it's|its|it is|this is|"
        "that's|that is|i'm|i am|you can call me|call me|they call me|hi|hello|hey|hi there|good morning|"
        "good afternoon|good evening|yes|yeah|no|sure|okay|ok|well|um|uh|er|oh|so|and|please|here is|"
        "here's|you are speaking with|you're speaking with|speaking is|for|under|put down|just"
    ).split("|")
]
_CLOSINGS = [
    phrase.split()
    for phrase in (
        "thank you|thanks|please|speaking|here|calling|by the way|is my name|that's my name|is the name|okay|"
        "um|uh"
    ).split("|")
]
_PART = re.compile(
    r"\b(?:and )?(?:my |the )?(?:first|last|second|family|sur) ?name(?:'s| is)?\b", re.IGNORECASE
)
_SPELLERS = frozenset("spelled spelt spelling spell spells that's that is it's its as".split())
# Words that no name holds: an answer with one of them is a question, a refusal or something misheard.
_NOT_NAMES = frozenset(
    "what why how when where which who can could would will want need like have has had do does did don't "
    "sorry pardon repeat again appointment doctor number call calling the you your yours we they not "
    "wait moment minute second hear understand know help open hours speak talk human person name nothing "
    "she he me him her that this it none because about if but with then there are was were am "
    "tomorrow today".split()
)
_CODE = {
    word: word[0]
    for word in (
        "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november "
        "oscar papa quebec romeo sierra tango uniform victor whiskey whisky yankee zulu"
    ).split()
} | {"x-ray": "x", "xray": "x"}
_SMALL = frozenset("van von der den de da di du la le del bin ibn al y e".split())


def parse_name(text: str) -> str | None:
    """The name in `text`, with capitals; a spelling in it wins over the word it spells."""
    words = _trim_end(_trim(_words(_PART.sub(" ", text))))
    if words and [word.lower() for word in words] in _OPENINGS:
        return None
    spelled_words = _collect_spellings(words)
    if not 1 <= len(spelled_words) <= MAX_WORDS:
        return None
    if any(not word[0].isalpha() or word.lower() in _NOT_NAMES for word in spelled_words):
        return None
    if len(spelled_words) == 1 and (len(spelled_words[0]) == 1 or parse_yes_no(spelled_words[0]) is not None):
        return None
    return " ".join(_capital(word, first=index == 0) for index, word in enumerate(spelled_words))


def _words(text: str) -> list[str]:
    found = _WORD.findall(unicodedata.normalize("NFC", text).replace("’", "'"))
    kept: list[str] = []
    for word in found:
        if word in _MARKS:
            continue
        letters = word.rstrip(".").split("-")
        if len(letters) > 1 and all(len(letter) == 1 for letter in letters):
            kept += letters  # "J-O-H-N"
        else:
            kept.append(word.rstrip("."))
    return kept


def _starts(words: list[str], phrase: list[str]) -> bool:
    return [word.lower() for word in words[: len(phrase)]] == phrase


def _trim(words: list[str]) -> list[str]:
    """Without what people say before a name; a lone letter or word is kept if nothing else is left."""
    trimmed = True
    while trimmed:
        trimmed = False
        for phrase in _OPENINGS:
            if len(words) > len(phrase) and _starts(words, phrase):
                words, trimmed = words[len(phrase) :], True
                break
    return words


def _trim_end(words: list[str]) -> list[str]:
    trimmed = True
    while trimmed:
        trimmed = False
        for phrase in _CLOSINGS:
            if len(words) > len(phrase) and _starts(words[-len(phrase) :], phrase):
                words, trimmed = words[: -len(phrase)], True
                break
    return words


def _collect_spellings(words: list[str]) -> list[str]:
    """`words` with each spelled-out run put in place of the word it spells, or after the others."""
    name: list[str] = []
    at = 0
    while at < len(words):
        letters, width = _letters(words, at)
        if len(letters) >= 2:
            _put(name, letters)
            at += width
        elif words[at].lower() in _SPELLERS and name:
            at += 1
        else:
            name.append(words[at])
            at += 1
    return name


def _letters(words: list[str], at: int) -> tuple[str, int]:
    """Letters spelled from `at` on ("J", "double L", "S as in Sierra", three code words), and words used."""
    start, letters = at, ""
    coded = 0
    while coded < len(words) - at and words[at + coded].lower() in _CODE:
        coded += 1
    if coded >= 3:  # fewer may be a name: Mike, Oscar, Victor
        return "".join(_CODE[word.lower()] for word in words[at : at + coded]), coded
    while at < len(words):
        word = words[at].lower()
        after = words[at + 1].lower() if at + 1 < len(words) else ""
        if word == "double" and len(after) == 1 and after.isalpha():
            letters, at = letters + after * 2, at + 2
        elif len(word) == 1 and word.isalpha():
            letters, at = letters + word, at + 1
            at += _example(words, at, word)
        else:
            break
    return letters, at - start


def _example(words: list[str], at: int, letter: str) -> int:
    """How many words explain `letter`: "as in Sierra", "for sugar", "like Sam"."""
    for joint in (["as", "in"], ["is", "for"], ["for"], ["like"], ["as"]):
        end = at + len(joint)
        if _starts(words[at:], joint) and end < len(words) and words[end].lower().startswith(letter):
            return len(joint) + 1
    return 0


def _put(name: list[str], spelled: str) -> None:
    """Replace the word of `name` that `spelled` spells, the last first; append where there is none."""
    for index in range(len(name) - 1, -1, -1):
        word = name[index].lower()
        near = distance(word, spelled) <= max(1, len(spelled) // 3)
        if near or sounds_like(word) == sounds_like(spelled):
            name[index] = spelled
            return
    name.append(spelled)


def _capital(word: str, first: bool) -> str:
    """Capitals as in a name; a word of mixed case ("McDonald") is left as it is."""
    if not (word.islower() or word.isupper()):
        return word
    word = word.lower()
    if word in _SMALL and not first:
        return word
    return re.sub(r"(?:^|(?<=[-']))[^\W\d_]", lambda m: m.group().upper(), word)
