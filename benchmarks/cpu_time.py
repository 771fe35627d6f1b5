"""How much processor time a thing takes."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

Step = Callable[[int], object]
"""Works on the frame of this number."""


def microseconds(make: Callable[[], Step], frames: int, rounds: int = 9) -> float:
    """CPU time of one step of what `make` makes: median over rounds."""
    costs = []
    for _ in range(rounds):
        step = make()
        started = time.process_time()
        for number in range(frames):
            step(number)
        costs.append((time.process_time() - started) / frames * 1e6)
    return float(np.median(costs))
