"""Is this an interruption, a backchannel or a cough? Asked again with every new piece of evidence.

The bot has paused already: a wrong "wait" costs a short silence, a wrong "stop" costs the sentence, a
wrong "resume" talks over the caller. So nothing but words stops it early, and long speech stops it when
the recogniser has nothing to say. A recogniser finds words in laughter, too: they have to come three times, or at
the end of the sound, with some confidence. While the bot is silent a late "stop" costs nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from brain.completeness import Completeness, completeness
from brain.expect import Expect, Kind
from brain.small_talk import asks_whether_there
from brain.spoken import choose, parse_digits, parse_yes_no

LONG_S = 2.5
"""Speech this long is no cough and no backchannel. Waiting is cheap: the bot is silent, the words are recorded."""
LONG_BACKCHANNEL_S = 5.0
"""Backchannels in a row that last longer than this are no backchannels."""

LIKELY = 0.4
"""A final transcript that is surer than this is believed. Of the corpus' interruptions the least sure one had 0.42,
words found in a hum 0.31 and 0.35."""
WORD_S = 0.25
"""A transcript of less speech than this says little: no word is over by then."""
SEVERAL = 3
"""So many words are no hum, whatever the recogniser thinks of them."""
THRICE = 3
"""Nor is a word that so many transcripts begin with: what is found in laughter changes from one to the next."""
_STEM = 4
"""Words that share so many letters are one that was cut off: "extend", "extension"."""

_HUM = re.compile(r"[mh]+|u+[mh]+|a+h+|o+h+|e+r+m*")
_BACKCHANNELS = frozenset(
    "yeah yes yep yup okay ok right sure fine good great i see alright all got it uh huh thank thanks you "
    "that's that correct very much hello hi hey morning afternoon evening ha haha sir ma'am".split()
)
"""Said over a prompt they let it go on; who says "hello?" into it wants to hear that somebody is there."""
_PLAIN_BACKCHANNELS = frozenset("yeah yes yep yup okay ok right uh huh".split())
"""Of these the first word of something else is rarely one: "good" begins "goodbye"."""
_STRONG = frozenset("wait stop no sorry excuse hold question hang moment".split())
"""Who begins with one of these wants the floor."""
SURE_OF_STRONG = 0.5
_WORD = re.compile(r"[\w']+")
_RUN = re.compile(r"(.)\1{3}")
_MEANT_THRICE = frozenset("no yes hey".split())
_DIGITS = frozenset("one two six ten oh 0 1 2 3 4 5 6 7 8 9".split())


class Verdict(Enum):
    """What to do with the paused prompt."""

    WAIT = "wait"
    STOP = "stop"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Overlap:
    """Caller speech over the bot's. `spoke_s` is how long so far, `over` whether it has ended.

    `text` is the newest transcript, None until there is one; `final` whether it covers all of it. `expect`
    is what the plan waits for, None where nothing; `early` speech began before the question could be heard.
    `doubted`: the bot speaks meanwhile, or it may be its echo, so that its length says nothing. `confidence` is that of
    `text`, which covers `heard_s` of the sound; the newest `alike` transcripts that had a word began with the same.
    `far`: it is somebody else's in the room.
    """

    spoke_s: float
    over: bool
    text: str | None
    final: bool
    expect: Expect | None
    early: bool = False
    doubted: bool = False
    confidence: float = 1.0
    heard_s: float = 1.0
    alike: int = 0
    far: bool = False


def judge(overlap: Overlap) -> Verdict:
    """STOP for a real interruption, RESUME for a backchannel, a cough or noise, WAIT where that isn't known yet."""
    text, expect = overlap.text, overlap.expect
    if overlap.far:
        known = overlap.final if overlap.over else overlap.spoke_s >= LONG_S
        return Verdict.RESUME if known else Verdict.WAIT
    if overlap.early and expect is not None and expect.kind not in (Kind.TALK, Kind.TEXT):
        return _judge_early(overlap, expect)
    words = _words(text or "")
    content = asks_for_floor(text or "")
    if text is not None:
        if words and not overlap.early and answers(text, expect):
            return Verdict.STOP
        if content and _believed(overlap, words):
            return Verdict.STOP
        content = content and not (overlap.final and overlap.over)
        if overlap.final and overlap.over and not content:
            return Verdict.RESUME
    if overlap.over or overlap.spoke_s < LONG_S:
        return Verdict.WAIT
    if overlap.doubted and not content:
        return Verdict.WAIT if text is None else Verdict.RESUME
    if text is None or content:
        return Verdict.STOP
    if not words:
        return Verdict.RESUME  # the recogniser listens, and there are no words in it
    return Verdict.STOP if overlap.spoke_s >= LONG_BACKCHANNEL_S else Verdict.WAIT


def _believed(overlap: Overlap, words: list[str]) -> bool:
    """Whether the caller did say `words`, the newest: they were there before, are likely, or several."""
    if overlap.final:
        return overlap.confidence >= LIKELY or len(words) >= SEVERAL or overlap.alike >= THRICE
    if words[0] in _STRONG and overlap.confidence >= SURE_OF_STRONG and overlap.heard_s >= WORD_S:
        return True
    return overlap.alike >= THRICE and not 0.0 < overlap.confidence < LIKELY  # 0: it isn't known


def _judge_early(overlap: Overlap, expect: Expect) -> Verdict:
    """Speech from before a question that wants something definite: only that is an answer to it."""
    if not (overlap.over and overlap.final):
        return Verdict.RESUME if not overlap.over and overlap.spoke_s >= LONG_BACKCHANNEL_S else Verdict.WAIT
    return Verdict.STOP if fits(expect, overlap.text or "") else Verdict.RESUME


def without_own(text: str, own: str) -> str:
    """`text` without what it repeats of `own`, the bot's newest words: for a line whose echo isn't cancelled.

    What it repeats is a run of two words or more, or all of it.
    """
    words, mine = text.split(), _words(own)
    plain = [" ".join(_words(word)) for word in words]
    kept: list[str] = []
    at = 0
    while at < len(words):
        run = _longest_run(plain[at:], mine)
        if run >= 2 or (run and run == len(words)):
            at += run
        else:
            kept.append(words[at])
            at += 1
    return " ".join(kept)


def _longest_run(words: list[str], mine: list[str]) -> int:
    """How many of the first of `words` stand in `mine` in that order, side by side."""
    best = 0
    for start in range(len(mine)):
        count = 0
        while count < len(words) and start + count < len(mine) and words[count] == mine[start + count]:
            count += 1
        best = max(best, count)
    return best


def is_backchannel(text: str) -> bool:
    """Whether nothing in `text` asks for the floor: "mm-hm", "okay, yeah", "hello?", or no word at all."""
    words = _words(text)
    return all(word in _BACKCHANNELS or _HUM.fullmatch(word) for word in words) or _stammers(words)


def _stammers(words: list[str]) -> bool:
    """Whether it is what recognisers write for laughter: "buh-buh-buh", "Bbbbbbb". "No, no, no" isn't."""
    if any(_RUN.search(word) for word in words if not word.isdigit()):
        return True
    first = words[0] if words else ""
    if len(words) >= 3 and len(first) <= 3 and set(words[:-1]) == {first} and first.startswith(words[-1]):
        return first not in _MEANT_THRICE | _DIGITS
    return any(words == (words[:size] * len(words))[: len(words)] for size in (2, 3) if len(words) >= 3 * size)


def begin_alike(one: str, other: str) -> bool:
    """Whether both texts begin with the same word, which may be cut off in one."""
    first, second = (_words(text)[0] if _words(text) else "" for text in (one, other))
    return first == second or (len(first) >= _STEM and first[:_STEM] == second[:_STEM])


def asks_for_floor(text: str) -> bool:
    """Whether `text` is more than a backchannel or a question whether we are there, which our speaking answers."""
    return not is_backchannel(text) and not asks_whether_there(text)


def is_plain_backchannel(text: str) -> bool:
    """Whether `text` is nothing but "yeah", "okay", "right" and the like."""
    words = _words(text)
    plain = [word for word in words if word in _PLAIN_BACKCHANNELS]
    return bool(plain) and all(word in plain or _HUM.fullmatch(word) for word in words)


def is_hum(text: str) -> bool:
    """Whether `text` has no words at all, at most "mm" and "uh"."""
    return all(_HUM.fullmatch(word) for word in _words(text))


def fits(expect: Expect, text: str) -> bool:
    """Whether words said before a question was heard may answer it all the same.

    Free talk does. A number or a choice does when it is one. A "yes" or a name from before was for another.
    """
    if not expect.voice:
        return False
    match expect.kind:
        case Kind.TALK | Kind.TEXT:
            return not is_backchannel(text)
        case Kind.CHOICE:
            return choose(text, expect.phrases) is not None
        case Kind.DIGITS:
            return len(parse_digits(text) or "") >= expect.min_digits
        case Kind.YES_NO | Kind.NAME:
            return False
        case _:
            return completeness(expect, text) in (Completeness.ENOUGH, Completeness.WHOLE)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def answers(text: str, expect: Expect | None) -> bool:
    """Whether `text` is what the plan waits for: a "yes" is no backchannel where a yes is the answer."""
    if expect is None or not expect.voice:
        return False
    if expect.kind is Kind.YES_NO:
        return parse_yes_no(text) is not None
    if expect.kind is Kind.CHOICE:
        return choose(text, expect.phrases) is not None
    if expect.kind is Kind.DIGITS:
        return bool(parse_digits(text))
    return False
