"""How long the event loop was away: measured by itself, printed with every benchmark.

Also keeps Python's cyclic collector off the calls: objects of the start are frozen, and collections run
only from here, between calls' work (DESIGN section 4).
"""

from __future__ import annotations

import asyncio
import gc

PERIOD_S = 0.02
COLLECT_EVERY = 500
"""Periods between two collections of the youngest generation: ten seconds."""


class StallWatch:
    """Wakes every 20 ms and notes how late it was, in milliseconds."""

    def __init__(self) -> None:
        self._late_ms: list[float] = []
        self.worst_ms = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        gc.collect()
        gc.freeze()
        gc.disable()
        loop = asyncio.get_running_loop()
        periods = 0
        try:
            while True:
                due = loop.time() + PERIOD_S
                await asyncio.sleep(PERIOD_S)
                late = (loop.time() - due) * 1000.0
                self._late_ms.append(late)
                if len(self._late_ms) > 3000:
                    del self._late_ms[:1500]
                self.worst_ms = max(self.worst_ms, late)
                periods += 1
                if periods % COLLECT_EVERY == 0:
                    gc.collect(0 if periods % (COLLECT_EVERY * 6) else 1)
        finally:
            gc.enable()

    def percentile_ms(self, share: float) -> float:
        """The stall that `share` (0 to 1) of the last minute's wake-ups stayed under."""
        if not self._late_ms:
            return 0.0
        ordered = sorted(self._late_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
