"""What a plan's prompt knows, line by line: which line does a question ask about?

Purely lexical, like `brain.answers`, and for the same reason. A small model says "I don't know" to half of the
questions that its prompt answers. So it is told when it may: where one line of the prompt ("Parking: free, behind
the clinic.") holds what is asked about, and a thing of the kind that is asked for, there is no "I don't know" on
offer. A line also goes by the words of the plan's known answers that say the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from brain.answers import KnownAnswer, stem
from brain.model_answer import numbers_in

_LINE = re.compile(r"(?m)^(?:[-*] *(?=\S)([A-Z][^:\n.]{2,90}: )?|([A-Z][^:\n.]{2,90}: ))(.+)$")
"""An entry of a list, or a line with a name: "- A visit costs 60 euros.", "Parking: free."."""
_WORD = re.compile(r"[^\W_]+")

_EMPTY = frozenset(
    """a an the this that these those there here it its i you we they he she me us them him my your our their his her
    yours mine myself yourself and or but so if then than as because while of in on at for by with without from to into
    onto over under about between through near off out up down after before until till during am is are was were be
    been being do does did done have has had can could will would shall should may might must not no yes please well
    just also too very really quite only even still again maybe perhaps actually oh uh um er ah hi hello hey okay ok
    right sure sorry thanks thank one two three four five six seven eight nine ten eleven twelve some any each every
    all both much many more most other another such own same what which who whom whose where when why how whether
    anybody anyone anything anywhere somebody someone something somewhere everybody everyone everything nobody nothing
    exactly exact name kind long sort thing way lot bit possible possibly able like know tell wonder question
    let say go goes going gone get gets got make take see come want look use find give think work try ask need feel
    become leave put mean keep begin seem help turn start show hear run move live believe hold bring happen provide
    sit stand lose meet include continue set learn change lead understand watch follow create allow add spend grow
    remember consider appear wait serve send expect stay fall reach remain offer treat handle deal locate situate
    m s t d re ve ll don doesn isn aren won couldn wouldn""".split()
)
"""Words that name no matter: those that hold a sentence together, numbers, and the commonest verbs."""

_DAYS = "monday tuesday wednesday thursday friday saturday sunday weekday weekend"
_TIMES = "open close hour today tomorrow tonight morning noon afternoon evening early late week day time"
CALENDAR = frozenset(stem(word) for word in f"{_DAYS} {_TIMES}".split())
"""Words of one matter: a line that names some of them knows about all, "Monday to Friday" about Tuesday."""

_PRICE = re.compile(r"(?i)\bhow much\b|\bhow expensive\b|\b(?:price|cost|costs|charge|charges|fee|fees)\b|\bpay\b")
_PRICE_WORDS = frozenset(stem(word) for word in "price cost charge fee pay expensive".split())
_AMOUNT = re.compile(r"(?i)\d|\bfree\b|\bdollars?\b|\beuros?\b|\bpounds?\b|\bcents?\b|[$€£]")
_TIME = re.compile(r"(?i)\bwhen\b|\bwhat time\b|\bhow (?:late|early)\b|\b(?:what|which) (?:hours?|days?)\b")
_HOW_LONG = re.compile(r"(?i)\bhow long\b")
_DURATION = re.compile(r"(?i)\b(?:minutes?|hours?|days?|weeks?|months?|years?)\b")

_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty"
)
_SPELLED = {word: number for number, word in enumerate(_NUMBERS.split())}

SURE = 2 / 3
"""A line that holds so much of the matter of a question is what it asks about."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the prompt: its name (empty if it has none), what it says, its words, and those that it goes by."""

    name: str
    says: str
    words: frozenset[str]
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Found:
    """The line nearest to a question, the share of the question's matter that it holds, and whether that is enough.

    A single word is enough only where the line goes by it: "insurance" may stand in a line about something else.
    """

    fact: Fact
    share: float
    sure: bool


def matter(text: str) -> tuple[str, ...]:
    """The words that say what `text` is about, stemmed, each once."""
    words = (word for word in _WORD.findall(text.lower()) if word not in _EMPTY and not word.isdigit())
    return tuple(dict.fromkeys(stem(word) for word in words))


class Facts:
    """The lines of a prompt, ready to be asked."""

    def __init__(self, prompt: str, answers: Sequence[KnownAnswer] = ()) -> None:
        lines = [((listed or named)[:-2], says) for listed, named, says in _LINE.findall(prompt)]
        self._all_about = frozenset(matter(_LINE.sub("", prompt)))  # "the clinic" tells no line from another
        names = [set(matter(name)) for name, _ in lines]
        says = [set(matter(says)) for _, says in lines]
        for answer in answers:
            said = set(matter(answer.say))
            shared = [len(said & words) for words in says]
            best = max(shared, default=0)
            if best and best * 2 >= len(said) and shared.count(best) == 1:
                names[shared.index(best)].update(*map(matter, answer.when))
        self.all = tuple(
            Fact(name, what, _all_of_calendar(by | held), _all_of_calendar(by))
            for (name, what), by, held in zip(lines, names, says, strict=True)
        )

    def find(self, question: str) -> Found | None:
        """The line that holds the most of what `question` is about; None where no line holds any of it."""
        asked = set(matter(question))
        if _PRICE.search(question):
            asked -= _PRICE_WORDS
        holds = _kind(question)
        best: Found | None = None
        for fact in self.all:
            of = asked - (self._all_about - fact.words)
            share = len(of & fact.words) / len(of) if of else 0.0
            if share and holds(fact) and (best is None or share > best.share):
                sure = share >= SURE and (len(of) > 1 or bool(of & fact.names))
                best = Found(fact, share, sure)
        return best


    def prices(self, question: str) -> frozenset[str] | None:
        """The numbers that may be said to a question after a price: those of lines about the same thing.

        None for any other question, and for one that doesn't say what it is about.
        """
        asked = set(matter(question)) - _PRICE_WORDS
        if not asked or not _PRICE.search(question):
            return None
        about = " ".join(fact.says for fact in self.all if asked & fact.words)
        said = (str(_SPELLED[word]) for word in _WORD.findall(about.lower()) if word in _SPELLED)
        return numbers_in(about) | frozenset(said)


def _all_of_calendar(words: set[str]) -> frozenset[str]:
    return frozenset(words | CALENDAR if words & CALENDAR else words)


def _kind(question: str) -> Callable[[Fact], bool]:
    """Whether a line can hold the kind of thing that is asked for: an amount, a time."""
    if _PRICE.search(question):
        return lambda fact: bool(_AMOUNT.search(fact.says))
    if _TIME.search(question):
        return lambda fact: bool(fact.words & CALENDAR)
    if _HOW_LONG.search(question):
        return lambda fact: bool(_DURATION.search(fact.says))
    return lambda fact: True
