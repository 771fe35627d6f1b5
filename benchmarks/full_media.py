"""Full media: many conversations in one worker, every stage on, fake engines: python -m benchmarks.full_media

SIPp's callers play recorded human speech into a plan that asks, listens and asks again, and now and then say
"mm-hm" over it. The recogniser and the voice are scripted, behind the real gRPC server. What it prints beside
the cost is how much of the time bot, caller and both were heard, from the recordings.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bare_worker import bare_worker, memory, spent
from benchmarks.human_clips import read_wav
from benchmarks.media_calls import RTP_PORTS, finished
from benchmarks.rtp_pcap import write_pcap
from benchmarks.sipp_load import Load, SippMissing, drive
from brain.resampling import resample
from media.frame import Pcm
from media.sound import read_stereo

SCENARIO = Path(__file__).parent / "full_media.xml"
RECORDINGS = Path("/usr/share/pocketsphinx/test/data/librivox")
RATE_HZ = 8000
CYCLE_S, TALK_S, BACKCHANNEL_S = 10.0, 3.5, 0.9
TALK_AT_S, BACKCHANNEL_AT_S = 5.0, 1.2
"""In each cycle; the backchannel in every third, when the bot is speaking."""
PROMPT = "x" * 61
"""The scripted voice hums 60 ms a letter: 3.7 s."""
LINE = "okay okay okay I would like to come in."
"""What the scripted recogniser hears, a word every 300 ms: of a short sound a backchannel, of a long one a turn."""
SETTLE_S = 5.0
TURNS = 20
"""More than a call has."""
AUDIBLE_DBFS = -42.0
ALWAYS_ON_SHARE = 0.3
"""Of the calls: with all of them such a worker has no core for the rest."""
ALWAYS_ON = "everything always on"


@dataclass(frozen=True, slots=True)
class Figures:
    """One run. CPU in percent of a core for each call; shares in percent of the time."""

    mode: str
    calls: int
    failed: int
    rate_hz: int
    cpu_a_call: float
    cpu_loop: float
    cpu_native: float
    calls_a_core: int
    bot: float
    caller: float
    both: float
    turns_a_call: float
    loop_late_ms: dict[str, float]
    rss_mb: int
    load_average: float
    complaints: str = ""


def speech() -> Pcm:
    """Human speech without long pauses, at 8 kHz and about -20 dBFS."""
    pieces = []
    for path in sorted(RECORDINGS.glob("*.wav")):
        audio, rate = read_wav(path)
        telephone = resample(audio, rate, RATE_HZ)
        frames = telephone[: telephone.size // 160 * 160].reshape(-1, 160)
        loud = np.sqrt((frames**2).mean(axis=1))
        pieces.append(frames[loud > 0.1 * loud.max()].reshape(-1))
    if not pieces:
        raise FileNotFoundError(f"no recordings in {RECORDINGS}: apt install pocketsphinx-testdata")
    whole = np.concatenate(pieces)
    return np.clip(whole / np.sqrt((whole**2).mean()) * 3277, -32768, 32767).astype(np.int16)


def caller(seconds: float) -> Pcm:
    """A caller's side: turns of human speech, pauses, backchannels, over line noise of -60 dBFS."""
    rng = np.random.default_rng(3)
    said = speech()
    pcm = np.rint(rng.standard_normal(int(seconds * RATE_HZ)) * 33).astype(np.int16)
    at = 0
    for cycle in range(int(seconds / CYCLE_S)):
        spans = ([(BACKCHANNEL_AT_S, BACKCHANNEL_S)] if cycle % 3 == 2 else []) + [(TALK_AT_S, TALK_S)]
        for start, length in spans:
            first, count = int((cycle * CYCLE_S + start) * RATE_HZ), int(length * RATE_HZ)
            piece = np.take(said, range(at, at + count), mode="wrap")
            pcm[first : first + count] += piece[: pcm[first : first + count].size]
            at += count
    return pcm


def plan(folder: Path) -> Path:
    """A plan that asks and listens for ever."""
    text = f"""
name: talk
steps:
  ask:
    - gather: {{slot: wish, type: text, prompt: {PROMPT}, silence_s: 20}}
    - goto: ask
"""
    (folder / "talk.yaml").write_text(text)
    return folder


async def measure(mode: str, calls: int, seconds: float, config: dict[str, Any]) -> Figures:
    """One run. Raises SippMissing, RuntimeError, FileNotFoundError."""
    # Calls begin over one cycle, so that they aren't all in the same part of it.
    load = Load(calls, a_second=max(1, round(calls / CYCLE_S)), hold_s=CYCLE_S + 2 * SETTLE_S + seconds)
    with tempfile.TemporaryDirectory(prefix="offhook-full-") as name:
        folder = Path(name)
        write_pcap(folder / "speech.pcap", caller(load.hold_s + 5))
        rows = {
            "sip": {"lines": calls + 10, "rtp_ports": RTP_PORTS, **config.get("sip", {})},
            "plans": {"default": "talk", "folder": str(plan(folder))},
            **{key: value for key, value in config.items() if key != "sip"},
        }
        module = "benchmarks.always_on_worker" if mode == ALWAYS_ON else "telephony.worker"
        async with bare_worker(rows, script=[LINE] * calls * TURNS, module=module) as bot:
            driving = asyncio.create_task(drive(bot, load, SCENARIO, "talk", folder / "speech.pcap"))
            await asyncio.sleep(load.ramp_s + SETTLE_S)
            before, began = spent(bot.pid), time.monotonic()
            await asyncio.sleep(seconds)
            used, took = spent(bot.pid).since(before), time.monotonic() - began
            room = memory(bot.pid)
            complaints = await driving
            records = await finished(bot, calls)
            shares = heard(bot.data.glob("calls/*/recording.wav"))
    share = 100 / took / calls
    total = (used.loop_s + used.others_s) * share
    return Figures(
        mode=mode,
        calls=calls,
        failed=calls - sum(1 for r in records if r["end"]["by"] == "caller" and len(r["turns"]) >= 2),
        rate_hz=rows["sip"].get("rate_hz", RATE_HZ),
        cpu_a_call=round(total, 3),
        cpu_loop=round(used.loop_s * share, 3),
        cpu_native=round(used.others_s * share, 3),
        calls_a_core=int(100 / total),
        **{who: round(100 * value, 1) for who, value in zip(("bot", "caller", "both"), shares, strict=True)},
        turns_a_call=round(sum(len(r["turns"]) for r in records) / max(1, len(records)), 1),
        loop_late_ms=max((r["loop_late_ms"] for r in records), key=lambda late: late["max"], default={}),
        rss_mb=room["rss_mb"],
        load_average=round(os.getloadavg()[0], 1),
        complaints=complaints,
    )


def heard(recordings: Iterable[Path]) -> tuple[float, float, float]:
    """The shares of time in which bot, caller and both are audible."""
    bot = callers = both = frames = 0
    for path in recordings:
        left, right, rate = read_stereo(path)
        size = rate // 50
        levels = []
        for side in (left, right):
            folded = side[: side.size // size * size].reshape(-1, size).astype(np.float64) / 32768
            levels.append((folded**2).mean(axis=1) > 10 ** (AUDIBLE_DBFS / 10))
        callers += int(levels[0].sum())
        bot += int(levels[1].sum())
        both += int((levels[0] & levels[1]).sum())
        frames += levels[0].size
    return bot / max(1, frames), callers / max(1, frames), both / max(1, frames)


def table(rows: list[Figures]) -> str:
    """The figures for people."""
    lines = [
        f"{'':22}{'calls':>6}{'failed':>7}{'CPU a call':>11}{'loop':>8}{'native':>8}{'a core':>8}"
        f"{'bot':>7}{'caller':>8}{'both':>7}{'turns':>7}{'loop late p50/p99/max':>24}{'RSS MB':>8}{'load':>6}"
    ]
    for row in rows:
        late = "/".join(f"{row.loop_late_ms.get(name, 0):.1f}" for name in ("p50", "p99", "max"))
        lines.append(
            f"{row.mode:22}{row.calls:6}{row.failed:7}{row.cpu_a_call:10.3f}%{row.cpu_loop:7.3f}%{row.cpu_native:7.3f}%"
            f"{row.calls_a_core:8}{row.bot:6.1f}%{row.caller:7.1f}%{row.both:6.1f}%{row.turns_a_call:7.1f}{late:>24}"
            f"{row.rss_mb:8}{row.load_average:6.1f}"
        )
        if row.complaints:
            lines.append(row.complaints)
    return "\n".join(lines)


MODES: dict[str, dict[str, Any]] = {
    "as configured": {},
    ALWAYS_ON: {},
    "wideband (16 kHz)": {"sip": {"rate_hz": 16000}},
}


def main(argv: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.full_media", description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to measure")
    parser.add_argument("--mode", choices=MODES, nargs="*", default=list(MODES))
    given = parser.parse_args(argv)
    rows = []
    for mode in given.mode:
        try:
            calls = round(given.calls * (ALWAYS_ON_SHARE if mode == ALWAYS_ON else 1))
            rows.append(asyncio.run(measure(mode, calls, given.seconds, MODES[mode])))
        except (SippMissing, RuntimeError, FileNotFoundError) as error:
            print(error, file=sys.stderr)
            return 2
        print(table(rows[-1:]), flush=True)
    print(table(rows))
    print(json.dumps({"benchmark": "full_media", "runs": [asdict(row) for row in rows]}))
    return 0 if all(row.failed == 0 for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
