"""Codes that callers spell: "B as in Bravo, K, four, seven", "double T", "Q7ZR29", "Kilo Lima eight".

A booking reference, a licence plate, the letters of an e-mail address. Pure, over a transcript. The code words are
those of the ICAO/ITU spelling alphabet (ITU Radio Regulations, appendix 14), as recognisers spell them; any other
word explains the letter before it when it begins with it: "D for David".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from brain.corrections import attempts
from brain.phrases import distance
from brain.spoken_numbers import ONES, TENS

ALPHABET = {
    word[0]: word
    for word in (
        "alfa bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec "
        "romeo sierra tango uniform victor whiskey x-ray yankee zulu"
    ).split()
}
CODE_WORDS = {word: letter for letter, word in ALPHABET.items()} | {
    "alpha": "a", "juliet": "j", "whisky": "w", "xray": "x", "oskar": "o", "viktor": "v",
}  # fmt: skip
_NAMES = {
    "ay": "a", "bee": "b", "be": "b", "cee": "c", "see": "c", "sea": "c", "dee": "d", "ee": "e", "ef": "f", "eff": "f",
    "gee": "g", "aitch": "h", "haitch": "h", "eye": "i", "jay": "j", "kay": "k", "okay": "k", "el": "l", "ell": "l",
    "em": "m", "en": "n", "pee": "p", "cue": "q", "queue": "q", "are": "r", "ar": "r", "ess": "s", "tee": "t",
    "tea": "t", "you": "u", "vee": "v", "ex": "x", "why": "y", "zee": "z", "zed": "z", "zet": "z", "oh": "o",
}  # fmt: skip
_SOUND_DIGITS = {"to": "2", "too": "2", "for": "4", "fore": "4", "ate": "8", "won": "1"}
_TIMES = {"double": 2, "triple": 3, "treble": 3}
_FILLERS = frozenset(
    "um uh er and then the it's its is my code number reference booking order letter letters capital capitals upper "
    "lower case dash hyphen space dot that's that please yes yeah so okay small digit digits sure hi hello of".split()
)
_JOINTS = (("as", "in"), ("is", "in"), ("like", "in"), ("for",), ("is", "for"), ("like",), ("as",))
_TOKEN = re.compile(r"[Xx]-?ray|[^\W_]+(?:'[^\W_]+)*")
_LEADS = frozenset({"as", "for", "like", "double", "triple", "treble", "in", "capital"})
NEAR_CODE_WORD = 0.7
"""Least likeness of a word's letters to a code word."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """Letters, in capitals, and digits. `sure`, 0 to 1: the share of the words that belong to the spelling.
    `clear` says that each letter which is easily misheard came with a word. `open`: more has to follow."""

    code: str
    sure: float
    clear: bool
    open: bool = False


CONFUSABLE = frozenset("BCDEGPTVZMNSF")
"""Letters that a telephone's band makes alike: B D P T and their like, M and N, S and F."""


def spelled(text: str) -> Spelled | None:
    """The code in `text`, the last one where the caller corrects all of it. None where there is none."""
    tries = attempts(text)
    found: Spelled | None = None
    for attempt in tries:
        said = _read(attempt)
        if said is None:
            continue
        if found is not None and len(said.code) < len(found.code):
            kept = _kept(found.code, said.code)
            said = Spelled(kept + said.code, min(said.sure, found.sure), said.clear and found.clear, said.open)
        found = said
    if found is not None and tries[-1:] == [""]:
        return Spelled(found.code, found.sure, found.clear, True)
    return found


def _kept(old: str, new: str) -> str:
    """What stands of `old` where `new` corrects its end: what is repeated is said again, else the last sign."""
    place = len(old) - len(new)
    if old[place] != new[0] and len(new) > 1 and new[0] in old:
        place = old.rfind(new[0])
    return old[:place]


def _read(text: str) -> Spelled | None:
    words = _TOKEN.findall(unicodedata.normalize("NFC", text).replace("’", "'"))
    signs: list[str] = []
    clear = True
    used = strange = at = 0
    while at < len(words):
        code, width, explained = _signs(words, at)
        if code:
            signs.append(code)
            clear = clear and (explained or not CONFUSABLE & set(code.upper()))
            used, at = used + width, at + width
            continue
        strange += words[at].lower() not in _FILLERS and not set(map(str.lower, words[at:])) <= _LEADS
        at += 1
    code = "".join(signs).upper()
    if not code or used <= strange:
        return None
    return Spelled(code, used / (used + strange), clear, words[-1].lower() in _LEADS)


def _signs(words: Sequence[str], at: int) -> tuple[str, int, bool]:
    """Signs said as one thing at `at`, words used, and whether a word made them clear. Empty for none."""
    word, lower = words[at], words[at].lower()
    after = words[at + 1].lower() if at + 1 < len(words) else ""
    if lower in _TIMES and after:
        code, width, explained = _signs(words, at + 1)
        return (code[:1] * _TIMES[lower] + code[1:], width + 1, explained) if code else ("", 0, False)
    if (example := _example(words, at + 1)) is not None:
        letter, width = example
        if _letter(lower, near=True) or lower in ("and", "in") or len(lower) == 1:
            return letter, width + 1, True  # "T for Peter" is P: the word is heard better than the letter
    if lower in CODE_WORDS:
        return CODE_WORDS[lower], 1, True
    if lower in ONES:
        return str(ONES[lower]), 1, True
    if lower in TENS:
        one = ONES.get(after, 0)
        return (str(TENS[lower] + one), 2, True) if 0 < one < 10 else (str(TENS[lower]), 1, True)
    if (found := _code_word(words, at))[0]:
        return found
    if any(c.isdigit() for c in word) or (word.isupper() and word not in ("I'M", "OK")):
        return (word, 1, False) if word.isascii() and word.isalnum() else ("", 0, False)
    if len(lower) == 1 and lower.isascii() and lower.isalpha() and not (lower == "a" and _prose(after)):
        return lower, 1, False
    if lower in _SOUND_DIGITS and at > 0:
        return _SOUND_DIGITS[lower], 1, True
    if (named := _letter(lower, near=_near_signs(words, at))) is not None:
        return named, 1, False
    return "", 0, False


def _letter(word: str, near: bool) -> str | None:
    """The letter that `word` names; words of the language only next to other signs."""
    if len(word) == 1 and word.isascii() and word.isalpha():
        return word
    return _NAMES.get(word) if near else None


def _near_signs(words: Sequence[str], at: int) -> bool:
    beside = [words[place].lower() for place in (at - 1, at + 1) if 0 <= place < len(words)]
    return any(
        len(word) == 1 or any(c.isdigit() for c in word) or word in ONES or word in CODE_WORDS or word in _NAMES
        for word in beside
    )


def _example(words: Sequence[str], at: int) -> tuple[str, int] | None:
    """ "as in Bravo", "for David" from `at` on: the word's letter, and how many words it takes."""
    for joint in _JOINTS:
        end = at + len(joint)
        if [word.lower() for word in words[at:end]] == list(joint) and end < len(words):
            word = words[end].lower().replace("-", "")
            if len(word) > 2 and word.isascii() and word.isalpha() and word not in ONES and word not in TENS:
                return word[0], len(joint) + 1
    return None


def _code_word(words: Sequence[str], at: int) -> tuple[str, int, bool]:
    """A code word that was misheard ("Foxtrad"), in one word or in two ("fox trot")."""
    for width in (2, 1):
        word = "".join(words[at : at + width]).lower()
        if len(word) < 4 or at + width > len(words):
            continue
        for known, letter in CODE_WORDS.items():
            if word[0] == letter and 1.0 - distance(word, known) / max(len(word), len(known)) >= NEAR_CODE_WORD:
                return letter, width, True
    return "", 0, False


def _prose(after: str) -> bool:
    return len(after) > 2 and after not in ONES and after not in CODE_WORDS and after not in _LEADS
