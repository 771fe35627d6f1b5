"""Turn-taking, in virtual time and on the wire: python -m benchmarks.turns [--half tuning|scored|both] [--list]

Every turn and every overlap of a corpus goes through the real front end, the real models and the turn manager, and
beside it through the policies of others. The first run computes what the models say, with --jobs processes; later ones
take it from the cache and need a minute. Of the scored half only sums are printed: looking at its turns while tuning
would make them tuning's.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from benchmarks.turns import turn_report
from benchmarks.turns.items import Half
from benchmarks.turns.models import Models
from benchmarks.turns.policies import ours, pipecat_spans
from benchmarks.turns.turn_corpus import VERSION, turns


def main(argv: list[str]) -> int:
    """Measure, print tables, and one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.turns", description=__doc__)
    parser.add_argument("--half", choices=("tuning", "scored", "both"), default="both")
    parser.add_argument("--list", action="store_true", help="every turn of the tuning half, the worst first")
    parser.add_argument("--show", metavar="TEXT", help="the journal of every tuning turn whose name holds TEXT")
    parser.add_argument("--reveal-scored", action="store_true", help="--list and --show for the scored half too")
    parser.add_argument("--jobs", type=int, default=1, help="processes that compute what isn't known yet")
    args = parser.parse_args(argv)
    began = time.monotonic()
    halves = [half for half in Half if args.half in (half.value, "both")]
    figures: dict[str, Any] = {"benchmark": "turns", "version": VERSION}
    for half in halves:
        detail = half is Half.TUNING or args.reveal_scored
        if args.show:
            if detail:
                _show(half, args.show)
            continue
        _prepare(half, args.jobs)
        models = Models()
        policies = turn_report.run(turns(half), models)
        figures[half.value] = {"turns": turn_report.table(half, policies)}
        if args.list and detail:
            turn_report.items(policies[0])
    load = os.getloadavg()[0]
    print(f"\n{time.monotonic() - began:.0f} s, load average {load:.1f}")
    print(json.dumps(figures))
    return 0


def _prepare(half: Half, jobs: int) -> None:
    """Compute what the models say about every item of a half that isn't in the cache."""
    if jobs < 2:
        return
    with ProcessPoolExecutor(jobs) as pool:
        list(pool.map(_learn, [(half, number, jobs) for number in range(jobs)]))


def _learn(part: tuple[Half, int, int]) -> None:
    half, number, jobs = part
    models = Models()
    for turn in turns(half)[number::jobs]:
        ours(models, turn)
        pipecat_spans(models, turn)


def _show(half: Half, text: str) -> None:
    """What happened in the turns whose name holds `text`."""
    models = Models()
    for turn in turns(half):
        if text in turn.name:
            at, journal = ours(models, turn)
            print(f"\n{turn.name} [{turn.kind}; {turn.line}] begins {turn.begins / 8000:.2f}, ends {turn.ends_s:.2f}")
            print(f"  pauses {[(round(a / 8000, 2), round(b / 8000, 2)) for a, b in turn.pauses]}; committed at {at}")
            for event, actions in journal.lines:
                print(f"  {event.at:7.3f} {event} -> {', '.join(map(str, actions))}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
