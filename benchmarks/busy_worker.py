"""A call worker whose event loop is busy: python -m benchmarks.busy_worker SETTINGS.json BURST_MS SHARE

It is `telephony.worker`, with one more task on its loop that runs pure Python in bursts and leaves cyclic
garbage behind. Only for benchmarks: what does the caller hear of it?
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from telephony.config import Config
from telephony.worker import Worker, allow_files

GARBAGE_A_BURST = 300
"""Cycles left to the collector by each burst: at 40 bursts a second some 12,000."""


def burn(seconds: float) -> int:
    """Pure Python that leaves cyclic garbage."""
    until = time.perf_counter() + seconds
    turns = 0
    while time.perf_counter() < until:
        if turns < GARBAGE_A_BURST:
            node: dict[str, object] = {"numbers": list(range(20))}
            node["self"] = node
        turns += sum(range(20)) > 0
    return turns


async def burden(burst_s: float, share: float) -> None:
    """Until cancelled."""
    while True:
        burn(burst_s)
        await asyncio.sleep(burst_s * (1 - share) / share)


async def work(settings: Path, burst_s: float, share: float) -> int:
    """The worker of `settings`, burdened."""
    row = json.loads(settings.read_text())
    worker = Worker(Config.model_validate(row["config"]), row["speech"], row["llm"])
    burning = asyncio.ensure_future(burden(burst_s, share))
    try:
        return await worker.run()
    finally:
        burning.cancel()


if __name__ == "__main__":
    allow_files()
    sys.exit(asyncio.run(work(Path(sys.argv[1]), float(sys.argv[2]) / 1000, float(sys.argv[3]))))
