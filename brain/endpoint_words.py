"""What the words so far say about the end of a turn: as features, each 0 or 1. Pure.

Two questions are asked of a transcript: how much of the answer that the plan waits for it holds
(`answer_so_far`), and whether anybody would end a sentence there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum

from brain.completeness import Completeness, completeness
from brain.expect import Expect, Kind
from brain.interruption import is_backchannel
from brain.spoken import choose, parse_digits, parse_yes_no
from brain.spoken_names import parse_name

GROUP_DIGITS = 3
"""Free talk that ends in so many digits may be in the middle of a number."""
WHOLE_NUMBER_DIGITS = 7
"""From so many on it is more likely at its end."""
COURTESY_WORDS = 3
"""A yes or no with so many words in all is whole: "yes please", "no thanks John"."""

_UNFINISHED = frozenset(
    "and or but so because if when that which who with for to from of at on in about the a an my your our "
    "their is are was i'm it's i'd i'll can could would um uh er erm well like then between than".split()
)
_MAY_END_A_QUESTION = frozenset(
    "that which who with for to from of at on about is are was can could like in".split()
)
_SMALL = frozenset(
    "not before after by as until while where how why these we're they're you're he's she's there's i've we've you've "
    "i he she we they very quite just last next every each some any has had have did will should may might must want "
    "wants need don't didn't isn't aren't wasn't".split()
)
"""Words with which a sentence rarely ends, and sometimes does: "I hope not", "as much as you want"."""
_OPENERS = (
    "my number is",
    "my name is",
    "the number is",
    "it's",
    "i'd like to",
    "i want to",
    "hold on",
    "let me see",
    "excuse me",
    "i have a question",
)
_WORD = re.compile(r"[\w']+")
_SPELLED = re.compile(r"[^\W\d_]")


class Answer(Enum):
    """How much of the answer that is asked for the words hold. The values are the names of features."""

    WHOLE = "whole answer"  # nothing more is expected
    LIKELY = "likely whole"  # so it usually ends, though some go on: a lone "yes", a first and a last name
    OPEN = "may go on"  # enough for an answer, and more is as likely: digits between least and most
    PART = "unfinished"  # nobody ends here
    NONE = "no answer"  # nothing is known of such an answer


_SPEAKS_FOR_ITSELF = (Answer.WHOLE, Answer.PART)
"""Where the words say so much, their form and number say nothing more."""


def answer_so_far(expect: Expect, text: str) -> Answer:
    """How much of an answer of the kind `expect.kind` the words `text` are. `text` holds a word."""
    judge = _BY_KIND.get(expect.kind)
    answer = judge(expect, text) if judge is not None else Answer.NONE
    if answer is Answer.NONE:
        words = _words(text)
        if _unfinished(text, words):
            return Answer.PART
        if is_backchannel(text):
            return Answer.LIKELY
        digits = _last_digits(text, words)
        if digits >= WHOLE_NUMBER_DIGITS:
            return Answer.LIKELY
        if digits >= (1 if "number" in words else GROUP_DIGITS):
            return Answer.OPEN
    return answer


def word_features(expect: Expect, text: str | None, final: bool) -> dict[str, float]:
    """The features that hold of the newest transcript, by name; `text` is None where there is none yet.

    `final` says that the recogniser has heard the whole turn: without a word in it, it was noise.
    """
    if text is None:
        return {"no words yet": 1.0}
    words = _words(text)
    if not words:
        return {"noise": 1.0} if final else {"no words": 1.0}
    answer = answer_so_far(expect, text)
    features = {answer.value: 1.0} if answer is not Answer.NONE else {}
    if answer in _SPEAKS_FOR_ITSELF:
        return features
    if text.rstrip().endswith((".", "?", "!")):
        features["sentence ends"] = 1.0
    if answer is Answer.LIKELY and expect.kind is Kind.YES_NO:
        features["lone yes or no"] = 1.0
    if answer is Answer.NONE:
        if text.rstrip().endswith("?"):
            features["question"] = 1.0
        elif words[-1] in _SMALL:
            features["small word"] = 1.0
    return features


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


# ---- answers by kind --------------------------------------------------------------------------------------


def _yes_no(expect: Expect, text: str) -> Answer:
    answer = parse_yes_no(text)
    if answer is None:
        return Answer.NONE
    words = _words(text)
    if not answer.rest:
        more = len(words) == 1 or text.rstrip().endswith(",")
        return Answer.LIKELY if more else Answer.WHOLE  # "Yes, ... that's right."
    return Answer.WHOLE if len(words) <= COURTESY_WORDS and not _unfinished(text, words) else Answer.NONE


def _digits(expect: Expect, text: str) -> Answer:
    count = len(parse_digits(text) or "")
    if count >= expect.max_digits:
        return Answer.WHOLE
    if count in expect.usual_digits:
        return Answer.LIKELY
    return Answer.OPEN if count >= expect.min_digits else Answer.PART


def _choice(expect: Expect, text: str) -> Answer:
    chosen = choose(text, expect.phrases)
    if chosen is None:
        return Answer.NONE
    words = _words(text)
    goes_on = _unfinished(text, words) and not chosen.lower().endswith(words[-1])  # "check in" is whole
    return Answer.NONE if goes_on else Answer.WHOLE


def _name(expect: Expect, text: str) -> Answer:
    words = _words(text)
    if _unfinished(text, words):
        return Answer.PART
    name = parse_name(text)
    if name is None:
        return Answer.NONE
    whole = len(name.split()) > 1 and not _SPELLED.fullmatch(words[-1])
    return Answer.LIKELY if whole else Answer.OPEN  # of one name another follows, of letters another letter


def _by_grammar(expect: Expect, text: str) -> Answer:
    return _OF_GRAMMARS[completeness(expect, text)]


def _spelled(expect: Expect, text: str) -> Answer:
    answer = _by_grammar(expect, text)
    return Answer.OPEN if answer is Answer.LIKELY else answer  # of a code more letters may come


_OF_GRAMMARS = {
    Completeness.NOTHING: Answer.NONE,
    Completeness.PREFIX: Answer.PART,
    Completeness.ENOUGH: Answer.LIKELY,
    Completeness.WHOLE: Answer.WHOLE,
}

_BY_KIND: Mapping[Kind, Callable[[Expect, str], Answer]] = {
    Kind.YES_NO: _yes_no,
    Kind.DIGITS: _digits,
    Kind.CHOICE: _choice,
    Kind.NAME: _name,
    Kind.DATE: _by_grammar,
    Kind.TIME: _by_grammar,
    Kind.MONEY: _by_grammar,
    Kind.NUMBER: _by_grammar,
    Kind.EMAIL: _by_grammar,
    Kind.SPELLED: _spelled,
}
"""Where a kind of answer says how much of it there is; free talk isn't here."""


# ---- sentences --------------------------------------------------------------------------------------------


def _unfinished(text: str, words: list[str]) -> bool:
    """Whether nobody would end there: "and", "my number is", a comma, an "um". But: "yes, it is"."""
    if text.rstrip().endswith((",", "...", "-")):
        return True
    if words[-1] in _MAY_END_A_QUESTION and text.rstrip().endswith("?"):
        return False
    if words[-1] in _UNFINISHED:
        answer = parse_yes_no(text)
        return answer is None or bool(answer.rest)
    return " ".join(words).endswith(_OPENERS)


def _last_digits(text: str, words: list[str]) -> int:
    """How many digits a sentence that ends in digits holds: they may be a part of a longer number."""
    return 0 if parse_digits(words[-1]) is None else len(parse_digits(text) or "")
