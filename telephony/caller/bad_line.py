"""A bad line on demand: packets in with their time, packets out with theirs. Pure and seeded.

    line = BadLine(LineSettings(loss=0.05, burst=2.0, jitter_ms=20.0), seed=1)
    line.put(packet, now_ns)
    for at_ns, packet in line.take(now_ns): ...      # what has come out by now
    line.deadline()                                  # when the next one will

The same seed and the same packets at the same times give the same fates, whatever machine runs it.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, fields
from typing import Generic, TypeVar

Packet = TypeVar("Packet")
_NS_PER_MS = 1_000_000
REORDERED_BY_MS = 30.0
"""How much longer a reordered packet travels: past the next one at 20 ms, not past the one after that."""


@dataclass(frozen=True, slots=True)
class LineSettings:
    """One direction of a line. Shares are from 0 to 1.

    - `loss`: the share of packets lost in the long run.
    - `burst`: ITU-T G.107's burst ratio, the mean length of a run of lost packets over what it would be if each
      were lost by itself: 1 is random loss, 2 runs twice as long. Loss follows Gilbert's two states, of which
      the bad one loses everything.
    - `delay_ms`: what every packet takes.
    - `jitter_ms`: mean of an exponentially distributed delay on top of it, as a queue makes it. A queue keeps the
      order: a packet never overtakes the one before. RFC 3550's jitter comes out near this value as long as it
      is below the packet time, and lower beyond, where packets begin to arrive in clumps.
    - `reorder`: the share of packets that travel `REORDERED_BY_MS` longer and are overtaken.
    - `duplicate`: the share of packets that come twice, one right after the other.
    - `drift_ppm`: how much slower the sender's clock seems: the delay grows by so many microseconds a second. A
      negative one shrinks `delay_ms`, to 0 at the least.
    """

    loss: float = 0.0
    burst: float = 1.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    reorder: float = 0.0
    duplicate: float = 0.0
    drift_ppm: float = 0.0

    def __post_init__(self) -> None:
        for name in ("loss", "reorder", "duplicate"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is {getattr(self, name):g}; a share is from 0 to 1 (0% to 100%)")
        for name in ("delay_ms", "jitter_ms"):
            if not 0.0 <= getattr(self, name) <= 10_000.0:
                raise ValueError(f"{name} is {getattr(self, name):g}; it must be from 0 to 10000")
        if not 1.0 <= self.burst <= 1000.0:
            raise ValueError(f"burst is {self.burst:g}; it must be from 1 (random loss) to 1000")
        if not -10_000.0 <= self.drift_ppm <= 10_000.0:
            raise ValueError(f"drift_ppm is {self.drift_ppm:g}; it must be from -10000 to 10000")

    @property
    def clean(self) -> bool:
        """Whether packets pass as they come."""
        return self == LineSettings(burst=self.burst)


@dataclass(slots=True)
class LineCounts:
    """What became of the packets that were put in."""

    packets: int = 0
    lost: int = 0
    loss_runs: int = 0
    reordered: int = 0
    duplicated: int = 0


@dataclass(frozen=True, slots=True)
class LinePair:
    """Both directions of the caller's line; `seed` decides the fate of every packet."""

    sent: LineSettings = LineSettings()
    received: LineSettings = LineSettings()
    seed: int = 0


SETTINGS = tuple(field.name for field in fields(LineSettings))


def setting(name: str, text: str) -> float:
    """The value of one setting as people write it: "3%" or "0.03". Raises ValueError, naming the setting."""
    number, percent, rest = text.strip().partition("%")
    try:
        value = float(number) / (100 if percent else 1)
    except ValueError:
        value = None
    if value is None or rest:
        raise ValueError(f"{name} is {text!r}, which is no number")
    LineSettings(**{name: value})
    return value


class BadLine(Generic[Packet]):
    """One direction of a line. Times are in ns of any clock that doesn't go back."""

    def __init__(self, settings: LineSettings, seed: int | str) -> None:
        self.settings = settings
        self.counts = LineCounts()
        self._rng = random.Random(f"line {seed}")
        self._losing = False
        self._first_ns: int | None = None
        self._last_out_ns = 0
        self._flying: list[tuple[int, int, Packet]] = []
        self._serial = 0

    def put(self, packet: Packet, now_ns: int) -> int | None:
        """A packet enters the line. Returns when it (its first copy) comes out, or None where it is lost."""
        counts, settings, rng = self.counts, self.settings, self._rng
        counts.packets += 1
        # One draw of each kind for every packet: a setting that is changed leaves the others' fates as they were.
        loses, queue, reorders, doubles = (rng.random(), rng.expovariate(1.0), rng.random(), rng.random())
        if self._first_ns is None:
            self._first_ns = now_ns
        if self._lost(loses):
            return None
        drifted_ns = (now_ns - self._first_ns) * settings.drift_ppm / 1e6
        constant_ns = max(0.0, settings.delay_ms * _NS_PER_MS + drifted_ns)
        out_ns = now_ns + int(constant_ns + queue * settings.jitter_ms * _NS_PER_MS)
        if reorders < settings.reorder:
            counts.reordered += 1
            out_ns += int(REORDERED_BY_MS * _NS_PER_MS)
        else:
            out_ns = self._last_out_ns = max(out_ns, self._last_out_ns)
        self._fly(packet, out_ns)
        if doubles < settings.duplicate:
            counts.duplicated += 1
            self._fly(packet, out_ns)
        return out_ns

    def deadline(self) -> int | None:
        """When the next packet comes out; None while none is on its way."""
        return self._flying[0][0] if self._flying else None

    def take(self, now_ns: int) -> list[tuple[int, Packet]]:
        """The packets that have come out by now, in order, each with its time."""
        out = []
        while self._flying and self._flying[0][0] <= now_ns:
            at_ns, _, packet = heapq.heappop(self._flying)
            out.append((at_ns, packet))
        return out

    def _lost(self, draw: float) -> bool:
        """Step Gilbert's chain: stationary loss p / (p + r), burst ratio 1 / (p + r) (G.107 section 7.5)."""
        loss, burst = self.settings.loss, self.settings.burst
        begins, goes_on = loss / burst, 1.0 - (1.0 - loss) / burst
        was = self._losing
        self._losing = draw < (goes_on if was else begins)
        if self._losing:
            self.counts.lost += 1
            self.counts.loss_runs += not was
        return self._losing

    def _fly(self, packet: Packet, out_ns: int) -> None:
        heapq.heappush(self._flying, (out_ns, self._serial, packet))
        self._serial += 1
