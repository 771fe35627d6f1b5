"""pjsua2 as commands and events: what is done to it, by its `OwnerThread` alone.

The module is handed in, because only sip.py imports it; so are the classes whose methods it calls back
(`Directors`). With our own build (`telephony/native/`) a line, which is pjsua's call id, is a row of the
native ring. The PyPI wheel has none: its audio takes callbacks in Python on the clock thread, and it can
neither refuse OPTIONS nor lock RTP to one peer.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dialplans.call import CallInfo
from media.mixing import COMFORT_NOISE_DBFS
from telephony import sip_config
from telephony.masking import mask_text
from telephony.ring import NativeMemory, PythonMemory
from telephony.sip_access import AccessList
from telephony.sip_events import Disconnected, MediaStarted, Offered, StackEvent
from telephony.sip_headers import parse_invite
from telephony.sip_quality import StreamShape, line_quality
from telephony.transport import LineQuality, Refused, SipSettings

log = logging.getLogger(__name__)

BUSY_RETRY_S = 10
LAST_ANSWERS_S = 1.0
DESTROY_NO_RX_MSG = 1
"""PJSUA_DESTROY_NO_RX_MSG, which the binding doesn't name: don't wait for responses."""


@dataclass(frozen=True, slots=True)
class Directors:
    """Makes the objects that pjsua2 calls back."""

    log: Callable[[], Any]
    account: Callable[[SipStack], Any]
    call: Callable[[SipStack, Any, int], Any]
    port: Callable[[PythonMemory, int, int], Any]


def _free_port(host: str, tries: int = 20) -> int:
    """A port that is free for UDP and TCP alike. Raises OSError."""
    for _ in range(tries):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(
            socket.AF_INET, socket.SOCK_DGRAM
        ) as udp:
            tcp.bind((host, 0))
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                continue
            return int(tcp.getsockname()[1])
    raise OSError(f"sip.listen: {host}: no port is free for UDP and TCP")


class SipStack:
    """pjsua2 as commands and events. Only `wake`, `set_state` and `last_rtp` are for other threads too."""

    def __init__(
        self, pj: Any, directors: Directors, settings: SipSettings, post: Callable[[StackEvent], None]
    ) -> None:
        self._pj = pj
        self._directors = directors
        self.native = hasattr(pj, "OffhookRing")
        self.post = post
        self.calls_max = sip_config.max_calls(settings, self.native)
        self.codecs = settings.codecs
        self.bound = (settings.listen_host, settings.listen_port)
        frame_samples = settings.rate_hz // 50
        self._ring = self._pj.OffhookRing(self.calls_max, frame_samples) if self.native else None
        self.memory: NativeMemory | PythonMemory = (
            NativeMemory(self._ring) if self.native else PythonMemory(self.calls_max, frame_samples)
        )
        self.gate = self._pj.OffhookGate() if self.native else None
        self._settings = settings
        self._calls: dict[int, Any] = {}
        self._occupied: set[int] = set()  # lines that the loop has a leg on
        self._waiting: dict[int, CallInfo] = {}
        self._refusing: dict[int, Any] = {}
        self._forgotten: dict[int, Any] = {}  # pjsua's, whose end the loop no longer waits for
        self._last_bye = -LAST_ANSWERS_S
        self._state = (503, 5)
        self._access = AccessList(())
        self._wake: tuple[socket.socket, tuple[str, int]] | None = None
        self._endpoint: Any = None
        self._account: Any = None

    # ---- life ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Bind and listen, refusing calls until `set_state`. Raises OSError with one clear line."""
        self._endpoint = self._pj.Endpoint()
        self._endpoint.libCreate()
        try:
            self._start()
        except self._pj.Error as error:
            reason = error.reason
            self.stop()
            raise OSError(f"sip: {reason}") from None
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        writer = self._directors.log()
        config = sip_config.endpoint_config(self._pj, self._settings, self.calls_max, writer)
        self._endpoint.libInit(config)
        writer.__disown__()  # the endpoint deletes it
        if self.gate:
            self.gate.start()
        host, port = self._settings.listen_host, self._settings.listen_port
        port = port or _free_port(host)
        for name in self._settings.transports:
            port = self._listen(name, host, port)
        self.bound = (host, port)
        self._endpoint.libStart()
        if self._ring:
            self._ring.setComfortNoise(COMFORT_NOISE_DBFS)  # a line that carries nothing at all sounds dead
        self._endpoint.audDevManager().setNullDev()
        if missing := sip_config.set_codecs(self._endpoint, self._settings.codecs):
            log.warning("sip.codecs: this pjsua2 has no %s", ", ".join(missing))
        self._account = self._directors.account(self)
        try:
            self._account.create(sip_config.account_config(self._pj, self._settings, *self.bound))
        except self._pj.Error as error:
            raise OSError(f"sip{'.trunk' if self._settings.trunk else ''}: {error.reason}") from None
        if "udp" in self._settings.transports:
            target = "127.0.0.1" if host in ("0.0.0.0", "") else host
            self._wake = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM), (target, port))
            self._wake[0].setblocking(False)

    def _listen(self, name: str, host: str, port: int) -> int:
        kind = {"udp": self._pj.PJSIP_TRANSPORT_UDP, "tcp": self._pj.PJSIP_TRANSPORT_TCP}[name]
        try:
            made = self._endpoint.transportCreate(
                kind, sip_config.sip_transport_config(self._pj, self._settings, port)
            )
        except self._pj.Error as error:
            raise OSError(f"sip.listen: {host}:{port}/{name}: {error.reason}") from None
        if port:
            return port
        return int(self._endpoint.transportGetInfo(made).localAddress.rsplit(":", 1)[1])

    def poll(self, timeout_ms: int) -> None:
        if self._endpoint is None:
            time.sleep(timeout_ms / 1000)
            return
        self._endpoint.libHandleEvents(timeout_ms if self._wake else min(timeout_ms, 5))

    def wake(self) -> None:
        """A keep-alive (RFC 5626 section 4.4.1) to ourselves: pjsip drops it, and its poll returns."""
        if wake := self._wake:
            try:
                wake[0].sendto(b"\r\n\r\n", wake[1])
            except OSError as error:
                log.debug("wake-up lost (%s); the poll ends by itself", error)

    def end_calls(self) -> None:
        for call in list(self._calls.values()):
            self._hang_up(call)

    def stop(self) -> None:
        """End all calls, unregister, let go of everything. May be repeated."""
        if self._endpoint is None:
            return
        self.end_calls()
        if self._account:
            self._account.shutdown()
            self._account = None
        self._refusing.clear()
        if self.gate:
            self.gate = None
        # pjsua waits a second for answers to its last requests: only where there are any.
        asked = self._settings.trunk is not None or time.monotonic() < self._last_bye + LAST_ANSWERS_S
        self._endpoint.libDestroy(0 if asked else DESTROY_NO_RX_MSG)
        self._endpoint = None
        if self._wake:
            wake, self._wake = self._wake, None
            wake[0].close()

    # ---- who may call -------------------------------------------------------------------------------------

    def set_state(self, status: int, retry_after_s: int) -> None:
        """Take calls or not, from now on. Touches nothing of pjsua2's, so any thread may say so."""
        self._state = (status, retry_after_s)
        if self.gate:
            self.gate.setState(status, retry_after_s)

    def set_allowed(self, cidrs: list[str]) -> None:
        self._access = AccessList(cidrs)
        if self.gate:
            self.gate.setAllowed(self._pj.StringVector(cidrs))

    def incoming(self, account: Any, line: int, message: str, source: str) -> None:
        """A new INVITE. Everything it needs to be refused is known here, on the stack's thread."""
        info = parse_invite(message, source)
        call = self._directors.call(self, account, line)
        status, retry_after_s = self._state
        if not self._access.allows(source):
            self._refuse(call, info, 403, 0, "source not allowed")
        elif status != 200:
            self._refuse(call, info, status, retry_after_s, "not taking calls")
        elif len(self._calls) >= self._settings.lines:
            self._refuse(call, info, 486, BUSY_RETRY_S, "all lines busy")
        else:
            self._calls[line] = call
            if line in self._occupied:  # its last call is over, but the loop hasn't let go of it yet
                self._waiting[line] = info
            else:
                self._offer(line, info)

    def _offer(self, line: int, info: CallInfo) -> None:
        self._occupied.add(line)
        self.post(Offered(line, info))

    def _refuse(self, call: Any, info: Any, status: int, retry_after_s: int, reason: str) -> None:
        self._refusing[call.line] = call
        call.ended_by = "bot"
        call.answer(sip_config.response(self._pj, status, retry_after_s))
        self.post(Refused(time.monotonic(), info, status, reason))

    # ---- commands: what no longer applies does nothing ----------------------------------------------------

    def respond(self, line: int, status: int, retry_after_s: int = 0) -> str:
        """Answer the INVITE with `status`. Returns "" or why it can't be done."""
        call = self._of_leg(line)
        if not call:
            return "the call is over"
        if status >= 300:
            call.ended_by = call.ended_by or "bot"
        return self._attempt(lambda: call.answer(sip_config.response(self._pj, status, retry_after_s)))

    def hangup(self, line: int) -> str:
        """BYE, or 480 to an INVITE that is still unanswered. The status is the call's, too, when it is over."""
        call = self._of_leg(line)
        if not call:
            return "the call is over"
        return self._hang_up(call)

    def _hang_up(self, call: Any) -> str:
        self.measure(call)
        self._last_bye = time.monotonic()
        call.ended_by = call.ended_by or "bot"
        return self._attempt(lambda: call.hangup(sip_config.response(self._pj, self._last_status(call))))

    def _of_leg(self, line: int) -> Any:
        """The call that a leg on `line` means. Where the next one waits there already, that is over."""
        return None if line in self._waiting else self._calls.get(line)

    def _last_status(self, call: Any) -> int:
        info = call.getInfo()
        return 200 if info.state >= self._pj.PJSIP_INV_STATE_CONNECTING else 480

    def refer(self, line: int, target: str) -> str:
        call = self._of_leg(line)
        if not call:
            return "the call is over"
        if not target.isprintable() or self._endpoint.utilVerifyUri(target):
            return "the target is no URI"
        return self._attempt(lambda: call.xfer(target, self._pj.CallOpParam(True)))

    def press(self, line: int, key: str, method: str, duration_ms: int) -> str:
        """Send one key, by telephone-event or INFO."""
        call = self._of_leg(line)
        if not call:
            return "the call is over"
        dtmf = self._pj.CallSendDtmfParam()
        dtmf.digits, dtmf.duration = key, duration_ms
        by_info = method == "info"
        dtmf.method = self._pj.PJSUA_DTMF_METHOD_SIP_INFO if by_info else self._pj.PJSUA_DTMF_METHOD_RFC2833
        return self._attempt(lambda: call.sendDtmf(dtmf))

    def release(self, line: int, forced: bool) -> None:
        """The loop has let go of the line: the next call may have it.

        `forced`: the call that is on it hasn't ended. It no longer counts; pjsua has its object until it ends.
        """
        self._occupied.discard(line)
        info = self._waiting.pop(line, None)
        if forced and info is None and (call := self._calls.pop(line, None)):
            self._forgotten[line] = call
            self._let_go_of_port(call)
        if info:
            self._offer(line, info)

    def quality(self) -> dict[int, LineQuality]:
        """What RTP and RTCP say of every line that has media."""
        for call in self._calls.values():
            if call.port:
                self.measure(call)
        return {line: call.quality for line, call in self._calls.items() if call.quality}

    def last_rtp(self, line: int) -> float:
        """When `quality` last saw new packets (monotonic), 0.0 never. Any thread may ask."""
        call = self._calls.get(line)
        return call.last_rtp if call else 0.0

    # ---- from callbacks -----------------------------------------------------------------------------------

    def measure(self, call: Any) -> None:
        try:
            stat = call.getStreamStat(call.media_index)
        except self._pj.Error:
            return  # no stream now
        before = call.quality
        call.quality = line_quality(stat, call.quality_before, call.shape)
        if before is None or call.quality.rx_packets != before.rx_packets:
            call.last_rtp = time.monotonic()

    def media_changed(self, call: Any) -> None:
        """Streams were made anew, or their direction changed: connect the ring, or on hold disconnect it."""
        if not self._is_live(call):
            return
        info = call.getInfo()  # its members are views into it: it must outlive them
        audio = next((m for m in info.media if m.type == self._pj.PJMEDIA_TYPE_AUDIO), None)
        if audio is None:
            return
        call.media_index = audio.index
        held = audio.status != self._pj.PJSUA_CALL_MEDIA_ACTIVE
        if call.port is None:
            call.port = self._make_port(call.line)
        if audio.audioConfSlot >= 0:
            media = call.getAudioMedia(audio.index)
            for source, sink in ((call.port, media), (media, call.port)):
                if held:
                    source.stopTransmit(sink)
                else:
                    source.startTransmit(sink)
        codec, rate_hz, ptime_ms, remote = "", 0, 0, ""
        try:
            stream = call.getStreamInfo(audio.index)
        except self._pj.Error:
            log.debug("line %d: media without a stream", call.line)  # inactive
        else:
            parameters = stream.audCodecParam
            codec, rate_hz, remote = stream.codecName, stream.codecClockRate, stream.remoteRtpAddress
            ptime_ms = parameters.info.frameLen * max(parameters.setting.frmPerPkt, 1)
            call.shape = StreamShape(codec, ptime_ms, parameters.info.frameLen)
        self.post(MediaStarted(call.line, codec, rate_hz, ptime_ms, held, remote))

    def _is_live(self, call: Any) -> bool:
        """Whether `call` still has its line: pjsua may tell of one that we have let go of."""
        return self._calls.get(call.line) is call

    def _make_port(self, line: int) -> Any:
        if not self.native:
            assert isinstance(self.memory, PythonMemory)
            return self._directors.port(self.memory, line, self._settings.rate_hz)
        port = self._pj.OffhookPort(self._ring, line)
        port.create(f"line{line}", self._settings.rate_hz)
        return port

    def disconnected(self, call: Any, status: int, reason: str, by: str) -> None:
        line: int = call.line
        for done in (self._refusing, self._forgotten):
            if done.get(line) is call:
                del done[line]
        if not self._is_live(call):
            return
        del self._calls[call.line]
        self._let_go_of_port(call)
        if info := self._waiting.pop(call.line, None):
            self.post(Refused(time.monotonic(), info, status, reason))
            return
        self.post(Disconnected(call.line, status, reason, by, call.quality))

    def _let_go_of_port(self, call: Any) -> None:
        if call.port:
            if self.native:
                call.port.release()
            call.port = None

    def _attempt(self, command: Callable[[], None]) -> str:
        try:
            command()
        except self._pj.Error as error:
            return mask_text(f"{error.title}: {error.reason}")
        return ""
