"""Media only: many calls in one worker that play a prompt and take a key: python -m benchmarks.media_calls

SIPp is most of the callers, and sends back what it hears; a few are our own, whose kernel stamps each packet
of the bot's. CPU is the worker's own, from /proc, over the time when all calls are up and hear the prompt.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.bare_worker import Burden, bare_worker, memory, spent
from benchmarks.bot import Bot
from benchmarks.sipp_load import ANSWER, KEY, Load, SippMissing, drive, long_menu
from telephony.caller.call import Caller
from telephony.caller.media_clock import MediaClock
from telephony.caller.options import CallOptions

SETTLE_S = 3.0
RECORDS_WITHIN_S = 10.0
PROMPT_LETTERS_S = 6.0
"""The scripted voice takes longer than this for the menu's prompt once."""
RTP_PORTS = "20000-21999"


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to run the worker."""

    name: str
    recordings: bool
    burden: Burden | None = None


MODES = (
    Mode("recordings off", False),
    Mode("recordings on", True),
    Mode("recordings on, loop busy", True, Burden()),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run came to. CPU in percent of a core for each call."""

    mode: str
    calls: int
    failed: int
    digits: int
    window_s: float
    cpu_a_call: float
    cpu_loop: float
    cpu_native: float
    gap_ms: dict[str, float]
    loop_late_ms: dict[str, float]
    frames_missed: int
    rss_mb: int
    threads: int
    load_average: float
    complaints: str = ""


async def listen(bot: Bot, clock: MediaClock, hold_s: float) -> list[int]:
    """One caller of our own: the kernel's stamps of what came while the prompt was played."""
    async with Caller(bot.uri("long"), CallOptions(local="127.0.0.1"), clock) as caller:
        await caller.dial()
        await caller.pause(hold_s)
        heard = [packet.received_ns for packet in caller.line.ear.packets] if caller.line.ear else []
        await caller.press(KEY)
        await caller.wait_for_end(30)
    return heard


async def steady(bot: Bot, after_s: float, for_s: float) -> dict[str, Any]:
    """CPU and memory of the worker while all calls are up."""
    await asyncio.sleep(after_s)
    before, began, (began_ns) = spent(bot.pid), time.monotonic(), time.time_ns()
    await asyncio.sleep(for_s)
    used, took = spent(bot.pid).since(before), time.monotonic() - began
    return {"used": used, "took": took, "window": (began_ns, time.time_ns()), **memory(bot.pid)}


async def finished(bot: Bot, calls: int) -> list[dict[str, Any]]:
    """The records of the calls: each is written a moment after its BYE."""
    until = time.monotonic() + RECORDS_WITHIN_S
    while len(records := bot.records()) < calls and time.monotonic() < until:
        await asyncio.sleep(0.2)
    return list(records.values())


async def measure(mode: Mode, calls: int, own: int, seconds: float) -> Figures:
    """One run of `mode`. Raises SippMissing, RuntimeError."""
    load = Load(calls - own, a_second=20, hold_s=0.0)
    load = replace(load, hold_s=load.ramp_s + 2 * SETTLE_S + seconds)
    with tempfile.TemporaryDirectory(prefix="offhook-plan-") as folder:
        plans = long_menu(Path(folder), 1 + round((load.hold_s + load.ramp_s) / PROMPT_LETTERS_S))
        config = {
            "sip": {"lines": calls + 10, "rtp_ports": RTP_PORTS},
            "plans": {"default": "long", "folder": str(plans)},
            "data": {"recordings": mode.recordings},
        }
        async with bare_worker(config, mode.burden) as bot:
            with MediaClock() as clock:
                async with asyncio.TaskGroup() as tasks:
                    driving = tasks.create_task(drive(bot, load))
                    listening = [tasks.create_task(listen(bot, clock, load.hold_s)) for _ in range(own)]
                    watching = tasks.create_task(steady(bot, load.ramp_s + SETTLE_S, seconds))
            records = await finished(bot, calls)
    return figures(mode, calls, watching.result(), [task.result() for task in listening], records, driving.result())


def figures(
    mode: Mode, calls: int, watched: dict[str, Any], heard: list[list[int]], records: list[dict[str, Any]], said: str
) -> Figures:
    """A run's figures from what was watched, heard and recorded."""
    first_ns, last_ns = watched["window"]
    distances: list[float] = []
    for stamps in heard:
        inside = [stamp for stamp in stamps if first_ns <= stamp <= last_ns]
        distances += [(b - a) / 1e6 for a, b in zip(inside, inside[1:], strict=False)]
    distances.sort()
    understood = [r for r in records if any(ANSWER in item["text"] and item["complete"] for item in r["said"])]
    good = [r for r in understood if r["end"]["by"] == "bot" and not r["errors"]]
    share = 100 / watched["took"] / calls
    used = watched["used"]
    return Figures(
        mode=mode.name,
        calls=calls,
        failed=calls - len(good),
        digits=len(understood),
        window_s=round(watched["took"], 1),
        cpu_a_call=round((used.loop_s + used.others_s) * share, 3),
        cpu_loop=round(used.loop_s * share, 3),
        cpu_native=round(used.others_s * share, 3),
        gap_ms=spread(distances),
        loop_late_ms=max((r["loop_late_ms"] for r in records), key=lambda late: late["max"], default={}),
        frames_missed=sum(r["quality"]["underruns"] for r in records),
        rss_mb=watched["rss_mb"],
        threads=watched["threads"],
        load_average=round(os.getloadavg()[0], 1),
        complaints=said,
    )


def spread(ordered: list[float]) -> dict[str, float]:
    """p50, p99 and the greatest of sorted values."""
    if not ordered:
        return {"p50": float("nan"), "p99": float("nan"), "max": float("nan")}
    picks = (ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100], ordered[-1])
    return {name: round(value, 1) for name, value in zip(("p50", "p99", "max"), picks, strict=True)}


def table(rows: list[Figures]) -> str:
    """The figures for people."""
    lines = [
        f"{'':26}{'calls':>6}{'failed':>7}{'digits':>7}{'CPU a call':>11}{'loop':>7}{'native':>7}"
        f"{'RTP gap p50/p99/max ms':>25}{'loop late ms':>18}{'RSS MB':>8}{'threads':>8}"
    ]
    for row in rows:
        gap = "/".join(f"{row.gap_ms[name]:.1f}" for name in ("p50", "p99", "max"))
        late = "/".join(f"{row.loop_late_ms.get(name, 0):.1f}" for name in ("p50", "p99", "max"))
        lines.append(
            f"{row.mode:26}{row.calls:6}{row.failed:7}{row.digits:7}{row.cpu_a_call:10.3f}%{row.cpu_loop:6.3f}%"
            f"{row.cpu_native:6.3f}%{gap:>25}{late:>18}{row.rss_mb:8}{row.threads:8}"
        )
        if row.complaints:
            lines.append(row.complaints)
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.media_calls", description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--own", type=int, default=5, help="callers of our own among them")
    parser.add_argument("--seconds", type=float, default=35.0, help="how long to measure")
    parser.add_argument("--mode", type=int, nargs="*", default=range(len(MODES)), help="0, 1, 2: see the table")
    given = parser.parse_args(argv)
    rows = []
    for number in given.mode:
        try:
            rows.append(asyncio.run(measure(MODES[number], given.calls, given.own, given.seconds)))
        except (SippMissing, RuntimeError) as error:
            print(error, file=sys.stderr)
            return 2
        print(table(rows[-1:]), flush=True)
    print(table(rows))
    print(json.dumps({"benchmark": "media_calls", "runs": [asdict(row) for row in rows]}))
    return 0 if all(row.failed == 0 for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
