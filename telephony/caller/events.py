"""What a SIP call tells the one who made it. `at` is the time that was given to the core, in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from telephony.caller.sdp import Negotiated


@dataclass(frozen=True, slots=True)
class Provisional:
    """A 1xx came."""

    at: float
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class EarlyMedia:
    """A provisional response brought SDP: sound may flow before the answer."""

    at: float
    media: Negotiated


@dataclass(frozen=True, slots=True)
class Answered:
    """The 2xx came and audio is agreed."""

    at: float
    media: Negotiated


@dataclass(frozen=True, slots=True)
class Rejected:
    """The call will not be: a final response (408 when nobody answered at all)."""

    at: float
    status: int
    reason: str
    retry_after: str = ""


@dataclass(frozen=True, slots=True)
class MediaChanged:
    """A re-INVITE or UPDATE of either side agreed on something new."""

    at: float
    media: Negotiated


@dataclass(frozen=True, slots=True)
class RequestDone:
    """A request of ours inside the dialog (re-INVITE, INFO) got its final answer."""

    at: float
    method: str
    status: int


@dataclass(frozen=True, slots=True)
class GotInfo:
    """The peer sent INFO."""

    at: float
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Referred:
    """The peer asked us to call `target` (REFER, RFC 3515); `accepted` is what we reported back."""

    at: float
    target: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """The dialog is over."""

    at: float
    by: Literal["caller", "callee", "fault"]
    reason: str


CallEvent = (
    Provisional | EarlyMedia | Answered | Rejected | MediaChanged | RequestDone | GotInfo | Referred | Ended
)
