"""What happened to a call, and the three ways in which waiting for something ends without it."""

from __future__ import annotations

from dataclasses import dataclass, field

from telephony.caller.audible import Utterance
from telephony.caller.events import CallEvent, Ended, Rejected


class Unreachable(Exception):
    """The URI can't be called at all."""


class CallOver(Exception):
    """The call was refused or has ended; `event` says how."""

    def __init__(self, event: Rejected | Ended) -> None:
        what = f"{event.status} {event.reason}" if isinstance(event, Rejected) else f"ended by {event.by}"
        super().__init__(what)
        self.event = event


class TooLate(Exception):
    """What was waited for didn't happen in time."""


@dataclass(slots=True)
class Diary:
    """What happened to a call, for the report. Wall-clock times in ns, others in the loop's seconds."""

    invited_at: float = 0.0
    invited_ns: int = 0
    ended_at: float = 0.0
    events: list[CallEvent] = field(default_factory=list)
    utterances: list[Utterance] = field(default_factory=list)
    digits: list[tuple[str, str]] = field(default_factory=list)
    marks_ns: list[int] = field(default_factory=list)
    holds: list[tuple[int, int]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
