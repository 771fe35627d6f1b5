"""Turn-taking, in virtual time and on the wire: python -m benchmarks.turns [--half tuning] [--list]

Every turn and every overlap of a corpus goes through the real front end, the real models and the turn manager, and
beside it through the policies of others. The first run computes what the models say, with --jobs processes; later ones
take it from the cache and need a minute. Of the scored half only sums are printed: looking at its turns while tuning
would make them tuning's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

from benchmarks.turns import overlap_report, turn_report, wire
from benchmarks.turns.conversation import Journal
from benchmarks.turns.items import RATE, Half
from benchmarks.turns.models import Models
from benchmarks.turns.over_bot import talked_over
from benchmarks.turns.overlap_corpus import overlaps
from benchmarks.turns.policies import BIASES, biased, ours, pipecat_spans
from benchmarks.turns.turn_corpus import VERSION, turns

Item = TypeVar("Item")


def main(argv: list[str]) -> int:
    """Measure, print tables, and one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.turns", description=__doc__)
    parser.add_argument("--part", choices=("turns", "overlaps", "both"), default="both")
    parser.add_argument("--half", choices=("tuning", "scored", "both"), default="both")
    parser.add_argument("--list", action="store_true", help="every turn of the tuning half, the worst first")
    parser.add_argument("--show", metavar="TEXT", help="the journal of every tuning turn whose name holds TEXT")
    parser.add_argument("--reveal-scored", action="store_true", help="--list and --show for the scored half too")
    parser.add_argument("--wire", action="store_true", help="through real calls: --items of each part, one half")
    parser.add_argument("--items", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1, help="processes that compute what isn't known yet")
    args = parser.parse_args(argv)
    began = time.monotonic()
    halves = [half for half in Half if args.half in (half.value, "both")]
    parts = [part for part in ("turns", "overlaps") if args.part in (part, "both")]
    figures: dict[str, Any] = {"benchmark": "turns", "version": VERSION}
    for half in halves:
        detail = half is Half.TUNING or args.reveal_scored
        if args.show:
            if detail:
                _show(half, args.show)
            continue
        if args.wire:
            figures[half.value] = asyncio.run(_on_the_wire(half, parts, args.items, args.list and detail))
            continue
        _prepare(half, parts, args.jobs)
        figures[half.value] = _measure(half, parts, args.list and detail)
    load = os.getloadavg()[0]
    print(f"\n{time.monotonic() - began:.0f} s, load average {load:.1f}")
    print(json.dumps(figures))
    return 0


def _measure(half: Half, parts: list[str], listed: bool) -> dict[str, Any]:
    models = Models()
    figures: dict[str, Any] = {}
    if "turns" in parts:
        policies = turn_report.run(turns(half), models)
        figures["turns"] = turn_report.table(half, policies)
        if listed:
            turn_report.items(policies[0])
    if "overlaps" in parts:
        found = overlap_report.run(overlaps(half), models)
        figures["overlaps"] = overlap_report.table(half, found)
        if listed:
            overlap_report.items(found)
    return figures


async def _on_the_wire(half: Half, parts: list[str], count: int, listed: bool) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    if "turns" in parts:
        policy = turn_report.Policy("ours, on the wire", await wire.turns_on_the_wire(_sample(turns(half), count)))
        figures["turns"] = turn_report.table(half, [policy])
        if listed:
            turn_report.items(policy)
    if "overlaps" in parts:
        found = {"ours": await wire.overlaps_on_the_wire(_sample(overlaps(half), count))}
        figures["overlaps"] = overlap_report.table(half, found)
        if listed:
            overlap_report.items(found)
    return figures


def _sample(items: Sequence[Item], count: int) -> list[Item]:
    """About `count` of them, evenly: the corpus is in the order of its kinds."""
    return list(items[:: max(1, len(items) // max(1, count))][:count])


def _prepare(half: Half, parts: list[str], jobs: int) -> None:
    """Compute what the models say about every item of a half that isn't in the cache, with `jobs` processes."""
    if jobs < 2:
        return
    turns(half)  # what the voices say is rendered once, not by every process
    with ProcessPoolExecutor(jobs) as pool:
        list(pool.map(_learn, [(half, parts, number, jobs) for number in range(jobs)]))


def _learn(part: tuple[Half, list[str], int, int]) -> None:
    half, parts, number, jobs = part
    models = Models()
    if "turns" in parts:
        for turn in turns(half)[number::jobs]:
            pipecat_spans(models, turn)
            for bias in BIASES:  # the more patient hear more of the turn
                with biased(bias):
                    ours(models, turn)
    if "overlaps" in parts:
        overlap_report.run(overlaps(half)[number::jobs], models)


def _show(half: Half, text: str) -> None:
    """What happened in the items whose name holds `text`."""
    models = Models()
    for turn in turns(half):
        if text in turn.name:
            at, journal = ours(models, turn)
            print(f"\n{turn.name} [{turn.kind}; {turn.line}] begins {turn.begins / RATE:.2f}, ends {turn.ends_s:.2f}")
            print(f"  pauses {[(a / RATE, b / RATE) for a, b in turn.pauses]}; committed at {at}")
            _print(journal)
    for overlap in overlaps(half):
        if text in overlap.name:
            heard = talked_over(overlap, models)
            print(f"\n{overlap.name} [{overlap.kind}; {overlap.line}; echo {overlap.echo}]")
            print(f"  sounds from {overlap.onset / RATE:.2f} to {overlap.ends / RATE:.2f}; {heard}")
            _print(heard.journal)


def _print(journal: Journal) -> None:
    for event, actions in journal.lines:
        print(f"  {event.at:7.3f} {event} -> {', '.join(map(str, actions))}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
