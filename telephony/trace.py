"""`offhook trace CALL`: a call's SIP ladder, its SDP, and what its RTP was like both ways; people masked."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from telephony.masking import mask_message, mask_user

WIDTH = 44
"""Columns between the two life lines."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`offhook trace`'s options."""
    parser.add_argument("call", metavar="CALL", help="a call's folder, its id, or 'last'")
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="FOLDER", help="the data folder")
    parser.add_argument("--messages", action="store_true", help="print every message whole")


def find_call(data: Path, call: str) -> Path:
    """The folder of `call`: a path, an id in `data`, or "last". Raises FileNotFoundError."""
    if call == "last":
        folders = sorted(path for path in (data / "calls").glob("*") if path.is_dir())
        if not folders:
            raise FileNotFoundError(f"no calls in {data / 'calls'}")
        return folders[-1]
    for path in (data / "calls" / call, Path(call)):
        if path.is_dir():
            return path
    raise FileNotFoundError(f"no call {call} in {data / 'calls'}")


def run(args: argparse.Namespace) -> int:
    """0 when printed, 2 when there is no such call or its files can't be read."""
    try:
        folder = find_call(args.data, args.call)
        record_file, messages = folder / "record.json", folder / "sip.jsonl"
        if not record_file.exists():
            raise FileNotFoundError(f"{record_file}: no such file; the call isn't over, or isn't one")
        record = json.loads(record_file.read_text(encoding="utf-8"))
        kept = messages.read_text(encoding="utf-8") if messages.exists() else ""  # data.trace may be off
        rows = [json.loads(line) for line in kept.splitlines()]
    except (OSError, ValueError) as error:
        print(f"offhook: {error}", file=sys.stderr)
        return 2
    print("\n".join(report(rows, record, whole=args.messages)))
    return 0


def report(rows: Iterable[dict[str, Any]], record: dict[str, Any], whole: bool = False) -> list[str]:
    """The lines of a trace: the ladder, SDP where there is some, RTP from the record."""
    rows = list(rows)
    peer = rows[0]["peer"] if rows else record["peer"]
    known = (record["plan"],)
    caller, called = mask_user(record["caller"]), mask_user(record["called"], known)
    out = [
        f"call {record['call']}: {caller} -> {called}, plan {record['plan']}",
        "",
        f"{'':12}{peer:<{WIDTH}}offhook",
    ]
    start = rows[0]["at"] if rows else 0.0
    for row in rows:
        text = mask_message(row["text"], known)
        arrow = _arrow(summary(text), row["sent"])
        out.append(f"{row['at'] - start:9.3f} s |{arrow}|")
        if whole:
            out += [f"{'':12}{line}" for line in text.splitlines()]
        else:
            out += [f"{'':14}{line}" for line in _sdp(text)]
    return out + [""] + rtp_lines(record)


def summary(message: str) -> str:
    """A message in a few words: "INVITE", "200 OK (INVITE)"."""
    first, _, rest = message.partition("\r\n")
    if not first.startswith("SIP/2.0 "):
        return first.split(" ", 1)[0]
    method = ""
    for line in rest.splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "cseq":
            method = value.split()[-1] if value.split() else ""
            break
    return f"{first[8:]} ({method})"


def rtp_lines(record: dict[str, Any]) -> list[str]:
    """RTP both ways, as the record holds it."""
    quality = record["quality"]
    return [
        f"media: {record['codec']} {record['rate_hz']} Hz, {record['ptime_ms']} ms a packet",
        f"RTP in:  {quality['rx_packets']} packets, {quality['rx_lost']} lost (burst ratio {quality['rx_burst']:.1f}),"
        f" {quality['rx_late']} late, jitter {quality['rx_jitter_ms']:.1f} ms,"
        f" {quality['refused']} refused (another source); {_mos(quality['rx_mos'])}",
        f"buffer:  {quality['buffer_ms']:.0f} ms on average, {quality['concealed_ms']} ms concealed,"
        f" empty for {quality['starved_ms']} ms",
        f"RTP out: {quality['tx_packets']} packets, {quality['tx_lost']} lost, jitter {quality['tx_jitter_ms']:.1f} ms,"
        f" round trip {quality['round_trip_ms']:.0f} ms; {_mos(quality['tx_mos'])}",
        f"end: {record['end']['reason']} by {record['end']['by']} after {record['duration_s']:.1f} s",
    ]


def _mos(score: float | None) -> str:
    return "MOS not known" if score is None else f"MOS {score:.2f} (E-model)"


def _arrow(text: str, sent: bool) -> str:
    body = f" {text} "[: WIDTH - 4]
    line = body.center(WIDTH - 2, "-")
    return f"<{line}-" if sent else f"-{line}>"


def _sdp(message: str) -> list[str]:
    body = message.partition("\r\n\r\n")[2]
    if not body.startswith("v=0"):
        return []
    return [
        line
        for line in body.splitlines()
        if line.startswith(("c=", "m=", "a=rtpmap", "a=send", "a=recv", "a=inactive"))
    ]
