"""The SIP stack: pjsua2, and the only file that imports it.

pjsua2's rules (docs/sip.md): one thread makes, calls and destroys every object of it, here an
`OwnerThread` that polls `SipStack`. Callbacks copy what they need into a `sip_events` value and post it; no
exception may leave one, because C++ would abort the process. Objects die by reference counts, never by the
cyclic collector, so a call holds no cycle once it is out of the table.

With our own build (`telephony/native/`) a line is a row of the native ring. The PyPI wheel has none: its
audio takes callbacks in Python on the clock thread, and it can neither refuse OPTIONS nor lock RTP.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import pjsua2 as pj

from telephony.masking import mask_text
from telephony.owner_thread import OwnerThread
from telephony.ring import NativeMemory, PythonMemory, RingLines
from telephony.sip_access import configured_sources, resolve
from telephony.sip_events import (
    Acknowledged,
    InfoDigit,
    Offered,
    StackEvent,
    TransferProgress,
)
from telephony.sip_headers import info_digit
from telephony.sip_leg import SipLeg
from telephony.sip_quality import StreamShape
from telephony.sip_sdp import acceptable
from telephony.sip_stack import Directors, SipStack
from telephony.transport import Leg, LineQuality, Refused, Registration, SipMessage, SipSettings

log = logging.getLogger(__name__)

NATIVE = hasattr(pj, "OffhookRing")
POLL_MS = 20
QUALITY_S = 1.0
RESOLVE_S = 300.0
MESSAGES_AT_ONCE = 1000
MESSAGES_KEPT = 20_000
STOPPED = "the transport has stopped"

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R")


def _callback(method: F) -> F:
    """No exception may cross back into C++."""

    @functools.wraps(method)
    def guarded(self: Any, *args: Any) -> Any:
        try:
            return method(self, *args)
        except pj.Error as error:
            log.warning("%s: %s", method.__name__, mask_text(error.info()))
        except Exception:
            log.exception("%s failed", method.__name__)

    return guarded  # type: ignore[return-value]


class _Log(pj.LogWriter):
    """pjsua's own log, as ours: level 1 is an error, 2 a warning, the rest is for debugging."""

    @_callback
    def write(self, entry: Any) -> None:
        level = {1: logging.ERROR, 2: logging.WARNING}.get(entry.level, logging.DEBUG)
        # pjsua calls a refused call or a lost peer an error; for a telephone they are the day's work.
        log.log(min(level, logging.INFO), "%s", mask_text(entry.msg.rstrip()))


class _PythonPort(pj.AudioMediaPort):
    """A line on the bridge where there is no native ring; its callbacks run on the clock thread."""

    def __init__(self, memory: PythonMemory, line: int, rate_hz: int) -> None:
        super().__init__()
        self._memory = memory
        self._line = line
        form = pj.MediaFormatAudio()
        form.init(pj.PJMEDIA_FORMAT_PCM, rate_hz, 1, 20_000, 16)
        self.createPort(f"line{line}", form)

    @_callback
    def onFrameReceived(self, frame: Any) -> None:
        self._memory.heard(self._line, bytes(frame.buf) if frame.size else b"")

    @_callback
    def onFrameRequested(self, frame: Any) -> None:
        frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO
        pcm = self._memory.wanted(self._line)
        frame.buf = pj.ByteVector(pcm)
        frame.size = len(pcm)


class _Account(pj.Account):
    def __init__(self, stack: SipStack) -> None:
        super().__init__()
        self._stack = stack

    @_callback
    def onIncomingCall(self, prm: Any) -> None:
        self._stack.incoming(self, prm.callId, prm.rdata.wholeMsg, prm.rdata.srcAddress)

    @_callback
    def onRegState(self, prm: Any) -> None:
        self._stack.post(Registration(time.monotonic(), prm.code, prm.reason, max(prm.expiration, 0)))

    @_callback
    def onIncomingSubscribe(self, prm: Any) -> None:
        prm.code = 403  # we have no presence to give


class _Call(pj.Call):
    """One dialog. `line` is pjsua's call id."""

    def __init__(self, stack: SipStack, account: _Account, line: int) -> None:
        super().__init__(account, line)
        self.stack = stack
        self.line = line
        self.port: Any = None
        self.media_index = 0
        self.quality: LineQuality | None = None  # of all streams so far
        self.quality_before = LineQuality()  # of the streams that are gone
        self.shape = StreamShape("", 20, 20)
        self.last_rtp = 0.0
        self.ended_by = ""

    @_callback
    def onCallState(self, prm: Any) -> None:
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self.stack.post(Acknowledged(self.line))
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.stack.disconnected(self, info.lastStatusCode, info.lastReason, _ended_by(self, prm.e, info))

    @_callback
    def onCallMediaState(self, prm: Any) -> None:
        self.stack.media_changed(self)

    @_callback
    def onCallRxReinvite(self, prm: Any) -> None:
        if not acceptable(prm.offer.wholeSdp, self.stack.codecs):
            prm.statusCode = pj.PJSIP_SC_NOT_ACCEPTABLE_HERE

    @_callback
    def onCallRxOffer(self, prm: Any) -> None:
        if not acceptable(prm.offer.wholeSdp, self.stack.codecs):  # in an UPDATE
            prm.statusCode = pj.PJSIP_SC_NOT_ACCEPTABLE_HERE

    @_callback
    def onStreamDestroyed(self, prm: Any) -> None:
        self.stack.measure(self)
        self.quality_before = self.quality or self.quality_before

    @_callback
    def onDtmfEvent(self, prm: Any) -> None:
        # Keys by INFO are read in onCallTsxState; raw RFC 4733 packets, where we have them, by the loop.
        is_update = prm.flags & 1
        if not NATIVE and prm.method == pj.PJSUA_DTMF_METHOD_RFC2833 and not is_update:
            self.stack.post(InfoDigit(self.line, prm.digit, "rfc4733"))

    @_callback
    def onCallTsxState(self, prm: Any) -> None:
        state = prm.e.body.tsxState
        if state.tsx.method != "INFO" or state.tsx.role != pj.PJSIP_ROLE_UAS:
            return
        if state.type == pj.PJSIP_EVENT_RX_MSG and state.tsx.state == pj.PJSIP_TSX_STATE_TRYING:
            if symbol := info_digit(state.src.rdata.wholeMsg):
                self.stack.post(InfoDigit(self.line, symbol, "info"))

    @_callback
    def onCallTransferStatus(self, prm: Any) -> None:
        self.stack.post(TransferProgress(self.line, prm.statusCode, prm.finalNotify))

    @_callback
    def onCallTransferRequest(self, prm: Any) -> None:
        prm.statusCode = 603  # a caller may not make us dial

    @_callback
    def onCallReplaceRequest(self, prm: Any) -> None:
        prm.statusCode = 603  # nor take over another's call


def _ended_by(call: _Call, event: Any, info: Any) -> str:
    """Who ended it: we, if we asked before anybody else did; a BYE or CANCEL of theirs; else the network."""
    if call.ended_by:
        return call.ended_by
    if event.type == pj.PJSIP_EVENT_TSX_STATE:
        tsx = event.body.tsxState.tsx
        if tsx.role == pj.PJSIP_ROLE_UAS and (tsx.method == "BYE" or info.lastStatusCode == 487):
            return "caller"
    return "network"




_DIRECTORS = Directors(_Log, _Account, _Call, _PythonPort)


class SipTransport:
    """`telephony.transport.Transport` over pjsua2. One a process. For the loop's thread."""

    lines: RingLines

    def __init__(self, settings: SipSettings) -> None:
        self.registration = Registration(time.monotonic(), 0, "not registered", 0)
        self.lines_sold = settings.lines
        self._settings = settings
        self._state = (503, 5)
        self._legs: dict[int, SipLeg] = {}
        self._pressing: set[int] = set()
        self._calls: asyncio.Queue[Leg | Refused | None] = asyncio.Queue()
        self._messages: list[tuple[str, SipMessage]] = []
        self._housekeeping: asyncio.Task[None] | None = None
        self._stack: SipStack | None = None

    @property
    def native(self) -> bool:
        """Whether this pjsua2 has our ring; without it there are 4 lines, and no lock, trace or 503."""
        return NATIVE

    @property
    def bound(self) -> tuple[str, int]:
        """Where SIP is listened to; the port is known after `start` where the configuration says 0."""
        return self._stack.bound if self._stack else (self._settings.listen_host, self._settings.listen_port)

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        stack = SipStack(pj, _DIRECTORS, self._settings, self._post)
        self._memory = stack.memory
        self.lines = RingLines(stack.memory, self._settings.rate_hz, self._tick)
        self._thread = OwnerThread("sip", stack, POLL_MS)
        self._thread.start()
        try:
            await self._do(stack.start)
            self._stack = stack
            await self._admit()
        except BaseException:
            await self._let_go(stack)
            raise
        self.accept(*self._state)
        self._housekeeping = asyncio.create_task(self._keep_house(), name="sip housekeeping")

    async def calls(self) -> AsyncIterator[Leg | Refused]:
        while (call := await self._calls.get()) is not None:
            yield call

    def accept(self, status: int, retry_after_s: int = 0) -> None:
        self._state = (status, retry_after_s)
        if self._stack:
            self._stack.set_state(status, retry_after_s)

    def take_messages(self) -> list[tuple[str, SipMessage]]:
        self._fetch_messages()
        taken, self._messages = self._messages, []
        return taken

    async def stop(self) -> None:
        if not (stack := self._stack):
            return
        if self._housekeeping:
            self._housekeeping.cancel()
            await asyncio.gather(self._housekeeping, return_exceptions=True)
        await self._do(stack.end_calls)
        self._fetch_messages()
        await self._let_go(stack)
        self._calls.put_nowait(None)

    async def _let_go(self, stack: SipStack) -> None:
        """End the stack, wherever it got to, and its thread."""
        await self._do(stack.stop)
        self._stack = None
        await asyncio.to_thread(self._thread.stop)
        if isinstance(self._memory, PythonMemory):
            self._memory.close()

    # ---- Commands of a leg --------------------------------------------------------------------------------

    async def respond(self, line: int, status: int, retry_after_s: int = 0) -> str:
        return await self._ask(lambda stack: stack.respond(line, status, retry_after_s), STOPPED)

    async def bye(self, line: int) -> str:
        return await self._ask(lambda stack: stack.hangup(line), STOPPED)

    async def refer(self, line: int, target: str) -> str:
        return await self._ask(lambda stack: stack.refer(line, target), STOPPED)

    async def press(self, line: int, key: str, method: str, duration_ms: int) -> str:
        return await self._ask(lambda stack: stack.press(line, key, method, duration_ms), STOPPED)

    async def release(self, line: int, forced: bool) -> None:
        self._legs.pop(line, None)
        self._pressing.discard(line)
        self.lines.reset(line)
        await self._ask(lambda stack: stack.release(line, forced), None)
        if forced:
            self.lines.reset(line)  # until now the clock went on with it

    def counters(self, line: int) -> tuple[float, int, int]:
        underruns = self.lines.underruns(line)
        if isinstance(self._memory, PythonMemory):
            return self._stack.last_rtp(line) if self._stack else 0.0, 0, underruns
        return self._memory.rx_last_ns[line] / 1e9, int(self._memory.rx_refused[line]), underruns

    # ---- from the stack -----------------------------------------------------------------------------------

    def _post(self, event: StackEvent) -> None:
        """On the stack's thread: hand `event` to the loop."""
        try:
            self._loop.call_soon_threadsafe(self._handle, event)
        except RuntimeError:
            log.debug("%s after the loop was closed", type(event).__name__)

    def _handle(self, event: StackEvent) -> None:
        match event:
            case Offered():
                self._legs[event.line] = SipLeg(event, self)
                self._calls.put_nowait(self._legs[event.line])
            case Refused():
                self._calls.put_nowait(event)
            case Registration():
                self._registered(event)
            case _:
                if leg := self._legs.get(event.line):
                    leg.handle(event, time.monotonic())

    def _registered(self, registration: Registration) -> None:
        was, self.registration = self.registration, registration
        if registration.active != was.active or registration.status != was.status:
            say = log.info if registration.active else log.warning
            say("trunk: registration %d %s", registration.status, registration.reason)

    def _tick(self) -> None:
        """At each wake-up of the ring: telephone-events to their legs."""
        if not isinstance(self._memory, NativeMemory):
            return
        for raw in self._memory.ring.takeEvents():
            if leg := self._legs.get(raw.line):
                leg.telephone_event(raw, raw.atNs / 1e9)
                self._pressing.add(raw.line)
        if self._pressing:
            now = time.monotonic()
            self._pressing = {line for line in self._pressing if self._legs[line].expire_keys(now)}

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(QUALITY_S)
            try:
                await self._clean()
            except Exception:
                log.exception("sip: housekeeping failed; it is tried again in %.0f s", QUALITY_S)

    async def _clean(self) -> None:
        self._fetch_messages()
        measured: dict[int, LineQuality] = {}
        for line, quality in (await self._ask(SipStack.quality, measured)).items():
            if leg := self._legs.get(line):
                leg.measured(quality)
        if self._loop.time() > self._admitted_at + RESOLVE_S:
            await self._admit()

    async def _admit(self) -> None:
        """Resolve who may call. A name that can't be resolved lets nobody in, and is tried again."""
        self._admitted_at = self._loop.time()
        sources = configured_sources(self._settings)
        networks, unknown = await asyncio.to_thread(resolve, sources)
        for name in unknown:
            log.warning("sip: no address for %s; its calls are refused", name)
        allowed = networks or (["255.255.255.255/32"] if sources else [])
        await self._ask(lambda stack: stack.set_allowed(allowed), None)

    def _fetch_messages(self) -> None:
        if not self._stack or not (gate := self._stack.gate):
            return
        for raw in gate.takeMessages(MESSAGES_AT_ONCE):
            text = raw.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            message = SipMessage(raw.atNs / 1e9, raw.sent, raw.peer, raw.transport.lower(), text)
            self._messages.append((raw.callId, message))
        del self._messages[:-MESSAGES_KEPT]

    async def _ask(self, command: Callable[[SipStack], R], stopped: R) -> R:
        """Do it on the stack's thread, whatever becomes of the task that asked; `stopped` where there is none now."""
        stack = self._stack
        return await self._do(lambda: command(stack)) if stack else stopped

    async def _do(self, command: Callable[[], R]) -> R:
        return await asyncio.shield(asyncio.wrap_future(self._thread.submit(command)))
