"""pjmedia's jitter buffer on bad lines, setting by setting: python -m benchmarks.jitter_buffer

Fifteen calls at a time send noise over emulated lines (telephony/caller/bad_line.py, seeded) to a user agent that
listens. Kept: the share of 20 ms blocks that were heard with every sample as it was sent; a block that was lost,
concealed, or cut by a buffer that grew or shrank isn't. Delay: the buffer's own mean. Polling: what it costs to read
the statistics of a call, which is done once a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from collections.abc import Mapping

import numpy as np

from media.frame import Pcm
from media.g711 import decode_ulaw, encode_ulaw
from telephony.caller.bad_line import LinePair, LineSettings
from telephony.caller.call import Caller
from telephony.caller.media_clock import MediaClock
from telephony.caller.options import CallOptions
from telephony.sip import SipTransport
from telephony.sip_stack import SipStack
from telephony.transport import JitterBuffer, Leg, LineQuality, SipSettings

SETTINGS: Mapping[str, JitterBuffer] = {
    "0, hold 500 (ours)": JitterBuffer(),
    "0, hold 200": JitterBuffer(0, 20, 160, 200),
    "40, 40 to 240, hold 500": JitterBuffer(40, 40, 240, 500),
    "40, 40 to 80, hold 200": JitterBuffer(40, 40, 80, 200),
}
LINES: Mapping[str, LineSettings] = {
    "clean": LineSettings(),
    "jitter 10 ms": LineSettings(jitter_ms=10),
    "jitter 30 ms": LineSettings(jitter_ms=30),
    "jitter 60 ms": LineSettings(jitter_ms=60),
    "loss 5 %, burst 2, jitter 10 ms": LineSettings(loss=0.05, burst=2, jitter_ms=10),
}
CALLS = 3
RATE = 8000


class Listener:
    """A user agent that answers and hears."""

    def __init__(self, jitter: JitterBuffer) -> None:
        self.transport = SipTransport(
            SipSettings(listen_port=0, rtp_port=24_000, rtp_port_range=2000, lines=32, jitter=jitter)
        )
        self.legs: dict[str, Leg] = {}
        self.heard: dict[int, list[Pcm]] = {}

    async def serve(self, tasks: asyncio.TaskGroup) -> None:
        async for leg in self.transport.calls():
            if hasattr(leg, "answer"):
                tasks.create_task(self._one(leg))

    async def _one(self, leg: Leg) -> None:
        self.legs[leg.info.sip_call_id] = leg
        self.heard[leg.line] = []
        await leg.answer()
        async for _ in leg.events():
            pass

    def tick(self) -> None:
        lines = self.transport.lines
        lines.drained()
        for line in lines.new():
            pcm, _ = lines.take(line)
            if line in self.heard:
                self.heard[line].append(pcm.copy())


def polling_us(stack: SipStack, rounds: int = 200) -> float:
    """What one call's statistics take, on the stack's own thread."""
    began = time.perf_counter()
    for _ in range(rounds):
        measured = stack.quality()
    return 1e6 * (time.perf_counter() - began) / rounds / max(len(measured), 1)


async def measure(
    jitter: JitterBuffer, seconds: int, costs: list[float]
) -> dict[str, list[tuple[float, LineQuality]]]:
    """For each line its calls: the share that was kept, and the quality. What polling took is put into `costs`."""
    listener = Listener(jitter)
    await listener.transport.start()
    listener.transport.accept(200)
    loop = asyncio.get_running_loop()
    loop.add_reader(listener.transport.lines.fileno(), listener.tick)
    uri = f"sip:x@127.0.0.1:{listener.transport.bound[1]}"

    async def call(clock: MediaClock, line: LineSettings, seed: int) -> tuple[float, LineQuality]:
        noise = np.random.default_rng(seed).normal(0, 3000, seconds * RATE).clip(-30000, 30000).astype(np.int16)
        sent = decode_ulaw(encode_ulaw(noise))
        async with Caller(uri, CallOptions(line=LinePair(sent=line, seed=seed)), clock) as caller:
            await caller.dial()
            await caller.say(sent)
            await asyncio.sleep(1.2)  # what is in the buffer, and the next statistics
            leg = listener.legs[caller.core.call_id]
            quality = leg.quality()
            return kept(sent, np.concatenate(listener.heard[leg.line])), quality

    with MediaClock() as clock:
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(listener.serve(tasks))
            made = {
                name: [asyncio.create_task(call(clock, line, seed)) for seed in range(1, CALLS + 1)]
                for name, line in LINES.items()
            }
            await asyncio.sleep(seconds / 2)
            costs.append(await listener.transport._ask(polling_us, 0.0))
            results = {name: list(await asyncio.gather(*calls)) for name, calls in made.items()}
            serving.cancel()
    loop.remove_reader(listener.transport.lines.fileno())
    await listener.transport.stop()
    return results


def kept(sent: Pcm, heard: Pcm) -> float:
    """The share of the 20 ms blocks of `sent` that stand in `heard`."""
    data, size = heard.astype("<i2").tobytes(), 2 * RATE // 50
    raw = sent.astype("<i2").tobytes()
    blocks = [raw[at : at + size] for at in range(0, len(raw) - size + 1, size)]
    return sum(block in data for block in blocks) / len(blocks)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jitter_buffer", description=__doc__)
    parser.add_argument("--seconds", type=int, default=15, help="how long each call sends (default: 15)")
    seconds = parser.parse_args().seconds
    print(f"{CALLS} calls of {seconds} s on each line, load average {os.getloadavg()[0]:.1f}\n")
    print(f"{'start, least to most':26}{'line':34}{'kept':>8}{'delay':>9}{'empty':>9}{'late':>7}{'MOS':>7}")
    rows: list[dict[str, str | float]] = []
    costs: list[float] = []
    for name, jitter in SETTINGS.items():
        for line, calls in asyncio.run(measure(jitter, seconds, costs)).items():
            row = {
                "setting": name,
                "line": line,
                "kept": statistics.mean(share for share, _ in calls),
                "delay_ms": statistics.mean(q.buffer_ms for _, q in calls),
                "starved_ms": statistics.mean(q.starved_ms for _, q in calls),
                "late": statistics.mean(q.rx_late for _, q in calls),
                "mos": statistics.mean(q.rx_mos or 0.0 for _, q in calls),
            }
            rows.append(row)
            print(
                f"{name:26}{line:34}{row['kept']:7.1%}{row['delay_ms']:6.0f} ms{row['starved_ms']:6.0f} ms"
                f"{row['late']:7.1f}{row['mos']:7.2f}", flush=True
            )  # fmt: skip
    polling = statistics.median(costs)
    print(f"\npolling: {polling:.0f} us a call, {polling * 200 / 1e4:.2f} % of a core for 200 calls once a second")
    print(json.dumps({"benchmark": "jitter_buffer", "seconds": seconds, "polling_us": polling, "rows": rows}))


if __name__ == "__main__":
    main()
