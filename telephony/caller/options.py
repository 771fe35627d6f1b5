"""What may be chosen of a call, whatever is said in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from telephony.caller.bad_line import LinePair
from telephony.caller.codecs import PCMA, PCMU, Codec
from telephony.caller.digest import Credentials
from telephony.caller.in_dialog import Manners
from telephony.caller.speakerphone import EchoSettings

PTIMES_MS = (10, 20, 30, 40, 60)
MASKED = "*"
_USER = re.compile(r"(?<=sip:)[^@\s<>;]+(?=@)|(?<=sips:)[^@\s<>;]+(?=@)|(?<=tel:)[^\s<>;]+")


@dataclass(frozen=True, slots=True)
class CallOptions:
    """How to call.

    `local` is the address to call from (the one that leads to the peer if None). `ring_s` is how long it
    may ring, `max_s` how long the whole call may last. `seed` makes tags, ports' order and noise repeatable.
    `hang_up_after_s` ends the call that long after the INVITE, wherever the script is; `vanish` does so
    without a word of SIP, and `ack="never"` leaves the 200 without its ACK. `line` is what becomes of RTP on its
    way, `echo` what the caller's phone returns of what it hears (None: what the script says).
    """

    local: str | None = None
    transport: Literal["udp", "tcp"] | None = None
    codecs: tuple[Codec, ...] = (PCMU, PCMA)
    caller: str = "sip:caller@localhost"
    headers: tuple[tuple[str, str], ...] = ()
    credentials: Credentials | None = None
    ptime_ms: int = 20
    delayed_offer: bool = False
    prack: Literal["no", "supported", "required"] = "supported"
    ack: Literal["at once", "never"] = "at once"
    manners: Manners = field(default_factory=Manners)
    ring_s: float = 30.0
    max_s: float = 600.0
    hang_up_after_s: float | None = None
    vanish: bool = False
    seed: int | None = None
    line: LinePair | None = None
    echo: EchoSettings | None = None

    def __post_init__(self) -> None:
        if self.ptime_ms not in PTIMES_MS:
            raise ValueError(f"ptime {self.ptime_ms} ms; possible: {', '.join(map(str, PTIMES_MS))}")


def masked(text: str) -> str:
    """`text` with the digits of the users in its SIP and tel URIs masked, all but the last two."""
    return _USER.sub(lambda found: re.sub(r"\d(?=\d{2})", MASKED, found[0]), text)
