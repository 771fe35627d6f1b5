"""What the turn manager wants done. The shell performs every action, in order, and decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

from brain.endpointing import Decision


@dataclass(frozen=True, slots=True)
class BeginSegment:
    """Give the recogniser a new stretch of speech: all audio since `since`, less a little run-up.

    `urgent`: it is over the bot's, and its first words are waited for.
    """

    segment: int
    since: float
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class EndSegment:
    """Feed the recogniser no more of `segment`."""

    segment: int


@dataclass(frozen=True, slots=True)
class RequestFinal:
    """Ask for the final transcript, and the end-of-turn score, of the segment so far."""

    segment: int
    request: int


@dataclass(frozen=True, slots=True)
class Speculate:
    """The turn may be over: prepare an answer to `text`, and show nothing."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class DropSpeculation:
    """The caller went on: forget the prepared answer without a trace."""

    turn: int


@dataclass(frozen=True, slots=True)
class Weighed:
    """The deadline of the turn was set or moved: for the journal, which is to say why."""

    turn: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class Commit:
    """The caller's turn is over. `ended` is when it really ended; `why` explains the decision.

    `text` is empty where they spoke and not a word could be understood.
    """

    turn: int
    text: str
    confidence: float
    ended: float
    why: Decision


@dataclass(frozen=True, slots=True)
class CommitKeys:
    """The caller answered by keys."""

    turn: int
    keys: str


@dataclass(frozen=True, slots=True)
class KeyWaits:
    """A key was pressed while nobody asked, and is kept: whoever thinks may want to ask at once."""

    key: str


@dataclass(frozen=True, slots=True)
class NoInput:
    """The caller was silent for as long as the plan allows."""

    turn: int


@dataclass(frozen=True, slots=True)
class CannotHear:
    """The plan expects speech and the recogniser is lost: fall back to keys."""

    turn: int


@dataclass(frozen=True, slots=True)
class Interject:
    """Say `text` beside the conversation: no answer and no part of the history, and an answer waits for its end."""

    text: str


@dataclass(frozen=True, slots=True)
class Backchannel:
    """A low "mm-hm" while the caller talks: nobody's turn, and nothing waits for it."""


@dataclass(frozen=True, slots=True)
class Duck:
    """Speak lower: the caller may be saying something."""


@dataclass(frozen=True, slots=True)
class Unduck:
    """It was nothing."""


@dataclass(frozen=True, slots=True)
class PausePlayout:
    """Fall silent where we are, and keep the place."""


@dataclass(frozen=True, slots=True)
class ResumePlayout:
    """Go on from the paused sample."""


@dataclass(frozen=True, slots=True)
class Aside:
    """The caller said `text` over the bot, and it goes on: kept in the history, not answered.

    A Commit of the same `turn` takes it back: said over the end of a question it was the answer.
    """

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class StopSpeaking:
    """A real interruption of `utterance`: drop what is left of it, cut the history to what was heard."""

    utterance: int


Action = (
    BeginSegment
    | EndSegment
    | RequestFinal
    | Speculate
    | DropSpeculation
    | Weighed
    | Commit
    | CommitKeys
    | KeyWaits
    | NoInput
    | CannotHear
    | Interject
    | Backchannel
    | Duck
    | Unduck
    | PausePlayout
    | ResumePlayout
    | Aside
    | StopSpeaking
)

Outcome = Commit | CommitKeys | NoInput | CannotHear
"""What one question can come to."""
