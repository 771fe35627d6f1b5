"""A leg and its line without SIP: what a session hears of a call is what the test posts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np

from dialplans.call import CallEnded, CallInfo
from media.frame import Pcm
from telephony.transport import Ended, LegEvent, LineQuality

RATE = 8000
FRAME = 160


def info(**changes: object) -> CallInfo:
    """A call from Ann to the reception."""
    values: dict[str, object] = {
        "sip_call_id": "1@test", "caller": "ann", "called": "reception", "display_name": "Ann",
        "peer": "127.0.0.1:5062", "transport": "udp", "headers": {},
    }  # fmt: skip
    return CallInfo(**(values | changes))  # type: ignore[arg-type]


class FakeLeg:
    """See `telephony.transport.Leg`. `did` lists what was asked of it."""

    line = 0

    def __init__(self) -> None:
        self.info = info()
        self.did: list[str] = []
        self.age_s = 0.0
        self.transfer_status = 200
        self.gone = False
        self._events: asyncio.Queue[LegEvent] = asyncio.Queue()

    def post(self, event: LegEvent) -> None:
        self._events.put_nowait(event)

    async def events(self) -> AsyncIterator[LegEvent]:
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, Ended):
                return

    async def ring(self) -> None:
        self.did.append("ring")

    async def answer(self) -> None:
        if self.gone:
            raise CallEnded("caller")
        self.did.append("answer")

    async def reject(self, status: int, retry_after_s: int = 0) -> None:
        self.did.append(f"reject {status}")
        self.gone = True
        self.post(Ended(0.0, status, "", "bot"))

    async def refer(self, target: str) -> int:
        self.did.append(f"refer {target}")
        return self.transfer_status

    async def press(self, keys: str, method: str) -> bool:
        self.did.append(f"press {keys} by {method}")
        return True

    async def hangup(self) -> None:
        if not self.gone:
            self.gone = True
            self.did.append("hangup")
            self.post(Ended(0.0, 200, "OK", "bot"))

    def leave(self) -> None:
        """The caller hangs up."""
        self.gone = True
        self.post(Ended(0.0, 200, "OK", "caller"))

    def quality(self) -> LineQuality:
        return LineQuality(rx_packets=3)

    def rtp_age_s(self, now: float) -> float:
        return self.age_s

    async def release(self) -> None:
        self.did.append("release")


class FakeLines:
    """See `telephony.transport.Lines`: one line, whose clock takes what is there when `tick` is called.

    Nothing is taken while the line is `held`: pjmedia's stream has stopped.
    """

    count, rate_hz, frame_samples = 1, RATE, FRAME

    def __init__(self) -> None:
        self.heard: list[Pcm] = []
        self.held = False
        self._ahead: list[Pcm] = []
        self._taken = 0

    def tick(self) -> Pcm:
        """20 ms pass; what the caller hears of them."""
        frame = np.zeros(FRAME, np.int16)
        if self._ahead and not self.held:
            frame = self._ahead.pop(0)
            self._taken += 1
        self.heard.append(frame)
        return frame

    @property
    def waiting(self) -> int:
        """Frames that are written and not taken."""
        return len(self._ahead)

    def fileno(self) -> int:
        raise NotImplementedError("the test is the clock")

    def drained(self) -> None:
        raise NotImplementedError("the test is the clock")

    def new(self) -> list[int]:
        raise NotImplementedError("the test is the clock")

    def take(self, line: int) -> tuple[Pcm, Pcm]:
        raise NotImplementedError("the test is the clock")

    def room(self, line: int, ahead: int) -> int:
        return max(0, ahead - len(self._ahead))

    def put(self, line: int, pcm: Pcm) -> None:
        self._ahead += list(pcm.reshape(-1, FRAME).copy())

    def taken(self, line: int) -> int:
        return self._taken

    def reset(self, line: int) -> None:
        self._ahead.clear()
