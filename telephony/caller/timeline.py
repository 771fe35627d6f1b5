"""From logs of packets to the two timelines of a call, its recording, and the gaps in the bot's RTP. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from media.frame import Pcm, silence
from telephony.caller.audible import Timeline
from telephony.caller.codecs import Codec
from telephony.caller.ear import Heard

_NS = 1_000_000_000
MAX_SECONDS = 4 * 3600
_JUMP_S = 1.0
"""Timestamps that stray further from the arrivals than this start a new stretch."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One audio packet of ours; `sent_ns` was read just before the send call."""

    position: int
    sent_ns: int
    clean: Pcm
    mixed: Pcm


def caller_timelines(rate_hz: int, sent: Sequence[Sent]) -> tuple[Timeline, Timeline]:
    """Our direction: the speech alone (what latency counts from), and all that was sent."""
    positions = np.array([s.position for s in sent], np.int64)
    stamps = np.array([s.sent_ns for s in sent], np.int64)
    clean = _laid_out([(s.position, s.clean) for s in sent], rate_hz)
    mixed = _laid_out([(s.position, s.mixed) for s in sent], rate_hz)
    return Timeline(rate_hz, clean, positions, stamps), Timeline(rate_hz, mixed, positions, stamps)


def bot_timeline(codec: Codec, packets: Sequence[Heard]) -> Timeline:
    """The bot's direction, each packet at the place its RTP timestamp gives it.

    Another source, or a timestamp that jumps, is placed by its arrival.
    """
    if not packets:
        empty = np.zeros(0, np.int64)
        return Timeline(codec.pcm_hz, silence(0), empty, empty)
    origin_ns = packets[0].received_ns
    anchor, base = packets[0], 0
    placed: dict[int, tuple[int, Pcm]] = {}
    for packet in packets:
        ticks = packet.timestamp - anchor.timestamp
        arrival_s = (packet.received_ns - anchor.received_ns) / _NS
        strayed = abs(ticks / codec.rtp_hz - arrival_s) > _JUMP_S
        if packet.source != anchor.source or strayed:
            anchor, ticks = packet, 0
            base = round((packet.received_ns - origin_ns) * codec.pcm_hz / _NS)
        position = base + ticks * codec.pcm_hz // codec.rtp_hz
        if 0 <= position < MAX_SECONDS * codec.pcm_hz:
            placed.setdefault(position, (packet.received_ns, packet.pcm))
    order = sorted(placed)
    pcm = _laid_out([(position, placed[position][1]) for position in order], codec.pcm_hz)
    stamps = np.array([placed[position][0] for position in order], np.int64)
    return Timeline(codec.pcm_hz, pcm, np.array(order, np.int64), stamps)


def _laid_out(pieces: Sequence[tuple[int, Pcm]], rate_hz: int) -> Pcm:
    length = max((position + pcm.size for position, pcm in pieces), default=0)
    laid = silence(min(length, MAX_SECONDS * rate_hz))
    for position, pcm in pieces:
        laid[position : position + pcm.size] = pcm
    return laid


def stereo(caller: Timeline, bot: Timeline) -> npt.NDArray[np.int16]:
    """Both directions side by side, shape (samples, 2): caller left, bot right, as they were on the wire."""
    sides = [t for t in (caller, bot) if t.positions.size]
    if not sides:
        return np.zeros((0, 2), np.int16)
    origin_ns = min(t.time_ns(0) for t in sides)
    starts = [(t.time_ns(0) - origin_ns) * t.rate_hz // _NS if t.positions.size else 0 for t in (caller, bot)]
    length = max(start + t.pcm.size for start, t in zip(starts, (caller, bot), strict=True))
    both = np.zeros((length, 2), np.int16)
    for channel, (start, side) in enumerate(zip(starts, (caller, bot), strict=True)):
        both[start : start + side.pcm.size, channel] = side.pcm
    return both


@dataclass(frozen=True, slots=True)
class Gaps:
    """Time between packets in the order of their arrival, in ms; `count` of them."""

    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float


def gaps(stamps_ns: Sequence[int], pauses: Sequence[tuple[int, int]] = ()) -> Gaps | None:
    """Gaps between successive stamps, without those that reach into one of `pauses` (holds); None if none."""
    distances = [
        (after - before) / 1e6
        for before, after in zip(stamps_ns, stamps_ns[1:], strict=False)
        if not any(before < until and after > start for start, until in pauses)
    ]
    if not distances:
        return None
    p50, p99 = np.percentile(distances, [50, 99])
    return Gaps(len(distances), round(float(p50), 3), round(float(p99), 3), round(max(distances), 3))
