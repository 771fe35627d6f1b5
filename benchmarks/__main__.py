"""All benchmarks, one after the other: python -m benchmarks [NAME ...]

Each is a module with its own options (`python -m benchmarks.NAME --help`) and runs as a process of its own, so
that none leaves memory or threads to the next. Run them on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

ABOUT = {
    "loop_stall": "event loop stall, and what of it is heard",
    "media": "cost of a frame: each stage alone, all of them together",
    "full_media": "100 conversations in one worker, every stage on",
    "overhead": "what we add to a turn, a key and an interruption, 1 to 40 calls on a core",
    "vad": "voice detector: delay, false starts, cost",
    "levels": "gain and noise suppression, and what the recogniser makes of it",
    "dtmf": "in-band keys: criteria, lost packets, talk-off, cost",
    "jitter_buffer": "pjmedia's jitter buffer on bad lines",
    "jitter": "the jitter buffer for other transports",
    "echo": "echo canceller: G.168, telephones, people over the bot, cost",
    "media_calls": "200 calls in one worker: prompt and key",
    "speech": "recognition, synthesis and end of turn by themselves",
    "spoken_answers": "dates, times, money, addresses and codes, as they are understood",
    "phrases": "words that the recogniser is told of",
    "llm": "the language model by itself",
    "turns": "who speaks when: turns and interruptions in virtual time",
    "ear_to_mouth": "the whole conversation, on the wire",
    "callers": "1 to 8 callers who talk at once, with the real models",
}


def main(argv: list[str]) -> int:
    """Run what was named, or everything. The exit code is 1 where one failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ABOUT))
    names = parser.parse_args(argv).names or list(ABOUT)
    if unknown := [name for name in names if name not in ABOUT]:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(ABOUT)}", file=sys.stderr)
        return 2
    failed = []
    for number, name in enumerate(names, 1):
        load = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        print(f"== {number}/{len(names)} {name}: {ABOUT[name]} ({load})", flush=True)
        began = time.monotonic()
        status = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"]).returncode
        print(f"== {name}: {'done' if status == 0 else f'exit code {status}'} in {time.monotonic() - began:.0f} s\n")
        if status:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
