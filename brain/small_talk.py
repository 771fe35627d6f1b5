"""Turns that are no answer and want none from a model: "hold on", "are you there?" (pure).

Both must be all of what was said, so that "hold on to my appointment" and "are you there on Sunday?" are
left to whoever answers questions.
"""

from __future__ import annotations

import re

from brain.spoken import parse_digits

_WHILE = r"(?:seconds?|secs?|minutes?|mins?|moments?|bit|tick)"
_A_WHILE = rf"(?:(?:just )?(?:a|one|two)(?: quick| little)? {_WHILE})"
_SEARCHED = r"(?:my|it|that|a pen|some paper|a piece of paper|something to write)\b[\w' ]{0,40}"
_TIME = "|".join(
    (
        rf"(?:hold|hang) on(?: for)?(?: {_A_WHILE})?",
        r"hold the line",
        r"stand by",
        rf"bear with me(?: for)?(?: {_A_WHILE})?",
        rf"wait(?: up)?(?: for)?(?: {_A_WHILE})?",
        rf"just (?:a|one)(?: quick| little)? {_WHILE}",
        rf"(?:one|two) {_WHILE}",
        rf"a {_WHILE} please",
        rf"(?:give me|gimme) {_A_WHILE}",
        r"let me (?:just )?(?:check|see|look|think|have a look|take a look|look it up)(?: that| it)?(?: for you)?",
        rf"let me (?:just |go |go and )*(?:get|find|grab|fetch|look for|check|ask|see if i can find) {_SEARCHED}",
        r"let me (?:just )?check (?:the|with)\b[\w' ]{0,40}",
        rf"i (?:just )?(?:need to|have to|'ve got to|got to) (?:get|find|grab|fetch|look for|check) {_SEARCHED}",
        rf"i(?:'m| am) (?:just )?(?:looking|checking|thinking|searching)(?: for {_SEARCHED})?",
        rf"i(?:'ll| will) (?:just )?(?:be right back|(?:get|grab|find) {_SEARCHED})",
        r"be right back",
    )
)
_THERE = "|".join(
    (
        r"(?:are )?you (?:still )?(?:there|here|with me|listening)",
        r"(?:is )?(?:anybody|anyone|somebody|someone) (?:still )?there",
        r"(?:can|do|did) you (?:still )?hear me(?: now)?",
        r"do you copy",
    )
)
_HELLO = r"(?:hello|hallo|hi|hey)"
_BESIDE = (
    r"(?:u+[mh]+|e+r+m*|h+m+|oh|okay|ok|yeah|yes|yep|yup|no|sure|well|so|sorry|please|right|alright|all right|and|hey"
    r"|thanks|thank you|excuse me|can you|could you|would you|for me|real quick|there|i'm sorry|let's see)"
)
_ASKS_FOR_TIME = re.compile(rf"(?:{_BESIDE} )*(?:(?:{_TIME}) (?:{_BESIDE} )*)+")
_AROUND = rf"(?:(?:{_BESIDE}|hello|hallo|hi) )*"
_ASKS_WHETHER_THERE = re.compile(rf"{_AROUND}(?:(?:{_THERE}) {_AROUND})+")
_HELLOS = re.compile(rf"(?:{_HELLO} )+")
_WORD = re.compile(r"[\w']+")
_MOST_WORDS = 20
"""Nobody needs more for it, and a pattern that has to try how to cut a ramble takes its time."""


def asks_for_time(text: str) -> bool:
    """Whether all of `text` asks the bot to wait: "hold on", "just a second, let me get my card"."""
    return _ASKS_FOR_TIME.fullmatch(_plain(text)) is not None


def asks_whether_there(text: str) -> bool:
    """Whether all of `text` asks if somebody is there: "are you there?", "hello?", "hello, hello". "Hello." greets."""
    plain = _plain(text)
    if _ASKS_WHETHER_THERE.fullmatch(plain):
        return True
    return _HELLOS.fullmatch(plain) is not None and ("?" in text or plain.count(" ") > 1)


def ends_in_figures(text: str) -> bool:
    """Whether a number or a spelled word is under way: nothing may be said into that."""
    words = _WORD.findall(text.lower())[-3:]
    return parse_digits(" ".join(words)) is not None or any(len(word) == 1 and word not in "ai" for word in words)


def _plain(text: str) -> str:
    """Its words in small letters, each with a space after it; nothing of a long text."""
    words = _WORD.findall(text.lower().replace("’", "'"))
    return "".join(f"{word} " for word in words) if len(words) <= _MOST_WORDS else ""
