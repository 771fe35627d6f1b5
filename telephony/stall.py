"""How long the event loop was away: measured by itself, kept in every call's record.

Also keeps Python's cyclic collector off the calls: objects of the start are frozen, and collections run
only from here, little and often, so that none of them has much to look through (docs/architecture.md).
"""

from __future__ import annotations

import asyncio
import gc
from collections import deque
from itertools import islice

PERIOD_S = 0.02
COLLECT_EVERY = ((3000, 2), (500, 1), (25, 0))
"""Periods between two collections of a generation: a minute, ten seconds, half a second. The oldest holds
what calls keep for long; an ended call's cycles are freed there, or nowhere."""
KEPT = 15_000
"""Wake-ups that are remembered: five minutes."""


class StallWatch:
    """Wakes every 20 ms and notes how late it was, in milliseconds."""

    def __init__(self) -> None:
        self.count = 0
        """Wake-ups so far: a mark for `late_ms`."""
        self._late_ms: deque[float] = deque(maxlen=KEPT)

    async def run(self) -> None:
        """Until cancelled."""
        gc.collect()
        gc.freeze()
        gc.disable()
        loop = asyncio.get_running_loop()
        try:
            while True:
                due = loop.time() + PERIOD_S
                await asyncio.sleep(PERIOD_S)
                self.note((loop.time() - due) * 1000.0)
                for periods, generation in COLLECT_EVERY:
                    if self.count % periods == 0:
                        gc.collect(generation)
                        break
        finally:
            gc.enable()

    def note(self, late_ms: float) -> None:
        """One wake-up came so late."""
        self._late_ms.append(late_ms)
        self.count += 1

    def late_ms(self, since: int = 0) -> dict[str, float]:
        """How late the loop was since `count` was `since` (at most the last five minutes): p50, p99, max."""
        newest = min(self.count - since, len(self._late_ms))
        ordered = sorted(islice(reversed(self._late_ms), newest))
        if not ordered:
            return {"p50": 0.0, "p99": 0.0, "max": 0.0}
        values = (ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100], ordered[-1])
        return {name: round(value, 2) for name, value in zip(("p50", "p99", "max"), values, strict=True)}
