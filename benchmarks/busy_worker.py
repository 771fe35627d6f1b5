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
from telephony.worker import Worker


def burn(seconds: float) -> list[dict[str, object]]:
    """Pure Python that leaves cyclic garbage."""
    until = time.perf_counter() + seconds
    made: list[dict[str, object]] = []
    while time.perf_counter() < until:
        node: dict[str, object] = {"numbers": list(range(50))}
        node["self"] = node
        made.append({"numbers": list(range(20))})
    return made


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
    sys.exit(asyncio.run(work(Path(sys.argv[1]), float(sys.argv[2]) / 1000, float(sys.argv[3]))))
