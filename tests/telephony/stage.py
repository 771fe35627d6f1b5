"""A session over fakes, whose clock is the test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
from fake_line import FRAME, RATE, FakeLeg, FakeLines

from brain.agent import Engines
from brain.stt.fake import ScriptedStt
from brain.tts.fake import ToneTts
from dialplans.call import Call
from media.clock import MonotonicClock
from media.sound import Sounds
from telephony.session import CallSession, Services
from telephony.stall import StallWatch
from telephony.state import CallState
from telephony.transport import Confirmed, Media

MEDIA = Media(0.0, "PCMU", 8000, 20, False, "127.0.0.1:4000")
HELD = Media(0.0, "PCMU", 8000, 20, True, "127.0.0.1:4000")


class Stage:
    """A session over fakes. `tts` can be broken; `wall` is the time in its record."""

    def __init__(self, data: Path, journey: Callable[[Call], Awaitable[None]], **settings: Any) -> None:
        self.leg, self.lines, self.tts = FakeLeg(), FakeLines(), ToneTts()
        values: dict[str, Any] = {
            "engines": Engines(ScriptedStt([]), self.tts, None), "llm": None, "lines": self.lines,
            "clock": MonotonicClock(), "data": data, "recordings": True, "rtp_timeout_s": 30.0,
            "wall": lambda: 1000.0, "sort_messages": lambda: None, "stalls": StallWatch(),
            "sounds": Sounds(RATE),
        }  # fmt: skip
        self.session = CallSession(
            "call-1", self.leg, "plan", False, journey, Services(**(values | settings))
        )
        self.running = asyncio.create_task(self.session.run())

    async def up(self, media: Media = MEDIA) -> None:
        """The call is answered, and the ACK has come."""
        await self.settle()
        self.leg.post(media)
        self.leg.post(Confirmed(0.0))
        await self.settle()

    async def settle(self) -> None:
        """Let everything run that can."""
        for _ in range(50):
            await asyncio.sleep(0)

    async def pass_time(self, frames: int, level: int = 0) -> None:
        """The clock goes on by `frames` of 20 ms; the caller sends `level`."""
        for _ in range(frames):
            sent = self.lines.tick()
            self.session.tick(np.full(FRAME, level, np.int16), sent)
            await self.settle()

    async def over(self) -> dict[str, Any]:
        """The record of the call, once it is over."""
        async with asyncio.timeout(20):
            await self.running
        record: dict[str, Any] = json.loads((self.session.folder.path / "record.json").read_text())
        assert self.session.state is CallState.ENDED
        assert self.leg.did[-1] == "release"
        return record
