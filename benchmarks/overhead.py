"""Our own overhead, on the wire: python -m benchmarks.overhead [--calls 1 10 20 40]

Real SIP and RTP, the real voice detector, turn manager and playout; the recogniser and the voice are scripted and
take no time. The worker is pinned to one core, callers and the rest of the machine have the others.

  turn          last audible sample of the caller to the first of the bot, less what the end-of-turn policy waited
                (`wait_s` of the journal, in which the detector's own 120 ms lie) and the jitter buffer held back
                (`buffer_ms` of the record): all that is left is ours
  key           a key's first packet (RFC 4733) to the bot's next audible sample
  interruption  the caller's first audible sample to the bot's last

Callers of our own measure, from the kernel's stamps; SIPp's play recorded human speech to the same plan beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import wave
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.bare_worker import bare_worker
from benchmarks.bot import Bot
from benchmarks.full_media import CYCLE_S, RATE_HZ, SCENARIO, caller, speech
from benchmarks.human_clips import two_cities
from benchmarks.rtp_pcap import write_pcap
from benchmarks.sipp_load import Load, SippMissing, drive
from media.frame import Pcm
from telephony.caller.call import Caller
from telephony.caller.media_clock import MediaClock
from telephony.caller.options import CallOptions
from telephony.caller.report import report_of

OWN = 5
TURNS, KEYS, INTERRUPTIONS = 8, 6, 4
SAID_S = 1.6
LINE = "please call me back today."
"""What is heard of everything: five words, one every 300 ms of audio."""
SHORT = "x" * 10
"""The scripted voice hums 60 ms a letter."""
LONG = "long.wav"
"""What is interrupted is human speech, since an echo canceller learns nothing from a hum, and other speech than the
callers': it would take that for an echo."""
LONG_S = 20.0
PLANS = {
    "ask": f"ask: [{{gather: {{slot: wish, type: text, prompt: {SHORT}, silence_s: 20}}}}, {{goto: ask}}]",
    "keys": f"ask: [{{gather: {{slot: key, type: digits, max_digits: 1, by: keys, prompt: {SHORT}, "
    "silence_s: 20}}, {goto: ask}]",
    "long": f"ask: [{{play: {LONG}}}, {{gather: {{slot: wish, type: text, prompt: {SHORT}, silence_s: 20}}}}, "
    "{goto: ask}]",
}
PAUSE_S = 1.0
AFTER_MS = (2000.0, 3500.0)
"""After the bot's onset a caller interrupts at a time drawn from here."""


@dataclass(slots=True)
class Samples:
    """Milliseconds of everything measured."""

    turn: list[float] = field(default_factory=list)
    key: list[float] = field(default_factory=list)
    interruption: list[float] = field(default_factory=list)
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """One level. Each pair is p50 and p95 in ms, `counts` how many samples stand behind them."""

    calls: int
    turn: tuple[float, float]
    key: tuple[float, float]
    interruption: tuple[float, float]
    counts: tuple[int, int, int]
    lost: int
    load_average: float
    complaints: str = ""


def sentences() -> list[Pcm]:
    """Stretches of human speech that begin and end loudly, so that where they end isn't in doubt."""
    said, size = speech(), int(SAID_S * RATE_HZ) // 160 * 160
    frames = np.sqrt((said[: said.size // 160 * 160].reshape(-1, 160).astype(np.float64) ** 2).mean(axis=1))
    loud = frames > 0.5 * np.percentile(frames, 90)
    count = size // 160
    starts = [i for i in range(loud.size - count) if loud[i : i + 3].all() and loud[i + count - 3 : i + count].all()]
    chosen = starts[:: max(1, len(starts) // 16)][:16]
    return [said[start * 160 : start * 160 + size] for start in chosen]


def plans(folder: Path) -> Path:
    """The three plans."""
    with wave.open(str(folder / LONG), "wb") as recording:
        recording.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        recording.writeframes(two_cities().telephone()[: int(LONG_S * RATE_HZ)].tobytes())
    for name, steps in PLANS.items():
        (folder / f"{name}.yaml").write_text(f"name: {name}\nsteps:\n  {steps}\n")
    return folder


async def take_turns(bot: Bot, clock: MediaClock, said: list[Pcm], seed: int, samples: Samples) -> None:
    """A call in which the bot answers; less the waits that its journal holds."""
    async with Caller(bot.uri("ask"), CallOptions(local="127.0.0.1", seed=seed), clock) as call:
        await call.dial()
        await call.wait_for_bot_silence(PAUSE_S * 1000)
        for number in range(TURNS):
            await call.say(said[(seed + number) % len(said)])
            await call.wait_for_bot_silence(PAUSE_S * 1000)
        await call.hangup()
    buffer_ms, waits = await committed(bot, call.core.call_id)
    turns = report_of(call).turns
    if len(waits) != len(turns):
        samples.lost += len(turns)
        return
    for turn, wait_s in zip(turns, waits, strict=True):
        if turn.ear_to_mouth_ms is None or turn.cut_in:
            samples.lost += 1
        else:
            samples.turn.append(turn.ear_to_mouth_ms - 1000 * wait_s - buffer_ms)


async def committed(bot: Bot, call_id: str) -> tuple[float, list[float]]:
    """What the jitter buffer of a finished call held back in ms, and what the policy waited in each turn in s."""
    async with asyncio.timeout(10):
        while call_id not in (records := bot.records()):
            await asyncio.sleep(0.1)
    record = records[call_id]
    journal = (bot.data / "calls" / record["call"] / "journal.jsonl").read_text().splitlines()
    actions = [action for line in journal[1:] for action in json.loads(line).get("actions", ())]
    waits = [float(action["why"]["wait_s"]) for action in actions if action["action"] == "Commit"]
    return float(record["quality"]["buffer_ms"]), waits


async def press_keys(bot: Bot, clock: MediaClock, seed: int, samples: Samples) -> None:
    """A call in which the bot answers keys."""
    async with Caller(bot.uri("keys"), CallOptions(local="127.0.0.1", seed=seed), clock) as call:
        await call.dial()
        await call.wait_for_bot_silence(PAUSE_S * 1000)
        for number in range(KEYS):
            await call.press(str(number))
            pressed_ns = call.mark_ns
            onset = await call.wait_for_bot_onset()
            samples.key.append((onset.at_ns - pressed_ns) / 1e6)
            await call.wait_for_bot_silence(PAUSE_S * 1000)


async def interrupt(bot: Bot, clock: MediaClock, said: list[Pcm], seed: int, samples: Samples) -> None:
    """A call in which the bot is interrupted."""
    rng = np.random.default_rng(seed)
    async with Caller(bot.uri("long"), CallOptions(local="127.0.0.1", seed=seed), clock) as call:
        await call.dial()
        for number in range(INTERRUPTIONS):
            await call.say_over(said[(seed + number) % len(said)], float(rng.uniform(*AFTER_MS)))
            await call.pause(1.0)
    stops = report_of(call).interruptions
    samples.lost += INTERRUPTIONS - len(stops)
    samples.interruption.extend(stop.stop_ms for stop in stops)


async def level(calls: int) -> Figures:
    """`calls` at once. Raises SippMissing, RuntimeError."""
    own = min(OWN, calls)
    samples, said = Samples(), sentences()
    hold_s = 75.0
    with tempfile.TemporaryDirectory(prefix="offhook-overhead-") as name, MediaClock() as clock:
        folder = Path(name)
        config = {
            "sip": {"lines": calls + 10, "rtp_ports": "20000-21999"},
            "plans": {"default": "ask", "folder": str(plans(folder))},
        }
        async with bare_worker(config, script=[LINE] * calls * 80) as bot:
            pin(bot.pid)
            driving = None
            if calls > own:
                write_pcap(folder / "speech.pcap", caller(hold_s + 15))
                load = Load(calls - own, a_second=max(1, round((calls - own) / CYCLE_S)), hold_s=hold_s)
                driving = asyncio.create_task(drive(bot, load, SCENARIO, "ask", folder / "speech.pcap"))
                await asyncio.sleep(load.ramp_s)
                pin(bot.pid)
            # A seed also makes tags and Call-ID, so no two calls may share one.
            await asyncio.gather(*(take_turns(bot, clock, said, n, samples) for n in range(own)))
            await asyncio.gather(*(press_keys(bot, clock, OWN + n, samples) for n in range(own)))
            await asyncio.gather(*(interrupt(bot, clock, said, 2 * OWN + n, samples) for n in range(own)))
            average = os.getloadavg()[0]
            complaints = await driving if driving is not None else ""
    kinds = (samples.turn, samples.key, samples.interruption)
    p = [_percentiles(values) for values in kinds]
    return Figures(calls, p[0], p[1], p[2], tuple(map(len, kinds)), samples.lost, round(average, 1), complaints)  # type: ignore[arg-type]


def pin(pid: int) -> None:
    """All threads of a process on one core, where there are others for the rest."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {cores[-1]})


def _percentiles(values: list[float]) -> tuple[float, float]:
    if not values:
        return float("nan"), float("nan")
    p50, p95 = np.percentile(values, [50, 95])
    return round(float(p50), 1), round(float(p95), 1)


def table(rows: list[Figures]) -> str:
    """The figures for people."""
    lines = [
        f"{'calls':>6}{'turn p50/p95 ms':>20}{'key p50/p95 ms':>20}{'interruption p50/p95 ms':>26}{'samples':>14}"
        f"{'lost':>6}{'load':>6}"
    ]
    for row in rows:
        pairs = [f"{a:.0f} / {b:.0f}" for a, b in (row.turn, row.key, row.interruption)]
        counts = "+".join(map(str, row.counts))
        lines.append(
            f"{row.calls:6}{pairs[0]:>20}{pairs[1]:>20}{pairs[2]:>26}{counts:>14}{row.lost:6}{row.load_average:6.1f}"
        )
        if row.complaints:
            lines.append(row.complaints)
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.overhead", description=__doc__)
    parser.add_argument("--calls", type=int, nargs="*", default=[1, 10, 20, 40])
    rows = []
    for calls in parser.parse_args(argv).calls:
        try:
            rows.append(asyncio.run(level(calls)))
        except (SippMissing, RuntimeError, FileNotFoundError) as error:
            print(error, file=sys.stderr)
            return 2
        print(table(rows[-1:]), flush=True)
    print(table(rows))
    print(json.dumps({"benchmark": "overhead", "levels": [asdict(row) for row in rows]}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
