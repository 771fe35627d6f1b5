"""How alike two phrases are, by letters and by sound: recognisers err by a letter or by a homophone."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from brain.tokens import MARKS, tokens, words

_UNLIKE = 0.6
"""Less alike than this is not alike at all."""
_SHORT_PHRASE = 4
"""Letters; a phrase this short must be heard as it is written, or sound alike."""
_SOUNDS = tuple(
    (letters, "" if sound == "-" else sound)
    for letters, sound in (
        pair.split(":")
        for pair in "tion:Sn sion:Sn tch:C sch:sk ch:C sh:S ph:f th:T gh:- kn:n wr:r wh:w ck:k dg:j qu:kw "
        "ce:se ci:si cy:sy c:k q:k x:ks z:s v:f h:-".split()
    )
)


def match(text: str, phrase: str) -> float:
    """How much `text` says `phrase`, 0 to 1: by letters, or by sound where the letters differ."""
    heard, wanted = words(text), words(phrase)
    if not heard or not wanted:
        return 0.0
    target = "".join(wanted)
    best = 0.0
    for width in range(max(1, len(wanted) - 1), len(wanted) + 2):
        for start in range(0, max(1, len(heard) - width + 1)):
            best = max(best, _similar("".join(heard[start : start + width]), target))
    return best


def _similar(heard: str, target: str) -> float:
    if heard == target:
        return 1.0
    longest = max(len(heard), len(target))
    if min(len(heard), len(target)) < _UNLIKE * longest:
        return 0.0
    vowels = len(target) > _SHORT_PHRASE and heard[0] in "aeiou" and target[0] in "aeiou"
    if heard[0] == target[0] or vowels:
        sound = sounds_like(target)
        if len(sound) >= 2 and sounds_like(heard) == sound:
            return 0.9
    if len(target) <= _SHORT_PHRASE:
        return 0.0
    # Letters that they don't share are edits: most pairs are told apart by counting them, 20 times as quickly.
    shared = sum(min(count, target.count(letter)) for letter, count in _letters(heard))
    return 0.0 if shared < _UNLIKE * longest else 1.0 - distance(heard, target) / longest


@lru_cache(maxsize=4096)
def _letters(word: str) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(word).items())


@lru_cache(maxsize=4096)
def sounds_like(word: str) -> str:
    """Its consonants, spelled as they sound: "reception" and "resepshun" are alike."""
    for letters, sound in _SOUNDS:
        word = word.replace(letters, sound)
    first = "A" if word[:1] in "aeiouyw" else word[0]
    kept = first + re.sub(r"[aeiouyw']", "", word[1:])
    return re.sub(r"(.)\1+", r"\1", kept)


def distance(one: str, other: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


CORRECTED = 0.7
"""Least likeness at which words are taken for a phrase of the list; set by `benchmarks.phrases`."""
_LEAD = 0.08
"""Least lead over the next phrase: two that are equally near are not told apart."""


_IN_FULL = {
    "dr": "doctor", "mr": "mister", "mrs": "missus", "ms": "miss", "st": "street", "rd": "road", "ave": "avenue",
    "ln": "lane", "sq": "square",
}  # fmt: skip
_COMMON = frozenset(
    "doctor mister missus miss professor street road avenue lane square drive way close crescent court place".split()
)
"""Words that many names share: they have to be there, and say nothing of how alike the rest is."""


def _in_full(said: Sequence[str]) -> list[str]:
    return [_IN_FULL.get(word, word) for word in said]


def _alike(heard: Sequence[str], wanted: Sequence[str]) -> float:
    """How much words are alike, by those that aren't common to many names."""
    said, rare = ([word for word in side if word not in _COMMON] for side in (heard, wanted))
    if not said or not rare:
        return _similar("".join(heard), "".join(wanted))
    if set(heard) & _COMMON != set(wanted) & _COMMON:
        return 0.0
    return _similar("".join(said), "".join(rare))


def corrected(text: str, phrases: Sequence[str]) -> str:
    """`text` with words that are nearly one of `phrases` put as it is written there; a phrase each once.

    Where all of the phrase is heard with a word more ("call me back"), that word was said.
    """
    text = unicodedata.normalize("NFC", text)
    for phrase, start, end in _near(text, phrases):
        heard, wanted = _in_full(words(text[start:end])), _in_full(words(phrase))
        if len(heard) <= len(wanted) or not set(wanted) <= set(heard):
            text = text[:start] + phrase + text[end:]
    return text


def near_phrases(text: str, phrases: Sequence[str]) -> list[str]:
    """Which of `phrases` are heard in `text`, in their order, misheard or not."""
    return [phrase for phrase, _, _ in reversed(_near(unicodedata.normalize("NFC", text), phrases))]


def _near(text: str, phrases: Sequence[str]) -> list[tuple[str, int, int]]:
    """Phrases with the places in `text` (NFC) that they are heard at, from the end on; places don't overlap."""
    heard = [token for token in tokens(text) if token.text not in MARKS]
    in_full = _in_full([token.text for token in heard])
    found: list[tuple[float, int, int, str]] = []
    for phrase in phrases:
        wanted = _in_full(words(phrase))
        for width in range(max(1, len(wanted) - 1), len(wanted) + 2):
            for at in range(len(heard) - width + 1):
                score = _alike(in_full[at : at + width], wanted)
                if score >= CORRECTED:
                    found.append((score, at, at + width, phrase))
    kept: list[tuple[float, int, int, str]] = []
    for one in sorted(found, key=lambda one: (-one[0], one[2] - one[1])):
        rivals = [other for other in found if other[3] != one[3] and other[1] < one[2] and one[1] < other[2]]
        doubtful = any(other[0] > one[0] - _LEAD for other in rivals)
        if not doubtful and all(other[2] <= one[1] or one[2] <= other[1] for other in kept):
            kept.append(one)
    places = sorted(kept, key=lambda one: -one[1])
    return [(phrase, heard[at].start, heard[end - 1].end) for _, at, end, phrase in places]
