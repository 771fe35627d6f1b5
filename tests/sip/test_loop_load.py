"""The way out of a frame, while the loop is busy with other things: the bot's RTP doesn't notice.

Structural facts only: how many frames lay before the clock when each burst began, and whether the clock ever
found nothing. The gaps that the peer saw are printed.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import statistics
import struct
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from sip_bot import AHEAD, Bot, settings
from sip_peer import Peer, offer

from telephony.sip import NATIVE

pytestmark = pytest.mark.sip

TICKS = 150
BURST_S = 0.025
"""Of pure Python on the loop in every tick: longer than a frame, shorter than what lies ahead."""


def burn(seconds: float) -> list[dict[str, list[int]]]:
    """Pure Python that leaves cyclic garbage behind."""
    until = time.perf_counter() + seconds
    made = []
    while time.perf_counter() < until:
        node: dict[str, object] = {"numbers": list(range(50))}
        node["self"] = node
        made.append({"numbers": list(range(20))})
    return made


@pytest.fixture(autouse=True)
def frozen() -> Iterator[None]:
    """As in a worker: what was there at the start is no concern of the collector's."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


class BusyBot(Bot):
    """Burns after each second wake-up, and collects garbage after each tenth."""

    stall_s = 0.0
    wrote_at = 0.0

    def tick(self) -> None:
        super().tick()
        started = time.perf_counter()
        self.stall_s = max(self.stall_s, started - self.wrote_at if self.wrote_at else 0.0)
        self.wrote_at = started
        if self.ticks % 2 == 0:
            burn(BURST_S)
        if self.ticks % 10 == 0:
            gc.collect()

    def unexplained(self, underruns: int) -> bool:
        """Frames missed although the loop never stayed away for longer than what lay before the clock."""
        return underruns > 0 and self.stall_s < AHEAD * 0.02


@pytest.mark.skipif(not NATIVE, reason="the PyPI wheel runs Python on the clock thread: it does notice")
async def test_loop_load() -> None:
    """Listening is done by a thread of its own with the kernel's queue between, so it disturbs nothing."""
    async with BusyBot(settings(), tone=True).running() as bot, Peer(bot.port) as peer:
        await peer.call()
        call = await bot.call()
        peer.rtp.speak(np.zeros(160, np.int16))
        lines = bot.transport.lines
        await peer.rtp.hear(25)
        before = lines.underruns(call.leg.line)
        start = lines.taken(call.leg.line)
        arrivals = []
        while lines.taken(call.leg.line) < start + TICKS:
            data, at = await peer.rtp.packet()
            arrivals.append((int.from_bytes(data[2:4], "big"), at))
        underruns = lines.underruns(call.leg.line) - before
        assert not bot.unexplained(underruns), f"{underruns} with stalls of {bot.stall_s * 1000:.0f} ms"
        assert lines.lost(call.leg.line) == 0
        sequence = [number for number, _ in arrivals]
        assert [b - a for a, b in zip(sequence, sequence[1:], strict=False)] == [1] * (len(sequence) - 1)
        await peer.bye()
        print(
            f"\n{bot.ticks} wake-ups, {AHEAD} frames ahead, longest stall {bot.stall_s * 1000:.0f} ms, "
            f"{len(arrivals)} packets in order"
        )


@pytest.mark.skipif(not NATIVE, reason="the PyPI wheel runs Python on the clock thread: it does notice")
async def test_gaps_on_the_wire_under_load() -> None:
    """The same with a thread of Python beside it, and a receiver that stamps in the kernel."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    stop = threading.Event()

    def rival() -> None:
        while not stop.wait(0.015):
            burn(0.01)

    async with BusyBot(settings(), tone=True).running() as bot, Peer(bot.port) as peer:
        thread = threading.Thread(target=rival)
        thread.start()
        try:
            await peer.call(offer(sock.getsockname()[1]))
            call = await bot.call()
            lines = bot.transport.lines
            while lines.taken(call.leg.line) < 25:
                await asyncio.sleep(0.02)
            before = lines.underruns(call.leg.line)
            while lines.taken(call.leg.line) < 25 + TICKS:
                await asyncio.sleep(0.02)
            underruns = lines.underruns(call.leg.line) - before
        finally:
            stop.set()
            thread.join()
        await peer.bye()
    stamps, sequence = [], []
    while True:
        try:
            data, ancillary, _, _ = sock.recvmsg(2048, 128)
        except BlockingIOError:
            break
        seconds, nanos = struct.unpack("qq", ancillary[0][2])
        stamps.append(seconds * 1000 + nanos / 1e6)
        sequence.append(int.from_bytes(data[2:4], "big"))
    sock.close()
    assert [b - a for a, b in zip(sequence, sequence[1:], strict=False)] == [1] * (len(sequence) - 1)
    gaps = sorted(b - a for a, b in zip(stamps, stamps[1:], strict=False))
    p99 = gaps[int(len(gaps) * 0.99)]
    print(
        f"\nRTP gap p50/p99/max {statistics.median(gaps):.1f}/{p99:.1f}/{gaps[-1]:.1f} ms "
        f"over {len(gaps)} packets; {underruns} of {TICKS} frames missed; "
        f"longest stall {bot.stall_s * 1000:.0f} ms"
    )
    assert not bot.unexplained(underruns), f"{underruns} with stalls of {bot.stall_s * 1000:.0f} ms"
