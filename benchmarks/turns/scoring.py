"""From decisions to figures. Pure.

A turn is cut off when it is taken as over before its true end, whatever follows. Latency is from the true end to the
decision, of the turns that weren't cut off; one that was never taken as over counts as `NEVER_S`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

NEVER_S = 4.0
BUDGET_S = 0.300
BUDGET_CUT = 0.05


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy did with one turn: `at` is when it took it as over, None for never; `ends` the truth. Seconds."""

    name: str
    kind: str
    human: bool
    at: float | None
    ends: float

    @property
    def cut(self) -> bool:
        """Whether the caller was cut off."""
        return self.at is not None and self.at < self.ends

    @property
    def latency_s(self) -> float | None:
        """From the true end on; None where the caller was cut off."""
        if self.at is None:
            return NEVER_S
        return None if self.cut else self.at - self.ends


@dataclass(frozen=True, slots=True)
class Figures:
    """Of some turns: the share cut off, and latencies in ms (None where every turn was cut off)."""

    turns: int
    cut: float
    never: int
    mean_ms: float | None
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None


def figures(decisions: Sequence[Decision]) -> Figures:
    """The figures of at least one decision. Raises ValueError for none."""
    if not decisions:
        raise ValueError("no turns")
    latencies = [1000 * d.latency_s for d in decisions if d.latency_s is not None]
    cut = sum(d.cut for d in decisions) / len(decisions)
    never = sum(d.at is None for d in decisions)
    if not latencies:
        return Figures(len(decisions), cut, never, None, None, None, None)
    p50, p90, p95 = (float(np.percentile(latencies, p)) for p in (50, 90, 95))
    return Figures(len(decisions), cut, never, float(np.mean(latencies)), p50, p90, p95)


def cut_at_latency(sweep: Iterable[Figures], budget_s: float = BUDGET_S) -> float | None:
    """The lowest share cut off by a setting whose mean latency is within the budget; None where no setting is.

    This and the next are livekit eot-bench's operating points: best of a sweep, nothing interpolated.
    """
    within = [f.cut for f in sweep if f.mean_ms is not None and f.mean_ms <= 1000 * budget_s]
    return min(within, default=None)


def latency_at_cut(sweep: Iterable[Figures], budget: float = BUDGET_CUT) -> float | None:
    """The lowest mean latency, ms, of a setting that cuts off no more than the budget; None where none does."""
    within = [f.mean_ms for f in sweep if f.cut <= budget and f.mean_ms is not None]
    return min(within, default=None)
