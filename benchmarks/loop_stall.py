"""How busy the event loop is, and what of it is heard: python -m benchmarks.loop_stall [--calls N] [--seconds S]

A few calls of our own hear a long prompt of one worker, first undisturbed, then with pure Python and garbage on
its event loop in bursts. The native ring should keep the bot's RTP as it is: look at the gap, stamped by the
kernel, and at the frames that the clock missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict

from benchmarks.bare_worker import Burden
from benchmarks.media_calls import Figures, Mode, measure, table

MODES = (
    Mode("undisturbed", True),
    Mode("bursts 10 ms, 40 %", True, Burden(10, 0.4)),
    Mode("bursts 25 ms, 60 %", True, Burden(25, 0.6)),
)


def main(argv: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.loop_stall", description=__doc__)
    parser.add_argument("--calls", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args(argv)
    rows: list[Figures] = []
    for mode in MODES:
        rows.append(asyncio.run(measure(mode, given.calls, given.calls, given.seconds)))
    print(table(rows))
    print(json.dumps({"benchmark": "loop_stall", "runs": [asdict(row) for row in rows]}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
