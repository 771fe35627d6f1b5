"""RTP packets and what a receiver counts of them (RFC 3550)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_HEADER = struct.Struct("!BBHII")
_VERSION = 2


class RtpError(ValueError):
    """The datagram is not RTP."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One packet; `timestamp` is in units of the codec's RTP clock, modulo 2**32."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def pack(packet: RtpPacket) -> bytes:
    """The packet's bytes: no padding, no extension, no contributing sources."""
    second = (0x80 if packet.marker else 0) | packet.payload_type
    sequence, timestamp = packet.sequence & 0xFFFF, packet.timestamp & 0xFFFFFFFF
    return _HEADER.pack(_VERSION << 6, second, sequence, timestamp, packet.ssrc) + packet.payload


def unpack(data: bytes) -> RtpPacket:
    """Read a packet, without its contributing sources, header extension and padding. Raises RtpError."""
    if len(data) < _HEADER.size:
        raise RtpError(f"{len(data)} bytes")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first >> 6 != _VERSION:
        raise RtpError(f"version {first >> 6}")
    if 64 <= second & 0x7F <= 95:  # RFC 5761: these are RTCP types that strayed here
        raise RtpError("RTCP")
    start, end = _HEADER.size + 4 * (first & 0x0F), len(data)
    if first & 0x10:
        if start + 4 > end:
            raise RtpError("cut header extension")
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    if first & 0x20:
        end -= data[-1]
    if start > end:
        raise RtpError("header longer than packet")
    return RtpPacket(second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, data[start:end])


def unwrap(value: int, previous: int, bits: int) -> int:
    """`value` modulo 2**bits as the integer nearest to `previous`, so that order survives the wrap."""
    size = 1 << bits
    distance = (value - previous) & (size - 1)
    return previous + (distance - size if distance >= size // 2 else distance)


class ReceiveStats:
    """Loss, duplicates and jitter of one source (RFC 3550 appendix A.3 and A.8)."""

    def __init__(self, rtp_hz: int) -> None:
        self.received = 0
        self.duplicates = 0
        self.reordered = 0
        self._rtp_hz = rtp_hz
        self._first: int | None = None
        self._highest = 0
        self._recent: set[int] = set()
        self._transit: float | None = None
        self._jitter = 0.0

    def add(self, sequence: int, timestamp: int, received_ns: int) -> bool:
        """Count a packet (`sequence`, `timestamp` unwrapped); False for one that was here before."""
        if self._first is None:
            self._first = self._highest = sequence
        if sequence in self._recent:
            self.duplicates += 1
            return False
        self._recent.add(sequence)
        if len(self._recent) > 1024:
            self._recent = {n for n in self._recent if n > self._highest - 512}
        self.received += 1
        if sequence < self._highest:
            self.reordered += 1
        self._highest = max(self._highest, sequence)
        self._first = min(self._first, sequence)
        transit = received_ns * 1e-9 * self._rtp_hz - timestamp
        if self._transit is not None:
            self._jitter += (abs(transit - self._transit) - self._jitter) / 16
        self._transit = transit
        return True

    @property
    def expected(self) -> int:
        """How many packets the sequence numbers promise."""
        return 0 if self._first is None else self._highest - self._first + 1

    @property
    def lost(self) -> int:
        return max(0, self.expected - self.received)

    @property
    def jitter_ms(self) -> float:
        return 1000 * self._jitter / self._rtp_hz
