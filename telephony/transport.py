"""The ports to the outside: a `Transport` brings calls as `Leg`s, and moves their audio as `Lines`.

A leg is signalling: answer, refuse, hold, hang up. Audio does not pass through legs: every tick the loop
takes what is new of all lines at once, and writes one to two frames ahead of the clock (docs/architecture.md).
The line number of a leg is its row in `Lines`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from dialplans.call import CallInfo
from media.frame import Pcm
from media.line_quality import LineSample

# ---- what a leg tells --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Confirmed:
    """ACK came: the call is up."""

    at: float


@dataclass(frozen=True, slots=True)
class Media:
    """Media (re)started or changed: `codec` as negotiated; `held` while either side has the call on hold."""

    at: float
    codec: str
    rate_hz: int
    ptime_ms: int
    held: bool
    remote: str

    @property
    def stream(self) -> tuple[str, int, str]:
        """What is another where somebody else may be speaking."""
        return self.codec, self.rate_hz, self.remote


@dataclass(frozen=True, slots=True)
class Key:
    """One key press as one way tells of it, once ("rfc4733", "info"); it had been down for `held_s` then."""

    at: float
    symbol: str
    method: str
    held_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over; `by` is "caller", "bot" or "network"; the line is given back by `Leg.release`."""

    at: float
    status: int
    reason: str
    by: str


LegEvent = Confirmed | Media | Key | Ended
"""`at` is `time.monotonic()` when the shell learnt of it."""


@dataclass(frozen=True, slots=True)
class LineQuality:
    """What RTP, RTCP and the jitter buffer say of a line so far; `rx` is what we hear, `tx` what the caller hears.

    - `rx_late`: packets that came when their time was over; `rx_loss_runs`: stretches of lost packets;
      `rx_burst`: their mean length over that of random loss (ITU-T G.107's burst ratio).
    - `buffer_ms`: the mean delay of the jitter buffer; `concealed_ms`: what was missing amid what it held;
      `starved_ms`: for how long it was empty, by lost and late packets or because the caller suppresses silence.
    - `rx_mos`, `tx_mos`: 1 to 4.5, the E-model's (media/line_quality.py); None before there is enough to tell. What
      the caller hears is known from the caller's RTCP reports only.
    - `refused`: packets that weren't the caller's; `underruns`: ticks without audio of ours while it spoke.
    """

    rx_packets: int = 0
    rx_lost: int = 0
    rx_late: int = 0
    rx_loss_runs: int = 0
    rx_burst: float = 1.0
    rx_jitter_ms: float = 0.0
    rx_mos: float | None = None
    buffer_ms: float = 0.0
    concealed_ms: int = 0
    starved_ms: int = 0
    tx_packets: int = 0
    tx_lost: int = 0
    tx_jitter_ms: float = 0.0
    tx_mos: float | None = None
    round_trip_ms: float = 0.0
    refused: int = 0
    underruns: int = 0

    def sample(self, at: float, codec: str) -> LineSample:
        """What `media.line_quality.LineWatch` takes."""
        return LineSample(at, codec, self.rx_packets, self.rx_lost, self.rx_late, self.rx_loss_runs)


@dataclass(frozen=True, slots=True)
class SipMessage:
    """One SIP message of a call as it went over the wire; `at` is Unix time."""

    at: float
    sent: bool
    peer: str
    transport: str
    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that never became a leg: all lines busy, or its source isn't allowed. It leaves a record."""

    at: float
    info: CallInfo
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Registration:
    """Where the REGISTER to the trunk stands: `status` 200 and `expires_s` > 0 while it holds, 0 before."""

    at: float
    status: int
    reason: str
    expires_s: int

    @property
    def active(self) -> bool:
        return self.status == 200 and self.expires_s > 0


class Leg(Protocol):
    """One call's signalling. All methods are for the loop's thread; none blocks it.

    `answer`, `reject` and `hangup` may be called in any state; what no longer applies does nothing.
    """

    line: int
    info: CallInfo

    def events(self) -> AsyncIterator[LegEvent]:
        """What happens to this leg, in order, ending after `Ended`."""
        ...

    async def ring(self) -> None:
        """180 Ringing."""
        ...

    async def answer(self) -> None:
        """200 OK, and start media. Raises CallEnded when the caller is gone."""
        ...

    async def reject(self, status: int, retry_after_s: int = 0) -> None: ...

    async def refer(self, target: str) -> int:
        """REFER (RFC 3515): the final status of the transfer as NOTIFY reports it, 408 after silence."""
        ...

    async def press(self, keys: str, method: str) -> bool:
        """Send keys as "rfc4733" or "info"; returns when they are out. False where the line can't take them."""
        ...

    async def hangup(self) -> None: ...

    def quality(self) -> LineQuality: ...

    def rtp_age_s(self, now: float) -> float:
        """Seconds since the last accepted RTP packet, or since media began."""
        ...

    async def release(self) -> None:
        """Give the line back: after `Ended`, or where that didn't come in good time after `hangup` or `reject`."""
        ...


class Lines(Protocol):
    """The audio of all lines, `frame_samples` at a time (20 ms)."""

    count: int
    rate_hz: int
    frame_samples: int

    def fileno(self) -> int:
        """Readable when the clock has moved; watch it with `loop.add_reader`."""
        ...

    def drained(self) -> None:
        """Re-arm the wake-up. Call before `take`."""
        ...

    def take(self, line: int) -> tuple[Pcm, Pcm]:
        """What was heard of `line` since the last take, and what was sent to it meanwhile, sample by sample.

        Both have shape (k * frame_samples,) and are views valid for this tick.
        """
        ...

    def new(self) -> list[int]:
        """Lines that have new input, cheaply."""
        ...

    def room(self, line: int, ahead: int) -> int:
        """How many frames to write now so that `ahead` frames lie before the clock."""
        ...

    def put(self, line: int, pcm: Pcm) -> None:
        """Write whole frames for the clock to take."""
        ...

    def taken(self, line: int) -> int:
        """Frames of ours that the clock has taken since the line was reset: they are being heard."""
        ...

    def reset(self, line: int) -> None: ...


class Transport(Protocol):
    """A way calls come in."""

    lines: Lines

    async def start(self) -> None:
        """Bind and listen. Raises OSError with one clear line where the port is taken."""
        ...

    def calls(self) -> AsyncIterator[Leg | Refused]:
        """New calls, not yet answered, and those that were refused without a leg; ends after `stop`."""
        ...

    def accept(self, status: int, retry_after_s: int = 0) -> None:
        """200: take calls; 503: refuse OPTIONS and new INVITEs with Retry-After."""
        ...

    def take_messages(self) -> list[tuple[str, SipMessage]]:
        """SIP messages since the last time, with their Call-ID, for the traces of calls."""
        ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class JitterBuffer:
    """pjmedia's jitter buffer in ms; docs/sip.md has the figures behind these.

    With `init_ms` 0 it never waits to be filled: it grows when a packet comes later than its turn, and shrinks again
    by a frame now and then. Otherwise it fills up to that first, then to the burst it has seen, from `min_ms` to
    `max_ms`. It holds `hold_ms` at the most.
    """

    init_ms: int = 0
    min_ms: int = 20
    max_ms: int = 240
    hold_ms: int = 500


@dataclass(frozen=True, slots=True)
class SipSettings:
    """What `sip:` in the configuration says (telephony/config.py validates it)."""

    listen_host: str = "127.0.0.1"
    listen_port: int = 5060
    transports: tuple[str, ...] = ("udp", "tcp")
    public_host: str = ""
    rtp_port: int = 10000
    rtp_port_range: int = 1000
    """RTP has every second port from `rtp_port` to `rtp_port + rtp_port_range`, RTCP the next one up."""
    dscp_rtp: int = 46
    dscp_sip: int = 24
    lines: int = 30
    rate_hz: int = 8000
    codecs: tuple[str, ...] = ("PCMU", "PCMA", "G722", "opus")
    allow: tuple[str, ...] = ()
    trunk: TrunkSettings | None = None
    session_timer_s: int = 1800
    user_agent: str = "Offhook"
    jitter: JitterBuffer = JitterBuffer()


@dataclass(frozen=True, slots=True)
class TrunkSettings:
    """A provider to REGISTER with; `sources` are the addresses its calls come from."""

    registrar: str
    user: str
    password: str = field(repr=False)
    realm: str = "*"
    proxy: str = ""
    expires_s: int = 300
    sources: tuple[str, ...] = ()
