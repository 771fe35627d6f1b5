"""A bot that is only a SIP user agent: what the tests and the SIPp scenarios call.

It drives `SipTransport` and its `Lines` the way a call worker does, with a trivial handler for each call.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import numpy as np

from dialplans.call import CallEnded
from media.frame import Pcm
from telephony.sip import SipTransport
from telephony.transport import Ended, Leg, LegEvent, Refused, SipSettings

AHEAD = 3
TONE_HZ = 440

Voice = Callable[[Pcm], Pcm]
"""What a bot says, given what it has just heard: called with whole frames, returns any number of them."""


@dataclass
class BotCall:
    """One call at the bot, as the test may look at it."""

    leg: Leg
    events: list[LegEvent] = field(default_factory=list)
    heard: list[Pcm] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, kind: type, count: int = 1) -> LegEvent:
        """The `count`-th event of `kind`."""

        def found() -> list[LegEvent]:
            return [event for event in self.events if isinstance(event, kind)]

        async with asyncio.timeout(40), self.changed:
            await self.changed.wait_for(lambda: len(found()) >= count)
        return found()[count - 1]

    def of(self, kind: type) -> list[LegEvent]:
        return [event for event in self.events if isinstance(event, kind)]


class Bot:
    """Answers every call and echoes, or plays a tone, through the ring."""

    def __init__(self, settings: SipSettings, tone: bool = False) -> None:
        self.transport = SipTransport(settings)
        self.calls: list[BotCall] = []
        self.refused: list[Refused] = []
        self.greet = self.answer  # tests replace it
        self.ticks = 0
        self._tone = tone
        self._phase = 0
        self._by_line: dict[int, BotCall] = {}
        self._owed: dict[int, list[Pcm]] = {}
        self._arrived = asyncio.Condition()

    async def answer(self, call: BotCall) -> None:
        await call.leg.ring()
        await call.leg.answer()

    @property
    def port(self) -> int:
        return self.transport.bound[1]

    async def call(self, number: int = 0) -> BotCall:
        """The `number`-th call that came."""
        async with asyncio.timeout(40), self._arrived:
            await self._arrived.wait_for(lambda: len(self.calls) > number)
        return self.calls[number]

    async def refusal(self, number: int = 0) -> Refused:
        async with asyncio.timeout(40), self._arrived:
            await self._arrived.wait_for(lambda: len(self.refused) > number)
        return self.refused[number]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Bot]:
        loop = asyncio.get_running_loop()
        await self.transport.start()
        self.transport.accept(200)
        loop.add_reader(self.transport.lines.fileno(), self.tick)
        try:
            async with asyncio.TaskGroup() as tasks:
                taker = tasks.create_task(self._take(tasks))
                try:
                    yield self
                finally:
                    for call in list(self._by_line.values()):
                        await call.leg.hangup()
                    for call in self.calls:
                        async with asyncio.timeout(40):
                            await call.done.wait()
                    taker.cancel()
        finally:
            loop.remove_reader(self.transport.lines.fileno())
            await self.transport.stop()

    async def _take(self, tasks: asyncio.TaskGroup) -> None:
        async for leg in self.transport.calls():
            async with self._arrived:
                if isinstance(leg, Refused):
                    self.refused.append(leg)
                else:
                    call = BotCall(leg)
                    self.calls.append(call)
                    tasks.create_task(self._one(call))
                self._arrived.notify_all()

    async def _one(self, call: BotCall) -> None:
        self._by_line[call.leg.line] = call
        self._owed[call.leg.line] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                greeter = tasks.create_task(self._greet(call))
                async for event in call.leg.events():
                    async with call.changed:
                        call.events.append(event)
                        call.changed.notify_all()
                    if isinstance(event, Ended):
                        greeter.cancel()
        finally:
            del self._by_line[call.leg.line]
            await call.leg.release()
            call.done.set()

    async def _greet(self, call: BotCall) -> None:
        with contextlib.suppress(CallEnded):
            await self.greet(call)

    def tick(self) -> None:
        lines = self.transport.lines
        self.ticks += 1
        lines.drained()
        for line in map(int, lines.new()):
            pcm, _ = lines.take(line)
            call = self._by_line.get(line)
            if call is None:
                continue
            call.heard.append(pcm.copy())
            owed = self._owed[line]
            owed.extend(pcm.copy().reshape(-1, lines.frame_samples))
            for _ in range(lines.room(line, AHEAD)):
                if self._tone:
                    lines.put(line, self.tone(lines.frame_samples, lines.rate_hz))
                elif owed:
                    lines.put(line, owed.pop(0))
            del owed[:-AHEAD]

    def tone(self, samples: int, rate_hz: int) -> Pcm:
        t = (np.arange(samples) + self._phase) / rate_hz
        self._phase = (self._phase + samples) % rate_hz
        return (8000 * np.sin(2 * np.pi * TONE_HZ * t)).astype(np.int16)


def free_rtp_port() -> int:
    """An even port with some room behind it; it and the three after it (SIPp's video) were free a moment ago."""
    for _ in range(100):
        with contextlib.ExitStack() as held:
            probe = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            probe.bind(("127.0.0.1", 0))
            port = max(min(int(probe.getsockname()[1]) & ~1, 60_000), 20_000)
            probe.close()
            try:
                for offset in range(4):
                    taken = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    taken.bind(("127.0.0.1", port + offset))
            except OSError:
                continue
        return port
    raise RuntimeError("no free media ports")


def settings(**changes: object) -> SipSettings:
    """Loopback, a free port, a free RTP range."""
    values: dict[str, object] = {"listen_port": 0, "rtp_port": free_rtp_port(), "rtp_port_range": 2000}
    values["lines"] = 4
    return SipSettings(**(values | changes))  # type: ignore[arg-type]
