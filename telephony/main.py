"""The command `offhook`. A subcommand's module is imported only when it is used: `serve` needs no caller."""

from __future__ import annotations

import argparse
import os
import select
import sys
from importlib import import_module

COMMANDS = {
    "serve": ("telephony.serve", "answer calls"),
    "call": ("telephony.caller.cli", "call a bot, speak to it, and measure it from RTP"),
    "plan": ("dialplans.cli", "check dialplans, print their JSON schema"),
    "replay": ("telephony.replay", "replay a call's journal and compare the turn manager's actions"),
    "timeline": ("telephony.timeline", "draw a call: voices, words, interruptions, waterfalls"),
    "trace": ("telephony.trace", "print a call's SIP ladder, SDP and RTP, masked"),
    "doctor": ("telephony.doctor", "check ports, registration, codecs, audio both ways, clock and models"),
}
"""Each module has `add_arguments(parser)` and `run(args) -> exit status`."""


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand. Returns its exit status: 0 done, 1 it found something wrong, 2 wrong usage."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="offhook", description="The open-source voice bot that answers calls.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if argv[:1] == [name]:
            loaded = import_module(module)
            loaded.add_arguments(command)
            command.set_defaults(run=loaded.run)
    args = parser.parse_args(argv)
    try:
        status: int = args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        if not _nobody_reads():
            raise
        # They have read enough (`| head`). What is still to be written goes nowhere, at the interpreter's end too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    return status


def _nobody_reads() -> bool:
    """Whether what we print goes into a pipe that was closed at its other end."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


if __name__ == "__main__":
    sys.exit(main())
