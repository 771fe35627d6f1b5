"""What the SIP stack tells the loop. Callbacks of pjsua2 copy what they need into one of these, no more."""

from __future__ import annotations

from dataclasses import dataclass

from dialplans.call import CallInfo
from telephony.transport import LineQuality, Refused, Registration


@dataclass(frozen=True, slots=True)
class Offered:
    """An INVITE that found a free line; nothing has been answered but 100."""

    line: int
    info: CallInfo


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """ACK came."""

    line: int


@dataclass(frozen=True, slots=True)
class MediaStarted:
    """Streams were made or changed; `held` where audio may not flow both ways."""

    line: int
    codec: str
    rate_hz: int
    ptime_ms: int
    held: bool
    remote: str


@dataclass(frozen=True, slots=True)
class InfoDigit:
    """A key as SIP INFO, or as pjsua itself heard it by RFC 4733 where there is no native receiver."""

    line: int
    symbol: str
    method: str


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """A NOTIFY of a REFER of ours, or its refusal."""

    line: int
    status: int
    final: bool


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The dialog is over, its media gone. `quality` is None where no media ever ran."""

    line: int
    status: int
    reason: str
    by: str
    quality: LineQuality | None


StackEvent = (
    Offered
    | Refused
    | Acknowledged
    | MediaStarted
    | InfoDigit
    | TransferProgress
    | Disconnected
    | Registration
)
