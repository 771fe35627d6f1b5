"""`Caller`: one call that a test or a script drives, over real SIP and RTP.

    with MediaClock() as clock:
        async with Caller("sip:reception@127.0.0.1:5060", CallOptions(), clock) as caller:
            await caller.dial()
            await caller.wait_for_bot_silence(700, within_s=15)
            await caller.say(pcm, "hours")
            await caller.hangup()

Everything that awaits raises `CallOver` when the call ends meanwhile, and `TooLate` when its time is up.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Literal, TypeVar

from media.frame import Pcm
from telephony.caller.audible import Utterance, audible_runs
from telephony.caller.codecs import CodecUnavailable
from telephony.caller.diary import CallOver, Diary, TooLate, Unreachable
from telephony.caller.digits import Press, checked, info_body, tones
from telephony.caller.ear import Onset
from telephony.caller.endpoint import Address
from telephony.caller.events import (
    Answered,
    EarlyMedia,
    Ended,
    MediaChanged,
    Rejected,
    RequestDone,
)
from telephony.caller.media_clock import MediaClock
from telephony.caller.media_line import MediaLine
from telephony.caller.options import CallOptions
from telephony.caller.sdp import Direction, LocalMedia
from telephony.caller.sip_message import SipSyntaxError, parse_uri
from telephony.caller.sip_shell import SipShell, local_address_towards
from telephony.caller.talker import Kind, Said
from telephony.caller.transaction import TIMEOUT_S
from telephony.caller.uac import CallRequest, CallState, UacCall

DigitMethod = Literal["rfc4733", "info", "info-dtmf", "inband"]
_INFO_TYPES = {"info": "application/dtmf-relay", "info-dtmf": "application/dtmf"}
_HANGUP_S = 5.0
_SILENT_PEER_S = 1.0
_TAIL_NS = 1_000_000_000
Found = TypeVar("Found")


class Caller:
    """One outgoing call; use it with `async with`, which hangs up and gives every socket back."""

    def __init__(self, uri: str, options: CallOptions, clock: MediaClock) -> None:
        self.uri, self.options = uri, options
        self.diary = Diary()
        self.over: Rejected | Ended | None = None
        self._rng = random.Random(options.seed)
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._shell = SipShell(self._on_turn, self._on_refused)
        self._waiters: list[asyncio.Future[None]] = []
        self._said: dict[int, Said] = {}
        self._hold_from_ns: int | None = None

    async def __aenter__(self) -> Caller:
        """Open the sockets. Raises Unreachable."""
        options = self.options
        local = options.local
        try:
            self.peer, transport = await self._resolve()
            local = local or local_address_towards(self.peer)
            side = await self._shell.open(transport, local, self.peer)
        except ConnectionRefusedError:
            raise Unreachable(self.nobody) from None
        except (OSError, SipSyntaxError) as error:
            self._shell.close()
            raise Unreachable(f"{self.uri}{f' from {local}' if local else ''}: {error}") from error
        try:
            self.line = MediaLine(
                self._clock, local, options.ptime_ms, self._rng,
                self._threadsafe(self._on_said), self._threadsafe(self._on_onset),
                self._threadsafe(self._on_fault), options.line, options.echo,
            )  # fmt: skip
        except OSError as error:
            self._shell.close()
            raise Unreachable(f"no RTP port on {local}: {error}") from error
        media = LocalMedia(local, self.line.port, options.codecs, options.ptime_ms)
        request = CallRequest(
            self.uri, media, options.caller, options.credentials, options.headers, options.delayed_offer,
            options.prack, options.ack, options.manners,
        )  # fmt: skip
        self.core = UacCall(request, side, self.peer, self._rng)
        self._shell.drive(self.core)
        return self

    async def _resolve(self) -> tuple[Address, str]:
        uri = parse_uri(self.uri)
        if uri.scheme != "sip":
            raise SipSyntaxError("only sip: URIs can be called")
        transport = self.options.transport or uri.param("transport", "udp").lower()
        if transport not in ("udp", "tcp"):
            raise SipSyntaxError(f"transport {transport!r}; possible: udp, tcp")
        found = await self._loop.getaddrinfo(uri.host.strip("[]"), uri.port or 5060, type=socket.SOCK_DGRAM)
        host, port = found[0][4][:2]
        return (str(host), int(port)), transport

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.hangup()
        finally:
            self.vanish()

    def vanish(self) -> None:
        """Leave without a word: no BYE, no CANCEL, sockets closed."""
        self.diary.ended_at = self.diary.ended_at or self._loop.time()
        self._shell.close()
        self.line.close()

    # ---- what the caller does -----------------------------------------------------------------------------

    async def dial(self) -> Answered:
        """Call, and wait for the answer. Raises CallOver (refused), TooLate (it rang too long)."""
        self.ring()
        try:
            return await self._until(self._answer, self.options.ring_s)
        except TooLate:
            await self.hangup()
            raise TooLate(f"no answer in {self.options.ring_s:g} s") from None

    def ring(self) -> None:
        """Send the INVITE and return at once."""
        self.diary.invited_ns, self.diary.invited_at = time.time_ns(), self._loop.time()
        self.core.start(self._loop.time())
        self._shell.turn()

    def _answer(self) -> Answered | None:
        return next((e for e in self.diary.events if isinstance(e, Answered)), None)

    async def say(self, pcm: Pcm, label: str = "", at_ns: int | None = None) -> Said:
        """Speak audio at the codec's PCM rate (`rate_hz`), to start at wall-clock `at_ns` at the earliest.

        Returns when its last packet has left.
        """
        said = await self._sent(self.line.say(pcm, at_ns), pcm.size / self.rate_hz)
        self.diary.utterances.append(Utterance(said.start, said.end, label))
        # A recording may end in silence, and the bot may answer during it.
        runs = audible_runs(pcm, self.rate_hz)
        self.diary.marks_ns.append(self.line.wire_ns(said.start + (runs[-1].end if runs else pcm.size)))
        return said

    async def say_over(self, pcm: Pcm, after_ms: float, label: str = "", within_s: float = 20.0) -> Said:
        """Speak `after_ms` after the bot's next onset (or the one since our last utterance)."""
        onset = await self.wait_for_bot_onset(within_s)
        return await self.say(pcm, label, onset.at_ns + int(after_ms * 1e6))

    async def press(self, digits: str, method: DigitMethod = "rfc4733", press: Press | None = None) -> None:
        """Press keys, one after the other. Raises ValueError."""
        keys, how = checked(digits), press or Press()
        self.diary.digits.append((keys, method))
        seconds = len(keys) * (how.tone_ms + how.gap_ms + 200) / 1000
        if method == "rfc4733":
            said = await self._sent(self.line.press(keys, how), seconds)
        elif method == "inband":
            said = await self._sent(self.line.say(tones(keys, how, self.rate_hz), kind=Kind.TONES), seconds)
        else:
            await self._press_info(keys, how, _INFO_TYPES[method])
            return
        # A bot may answer while the last key is still held.
        self.diary.marks_ns.append(self.line.wire_ns(said.end) - (how.tone_ms + how.gap_ms) * 1_000_000)

    async def _press_info(self, keys: str, how: Press, content_type: str) -> None:
        session = self.core.session
        if session is None:
            raise ValueError("INFO needs an answered call")
        for key in keys:
            wanted = self._answered_requests("INFO") + 1
            self.diary.marks_ns.append(time.time_ns())
            session.info(content_type, info_body(key, how, content_type), self._loop.time())
            self._shell.turn()
            await self._answers("INFO", wanted)
            await self.pause((how.tone_ms + how.gap_ms) / 1000)

    async def hold(self) -> int:
        """re-INVITE with sendonly; the status of the answer."""
        self._hold_from_ns = time.time_ns()
        return await self.reinvite(Direction.SENDONLY)

    async def resume(self) -> int:
        """re-INVITE with sendrecv; the status of the answer."""
        status = await self.reinvite(Direction.SENDRECV)
        if self._hold_from_ns is not None:
            self.diary.holds.append((self._hold_from_ns, time.time_ns()))
            self._hold_from_ns = None
        return status

    async def reinvite(self, direction: Direction | None = None, with_offer: bool = True) -> int:
        """re-INVITE with `direction` (None: as it is), or without an offer. The status of the answer."""
        session = self.core.session
        if session is None:
            raise ValueError("a re-INVITE needs an answered call")
        wanted = self._answered_requests("INVITE") + 1
        if not session.reinvite(direction or session.book.wanted, self._loop.time(), with_offer):
            raise ValueError("another offer is under way")
        self._shell.turn()
        await self._answers("INVITE", wanted)
        done = [e for e in self.diary.events if isinstance(e, RequestDone) and e.method == "INVITE"]
        return done[-1].status

    def _answered_requests(self, method: str) -> int:
        return sum(isinstance(e, RequestDone) and e.method == method for e in self.diary.events)

    async def _answers(self, method: str, wanted: int) -> None:
        await self._until(lambda: self._answered_requests(method) >= wanted or None, TIMEOUT_S)

    def noise(self, dbfs: float | None) -> None:
        """Line noise from now on, RMS dBFS, or none."""
        self.line.set_noise(dbfs)

    async def hangup(self) -> None:
        """CANCEL or BYE, as the state asks for, and wait for the end (5 s at most)."""
        if self.over is not None or self.core.state is CallState.IDLE or self._shell.closed:
            return
        self.core.hangup(self._loop.time())
        self._shell.turn()
        # Who hasn't sent so much as a 100 by now is hardly there.
        limit_s = _SILENT_PEER_S if self.core.state is CallState.CANCEL_WANTED else _HANGUP_S
        try:
            await self._until(lambda: self.over, limit_s)
        except TooLate:
            self.diary.faults.append("no answer to our hanging up")
            self._finish(Ended(self._loop.time(), "fault", "no answer to our hanging up"))

    # ---- what the caller waits for ------------------------------------------------------------------------

    async def pause(self, seconds: float) -> None:
        """Say nothing for a while. Raises CallOver."""
        try:
            await self._until(lambda: None, seconds)
        except TooLate:
            return

    async def wait_for_bot_onset(self, within_s: float = 20.0) -> Onset:
        """The bot's first onset since we last said or pressed something. Raises TooLate, CallOver."""
        return await self._until(self._onset_since_mark, within_s)

    async def wait_for_bot_silence(self, silence_ms: float = 700.0, within_s: float = 20.0) -> None:
        """Until the bot has spoken since we last did, and then been inaudible for `silence_ms`."""
        ends_at = self._loop.time() + within_s
        while True:
            left_s = ends_at - self._loop.time()
            ear, replied = self.line.ear, self.bot_replied
            if left_s <= 0:
                what = "fall silent" if replied else "speak"
                raise TooLate(f"the bot didn't {what} in {within_s:g} s")
            if ear is None or ear.last_audible_ns is None or not replied:
                await self._wake(min(left_s, _TAIL_NS / 1e9))
                continue
            quiet_s = (time.time_ns() - ear.last_audible_ns) / 1e9
            if quiet_s >= silence_ms / 1000:
                return
            await self.pause(min(left_s, silence_ms / 1000 - quiet_s))

    async def wait_for_end(self, within_s: float) -> Rejected | Ended:
        """Until the call is over. Raises TooLate."""
        try:
            return await self._until(lambda: self.over, within_s)
        except CallOver as over:
            return over.event

    def _onset_since_mark(self) -> Onset | None:
        onsets = self.line.ear.onsets if self.line.ear else []
        return next((onset for onset in onsets if onset.at_ns > self.mark_ns), None)

    def _replied(self, last_audible_ns: int) -> bool:
        # A bot that never fell silent while we spoke over it has no new onset; its last words, which
        # reach a little into our silence, are no reply.
        return self._onset_since_mark() is not None or last_audible_ns > self.mark_ns + _TAIL_NS

    @property
    def mark_ns(self) -> int:
        """When we last finished saying or pressing something: what the bot says after it is its reply."""
        return self.diary.marks_ns[-1] if self.diary.marks_ns else 0

    @property
    def bot_replied(self) -> bool:
        """Whether the bot has been heard since we last said or pressed something."""
        ear = self.line.ear
        return ear is not None and ear.last_audible_ns is not None and self._replied(ear.last_audible_ns)

    @property
    def rate_hz(self) -> int:
        """The PCM rate that `say` takes: the negotiated codec's. Raises ValueError before there is one."""
        if self.line.talker is None:
            raise ValueError("no audio is agreed yet")
        return self.line.talker.rate_hz

    @property
    def ladder(self) -> SipShell:
        """The SIP shell, for its ladder and what was malformed."""
        return self._shell

    async def _sent(self, item: int, seconds: float) -> Said:
        return await self._until(lambda: self._said.get(item), seconds + 120.0)

    async def _until(self, condition: Callable[[], Found | None], within_s: float) -> Found:
        ends_at = self._loop.time() + within_s
        while True:
            found = condition()
            if found is not None:
                return found
            left_s = ends_at - self._loop.time()
            if left_s <= 0:
                raise TooLate(f"not in {within_s:g} s")
            await self._wake(left_s)

    async def _wake(self, within_s: float) -> None:
        """Until something happens, or the time is up. Raises CallOver where nothing can happen any more."""
        if self.over is not None:
            raise CallOver(self.over)
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.append(waiter)
        try:
            await asyncio.wait((waiter,), timeout=within_s)
        finally:
            waiter.cancel()
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    # ---- what happens -------------------------------------------------------------------------------------

    def _threadsafe(self, callback: Callable[[Found], None]) -> Callable[[Found], None]:
        def later(value: Found) -> None:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(callback, value)

        return later

    def _on_said(self, said: Said) -> None:
        self._said[said.item] = said
        self._notify()

    def _on_onset(self, onset: Onset) -> None:
        self._notify()

    def _on_fault(self, error: Exception) -> None:
        self.diary.faults.append(f"media: {type(error).__name__}: {error}")
        self._finish(Ended(self._loop.time(), "fault", str(error)))

    def _on_refused(self) -> None:
        if not self._shell.answered:  # of a bot that was there, the timers tell
            self._finish(Ended(self._loop.time(), "fault", self.nobody))

    @property
    def nobody(self) -> str:
        """What to say when no SIP ever came from the peer."""
        host, port = self.peer
        return f"nobody answers at {f'[{host}]' if ':' in host else host}:{port}"

    def _on_turn(self) -> None:
        for event in self.core.take_events():
            self.diary.events.append(event)
            match event:
                case Answered(_, media) | EarlyMedia(_, media) | MediaChanged(_, media):
                    try:
                        self.line.agree(media)
                    except (ValueError, CodecUnavailable) as error:
                        self.diary.faults.append(str(error))
                case Rejected() | Ended():
                    self._finish(event)
        self._notify()

    def _finish(self, event: Rejected | Ended) -> None:
        self.over = self.over or event
        self.diary.ended_at = self.diary.ended_at or self._loop.time()
        self.line.close()
        self._notify()

    def _notify(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
