"""How long packets take compared with the quickest of late, and so how long speech must wait for them.

The histogram of relative delays with forgetting is that of WebRTC's NetEQ; the jitter is that of RFC 3550, A.8. Time
is an argument.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BIN_MS = 2.0
_BINS = 512
"""Packets that take over a second longer than others are all one: too late."""
_EDGES = np.arange(_BINS + 1) * _BIN_MS
_WINDOW_S = 5.0
"""The quickest packet is that of the last one to two windows, so that clocks may drift apart."""


class ArrivalStatistics:
    """The delays of one stream's packets. `transit_s` is a packet's arrival less its place in the stream."""

    def __init__(self, memory_packets: int) -> None:
        self._pace = 1.0 / memory_packets
        self._histogram = np.zeros(_BINS)
        self._later = np.zeros(_BINS + 1)  # share of packets that take as long as each edge, or longer
        self._count = 0
        self._quickest = float("inf")
        self._quickest_before = float("inf")
        self._window_from = 0.0
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

    def observe(self, transit_s: float, arrival_s: float) -> None:
        """A packet arrived."""
        if self._last_transit is not None:
            self._jitter_s += (abs(transit_s - self._last_transit) - self._jitter_s) / 16.0
        self._last_transit = transit_s
        if arrival_s - self._window_from > _WINDOW_S:
            self._quickest_before, self._quickest, self._window_from = self._quickest, transit_s, arrival_s
        self._quickest = min(self._quickest, transit_s)
        delay_ms = (transit_s - self.base_s) * 1000.0
        self._count += 1
        pace = max(self._pace, 1.0 / self._count)
        self._histogram *= 1.0 - pace
        self._histogram[min(int(delay_ms / _BIN_MS), _BINS - 1)] += pace
        self._later[:-1] = np.cumsum(self._histogram[::-1])[::-1]

    def share_later(self, delays_ms: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """For each of `delays_ms` the share of packets that took longer, of late, by comparison with the quickest."""
        return np.interp(delays_ms, _EDGES, self._later)
