"""Has the caller finished? Evidence in, a deadline out.

The caller's silence alone says little: people pause for half a second inside a phone number. So the wait
after the last sound depends on what was said so far, on what the plan expects, on an audio model of how
turns end, and on how long this caller has paused before going on. Times are seconds of silence, counted
from the caller's last sound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from brain.expect import Expect, Kind
from brain.spoken import choose, parse_digits, parse_yes_no

QUICK_S = 0.22
"""The answer is whole: nothing more is expected."""
COMMA_S = 0.45
"""One word, "yes" or "no", after which many go on: "Yes, that's right", "No, it's ...". The pause between was
170 to 330 ms in three voices, a sound is noticed within 100, and the audio model calls the word complete."""
SURE_S = 0.25
"""Words and voice both say that the turn is over."""
NAME_S = 0.35
"""First and last name, and the voice says that was all."""
LIKELY_S = 0.50
OPEN_S = 0.65
"""No evidence either way."""
DOUBTFUL_S = 0.90

MIN_WORDS_FOR_SURE = 2
GROUP_DIGITS = 3
"""Free talk that ends in so many digits may be in the middle of a number."""
WHOLE_NUMBER_DIGITS = 7
"""From so many on it may as well be at its end."""

_UNFINISHED = frozenset(
    "and or but so because if when that which who with for to from of at on in about the a an my your our "
    "their is are was i'm it's i'd i'll can could would um uh er erm well like then between than".split()
)
_MAY_END_A_QUESTION = frozenset(
    "that which who with for to from of at on about is are was can could like in".split()
)
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


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known at a pause. `score` is the audio model's, None until it answers.

    `text` is the newest transcript, None until there is one; `final` whether it covers the whole turn.
    `pauses` is the longest pause after which this caller has gone on speaking.
    """

    expect: Expect
    text: str | None
    final: bool
    score: float | None
    pauses: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Wait `wait_s` after the last sound, because of `reason`; the evidence stands beside it."""

    wait_s: float
    reason: str
    score: float | None = None


_SETTLED = ("whole answer", "unfinished")


def decide(evidence: Evidence) -> Decision:
    """How long to wait before the turn is taken as over."""
    wait, reason = _by_words(evidence)
    longest = evidence.expect.max_pause_s
    if evidence.pauses > 0.0 and reason not in _SETTLED:
        # Somebody who paused 0.6 s and went on will do it again: wait a little longer than that, once sure.
        patient = min(evidence.pauses + 0.1, wait + 0.25)
        if patient > wait:
            wait, reason = patient, f"{reason}, a caller who pauses"
    return Decision(min(wait, longest), reason, evidence.score)


def _by_words(evidence: Evidence) -> tuple[float, str]:
    expect, text, score = evidence.expect, evidence.text, evidence.score
    if text is None:
        return (DOUBTFUL_S if score is None or score < 0.5 else OPEN_S), "no words yet"
    words = _WORD.findall(text.lower())
    if not words:
        return (QUICK_S if evidence.final else OPEN_S), "no words"
    if expect.kind is Kind.DIGITS:
        return _by_digits(evidence, text)
    whole = _by_answer(evidence, text, words)
    if whole is not None:
        return whole, "whole answer"
    if _unfinished(text, words):
        return expect.max_pause_s, "unfinished"
    if expect.kind is Kind.NAME:
        return _by_name(words, score)
    if _in_a_number(text, words):
        return DOUBTFUL_S, "digits so far"
    ended = text.rstrip().endswith((".", "?", "!"))
    if score is None:
        return (LIKELY_S if ended else OPEN_S), "words only"
    if score >= 0.7 and ended and len(words) >= MIN_WORDS_FOR_SURE:
        return SURE_S, "words and voice"
    if score >= 0.5:
        return LIKELY_S, "voice"
    if score < 0.2 and not ended:
        return DOUBTFUL_S + 0.2, "voice goes on"
    return (OPEN_S if ended else DOUBTFUL_S), "voice may go on"


def _by_digits(evidence: Evidence, text: str) -> tuple[float, str]:
    count = len(parse_digits(text) or "")
    if count >= evidence.expect.max_digits:
        return QUICK_S, "whole answer"
    if count in evidence.expect.usual_digits:
        sure = evidence.score is not None and evidence.score >= 0.7
        return (LIKELY_S if sure else OPEN_S), "a usual number of digits"
    if count >= evidence.expect.min_digits:
        return DOUBTFUL_S, "enough digits, more may come"
    return evidence.expect.max_pause_s, "unfinished"


def _by_answer(evidence: Evidence, text: str, words: list[str]) -> float | None:
    """The wait after a whole answer of the kind that is asked for; None where it is none, or goes on."""
    expect = evidence.expect
    if expect.kind is Kind.YES_NO:
        answer = parse_yes_no(text)
        if answer is None:
            return None
        if not answer.rest:
            if text.rstrip().endswith(",") or (evidence.score is not None and evidence.score < 0.3):
                return LIKELY_S  # "Yes, ... that's right."
            if len(words) == 1:
                return COMMA_S
            return QUICK_S if evidence.final else SURE_S
        return SURE_S if len(words) <= 3 and not _unfinished(text, words) else None  # "yes please", "no it's"
    if expect.kind is Kind.CHOICE:
        chosen = choose(text, expect.phrases)
        if chosen is None:
            return None
        goes_on = _unfinished(text, words) and not chosen.lower().endswith(words[-1])  # "check in" is whole
        return None if goes_on else SURE_S
    return None


def _by_name(words: list[str], score: float | None) -> tuple[float, str]:
    if _SPELLED.fullmatch(words[-1]):
        return DOUBTFUL_S, "a name being spelled"
    if len(words) > 1 and score is not None and score >= 0.7:
        return NAME_S, "a name, and voice"
    return (LIKELY_S, "a name") if len(words) > 1 else (OPEN_S, "one name")


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


def _in_a_number(text: str, words: list[str]) -> bool:
    """Whether the words end in digits that may be a part of a longer number."""
    last = parse_digits(words[-1])
    if last is None:
        return False
    count = len(parse_digits(text) or "")
    least = 1 if "number" in words else GROUP_DIGITS
    return least <= count < WHOLE_NUMBER_DIGITS
