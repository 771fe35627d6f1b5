"""pjmedia's statistics of a stream as `LineQuality`. Pure but for reading the numbers out of pjsua2's objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from media.line_quality import burst_ratio, mos, rating
from telephony.transport import LineQuality

LEAST_PACKETS = 100
"""Two seconds: less says nothing about a line."""


@dataclass(frozen=True, slots=True)
class StreamShape:
    """What a stream's counters are counted in: packets of `ptime_ms`, buffer frames of `frame_ms`."""

    codec: str
    ptime_ms: int
    frame_ms: int


def line_quality(stat: Any, before: LineQuality, shape: StreamShape) -> LineQuality:
    """A `StreamStat` on top of the streams `before` it.

    Loss and its runs are RTCP's (RFC 3550 section 6.4), which take a packet back that comes after all. Late is what
    the jitter buffer threw away, less the duplicates, which it throws away too.
    """
    rx, tx, buffer = stat.rtcp.rxStat, stat.rtcp.txStat, stat.jbuf
    frame_ms, ptime_ms = max(shape.frame_ms, 1), max(shape.ptime_ms, 1)
    rx_packets, rx_lost = before.rx_packets + rx.pkt, before.rx_lost + rx.loss
    rx_late = before.rx_late + max(0, buffer.discard * frame_ms // ptime_ms - rx.dup)
    rx_runs = before.rx_loss_runs + rx.lossPeriodUsec.n
    expected = rx_packets + rx_lost
    loss = rx_lost / expected if expected else 0.0
    burst = burst_ratio(rx_lost, rx_runs, loss)
    round_trip_ms = stat.rtcp.rttUsec.mean / 1000
    tx_packets, tx_lost = before.tx_packets + tx.pkt, before.tx_lost + tx.loss
    return LineQuality(
        rx_packets=rx_packets,
        rx_lost=rx_lost,
        rx_late=rx_late,
        rx_loss_runs=rx_runs,
        rx_burst=round(burst, 2),
        rx_jitter_ms=rx.jitterUsec.mean / 1000,
        rx_mos=_mos(shape, expected, rx_lost + rx_late, burst, round_trip_ms, buffer.avgDelayMsec),
        buffer_ms=buffer.avgDelayMsec,
        concealed_ms=before.concealed_ms + buffer.lost * frame_ms,
        # Lost frames are counted one by one; an empty buffer once each time that the stream is asked for a packet.
        starved_ms=before.starved_ms + buffer.empty * ptime_ms,
        tx_packets=tx_packets,
        tx_lost=tx_lost,
        tx_jitter_ms=tx.jitterUsec.mean / 1000,
        # How the caller's buffer stands nobody tells: it is taken to hold two packets.
        tx_mos=_mos(shape, tx_packets, tx_lost, 1.0, round_trip_ms, 2 * ptime_ms) if tx.updateCount else None,
        round_trip_ms=round_trip_ms,
    )


def _mos(
    shape: StreamShape, expected: int, missing: int, burst: float, round_trip_ms: float, buffer_ms: float
) -> float | None:
    """One direction's: half the round trip, a packet, and the buffer make its delay from mouth to ear."""
    if expected < LEAST_PACKETS:
        return None
    delay_ms = round_trip_ms / 2 + shape.ptime_ms + buffer_ms
    return round(mos(rating(shape.codec, missing / expected, burst, delay_ms)), 2)
