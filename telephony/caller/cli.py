"""`offhook call URI SCRIPT`: options, what is printed, and the exit status."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line must start fast: the caller itself is loaded in `run`
    from telephony.caller.bad_line import LinePair
    from telephony.caller.options import CallOptions
    from telephony.caller.report import Report

EXIT_USAGE = 2
_SCRIPTS = Path(__file__).parent / "scripts"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `offhook call`."""
    parser.description = (
        "Call a bot, perform a script, and measure the bot from its RTP. Exit status: 0 the script was "
        "fulfilled, 1 something in it failed, 2 bad usage, a bad script, or nobody there."
    )
    parser.add_argument("uri", help="whom to call, as sip:reception@127.0.0.1:5060")
    shipped = ", ".join(sorted(path.stem for path in _SCRIPTS.glob("*.yaml")))
    parser.add_argument("script", help=f"a script file, or the name of a shipped one: {shipped}")
    parser.add_argument("--record", metavar="DIR", help="write the recording and the report there")
    parser.add_argument("--json", action="store_true", help="print the whole report as one line of JSON")
    parser.add_argument("--transcribe", action="store_true",
                        help="read what the bot said with Whisper, and check the script's expectations")
    parser.add_argument("--transcribe-model", default="base", metavar="MODEL",
                        help="base, tiny.en, or a folder (default: base)")
    parser.add_argument("--local", metavar="ADDR", help="the address to call from")
    parser.add_argument("--transport", choices=("udp", "tcp"), help="default: the URI's, else udp")
    parser.add_argument("--codec", default="pcmu,pcma", metavar="LIST",
                        help="codecs to offer, in order: pcmu, pcma, g722, opus (default: pcmu,pcma)")
    parser.add_argument("--ptime", type=int, default=20, metavar="MS", help="packet time (default: 20)")
    parser.add_argument("--from", dest="caller", default="sip:caller@localhost", metavar="URI",
                        help="who calls, as sip:+15550100@example.org")
    parser.add_argument("--header", action="append", default=[], metavar="K:V",
                        help="one more header of the INVITE; may be repeated")
    parser.add_argument("--user", help="user of digest authentication")
    parser.add_argument("--password", help="password of digest authentication")
    parser.add_argument("--delayed-offer", action="store_true", help="send the INVITE without SDP")
    parser.add_argument("--prack", choices=("no", "supported", "required"), default="supported",
                        help="reliable provisional responses (RFC 3262; default: supported)")
    parser.add_argument("--session-expires", type=int, metavar="S", help="ask for session timers (RFC 4028)")
    parser.add_argument("--on-refer", choices=("accept", "fail", "decline"), default="accept",
                        help="what to do when the bot transfers us (default: accept)")
    parser.add_argument("--max-seconds", type=float, default=600.0, metavar="S",
                        help="end the call after this long (default: 600)")
    parser.add_argument("--hang-up-after", type=float, metavar="S",
                        help="hang up so long after the INVITE, wherever the script is")  # fmt: skip
    line = parser.add_argument_group(
        "a bad line", "What becomes of RTP on its way, both ways, or SENT/RECEIVED as seen from us (5%%/0)."
    )
    for name, about in _LINE.items():
        line.add_argument(f"--{name.replace('_', '-')}", metavar="X[/Y]", help=about)
    parser.add_argument("--echo", metavar="MS/DB",
                        help="a speakerphone: what is heard comes back so much later and weaker, as 120/12")
    parser.add_argument("--seed", type=int, metavar="N", help="what is drawn by lot: the line's packets, noise, tags")


_LINE = {
    "loss": "share of packets that are lost, as 3%% or 0.03",
    "burst": "how much longer runs of lost packets are than those of random loss (default: 1)",
    "delay_ms": "delay of every packet",
    "jitter_ms": "mean of the random delay on top of it; a packet doesn't overtake another",
    "reorder": "share of packets that the next one overtakes",
    "duplicate": "share of packets that come twice",
    "drift_ppm": "how much slower the sender's clock seems",
}


def run(args: argparse.Namespace) -> int:
    """Make the call. Prints to stdout; what is wrong goes to stderr, in one line."""
    import asyncio
    import sys
    from dataclasses import replace

    from telephony.caller.diary import Unreachable
    from telephony.caller.report import record
    from telephony.caller.runner import place_and_keep
    from telephony.caller.script_file import ScriptError, load
    from telephony.caller.transcribe import Whisper
    from telephony.caller.voice import SoundError

    try:
        options = _options(args)
        script = load(_script_path(args.script))
        options = replace(options, line=_line(args, script.line))
        transcriber = Whisper(args.transcribe_model) if args.transcribe else None
        report, caller = asyncio.run(
            place_and_keep(args.uri, script, options, transcriber=transcriber)
        )
        files = record(caller, report, Path(args.record)) if args.record else ()
    except (ScriptError, SoundError, Unreachable, ValueError, OSError) as error:
        print(f"offhook call: {error}", file=sys.stderr)
        return EXIT_USAGE
    print(report.to_json() if args.json else summary(report), flush=True)
    for path in files:
        print(f"written: {path}", file=sys.stderr)
    return report.exit_status


def _script_path(name: str) -> Path:
    shipped = _SCRIPTS / f"{name}.yaml"
    return shipped if shipped.is_file() and not Path(name).exists() else Path(name)


def _options(args: argparse.Namespace) -> CallOptions:
    """The options as values. Raises ValueError."""
    from telephony.caller.codecs import codecs_named
    from telephony.caller.digest import Credentials
    from telephony.caller.in_dialog import Manners
    from telephony.caller.options import CallOptions
    from telephony.caller.speakerphone import echo_named

    headers = []
    for text in args.header:
        name, colon, value = text.partition(":")
        if not colon or not name.strip() or any(char in text for char in "\r\n"):
            raise ValueError(f"--header wants NAME:VALUE, not {text!r}")
        headers.append((name.strip(), value.strip()))
    if (args.user is None) != (args.password is None):
        raise ValueError("--user and --password go together")
    return CallOptions(
        local=args.local,
        transport=args.transport,
        codecs=codecs_named(args.codec),
        caller=args.caller,
        headers=tuple(headers),
        credentials=Credentials(args.user, args.password) if args.user is not None else None,
        ptime_ms=args.ptime,
        delayed_offer=args.delayed_offer,
        prack=args.prack,
        manners=Manners(on_refer=args.on_refer, session_expires_s=args.session_expires),
        max_s=args.max_seconds,
        hang_up_after_s=args.hang_up_after,
        seed=args.seed,
        echo=None if args.echo is None else echo_named(args.echo),
    )


def _line(args: argparse.Namespace, line: LinePair | None) -> LinePair | None:
    """The script's line with the options' settings in place of its own. Raises ValueError."""
    from dataclasses import replace

    from telephony.caller.bad_line import LinePair, setting

    sent: dict[str, float] = {}
    received: dict[str, float] = {}
    for name in _LINE:
        if (text := getattr(args, name)) is not None:
            there, slash, back = text.partition("/")
            sent[name] = setting(name, there)
            received[name] = setting(name, back if slash else there)
    if line is None and not sent:
        return None
    line = line or LinePair()
    seed = line.seed if args.seed is None else args.seed
    return LinePair(replace(line.sent, **sent), replace(line.received, **received), seed)


def summary(report: Report) -> str:
    """The report for a person."""
    lines = [f"call      {report.uri}: {report.outcome}"]
    if report.status >= 300:
        later = f", retry after {report.retry_after} s" if report.retry_after else ""
        lines.append(f"refused   {report.status} {report.reason}{later}")
    elif report.answered:
        lines.append(
            f"answered  after {report.answer_ms} ms, first RTP after {report.first_rtp_ms} ms; "
            f"{report.duration_ms / 1000:.1f} s, ended by {report.ended_by or 'nobody'}"
        )
    if report.media is not None:
        media, gaps = report.media, report.media.gaps
        spread = f"gaps {gaps.p50_ms} / {gaps.p99_ms} / {gaps.max_ms} ms (p50 / p99 / max)" if gaps else ""
        lines.append(
            f"bot RTP   {media.codec}, {media.packets} packets, {media.lost} lost, "
            f"jitter {media.jitter_ms} ms, {spread}"
        )
    for way, line in report.lines.items():
        lines.append(
            f"line      {way}: {line.lost} of {line.packets} packets lost in {line.loss_runs} runs, "
            f"{line.reordered} reordered, {line.duplicated} doubled"
        )
    for turn in report.turns:
        delay = "no reply" if turn.ear_to_mouth_ms is None else f"{turn.ear_to_mouth_ms:.0f} ms"
        cut = ", the bot cut in" if turn.cut_in else ""
        lines.append(f"turn      ear-to-mouth {delay}{cut}: {turn.label}")
    for stop in report.interruptions:
        rest = "" if stop.silent_ms is None else f", spoke again after {stop.silent_ms:.0f} ms"
        lines.append(f"interrupt stopped after {stop.stop_ms:.0f} ms{rest}: {stop.label}")
    lines += [f"heard     {heard.from_ms / 1000:7.2f} s  {heard.text}" for heard in report.transcript]
    for expectation in report.expectations:
        wanted = ", ".join(expectation.wanted)
        lines.append(f"expect    {expectation.outcome}: {wanted} (line {expectation.line})")
    if any(expectation.outcome == "unchecked" for expectation in report.expectations):
        lines.append("          expectations are checked with --transcribe")
    lines += [f"fault     {fault}" for fault in report.faults]
    return "\n".join(lines)
