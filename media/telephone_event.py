"""DTMF as RTP telephone-events (RFC 4733): a receiver that reports each press exactly once, and a sender.

A press is what its packets have in common: the RTP timestamp of its start (2.2). It is reported with the
first of its packets that arrives, whichever that is: markers and end packets may all be lost.
"""

from __future__ import annotations

import struct
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from enum import Enum, auto

SYMBOLS = "0123456789*#ABCD"
"""Event codes 0 to 15 (RFC 4733, table 3)."""

MAX_DURATION = 0xFFFF
LOST_END_S = 0.5
"""A key that hasn't been heard of for so long is up: its end packets were lost."""

_LATE_PACKETS = 100
"""Sequence numbers this far back are late packets, further back a stream started over (RFC 3550, A.1)."""
_PRESSES_KEPT = 64
_STREAMS_KEPT = 4
_SEGMENT_SLACK = 1920
"""A sender may close a long segment up to one 40 ms packet at 48 kHz before its duration is exhausted."""
_REUSE_S = 1.0
_PAYLOAD = struct.Struct("!BBH")
_END_BIT = 0x80


@dataclass(frozen=True, slots=True)
class Digit:
    """A key was pressed: `symbol` in 0-9, *, #, A-D; reported at `at` (the receiver's clock, seconds).

    `duration_samples` is how long it had been down according to that first packet.
    """

    symbol: str
    at: float
    duration_samples: int


@dataclass(frozen=True, slots=True)
class EventPayload:
    """The four bytes of a telephone-event (RFC 4733, 2.3); `volume_db` is 0 to 63 below 0 dBm0."""

    event: int
    end: bool
    volume_db: int
    duration: int


def parse_event(payload: bytes) -> EventPayload:
    """Read one telephone-event. Raises ValueError if it is shorter than four bytes."""
    if len(payload) < _PAYLOAD.size:
        raise ValueError(f"a telephone-event has 4 bytes, this one {len(payload)}")
    event, flags, duration = _PAYLOAD.unpack_from(payload)
    return EventPayload(event, bool(flags & _END_BIT), flags & 0x3F, duration)


def pack_event(event: EventPayload) -> bytes:
    """The four bytes of `event`."""
    return _PAYLOAD.pack(event.event, (_END_BIT if event.end else 0) | event.volume_db, event.duration)


# ---- receiving --------------------------------------------------------------------------------------------


class _Key(Enum):
    DOWN = auto()
    LOST = auto()  # nothing more was heard of it, or another key came
    UP = auto()  # its end was heard


@dataclass(slots=True)
class _Press:
    event: int
    segment: int  # timestamp of its newest segment
    duration: int  # of that segment, as far as we know
    sequence: int  # newest packet
    last_at: float
    key: _Key


@dataclass(slots=True)
class _Stream:
    """What is known of one SSRC: its newest packet and the presses, by the timestamp of each segment."""

    newest: int
    presses: OrderedDict[int, _Press] = field(default_factory=OrderedDict)


def _ahead(a: int, b: int, bits: int) -> int:
    """How far `a` is ahead of `b` on a counter that wraps; negative when behind."""
    half = 1 << bits - 1
    return (a - b + half) % (1 << bits) - half


class TelephoneEventReceiver:
    """Raw telephone-event packets in, each press out once. Bounded memory; time comes as an argument."""

    def __init__(self) -> None:
        self._streams: OrderedDict[int, _Stream] = OrderedDict()
        self._down: _Press | None = None

    def receive(
        self,
        event: int,
        end: bool,
        duration: int,
        timestamp: int,
        sequence: int,
        marker: bool,
        ssrc: int,
        now: float,
    ) -> list[Digit]:
        """One packet. Returns the press it is the first sign of, if it is one.

        Copes with packets lost, doubled and late, markers lost, equal digits in a row, segments of presses
        longer than 0xFFFF (2.5.1.3), and streams that start over with another SSRC, sequence or timestamp.
        Events that aren't keys (tones, flash) give nothing.
        """
        if not 0 <= event < len(SYMBOLS):
            return []
        self.expire(now)
        stream = self._streams.get(ssrc)
        if stream is None:
            stream = self._streams[ssrc] = _Stream(sequence)
            if len(self._streams) > _STREAMS_KEPT:
                self._streams.popitem(last=False)
        self._streams.move_to_end(ssrc)
        late = -_LATE_PACKETS <= _ahead(sequence, stream.newest, 16) < 0
        if not late:
            stream.newest = sequence

        press = stream.presses.get(timestamp)
        if press is not None and not self._is_reuse(press, event, sequence, marker and not end, now):
            self._update(press, timestamp, end, duration, sequence, now)
            return []
        if press is None:
            press = self._continued(stream, event, duration, timestamp, marker, late)
            if press is not None:
                press.segment, press.duration, press.sequence = timestamp, 0, sequence
                self._keep(stream, timestamp, press)
                self._update(press, timestamp, end, duration, sequence, now)
                return []
        key = _Key.UP if end else _Key.LOST if late else _Key.DOWN
        press = _Press(event, timestamp, duration, sequence, now, key)
        self._keep(stream, timestamp, press)
        if not late:
            self._lose()  # a new key ends the one before (2.5.1.2)
            self._down = press if key is _Key.DOWN else None
        return [Digit(SYMBOLS[event], now, duration)]

    @property
    def held(self) -> str | None:
        """The key that is down now, as far as the packets tell."""
        return None if self._down is None else SYMBOLS[self._down.event]

    def expire(self, now: float) -> None:
        """A key that hasn't been heard of for `LOST_END_S` is up."""
        if self._down is not None and now >= self._down.last_at + LOST_END_S:
            self._lose()

    def deadline(self) -> float | None:
        """When `expire` will have something to do, if ever."""
        return None if self._down is None else self._down.last_at + LOST_END_S

    @staticmethod
    def _is_reuse(press: _Press, event: int, sequence: int, begins: bool, now: float) -> bool:
        # Some senders start every press at the same timestamp. A press doesn't change its event, and after
        # its end it sends nothing newer but repeats of that end, within a few packets (marked by senders that
        # mark every packet).
        newer = not -_LATE_PACKETS <= _ahead(sequence, press.sequence, 16) <= 0
        ended = press.key is _Key.UP and (begins or now > press.last_at + _REUSE_S)
        return newer and (ended or press.event != event)

    def _lose(self) -> None:
        if self._down is not None:
            self._down.key = _Key.LOST
            self._down = None

    def _continued(
        self, stream: _Stream, event: int, duration: int, timestamp: int, marker: bool, late: bool
    ) -> _Press | None:
        """The press that is down, if this packet of an unknown timestamp goes on with it."""
        down = self._down
        if down is None or marker or late or down.event != event:
            return None
        if stream.presses.get(down.segment) is not down:
            # Another SSRC. The same press goes on counting from where it was; a new one starts from nothing.
            return down if duration > down.duration else None
        elapsed = _ahead(timestamp, down.segment, 32)
        exhausted = MAX_DURATION - _SEGMENT_SLACK <= elapsed <= MAX_DURATION
        return down if exhausted and elapsed >= down.duration else None

    def _update(
        self, press: _Press, timestamp: int, end: bool, duration: int, sequence: int, now: float
    ) -> None:
        press.last_at = now
        if _ahead(sequence, press.sequence, 16) > 0:
            press.sequence = sequence
        if timestamp == press.segment:
            press.duration = max(press.duration, duration)
            if end:
                press.key = _Key.UP
                if self._down is press:
                    self._down = None

    @staticmethod
    def _keep(stream: _Stream, timestamp: int, press: _Press) -> None:
        stream.presses[timestamp] = press
        stream.presses.move_to_end(timestamp)
        if len(stream.presses) > _PRESSES_KEPT:
            stream.presses.popitem(last=False)


# ---- sending ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EventPacket:
    """One RTP packet to send instead of audio: its payload, RTP timestamp and marker bit."""

    payload: bytes
    timestamp: int
    marker: bool


class _Sending(Enum):
    IDLE = auto()
    SOUNDING = auto()
    ENDING = auto()
    PAUSING = auto()


class TelephoneEventSender:
    """Turns presses into packets, one a tick; the end is sent three times (RFC 4733, 2.5.1.4)."""

    END_PACKETS = 3
    PAUSE_MS = 60
    """Silence between two keys: more than the 40 ms that receivers want (ITU-T Q.24)."""

    def __init__(self, rate_hz: int = 8000, tick_ms: int = 20, volume_db: int = 10) -> None:
        self._tick_samples = rate_hz * tick_ms // 1000
        self._pause_ticks = -(-self.PAUSE_MS // tick_ms)
        self._rate, self._volume = rate_hz, volume_db
        self._waiting: deque[tuple[int, int]] = deque()
        self._phase = _Sending.IDLE
        self._event = 0
        self._samples = 0  # still to sound, after this tick
        self._segment = 0  # timestamp at which the current segment starts
        self._duration = 0
        self._ticks = 0  # left in ENDING or PAUSING

    def press(self, symbol: str, duration_ms: int = 100) -> None:
        """Send `symbol` after those already waiting. Raises ValueError for what isn't a key."""
        if len(symbol) != 1 or symbol.upper() not in SYMBOLS:
            raise ValueError(f"not a key: {symbol!r}")
        self._waiting.append((SYMBOLS.index(symbol.upper()), duration_ms * self._rate // 1000))

    @property
    def busy(self) -> bool:
        """Whether anything is being sent or waits."""
        return self._phase is not _Sending.IDLE or bool(self._waiting)

    def tick(self, timestamp: int) -> EventPacket | None:
        """The packet of the tick whose first sample has RTP timestamp `timestamp`; None: send audio."""
        if self._phase is _Sending.PAUSING:
            self._ticks -= 1
            if self._ticks > 0:
                return None
            self._phase = _Sending.IDLE
        if self._phase is _Sending.IDLE:
            return self._start(timestamp) if self._waiting else None
        if self._phase is _Sending.SOUNDING:
            return self._sound(timestamp)
        packet = self._packet(end=True, marker=False)
        self._ticks -= 1
        if self._ticks == 0:
            self._phase, self._ticks = _Sending.PAUSING, self._pause_ticks + 1
        return packet

    def _start(self, timestamp: int) -> EventPacket:
        self._event, self._samples = self._waiting.popleft()
        self._segment, self._duration = timestamp, 0
        self._phase = _Sending.SOUNDING
        return self._sound(timestamp, marker=True)

    def _sound(self, timestamp: int, marker: bool = False) -> EventPacket:
        if self._duration + self._tick_samples > MAX_DURATION:
            # The next segment starts where this one ends, without marker and without an end (2.5.1.3).
            self._segment = (self._segment + self._duration) & 0xFFFFFFFF
            self._duration = 0
        self._duration += self._tick_samples
        self._samples -= self._tick_samples
        packet = self._packet(end=False, marker=marker)
        if self._samples <= 0:
            self._phase, self._ticks = _Sending.ENDING, self.END_PACKETS
        return packet

    def _packet(self, end: bool, marker: bool) -> EventPacket:
        payload = pack_event(EventPayload(self._event, end, self._volume, self._duration))
        return EventPacket(payload, self._segment, marker)
