"""Callers who talk at once, with the real models: python -m benchmarks.callers [--callers 1 2 4 8] [--questions N]

What two cores do when more than one caller is understood and answered on them. Each caller asks questions of the
reception plan, all of them at the same time, over real SIP and RTP. Printed for each number of callers, as medians and
95th percentiles: how many partial transcripts a second of speech had, how long after the caller's last sound the
final transcript, the model's first word and the bot's first sound came, and how late the bot's RTP was. Partials may
get rare; finals and RTP must not get late.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bot import Bot, bot
from benchmarks.clinic import draw, questions
from benchmarks.ear_to_mouth import Asked, call_of, plan_of
from brain import events as ev
from brain import journal
from telephony.caller.options import CallOptions
from telephony.caller.report import Report
from telephony.caller.runner import place_and_keep
from telephony.caller.script_file import parse

STAGES = ("final", "first_token", "first_heard")


@dataclass(frozen=True, slots=True)
class Heard:
    """One call as it came out: its report, its record, and its partials for each second of speech."""

    report: Report
    record: dict[str, Any]
    partials_a_second: float


def partials_a_second(lines: list[str]) -> float:
    """Partial transcripts for each second in which the caller spoke, from a call's journal."""
    count, spoken, since = 0, 0.0, 0.0
    for _, event, _ in journal.read(lines):
        if isinstance(event, ev.SpeechStarted):
            since = event.since
        elif isinstance(event, ev.SpeechStopped):
            spoken += event.since - since
        elif isinstance(event, ev.PartialText):
            count += 1
    return count / spoken if spoken else 0.0


async def together(running: Bot, calls: list[list[Asked]], seed: int) -> list[Heard]:
    """All `calls` at the same time."""
    scripts = [parse(call_of(call), Path(f"caller-{number}")) for number, call in enumerate(calls)]
    placing = [
        place_and_keep(running.uri("reception"), script, CallOptions(seed=seed + number))
        for number, script in enumerate(scripts)
    ]
    reports = [report for report, _ in await asyncio.gather(*placing)]
    async with asyncio.timeout(20):
        while not {report.call_id for report in reports} <= running.records().keys():
            await asyncio.sleep(0.1)
    records = running.records()
    heard = []
    for report in reports:
        record = records[report.call_id]
        lines = (running.data / "calls" / record["call"] / "journal.jsonl").read_text().splitlines()
        heard.append(Heard(report, record, partials_a_second(lines)))
    return heard


def row(heard: list[Heard]) -> dict[str, Any]:
    """The figures of one number of callers."""
    turns = [turn["ms"] for one in heard for turn in one.record["turns"]]
    wires = [turn.ear_to_mouth_ms for one in heard for turn in one.report.turns if turn.ear_to_mouth_ms is not None]
    media = [one.report.media for one in heard if one.report.media is not None]
    gaps = [line.gaps for line in media if line.gaps is not None]
    partials = float(np.median([one.partials_a_second for one in heard]))
    figures: dict[str, Any] = {"partials_a_second": round(partials, 2)}
    for stage in STAGES:
        figures[stage] = _percentiles([ms[stage] for ms in turns if ms[stage] is not None])
    figures["wire"] = _percentiles(wires)
    figures["rtp_gap_ms"] = [max(g.p99_ms for g in gaps), max(g.max_ms for g in gaps)] if gaps else None
    figures["load"] = round(os.getloadavg()[0], 1)
    return figures


def _percentiles(values: list[Any]) -> list[int] | None:
    return [round(float(v)) for v in np.percentile(values, [50, 95])] if values else None


async def measure(counts: list[int], each: int, seed: int, config: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """One bot; each number of callers in turn."""
    rng = random.Random(seed)
    clinic = draw(rng)
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "reception.yaml").write_text(plan_of(clinic.facts))
        async with bot({**config, "plans": {"default": "reception", "folder": folder}}) as running:
            for count in counts:
                calls = []
                for _ in range(count):
                    asked = questions(clinic, rng)[:each]
                    calls.append([Asked(q.topic, q.text, q.facts) for q in asked])
                rows[count] = row(await together(running, calls, seed))
                print(f"{count:3} callers: {rows[count]}", flush=True)
    return rows


def main() -> None:
    """Measure, print a table, and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--questions", type=int, default=4, help="of each caller")
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--slots", type=int, default=2, help="answers that the model makes at once")
    args = parser.parse_args()
    config = {"llm": {"slots": args.slots}, "sip": {"lines": max(args.callers)}}
    rows = asyncio.run(measure(args.callers, args.questions, args.seed, config))
    print(f"\n{'callers':>7} {'partials/s':>10} {'final':>12} {'first word':>12} {'wire':>12} {'RTP gap p99/max':>16}")
    for count, figures in rows.items():
        cells = [" / ".join(map(str, figures[key] or ["-"])) for key in ("final", "first_token", "wire")]
        gap = " / ".join(f"{v:.1f}" for v in figures["rtp_gap_ms"] or [])
        print(f"{count:7} {figures['partials_a_second']:10} {cells[0]:>12} {cells[1]:>12} {cells[2]:>12} {gap:>16}")
    print(json.dumps({"benchmark": "callers", "seed": args.seed, "rows": rows}))


if __name__ == "__main__":
    main()
