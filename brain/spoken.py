"""What a caller's words mean where the plan knows the question: digits, yes or no, one of several phrases.

Pure grammars over a transcript, partial or final, as a recogniser prints it: "555-0123", "5 5 5", "Yes.",
"five, five, double oh". They never raise; None means "that was no such answer". Names are in
`brain.spoken_names`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os.path import commonprefix

from brain.corrections import CORRECTIONS, RESTARTS
from brain.phrases import match
from brain.tokens import MARKS, Token, tokens

# ---- digits -----------------------------------------------------------------------------------------------

_ONES = "zero one two three four five six seven eight nine".split()
_UNITS = {word: str(value) for value, word in enumerate(_ONES)}
_UNITS |= {"nought": "0", "naught": "0", "nil": "0", "fife": "5", "niner": "9"}
_TEENS = {
    word: str(10 + value)
    for value, word in enumerate(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: str(2 + value)
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split())
} | {"fourty": "4"}
_SCALES = {"hundred": "00", "thousand": "000"}
_TIMES = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
# Words that are digits only in the company of digits. "oh" and its like: next to one. The others: after one.
_BESIDE = {"oh": "0", "o": "0", "owe": "0", "ow": "0", "ate": "8", "won": "1"}
_AFTER = {"to": "2", "too": "2", "for": "4", "fore": "4", "tree": "3", "sex": "6", "sicks": "6"}
# Words that belong to the saying of a number: they neither end a run of digits nor make it less sure.
_CARRIERS = frozenset(
    "um uh er erm and then dash hyphen space dot my number phone is it's its it the that's that please yes "
    "yeah area code so okay ok well sure hi hello you can reach call me at on us oh".split()
)


@dataclass(frozen=True, slots=True)
class SpokenDigits:
    """Digits that were said, `plus` with a leading plus. `sure`, 0 to 1: their share of the words."""

    digits: str
    plus: bool
    sure: float

    @property
    def text(self) -> str:
        """The number as one writes it: "+442079460958", "5550123"."""
        return ("+" if self.plus else "") + self.digits


@dataclass(slots=True)
class _Run:
    """A run of digits in the making: groups as they were said together."""

    groups: list[str]
    plus: bool = False

    @property
    def digits(self) -> str:
        return "".join(self.groups)


def parse_digits(text: str) -> str | None:
    """The digits in `text`, so far: "double five, oh one" is "5501". None where there are none."""
    spoken = spoken_digits(text)
    return spoken.digits if spoken else None


def spoken_digits(text: str) -> SpokenDigits | None:
    """The number in `text` with how sure it is.

    A correction ("five five, no, six") replaces what it corrects. Of several numbers with other talk
    between them, the longest counts.
    """
    words = tokens(text)
    runs: list[_Run] = []
    run: _Run | None = None
    correcting: _Run | None = None
    unknown = known = 0
    at = 0
    while at < len(words):
        taken = _group(words, at)
        if taken is not None:
            group, plus, width = taken
            if run is None:
                run = _Run([])
                runs.append(run)
            run.plus = run.plus or (plus and not run.groups)
            if group:
                run.groups.append(group)
            known += width
            at += width
            continue
        word = words[at].text
        if (width := _phrase(words, at, RESTARTS)) > 0:
            runs, run, correcting = [], None, None
            at += width
            continue
        if (width := _phrase(words, at, CORRECTIONS)) > 0:
            if run is not None and run.groups:
                correcting = _merge(correcting, run)
                runs.pop()
                run = _Run([])
                runs.append(run)
            at += width
            continue
        if word not in MARKS and word != "+" and word not in _CARRIERS:
            unknown += 1
            if run is not None and run.groups:
                if correcting is not None:
                    runs[-1] = _merge(correcting, run)
                    correcting = None
                run = None
        at += 1
    if correcting is not None:
        runs[-1] = _merge(correcting, runs[-1])
    best = max(runs, key=lambda found: len(found.digits), default=None)
    if best is None or not best.digits:
        return None
    if unknown and best.groups == ["1"] and any(word.text == "one" for word in words):
        return None  # "one moment", "that one there"
    return SpokenDigits(best.digits, best.plus, known / (known + unknown))


def _group(words: Sequence[Token], at: int) -> tuple[str, bool, int] | None:
    """Digits said as one thing at `at`: (digits, plus, tokens used). None where no number stands."""
    word = words[at].text
    following = words[at + 1].text if at + 1 < len(words) else ""
    if word in ("plus", "+"):
        return ("", True, 1) if _is_number(words, at + 1) else None
    if word in _TIMES:
        digit = _digit(words, at + 1, near=True)
        return (digit * _TIMES[word], False, 2) if digit else None
    if word[0] in "0123456789" and word.isdecimal():
        return _scaled(words, at, word)
    if word in _TEENS:
        return _scaled(words, at, _TEENS[word])
    if word in _TENS:
        if following in _UNITS and _UNITS[following] != "0" and _joined(words, at):
            return _scaled(words, at + 1, _TENS[word] + _UNITS[following], 2)
        return _scaled(words, at, _TENS[word] + "0")
    digit = _digit(words, at, near=_neighbours(words, at))
    return _scaled(words, at, digit) if digit else None


def _scaled(words: Sequence[Token], at: int, digits: str, width: int = 1) -> tuple[str, bool, int]:
    """`digits` with a "hundred" or "thousand" after them: "eight hundred" is 800, "... and five" 805."""
    following = words[at + 1].text if at + 1 < len(words) else ""
    if following not in _SCALES or digits.endswith("000") or digits == "0":
        return digits, False, width
    digits, width = digits + _SCALES[following], width + 1
    if at + 3 < len(words) and words[at + 2].text == "and":
        rest = _group(words, at + 3)
        if rest is not None and len(rest[0]) < len(_SCALES[following]) + 1 and not rest[1]:
            return digits[: -len(rest[0])] + rest[0], False, width + 1 + rest[2]
    return digits, False, width


def _digit(words: Sequence[Token], at: int, near: bool) -> str | None:
    """The single digit at `at`; `near` opens the words that are digits only among digits."""
    if at >= len(words):
        return None
    word = words[at].text
    if word in _UNITS:
        return _UNITS[word]
    if len(word) == 1 and word in "0123456789":
        return word
    return (_BESIDE.get(word) or _AFTER.get(word)) if near else None


def _neighbours(words: Sequence[Token], at: int) -> bool:
    """Whether the word at `at` stands among numbers, so that "oh" or "to" is one of them."""
    before = at - 1
    while before >= 0 and words[before].text in MARKS:
        before -= 1
    after = at + 1
    while after < len(words) and words[after].text in MARKS:
        after += 1
    ends = after >= len(words)
    word = words[at].text
    previous = before >= 0 and (_is_number(words, before) or words[before].text in _BESIDE)
    if word in _AFTER:
        return previous and (ends or _is_number(words, after) or words[after].text in _BESIDE)
    if word not in _BESIDE:
        return False
    # "oh oh seven": look over the other noughts for a number that is beyond doubt
    while after < len(words) and (words[after].text in _BESIDE or words[after].text in MARKS):
        after += 1
    while before >= 0 and (words[before].text in _BESIDE or words[before].text in MARKS):
        before -= 1
    return _is_number(words, after) or (before >= 0 and _is_number(words, before))


def _is_number(words: Sequence[Token], at: int) -> bool:
    """Whether the word at `at` is a number whatever stands beside it."""
    if at >= len(words):
        return False
    word = words[at].text
    if word in _TIMES:
        return _digit(words, at + 1, near=True) is not None
    return word.isdecimal() or word in _UNITS or word in _TEENS or word in _TENS or word in _SCALES


def _joined(words: Sequence[Token], at: int) -> bool:
    """Whether no mark stands between this word and the next: "twenty, three" is 20 3."""
    return words[at + 1].text not in MARKS


def _phrase(words: Sequence[Token], at: int, phrases: Iterable[str]) -> int:
    """How many tokens the first of `phrases` that stands at `at` takes; 0 for none."""
    for phrase in phrases:
        parts = phrase.split()
        if [word.text for word in words[at : at + len(parts)]] == parts:
            return len(parts)
    return 0


def _merge(old: _Run | None, new: _Run) -> _Run:
    """`old` corrected by `new`: what was said again replaces what it repeats, else the last group."""
    if old is None or not old.groups:
        return new
    if not new.groups:
        return old
    before, after = old.digits, new.digits
    best, place = 0, -1
    for start in range(len(before)):
        common = len(commonprefix([before[start:], after]))
        if common > best:
            best, place = common, start
    if best >= 2:
        return _Run([before[:place], *new.groups] if place else list(new.groups), old.plus or new.plus)
    return _Run([*old.groups[:-1], *new.groups], old.plus)


# ---- yes or no --------------------------------------------------------------------------------------------

_FILLERS = frozenset("um uh er erm well oh ah so hmm".split())


def _phrases(text: str) -> tuple[list[str], ...]:
    return tuple(phrase.split() for phrase in text.split("|"))


_YES = _phrases(
    "that's right|that is right|that's correct|that is correct|that's it|that's fine|it is|it's right|"
    "it's correct|sounds good|go ahead|of course|no problem|no worries|i think so|i guess so|"
    "please do|uh huh|mm hmm|i do|i am|i would|all good|very good|all right|yes|yeah|yep|yup|yea|yah|ya|"
    "aye|correct|right|sure|absolutely|definitely|certainly|exactly|okay|ok|indeed|perfect|fine|true|good|"
    "great|uhhuh|mhm"
)
_NO = _phrases(
    "i don't think so|i do not think so|that's not it|that's wrong|that is wrong|not quite|not really|"
    "not at all|is not|isn't|it's not|it is not|that's not|that is not|i don't|i do not|don't|no thanks|"
    "no thank you|no|nope|nah|know|naw|not|wrong|incorrect|negative|never|false"
)
_NEITHER = _phrases("i don't know|i do not know|i'm not sure|not sure|don't know|do not know|you know")
# These mean yes or no as the first word only: "say that right", "is that okay", "I know".
_WEAK = frozenset("right sure okay ok perfect fine true good great know not false never ya".split())
_SHORT_ANSWER = 6
"""In an answer of up to so many words, a yes or a no counts wherever it stands."""


@dataclass(frozen=True, slots=True)
class YesNo:
    """The answer, and what was said after it: "no, it's Jon" leaves "it's Jon"."""

    yes: bool
    rest: str


def parse_yes_no(text: str) -> YesNo | None:
    """Yes or no; None for neither, and for both at once."""
    plain = unicodedata.normalize("NFC", text)
    words = [word for word in tokens(plain) if word.text not in MARKS]
    while words and words[0].text in _FILLERS and not _longest(words, 0, _YES):
        words = words[1:]
    found: list[bool] = []
    at = head = 0
    while at < len(words):
        no, yes, neither = (_longest(words, at, phrases) for phrases in (_NO, _YES, _NEITHER))
        if no and words[at + no - 1].text.endswith(("not", "n't")):
            no += _longest(words, at + no, _YES)  # "that's not" + "right"
        width = max(no, yes)
        if neither >= max(width, 1) or width == 0:
            at += max(neither, 1)
            continue
        weak = width == 1 and words[at].text in _WEAK
        if head == at or (len(words) <= _SHORT_ANSWER and not weak):
            found.append(yes > no)
        head = at + width if head == at else head
        at += width
    if not found or len(set(found)) > 1:
        return None
    rest = plain[words[head - 1].end :] if head else ""
    return YesNo(found[0], rest.strip(" ,.;:!?-"))


def _longest(words: Sequence[Token], at: int, phrases: Sequence[Sequence[str]]) -> int:
    longest = 0
    for phrase in phrases:
        if len(phrase) > longest and [word.text for word in words[at : at + len(phrase)]] == phrase:
            longest = len(phrase)
    return longest


# ---- one of several phrases -------------------------------------------------------------------------------

GOOD_MATCH = 0.75


def choose(text: str, phrases: Sequence[str]) -> str | None:
    """The phrase among `phrases` that `text` says, with a recogniser's small errors; None for none.

    The closest wins; of equals, the longest.
    """
    scored = [(match(text, phrase), len(phrase), -index) for index, phrase in enumerate(phrases)]
    best = max(scored, default=(0.0, 0, 0))
    return phrases[-best[2]] if best[0] >= GOOD_MATCH else None
