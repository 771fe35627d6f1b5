"""`offhook replay JOURNAL`: does today's turn manager do what it did in that call?

With `--rerecord` the journal is written anew as it is today, and what changed is printed: after a deliberate change
of policy that is how the calls in `tests/calls` follow it.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from pathlib import Path

from brain import journal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`offhook replay`'s options."""
    parser.add_argument(
        "journals", type=Path, nargs="+", metavar="JOURNAL", help="a call's journal.jsonl, or its folder"
    )
    parser.add_argument(
        "--rerecord", action="store_true", help="write the journals anew, under today's policy, and print what changed"
    )


def run(args: argparse.Namespace) -> int:
    """0 when every action is the same, 1 when some differ (printed), 2 when a journal can't be read."""
    return max((_rerecord if args.rerecord else _replay)(path) for path in args.journals)


def _rerecord(path: Path) -> int:
    path = _file(path)
    try:
        before = path.read_text(encoding="utf-8").splitlines()
        after = journal.rerun(before)
        if after != before:
            path.write_text("\n".join(after) + "\n", encoding="utf-8")
    except (OSError, journal.JournalError) as error:
        print(f"offhook: {path}: {error}", file=sys.stderr)
        return 2
    was, now = ([journal.told(line) for line in lines[1:]] for lines in (before, after))
    for line in difflib.unified_diff(was, now, f"{path} as it was", f"{path} as it is now", n=1, lineterm=""):
        print(line)
    print(f"{path}: {'written anew' if after != before else 'nothing changed'}")
    return 0


def _file(path: Path) -> Path:
    return path / "journal.jsonl" if path.is_dir() else path


def _replay(path: Path) -> int:
    path = _file(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        differences = journal.replay(lines)
        events = [event for _, event, _ in journal.read(lines)]
    except (OSError, journal.JournalError) as error:
        print(f"offhook: {path}: {error}", file=sys.stderr)
        return 2
    for item in differences:
        print(f"{path}:{item.line}: {item.event}")
        print(f"  recorded {json.dumps(item.recorded, ensure_ascii=False)}")
        print(f"  replayed {json.dumps(item.replayed, ensure_ascii=False)}")
    outcome = f"{len(differences)} answered differently" if differences else "the same actions"
    private = [event for event in events if isinstance(event, journal.Redacted)]
    print(f"{path}: {len(events) - len(private)} events, {outcome}")
    for stretch in private:
        print(f"  redacted from {stretch.since:.2f} s to {stretch.until:.2f} s: {stretch.events} events, not compared")
    return 1 if differences else 0
