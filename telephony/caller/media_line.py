"""One call's RTP: a socket, a `Talker` and an `Ear`, driven by the media clock's threads.

Methods without a note are called from the event loop; `tick`, `readable` and `failed` from the clock.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import socket
from typing import Any

import numpy as np

from media.frame import Pcm
from telephony.caller.bad_line import BadLine, LinePair, LineSettings
from telephony.caller.digits import Press
from telephony.caller.ear import Ear, Onset
from telephony.caller.media_clock import MediaClock, receive_stamped, rtp_socket
from telephony.caller.rtp import RtpPacket, pack
from telephony.caller.sdp import Direction, Negotiated
from telephony.caller.speakerphone import EchoSettings, Speakerphone
from telephony.caller.talker import Kind, Said, Talker
from telephony.caller.timeline import Sent

_NS = 1_000_000_000
_EARLY_PACKETS = 500
"""Datagrams kept before SDP says what they are: ten seconds of early media."""


@dataclass(slots=True)
class Ledger:
    """What the clock wrote down: for the report."""

    sent: list[Sent] = field(default_factory=list)
    late_ns: list[int] = field(default_factory=list)
    events_sent: int = 0
    unsent: int = 0
    unstamped: int = 0
    sources: Counter[tuple[str, int]] = field(default_factory=Counter)
    first_received_ns: int | None = None


class MediaLine:
    """The media of one call. `on_said`, `on_onset` and `on_fault` are called from the clock's threads."""

    def __init__(
        self,
        clock: MediaClock,
        address: str,
        ptime_ms: int,
        rng: random.Random,
        on_said: Callable[[Said], None],
        on_onset: Callable[[Onset], None],
        on_fault: Callable[[Exception], None],
        line: LinePair | None = None,
        echo: EchoSettings | None = None,
    ) -> None:
        """Bind the sockets; `line` is what becomes of packets on their way, `echo` what comes back of what is heard.

        Raises OSError.
        """
        line = line or LinePair()
        self.sent_line: BadLine[bytes] | None = _emulated(line.sent, f"{line.seed} sent")
        self.received_line: BadLine[tuple[bytes, int, int]] | None
        self.received_line = _emulated(line.received, f"{line.seed} received")
        self.ledger = Ledger()
        self.talker: Talker | None = None
        self.ear: Ear | None = None
        self.media: Negotiated | None = None
        self.interval_ns = ptime_ms * 1_000_000
        self._ptime_ms = ptime_ms
        self._echo = echo
        self._clock = clock
        self._socket, self._rtcp = rtp_socket(address)
        self._on_said, self._on_onset, self._on_fault = on_said, on_onset, on_fault
        self._lock = threading.Lock()
        self._early: list[tuple[bytes, int, int]] = []
        self._noise_rng = np.random.default_rng(rng.getrandbits(32))
        self._ssrc, self._sequence = rng.getrandbits(32), rng.getrandbits(15)
        self._timestamp = rng.getrandbits(31)
        self._began_ns: int | None = None
        self._wake_ns = 0
        clock.listen(self)

    @property
    def socket(self) -> socket:
        return self._socket

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def agree(self, media: Negotiated) -> None:
        """Speak and hear as negotiated, from the next packet on. Raises ValueError, CodecUnavailable."""
        types = frozenset({media.payload_type, media.codec.payload_type})
        with self._lock:
            first = self.talker is None
            if self.talker is None or self.ear is None:
                event = media.event_payload_type
                phone = None if self._echo is None else Speakerphone(self._echo, media.codec.pcm_hz)
                self.talker = Talker(media.codec, media.payload_type, event, self._ptime_ms, phone)
                self.ear = Ear(media.codec, types)
                for data, stamp_ns, delay_ns in self._early:
                    self._hear(self.ear, data, stamp_ns, delay_ns)
                self._early.clear()
                self.ear.speakerphone = phone
            elif self.media is None or media.codec != self.media.codec:
                self.talker.renegotiate(media.codec, media.payload_type, media.event_payload_type)
                self.ear.renegotiate(media.codec, types)
            self.media = media
        if first:
            self._clock.send(self)

    def close(self) -> None:
        """Stop and give the sockets back; a second time does nothing."""
        if self._socket.fileno() < 0:
            return
        self._clock.remove(self)
        self._socket.close()
        self._rtcp.close()

    # ---- what to say --------------------------------------------------------------------------------------

    def say(self, pcm: Pcm, at_ns: int | None = None, kind: Kind = Kind.SPEECH) -> int:
        """Queue audio at the codec's PCM rate, to start at `at_ns` (wall clock) at the earliest."""
        with self._lock:
            talker = self._agreed()
            at = None
            if at_ns is not None and self._began_ns is not None:
                at = max(0, (at_ns - self._began_ns) * talker.rate_hz // _NS)
            return talker.say(pcm, at, kind)

    def press(self, digits: str, press: Press) -> int:
        """Queue telephone-events. Raises ValueError where the peer takes none."""
        with self._lock:
            return self._agreed().press(digits, press)

    def hush(self) -> None:
        """Break off at once, and forget what is queued."""
        with self._lock:
            self._agreed().hush()

    def set_noise(self, dbfs: float | None) -> None:
        """Background noise on the line from now on."""
        with self._lock:
            self._agreed().set_noise(dbfs, self._noise_rng)

    def wire_ns(self, sample: int) -> int:
        """When `sample` of our stream is due on the wire (wall clock); 0 before the first packet."""
        if self._began_ns is None:
            return 0
        return self._began_ns + sample * _NS // self._agreed().rate_hz

    def _agreed(self) -> Talker:
        if self.talker is None:
            raise ValueError("no audio is agreed yet")
        return self.talker

    # ---- on the clock's threads ---------------------------------------------------------------------------

    def tick(self, late_ns: int) -> None:
        """Send this interval's packet."""
        ledger = self.ledger
        with self._lock:
            talker, media = self.talker, self.media
            if talker is None or media is None:
                return
            packet = talker.next_packet()
            finished = talker.take_finished()
        if self._began_ns is None:
            self._began_ns = time.time_ns() - late_ns
        ledger.late_ns.append(late_ns)
        if media.direction.sends:
            self._sequence += 1
            data = pack(
                RtpPacket(
                    packet.payload_type, packet.marker, self._sequence,
                    self._timestamp + packet.timestamp, self._ssrc, packet.payload,
                )
            )  # fmt: skip
            # Read before the call: if this thread loses the processor in between, a latency that is
            # counted from here comes out too long, never too short.
            sent_ns = time.time_ns()
            if self.sent_line is None:
                self._send(data, media)
            else:
                now_ns = time.monotonic_ns()
                out_ns = self.sent_line.put(data, now_ns)
                if out_ns is not None:
                    sent_ns += out_ns - now_ns
                self.released()
            if packet.payload_type == media.payload_type:
                ledger.sent.append(Sent(packet.position, sent_ns, packet.clean, packet.mixed))
            else:
                ledger.events_sent += 1
        for said in finished:
            self._on_said(said)

    def readable(self) -> None:
        """Take one datagram; epoll calls again where there are more."""
        received = receive_stamped(self._socket)
        if received is None:
            return
        data, source, stamp_ns = received
        ledger = self.ledger
        ledger.sources[source] += 1
        if stamp_ns is None:
            ledger.unstamped += 1
            stamp_ns = time.time_ns()
        if ledger.first_received_ns is None:
            ledger.first_received_ns = stamp_ns
        if self.received_line is None:
            self._take(data, stamp_ns, 0)
        else:
            now_ns = time.monotonic_ns()
            self.received_line.put((data, stamp_ns, now_ns), now_ns)
            self.released()

    def released(self) -> None:
        """Pass on what has come out of an emulated line, and come again when there is more."""
        now_ns, media = time.monotonic_ns(), self.media
        if self.sent_line is not None:
            for _, data in self.sent_line.take(now_ns):
                if media is not None:
                    self._send(data, media)
        if self.received_line is not None:
            for at_ns, (data, stamp_ns, in_ns) in self.received_line.take(now_ns):
                self._take(data, stamp_ns, at_ns - in_ns)
        due = [at for line in (self.sent_line, self.received_line) if line and (at := line.deadline())]
        if due and (self._wake_ns <= now_ns or min(due) < self._wake_ns):
            self._wake_ns = min(due)
            self._clock.call_at(self._wake_ns, self)

    def _send(self, data: bytes, media: Negotiated) -> None:
        try:
            self._socket.sendto(data, (media.address, media.port))
        except BlockingIOError:
            self.ledger.unsent += 1

    def _take(self, data: bytes, stamp_ns: int, delay_ns: int) -> None:
        with self._lock:
            if self.ear is None:
                if len(self._early) < _EARLY_PACKETS:
                    self._early.append((data, stamp_ns, delay_ns))
                return
            self._hear(self.ear, data, stamp_ns, delay_ns)

    def _hear(self, ear: Ear, data: bytes, stamp_ns: int, delay_ns: int) -> None:
        onset = ear.hear(data, stamp_ns, delay_ns)
        if onset is not None:
            self._on_onset(onset)

    def failed(self, error: Exception) -> None:
        """The clock gave this line up."""
        self._on_fault(error)

    @property
    def on_hold(self) -> bool:
        """Whether the negotiated direction leaves one side silent."""
        return self.media is not None and self.media.direction is not Direction.SENDRECV


def _emulated(settings: LineSettings, seed: str) -> BadLine[Any] | None:
    return None if settings.clean else BadLine(settings, seed)
