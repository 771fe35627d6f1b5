"""Where in a stream a packet belongs: counters that wrap, streams that start over, packets that come twice.

RFC 3550, 5.1 and A.1, with one thing more: packets whose sequence number and timestamp went back together, as far
as MAX_MISORDER or further, are old ones that somebody sent again, unless two of them follow one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

MAX_MISORDER = 100
MAX_DROPOUT = 3000
"""Sequence numbers that step back or on by more than this belong to a stream that started over."""
MAX_GAP_S = 10.0
"""Timestamps that step on by more than this started over too: so long a silence has no length worth keeping."""

_LOSS_MEMORY_PACKETS = 400


class Verdict(Enum):
    """What a packet is."""

    NEW = auto()
    STARTED_OVER = auto()
    DUPLICATE = auto()
    OLD = auto()


@dataclass(frozen=True, slots=True)
class Place:
    """What a packet is, and where its first sample belongs, counted in samples from the first packet's."""

    verdict: Verdict
    position: int


def _step(new: int, old: int, bits: int) -> int:
    """How far `new` is ahead of `old` on a counter that wraps; negative when behind."""
    half = 1 << bits - 1
    return (new - old + half) % (1 << bits) - half


class StreamOrder:
    """Places packets. `clock_hz` is the RTP clock of the timestamps, which for some codecs isn't the sampling rate."""

    def __init__(self, rate_hz: int, clock_hz: int) -> None:
        self._rate, self._clock = rate_hz, clock_hz
        self._ssrc: int | None = None
        self._sequence = self._timestamp = 0  # of the newest packet
        self._position = self._end = 0
        self._seen = 0  # bit n: the packet n before the newest came
        self._suspect: tuple[int, int] | None = None  # an old packet; should the next follow it, both aren't old
        self._expected = self._came = 0
        self._single_loss = 0.0

    @property
    def lost(self) -> int:
        """Packets that never came, or not yet (RFC 3550, A.3)."""
        return self._expected - self._came

    @property
    def single_loss(self) -> float:
        """Share of packets, of late, that were missing alone, between two that came."""
        return self._single_loss

    def place(self, sequence: int, timestamp: int, size: int, ssrc: int) -> Place:
        """Where a packet of `size` samples belongs."""
        ahead = _step(sequence, self._sequence, 16)
        later = _step(timestamp, self._timestamp, 32)
        if ssrc != self._ssrc or not -MAX_MISORDER <= ahead <= MAX_DROPOUT:
            if ssrc == self._ssrc and ahead < 0 and later < 0 and self._suspect != (sequence, timestamp):
                self._suspect = (sequence + 1 & 0xFFFF, timestamp + size * self._clock // self._rate & 0xFFFFFFFF)
                return Place(Verdict.OLD, self._end)
            started_before = self._ssrc is not None
            self._ssrc, self._seen, self._expected = ssrc, 1, self._expected + 1
            self._advance(sequence, timestamp, self._end, size)
            return Place(Verdict.STARTED_OVER if started_before else Verdict.NEW, self._position)
        if ahead <= 0:
            position = self._position + later * self._rate // self._clock
            if self._seen >> -ahead & 1:
                return Place(Verdict.DUPLICATE, position)
            self._seen |= 1 << -ahead
            self._came += 1
            return Place(Verdict.NEW if later < 0 else Verdict.OLD, position)
        self._expected += ahead
        self._single_loss += ((ahead == 2) - self._single_loss) / _LOSS_MEMORY_PACKETS
        self._seen = (self._seen << ahead | 1) & (1 << MAX_MISORDER + 1) - 1
        if 0 < later <= MAX_GAP_S * self._clock:
            position = self._position + later * self._rate // self._clock
            self._advance(sequence, timestamp, position, size)
            return Place(Verdict.NEW, position)
        self._advance(sequence, timestamp, self._end + (ahead - 1) * size, size)
        return Place(Verdict.STARTED_OVER, self._position)

    def _advance(self, sequence: int, timestamp: int, position: int, size: int) -> None:
        self._sequence, self._timestamp = sequence, timestamp
        self._position, self._end = position, position + size
        self._suspect = None
        self._came += 1
