"""The benchmark that only `make bench` runs must not rot: two seconds of it, over real calls."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.jitter_buffer import CALLS, LINES, SETTINGS, measure


@pytest.mark.sip
def test_it_measures_every_line() -> None:
    costs: list[float] = []
    found = asyncio.run(measure(next(iter(SETTINGS.values())), 2, costs))
    assert set(found) == set(LINES)
    assert all(len(calls) == CALLS and all(0.0 < kept <= 1.0 for kept, _ in calls) for calls in found.values())
    assert len(costs) == 1
