"""How long packets take compared with the quickest of late, and so how long speech must wait for them.

The histogram of relative delays with forgetting is that of WebRTC's NetEQ; the jitter is that of RFC 3550, A.8. Time
is an argument.
"""

from __future__ import annotations

from math import ceil, isfinite

import numpy as np
import numpy.typing as npt

_BIN_MS = 2.0
_BINS = 512
"""Packets that take over a second longer than others are all one: too late."""
_EDGES = np.arange(_BINS) * _BIN_MS
_ROUNDING = 1e-6
_LUMP_S = 0.005
_LUMP_MS = 100.0
"""Packets that come within the first and are quicker than all others by the second come from a queue that emptied."""
_WINDOW_S = 0.5
"""The quickest packet is that of the last one to two windows, so that clocks may drift apart."""

_MS_SAVES = 1 / 3500
"""A millisecond of delay must save this share of packets from being late, or it isn't worth it."""
_LONG_MS = 140.0
_LONG_MS_SAVES = 1 / 13
"""From here on it must save more: this part of the share that is missing alone on the way, which is heard anyway."""
_TOLERATED = 0.02
_TOLERATED_MOST = 0.06
"""Packets that may be late: the first, and the share that is missing alone on the way, up to the second. Who conceals
three packets in a hundred can as well conceal six."""
_SHORTER_SAVES = 0.003
"""A shorter delay must be cheaper by this much: every change is heard."""


class ArrivalStatistics:
    """The delays of one stream's packets. `transit_s` is a packet's arrival less its place in the stream."""

    def __init__(self, memory_packets: int) -> None:
        self._pace = 1.0 / memory_packets
        self._histogram = np.zeros(_BINS)
        self._later = np.zeros(_BINS)  # share of packets that take longer than each of the edges
        self._count = 0
        self._quickest = float("inf")
        self._quickest_before = float("inf")
        self._window_from = 0.0
        self._lump_from = 0.0
        self._lump_ms = 0.0
        self._last_transit: float | None = None
        self._jitter_s = 0.0

    @property
    def base_s(self) -> float:
        """Transit of the quickest packet of late: what delays are compared with."""
        return min(self._quickest, self._quickest_before)

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter (RFC 3550, 6.4.1 and A.8)."""
        return self._jitter_s * 1000.0

    def restart(self) -> None:
        """Another stream begins: its transit says nothing about the old one's, the network is the same."""
        self._quickest = self._quickest_before = float("inf")
        self._last_transit = None

    def forget(self) -> None:
        """What came so far came in a lump before anybody listened, and says nothing."""
        self._count = 0

    def observe(self, transit_s: float, arrival_s: float) -> None:
        """A packet arrived."""
        if self._last_transit is not None:
            self._jitter_s += (abs(transit_s - self._last_transit) - self._jitter_s) / 16.0
        self._last_transit = transit_s
        before = self.base_s
        if arrival_s - self._window_from > _WINDOW_S:
            self._quickest_before, self._quickest, self._window_from = self._quickest, transit_s, arrival_s
        self._quickest = min(self._quickest, transit_s)
        if arrival_s - self._lump_from > _LUMP_S:
            self._lump_from, self._lump_ms = arrival_s, 0.0
        if isfinite(before) and before > transit_s:
            self._lump_ms += (before - transit_s) * 1000.0
            if self._lump_ms > _LUMP_MS:
                self._rebase(self._lump_ms)
                self._lump_ms = 0.0
        delay_ms = (transit_s - self.base_s) * 1000.0
        self._count += 1
        pace = max(self._pace, 1.0 / self._count)
        self._histogram *= 1.0 - pace
        self._histogram[min(ceil(delay_ms / _BIN_MS - _ROUNDING), _BINS - 1)] += pace
        self._later = 1.0 - np.cumsum(self._histogram)

    def _rebase(self, longer_ms: float) -> None:
        """The quickest packet is far quicker: by comparison all before it took `longer_ms` longer.

        Drift doesn't do that, a queue that empties at once does.
        """
        bins = min(round(longer_ms / _BIN_MS), _BINS - 1)
        moved = np.zeros(_BINS)
        moved[bins:] = self._histogram[: _BINS - bins]
        moved[-1] += self._histogram[_BINS - bins :].sum()
        self._histogram = moved

    def share_later(self, delays_ms: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """For each of `delays_ms` the share of packets that took longer, of late, by comparison with the quickest."""
        return np.interp(delays_ms, _EDGES, self._later)

    def cheapest(self, delays_ms: npt.NDArray[np.float64], present_ms: float, missing_alone: float) -> int:
        """Which of `delays_ms` costs least in late packets, waiting and change, where the delay is `present_ms`.

        `missing_alone` is the share of packets that are lost alone, between two that come.
        """
        late = np.maximum(self.share_later(delays_ms), min(_TOLERATED + missing_alone, _TOLERATED_MOST))
        long = np.maximum(delays_ms - _LONG_MS, 0.0) * (missing_alone * _LONG_MS_SAVES)
        change = (delays_ms < present_ms - _ROUNDING) * _SHORTER_SAVES
        return int((late + delays_ms * _MS_SAVES + long + change).argmin())
