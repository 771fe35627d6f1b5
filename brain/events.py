"""What happens in a call, as the turn manager sees it: frozen, timestamped, the journal's format.

`at` is seconds on the call's clock (0 = the call was answered). `since` is when a thing really was, which
is earlier: the voice detector needs time to be sure. No event holds anything but numbers, strings, enums
and plain dataclasses of them, so `brain.journal` writes and reads them without loss.
"""

from __future__ import annotations

from dataclasses import dataclass

from brain.expect import Expect, Interruptible
from media import prosody

# ---- the caller -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechMaybe:
    """The cheap detector heard something."""

    at: float
    since: float


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody speaks, since `since`."""

    at: float
    since: float


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The speech ended at `since`; whether the turn did is for the endpointing to say."""

    at: float
    since: float


@dataclass(frozen=True, slots=True)
class Prosody:
    """How the voice sounded before the pause that `SpeechStopped` reports right after this."""

    at: float
    contour: prosody.Prosody


@dataclass(frozen=True, slots=True)
class PartialText:
    """What segment `segment` seems to say so far: in what was heard of it `until` then, where that is known."""

    at: float
    segment: int
    text: str
    until: float | None = None
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class FinalText:
    """The recogniser's answer to request `request` on `segment`."""

    at: float
    segment: int
    request: int
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class TurnScore:
    """The audio model's probability that the turn was complete at request `request`."""

    at: float
    request: int
    probability: float


@dataclass(frozen=True, slots=True)
class EchoChanged:
    """Whether what sounds like speech over the bot's may be its own echo: `doubted` until the canceller knows."""

    at: float
    doubted: bool


@dataclass(frozen=True, slots=True)
class DistanceChanged:
    """Whether the newest sound is `far`: so much softer than this caller that it is somebody else's in the room."""

    at: float
    far: bool


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """One key: 0-9, *, #, A-D."""

    at: float
    key: str


# ---- the plan and the bot's voice -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PromptStarted:
    """The first audio of utterance `utterance` is ready to be heard. `interjection`: it isn't the next prompt."""

    at: float
    utterance: int
    interruptible: Interruptible
    interjection: bool = False


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """The last sample of `utterance` was taken by the clock, or it failed."""

    at: float
    utterance: int


@dataclass(frozen=True, slots=True)
class Asked:
    """The plan waits for one answer from now on, also while the bot still speaks.

    `prompt` says that a prompt is on its way: the caller's silence counts from its end.
    """

    at: float
    expect: Expect
    prompt: bool = False


@dataclass(frozen=True, slots=True)
class AskWithdrawn:
    """The plan no longer waits."""

    at: float


# ---- the rest ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SttFailed:
    """Speech can't be recognised until further notice."""

    at: float


@dataclass(frozen=True, slots=True)
class SttRecovered:
    """Speech is recognised again."""

    at: float


@dataclass(frozen=True, slots=True)
class HoldChanged:
    """The call was put on hold, or taken off."""

    at: float
    held: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """The time that `deadline` named has come."""

    at: float


Event = (
    SpeechMaybe
    | SpeechStarted
    | SpeechStopped
    | Prosody
    | PartialText
    | FinalText
    | TurnScore
    | EchoChanged
    | DistanceChanged
    | KeyPressed
    | PromptStarted
    | PromptEnded
    | Asked
    | AskWithdrawn
    | SttFailed
    | SttRecovered
    | HoldChanged
    | Tick
)
