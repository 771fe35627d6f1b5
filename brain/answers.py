"""Answers known by heart: which of a plan's example questions did the caller ask?

Purely lexical, well under a millisecond an example, so it runs before the language model and on partial
transcripts. A question becomes weighted content words; two questions are compared by how much of the
weight of each is found in the other. Rare words weigh more (idf over the plan's own examples), a word the
plan has never seen weighs most, and a misheard word counts in part where its letters are close (Dice's
coefficient of trigrams). A negation on one side only never matches.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

ANSWER_THRESHOLD = 0.66
"""Least score of a known answer, and `MARGIN` its least lead over the next other answer: set on the
paraphrases and off-topic questions in tests/brain/test_answers.py."""
EXIT_THRESHOLD = 0.72
MARGIN = 0.06

FUZZY = 0.6
"""Least similarity of two words' letters that counts."""

_PHRASES = (
    (r"\bwhat['’]?s\b", "what is"),
    (r"\bwhere['’]?s\b", "where is"),
    (r"\bwho['’]?s\b", "who is"),
    (r"\bwhen['’]?s\b", "when is"),
    (r"\b(?:can|won)['’]?t\b", "can not"),
    (r"\bcannot\b", "can not"),
    (r"n['’]t\b", " not"),
    (r"['’](?:s|re|ve|ll|d|m)\b", ""),
    (r"\b(?:at |on )?(?:what|which) (?:time|hours?|days?)\b", "when"),
    (r"\bopening (?:hours|times)\b", "when open"),
    (r"\bhow (?:do|can) (?:i|we) (?:find|get to)\b", "where"),
    (r"\b(?:which|what) (?:street|road)\b", "where street"),
    (r"\bgood ?bye\b|\bbye[ -]bye\b|\bbye for now\b", "bye"),
    (r"\bphone|\bring (?:me|us|you)\b", "call"),
    (r"\bno(?:,| )+(?:thanks?|thank you)\b", "nothanks"),
)
_PHRASES_COMPILED = tuple((re.compile(pattern), put) for pattern, put in _PHRASES)

_STOP = frozenset(
    """a an the is are am be been was were do does did can could will would shall should may might have has had
    i you we they he she it me us them my your our their his her its this that these those there here to of in
    on at for by with from as and or if so then please tell know want need like just well oh uh um er ah hi
    hello hey yes yeah yep okay ok right sure sorry wondering asking ask question quick maybe actually really
    thanks thank some any get got give go going let what which one also about any anyone someone somebody
    something speaking calling""".split()
)
_NEGATIONS = frozenset({"not", "never", "no", "nothing", "without"})
_LIGHT = frozenset({"where", "when", "who", "how", "why", "much", "many", "long", "all"})
"""Words that shape a question but don't name its matter."""
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """One entry of a plan's `answers:`: example questions, and what is said to them."""

    when: tuple[str, ...]
    say: str


@dataclass(frozen=True, slots=True)
class Match:
    """The best group of examples: its index, its score from 0 to 1, and its lead over the next group."""

    index: int
    score: float
    lead: float


def content_words(text: str) -> tuple[str, ...]:
    """The words of `text` that carry its matter, stemmed, in order, each once."""
    text = text.lower().replace("’", "'").replace("'s ", " ")
    for pattern, put in _PHRASES_COMPILED:
        text = pattern.sub(put, text)
    words = [w for w in _WORD.findall(text) if w not in _STOP]
    return tuple(dict.fromkeys(stem(w) for w in words))


class Matcher:
    """Groups of example sentences, ready to be compared with what a caller said."""

    def __init__(self, groups: Sequence[Sequence[str]]) -> None:
        self._examples = [
            (index, words)
            for index, group in enumerate(groups)
            for text in group
            if (words := content_words(text))
        ]
        seen: dict[str, set[int]] = {}
        for index, words in self._examples:
            for word in words:
                seen.setdefault(word, set()).add(index)
        count = max(1, len(groups))
        self._new = 1.0 + math.log(1.0 + count)
        self._idf = {w: 1.0 + math.log((1.0 + count) / (1.0 + len(g))) for w, g in seen.items()}
        self._grams = {word: _trigrams(word) for word in seen}

    def best(self, text: str) -> Match | None:
        """The group whose example is closest to `text`; None where nothing is alike at all."""
        asked = content_words(text)
        near = {word: self._near(word) for word in asked}
        top: dict[int, float] = {}
        for index, words in self._examples:
            if score := self._score(asked, words, near):
                top[index] = max(score, top.get(index, 0.0))
        if not top:
            return None
        ranked = sorted(top.items(), key=lambda item: -item[1])
        index, score = ranked[0]
        return Match(index, score, score - (ranked[1][1] if len(ranked) > 1 else 0.0))

    def _near(self, word: str) -> dict[str, float]:
        """The words of the examples that `word` may be, each with how surely."""
        if word in self._idf:
            return {word: 1.0}
        if len(word) < 4 or word.isdigit():
            return {}
        grams = _trigrams(word)
        near: dict[str, float] = {}
        for other, others in self._grams.items():
            dice = 2.0 * len(grams & others) / (len(grams) + len(others))
            if dice >= FUZZY and not other.isdigit():
                near[other] = dice
        return near

    def _weight(self, word: str) -> float:
        return self._idf.get(word, self._new) * (0.5 if word in _LIGHT else 1.0)

    def _score(self, asked: Sequence[str], words: Sequence[str], near: dict[str, dict[str, float]]) -> float:
        """Harmonic mean of the share of what was asked, and of the example, that the other holds."""
        if any(w in _NEGATIONS for w in asked) != any(w in _NEGATIONS for w in words):
            return 0.0
        found_asked = total_asked = 0.0
        for word in asked:
            found = max((near[word].get(w, 0.0) * self._weight(w) for w in words), default=0.0)
            found_asked += found
            # A misheard word weighs what the word it is taken for weighs. What shapes the question weighs
            # little, unless the example lacks it: "how much is the parking" isn't "is there parking".
            missing = 0.0 if found else self._idf.get(word, self._new)
            total_asked += max(missing, *(self._weight(w) for w in near[word]), 0.0)
        found_words = sum(
            max((near[a].get(w, 0.0) for a in asked), default=0.0) * self._weight(w) for w in words
        )
        if not found_asked:
            return 0.0
        precision = min(1.0, found_asked / total_asked)
        recall = found_words / sum(self._weight(w) for w in words)
        return 2.0 * precision * recall / (precision + recall)


class KnownAnswers:
    """A plan's `answers:` list, ready to be asked."""

    def __init__(self, answers: Sequence[KnownAnswer], threshold: float = ANSWER_THRESHOLD) -> None:
        self._answers = tuple(answers)
        self._matcher = Matcher([answer.when for answer in answers])
        self._threshold = threshold

    def find(self, text: str) -> tuple[KnownAnswer, float] | None:
        """The answer to `text` with its score, or None where no example is clearly the closest."""
        match = self._matcher.best(text)
        if match is None or match.score < self._threshold or match.lead < MARGIN:
            return None
        return self._answers[match.index], match.score


def stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 5 and word.endswith("ing"):
        return word[:-3]
    if len(word) > 4 and word.endswith("ed"):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _trigrams(word: str) -> frozenset[str]:
    return frozenset(word[i : i + 3] for i in range(len(word) - 2)) or frozenset({word})
