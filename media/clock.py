"""Where the time of a call comes from. Pure code takes `now` as an argument; only shells hold a Clock.

Audio time is not this: it is counted in samples, see `media.frame`.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """A source of seconds that never runs backwards. Only differences mean anything."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        ...


class MonotonicClock:
    """The machine's own monotonic clock."""

    def now(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is told to move: for tests and for replaying journals."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> float:
        """Move on by `seconds` (>= 0) and return the new time. Raises ValueError for a step back."""
        if not seconds >= 0:
            raise ValueError(f"a monotonic clock can't go back: {seconds} s")
        self._now += seconds
        return self._now
