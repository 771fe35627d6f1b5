"""One call's signalling as the loop sees it: `telephony.transport.Leg` over the commands of the SIP stack.

What a leg may do is one table. A step that isn't in it for the leg's state does nothing, so `answer`,
`reject` and `hangup` may be called at any moment, also while the caller is doing the same.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator
from enum import Enum, auto
from typing import Protocol

from dialplans.call import CallEnded, CallInfo
from media.telephone_event import TelephoneEventReceiver
from telephony.sip_events import (
    Acknowledged,
    Disconnected,
    InfoDigit,
    MediaStarted,
    Offered,
    TransferProgress,
)
from telephony.transport import Confirmed, Ended, Key, LegEvent, LineQuality, Media

log = logging.getLogger(__name__)

TELEPHONE_EVENT_HZ = 8000
"""The slowest clock that events are counted by: with a faster one a key seems to be down for longer."""
KEY_MS = 100
KEY_GAP_MS = 100
"""How long a key of ours is down, and up: twice what Q.24 asks receivers to take."""
REFER_SILENCE_S = 32.0
"""Without a NOTIFY for so long (64*T1, RFC 3261 timer F) a transfer counts as failed."""


class LegState(Enum):
    OFFERED = auto()
    RINGING = auto()
    ANSWERED = auto()
    UP = auto()
    LEAVING = auto()
    ENDED = auto()
    RELEASED = auto()


class Step(Enum):
    RING = auto()
    ANSWER = auto()
    REJECT = auto()
    ACK = auto()
    HANGUP = auto()
    END = auto()
    RELEASE = auto()


_S, _T = LegState, Step
NEXT: dict[tuple[LegState, Step], LegState] = {
    (_S.OFFERED, _T.RING): _S.RINGING,
    (_S.OFFERED, _T.ANSWER): _S.ANSWERED,
    (_S.RINGING, _T.ANSWER): _S.ANSWERED,
    (_S.OFFERED, _T.REJECT): _S.LEAVING,
    (_S.RINGING, _T.REJECT): _S.LEAVING,
    (_S.ANSWERED, _T.ACK): _S.UP,
    (_S.OFFERED, _T.HANGUP): _S.LEAVING,
    (_S.RINGING, _T.HANGUP): _S.LEAVING,
    (_S.ANSWERED, _T.HANGUP): _S.LEAVING,
    (_S.UP, _T.HANGUP): _S.LEAVING,
    (_S.OFFERED, _T.END): _S.ENDED,
    (_S.RINGING, _T.END): _S.ENDED,
    (_S.ANSWERED, _T.END): _S.ENDED,
    (_S.UP, _T.END): _S.ENDED,
    (_S.LEAVING, _T.END): _S.ENDED,
    (_S.LEAVING, _T.RELEASE): _S.RELEASED,  # its end never came
    (_S.ENDED, _T.RELEASE): _S.RELEASED,
}


class Commands(Protocol):
    """What a leg asks of the stack. Each returns "" or why it could not be done, and never raises."""

    async def respond(self, line: int, status: int, retry_after_s: int = 0) -> str: ...

    async def bye(self, line: int) -> str: ...

    async def refer(self, line: int, target: str) -> str: ...

    async def press(self, line: int, key: str, method: str, duration_ms: int) -> str: ...

    async def release(self, line: int, forced: bool) -> None:
        """Give the line back; `forced` where the call's end never came: the stack is to forget the call."""
        ...

    def counters(self, line: int) -> tuple[float, int, int]:
        """When RTP last came (monotonic, 0.0 never), packets refused, ticks without audio of ours."""
        ...


class RawTelephoneEvent(Protocol):
    """What the native part reports of one packet (telephony/native/offhook.hpp)."""

    event: int
    end: bool
    duration: int
    timestamp: int
    sequence: int
    marker: bool
    ssrc: int


class SipLeg:
    """A call. `handle` is fed by the transport; the rest is `Leg`."""

    def __init__(self, offered: Offered, commands: Commands) -> None:
        self.line = offered.line
        self.info: CallInfo = offered.info
        self._state = LegState.OFFERED
        self._commands = commands
        self._events: asyncio.Queue[LegEvent] = asyncio.Queue()
        self._transfer: asyncio.Queue[TransferProgress | Ended] = asyncio.Queue()
        self._keys = TelephoneEventReceiver()
        self._quality = LineQuality()
        self._media: Media | None = None
        self._ended: Ended | None = None

    @property
    def state(self) -> LegState:
        return self._state

    # ---- Leg ----------------------------------------------------------------------------------------------

    async def events(self) -> AsyncIterator[LegEvent]:
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, Ended):
                return

    async def ring(self) -> None:
        if self._step(Step.RING):
            await self._commands.respond(self.line, 180)

    async def answer(self) -> None:
        if self._step(Step.ANSWER):
            if problem := await self._commands.respond(self.line, 200):
                await self.hangup()
                raise self._gone(problem)
        elif self._state not in (LegState.ANSWERED, LegState.UP):
            raise self._gone("left before the answer")

    async def reject(self, status: int, retry_after_s: int = 0) -> None:
        if self._step(Step.REJECT):
            await self._commands.respond(self.line, status, retry_after_s)

    async def refer(self, target: str) -> int:
        """REFER (RFC 3515). A caller who hangs up once the transfer was accepted counts as transferred."""
        if self._state is not LegState.UP:
            raise self._gone("not up")
        self._transfer = asyncio.Queue()  # an earlier REFER's NOTIFY may have come after its 408
        if await self._commands.refer(self.line, target):
            return 400
        accepted = False
        while True:
            try:
                async with asyncio.timeout(REFER_SILENCE_S):
                    progress = await self._transfer.get()
            except TimeoutError:
                return 408
            if isinstance(progress, Ended):
                if accepted and progress.by == "caller":
                    return 200
                raise self._gone("ended during a transfer")
            accepted = True
            if progress.final:
                return progress.status

    async def press(self, keys: str, method: str) -> bool:
        if self._state is not LegState.UP:
            raise self._gone("not up")
        for key in keys:
            if await self._commands.press(self.line, key, method, KEY_MS):
                return False
            await asyncio.sleep((KEY_MS + KEY_GAP_MS) / 1000)
        return True

    async def hangup(self) -> None:
        if self._step(Step.HANGUP):
            await self._commands.bye(self.line)

    def quality(self) -> LineQuality:
        if self._ended:
            return self._quality
        _, refused, underruns = self._commands.counters(self.line)
        return dataclasses.replace(self._quality, refused=refused, underruns=underruns)

    def rtp_age_s(self, now: float) -> float:
        """Seconds since RTP came or media began; 0.0 before that and on hold, where silence is no fault."""
        if self._media is None or self._media.held or self._ended:
            return 0.0
        last, _, _ = self._commands.counters(self.line)
        return now - max(last, self._media.at)

    async def release(self) -> None:
        forced = self._state is LegState.LEAVING
        if self._step(Step.RELEASE):
            if forced:
                log.warning("line %d: the end of the call never came; the line is released", self.line)
            await self._commands.release(self.line, forced)

    # ---- from the transport -------------------------------------------------------------------------------

    def handle(
        self, event: Acknowledged | MediaStarted | InfoDigit | TransferProgress | Disconnected, now: float
    ) -> None:
        """One event of the stack, at `now` (monotonic)."""
        match event:
            case Acknowledged():
                if self._step(Step.ACK):
                    self._events.put_nowait(Confirmed(now))
            case MediaStarted():
                self._media = Media(
                    now, event.codec, event.rate_hz, event.ptime_ms, event.held, event.remote
                )
                self._events.put_nowait(self._media)
            case InfoDigit():
                self._events.put_nowait(Key(now, event.symbol, event.method))
            case TransferProgress():
                self._transfer.put_nowait(event)
            case Disconnected():
                if self._step(Step.END):
                    self._quality = event.quality or self._quality
                    self._quality = self.quality()
                    self._ended = Ended(now, event.status, event.reason, event.by)
                    self._transfer.put_nowait(self._ended)
                    self._events.put_nowait(self._ended)

    def measured(self, quality: LineQuality) -> None:
        """RTP statistics, once a second."""
        self._quality = quality

    def telephone_event(self, raw: RawTelephoneEvent, now: float) -> None:
        """One packet's telephone-event (RFC 4733), as it came."""
        for digit in self._keys.receive(
            raw.event, raw.end, raw.duration, raw.timestamp, raw.sequence, raw.marker, raw.ssrc, now
        ):
            held_s = digit.duration_samples / TELEPHONE_EVENT_HZ
            self._events.put_nowait(Key(now, digit.symbol, "rfc4733", held_s))

    def expire_keys(self, now: float) -> bool:
        """Let go of keys whose end was lost. True while one is down."""
        self._keys.expire(now)
        return self._keys.deadline() is not None

    def _step(self, step: Step) -> bool:
        after = NEXT.get((self._state, step))
        if after is None:
            return False
        self._state = after
        return True

    def _gone(self, why: str) -> CallEnded:
        if self._ended:
            return CallEnded(self._ended.by, self._ended.reason)
        return CallEnded("network", why)
