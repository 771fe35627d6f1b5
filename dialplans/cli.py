"""`offhook plan`: check plan files, print the JSON schema."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from dialplans.plan import load_plan
from dialplans.schema import json_schema
from dialplans.yaml_source import SourceError

WRONG = 2


def check(paths: Iterable[str | Path]) -> int:
    """Check each file; every problem is a line on stderr. Returns 0 where all are right, else 2."""
    status = 0
    for path in map(Path, paths):
        try:
            plan = load_plan(path)
        except SourceError as error:
            print(error, file=sys.stderr)
            status = WRONG
        else:
            count = len(plan.spec.steps)
            print(f"{path}: ok ({plan.name}, {count} step{'s' if count > 1 else ''})")
    return status


def schema() -> str:
    """The JSON schema of plans."""
    return json_schema()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`offhook plan`'s subcommands."""
    commands = parser.add_subparsers(dest="plan_command", required=True, metavar="COMMAND")
    checking = commands.add_parser("check", help="check plan files; errors give file and line")
    checking.add_argument("files", nargs="+", metavar="FILE")
    commands.add_parser("schema", help="print the JSON schema of plans")


def run(args: argparse.Namespace) -> int:
    """Returns 0, or 2 where a plan is wrong."""
    if args.plan_command == "check":
        return check(args.files)
    print(schema())
    return 0
