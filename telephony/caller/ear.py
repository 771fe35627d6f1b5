"""What the caller hears, live: packets in, sound and silence told at once. Pure.

It keeps every packet for the measurements afterwards (`audible.py`) and does as little as it can while
the call runs: one decode and one level a packet.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum

import numpy as np

from media.frame import FRAME_MS, Pcm, level_dbfs, samples
from telephony.caller.audible import AUDIBLE_DBFS
from telephony.caller.codecs import Codec, Coder, new_coder
from telephony.caller.rtp import ReceiveStats, RtpError, RtpPacket, unpack, unwrap
from telephony.caller.speakerphone import Speakerphone

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Heard:
    """One audio packet: `timestamp` unwrapped, in RTP units; `received_ns` is the kernel's stamp."""

    source: int
    sequence: int
    timestamp: int
    received_ns: int
    pcm: Pcm


class Voice(Enum):
    QUIET = "quiet"
    PERHAPS = "one loud frame"
    AUDIBLE = "audible"


_TABLE = {
    (Voice.QUIET, True): Voice.PERHAPS,
    (Voice.PERHAPS, True): Voice.AUDIBLE,
    (Voice.AUDIBLE, True): Voice.AUDIBLE,
    (Voice.QUIET, False): Voice.QUIET,
    (Voice.PERHAPS, False): Voice.QUIET,
    (Voice.AUDIBLE, False): Voice.QUIET,
}


@dataclass(frozen=True, slots=True)
class Onset:
    """The bot became audible; `at_ns` is when its first audible sample was on the wire."""

    at_ns: int


class Ear:
    """The receiving half of one stream. `packets` is everything that came, in order of arrival.

    Where `speakerphone` is set, it plays what is heard.
    """

    def __init__(self, codec: Codec, payload_types: frozenset[int]) -> None:
        self.rate_hz = codec.pcm_hz
        self.packets: list[Heard] = []
        self.stats: dict[int, ReceiveStats] = {}
        self.strangers: Counter[str] = Counter()
        self.onsets: list[Onset] = []
        self.last_audible_ns: int | None = None
        self.last_packet_ns: int | None = None
        self.voice = Voice.QUIET
        self.speakerphone: Speakerphone | None = None
        self._last: dict[int, tuple[int, int]] = {}
        self._pending: list[Pcm] = []
        self._pending_samples = 0
        self._pending_ns = 0
        self._perhaps_ns = 0
        self._frame = samples(FRAME_MS, codec.pcm_hz)
        self.renegotiate(codec, payload_types)

    def renegotiate(self, codec: Codec, payload_types: frozenset[int]) -> None:
        """Expect another codec from now on. Raises ValueError if its PCM rate is another."""
        if codec.pcm_hz != self.rate_hz:
            raise ValueError(f"a call at {self.rate_hz} Hz can't go on at {codec.pcm_hz} Hz")
        self._codec = codec
        self._coder: Coder = new_coder(codec)
        self._payload_types = payload_types

    def hear(self, data: bytes, received_ns: int, delay_ns: int = 0) -> Onset | None:
        """Take a datagram; tell when it makes the bot audible. What is no audio of ours is only counted.

        `delay_ns` is how much later an emulated line brings it to the caller (bad_line.py): what is told live
        counts from then, what is kept for the measurements has the stamp of the wire.
        """
        try:
            packet = unpack(data)
        except RtpError as error:
            self.strangers[str(error)] += 1
            return None
        if packet.payload_type not in self._payload_types:
            self.strangers[f"payload type {packet.payload_type}"] += 1
            return None
        heard = self._place(packet, received_ns)
        if heard is None:
            return None
        self.packets.append(heard)
        self.last_packet_ns = received_ns
        if self.speakerphone is not None:
            at = heard.timestamp * self.rate_hz // self._codec.rtp_hz
            self.speakerphone.play(heard.pcm, at, heard.source)
        return self._listen(heard.pcm, received_ns + delay_ns)

    def _place(self, packet: RtpPacket, received_ns: int) -> Heard | None:
        stats = self.stats.get(packet.ssrc)
        if stats is None:
            stats = self.stats[packet.ssrc] = ReceiveStats(self._codec.rtp_hz)
            self._last[packet.ssrc] = (packet.sequence, packet.timestamp)
        last_sequence, last_timestamp = self._last[packet.ssrc]
        sequence = unwrap(packet.sequence, last_sequence, 16)
        timestamp = unwrap(packet.timestamp, last_timestamp, 32)
        if not stats.add(sequence, timestamp, received_ns):
            return None
        if sequence >= last_sequence:
            self._last[packet.ssrc] = (sequence, timestamp)
        return Heard(packet.ssrc, sequence, timestamp, received_ns, self._coder.decode(packet.payload))

    def _listen(self, pcm: Pcm, at_ns: int) -> Onset | None:
        """Cut what came into 20 ms frames, in order of arrival: good enough to react to."""
        if not self._pending_samples:
            self._pending_ns = at_ns
        self._pending.append(pcm)
        self._pending_samples += pcm.size
        onset = None
        if self._pending_samples >= self._frame:
            sound = self._pending[0] if len(self._pending) == 1 else np.concatenate(self._pending)
            start_ns = self._pending_ns
            used = 0
            while used + self._frame <= sound.size:
                frame_ns = start_ns + used * _NS // self.rate_hz
                onset = self._judge(sound[used : used + self._frame], frame_ns) or onset
                used += self._frame
            rest = sound[used:]
            self._pending = [rest] if rest.size else []
            self._pending_samples = rest.size
            self._pending_ns = at_ns + (pcm.size - rest.size) * _NS // self.rate_hz
        return onset

    def _judge(self, frame: Pcm, frame_ns: int) -> Onset | None:
        before = self.voice
        self.voice = _TABLE[before, level_dbfs(frame) > AUDIBLE_DBFS]
        if self.voice is Voice.PERHAPS:
            self._perhaps_ns = frame_ns
        if self.voice is not Voice.AUDIBLE:
            return None
        self.last_audible_ns = frame_ns + self._frame * _NS // self.rate_hz
        if before is Voice.AUDIBLE:
            return None
        onset = Onset(self._perhaps_ns)
        self.onsets.append(onset)
        return onset
