"""What the caller's phone puts into its next packet: speech, silence or line noise, echo, digits. Pure.

Time is counted in samples of the codec's PCM rate from the first packet. The one who sends calls
`next_packet` once each packet interval, whether the line is on hold or not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from media.frame import FULL_SCALE, Pcm, samples, silence
from telephony.caller.codecs import Codec, new_coder
from telephony.caller.digits import EventPayload, Press, event_payloads
from telephony.caller.speakerphone import Speakerphone


class Kind(Enum):
    SPEECH = "speech"
    TONES = "tones"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet's content. `clean` is the speech in it without noise and echo, `mixed` all of the audio."""

    payload_type: int
    payload: bytes
    marker: bool
    timestamp: int
    position: int
    clean: Pcm
    mixed: Pcm


@dataclass(frozen=True, slots=True)
class Said:
    """An item that went out: samples [start, end) of the stream."""

    item: int
    kind: Kind
    start: int
    end: int


@dataclass(slots=True)
class _Item:
    number: int
    kind: Kind
    pcm: Pcm
    digits: str = ""
    press: Press = Press()
    at: int | None = None
    done: int = 0
    started: int | None = None


class Talker:
    """The sending half of one stream. `speakerphone` is what brings an echo into it."""

    def __init__(
        self,
        codec: Codec,
        payload_type: int,
        event_payload_type: int | None,
        ptime_ms: int,
        speakerphone: Speakerphone | None = None,
    ) -> None:
        self.rate_hz = codec.pcm_hz
        self.position = 0
        self.ptime_ms = ptime_ms
        self._packet_samples = samples(ptime_ms, codec.pcm_hz)
        self._items: deque[_Item] = deque()
        self._events: Iterator[EventPayload] | None = None
        self._event_timestamp = 0
        self._finished: list[Said] = []
        self._numbers = 0
        self._speakerphone = speakerphone
        self._noise: Pcm | None = None
        self._noise_at = 0
        self._marker = True
        self._silence = silence(self._packet_samples)
        self.renegotiate(codec, payload_type, event_payload_type)

    def renegotiate(self, codec: Codec, payload_type: int, event_payload_type: int | None) -> None:
        """Speak another codec from the next packet on. Raises ValueError if its PCM rate is another."""
        if codec.pcm_hz != self.rate_hz:
            raise ValueError(f"a call at {self.rate_hz} Hz can't go on at {codec.pcm_hz} Hz")
        self._codec = codec
        self._coder = new_coder(codec)
        self._payload_type = payload_type
        self._event_payload_type = event_payload_type

    # ---- what to say --------------------------------------------------------------------------------------

    def say(self, pcm: Pcm, at: int | None = None, kind: Kind = Kind.SPEECH) -> int:
        """Queue audio at the codec's PCM rate; with `at` it starts at that sample. Returns its number."""
        return self._queue(_Item(self._number(), kind, pcm, at=at))

    def press(self, digits: str, press: Press) -> int:
        """Queue digits as telephone-events. Raises ValueError where the peer takes none."""
        if self._event_payload_type is None:
            raise ValueError("the peer takes no telephone-event")
        return self._queue(_Item(self._number(), Kind.EVENTS, silence(0), digits=digits, press=press))

    def hush(self) -> None:
        """Break off: what is being said ends with the last packet, what is queued isn't said."""
        now = self.position
        current = self._items[0] if self._items else None
        self._items.clear()
        self._events = None
        if current is not None and current.started is not None and current.number > 0:
            self._finished.append(Said(current.number, current.kind, current.started, now))

    def set_noise(self, dbfs: float | None, rng: np.random.Generator) -> None:
        """Put white noise of that level (RMS) under everything, or none."""
        if dbfs is None:
            self._noise = None
            return
        sigma = FULL_SCALE * 10 ** (dbfs / 20)
        # Two seconds over and over: cheap enough for twenty calls on one core.
        noise = np.clip(np.rint(rng.normal(0.0, sigma, 2 * self.rate_hz)), -32768, 32767)
        self._noise, self._noise_at = noise.astype(np.int16), 0

    def take_finished(self) -> list[Said]:
        """Items whose last packet has been taken, since the last time."""
        finished, self._finished = self._finished, []
        return finished

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _queue(self, item: _Item) -> int:
        self._items.append(item)
        return item.number

    # ---- packets ------------------------------------------------------------------------------------------

    def next_packet(self) -> Packet:
        """The packet of this interval; the stream is one interval further after it."""
        item = self._items[0] if self._items else None
        if item is not None and item.kind is Kind.EVENTS:
            packet = self._event_packet(item)
        else:
            packet = self._audio_packet()
        self.position += self._packet_samples
        return packet

    def _audio_packet(self) -> Packet:
        clean = self._silence
        filled = 0
        while self._items and filled < self._packet_samples:
            item = self._items[0]
            if item.kind is Kind.EVENTS:
                break
            now = self.position + filled
            if item.at is not None and item.started is None and item.at > now:
                filled = item.at - self.position
                if filled >= self._packet_samples:
                    break
                now = item.at
            if item.started is None:
                item.started = now
            if clean is self._silence:
                clean = silence(self._packet_samples)
            count = min(item.pcm.size - item.done, self._packet_samples - filled)
            clean[filled : filled + count] = item.pcm[item.done : item.done + count]
            item.done += count
            filled += count
            if item.done == item.pcm.size:
                self._finish(item, item.started, self.position + filled)
        mixed = self._with_echo(self._with_noise(clean))
        marker, self._marker = self._marker, False
        payload = self._coder.encode(mixed)
        return Packet(self._payload_type, payload, marker, self._timestamp(), self.position, clean, mixed)

    def _event_packet(self, item: _Item) -> Packet:
        if self._events is None:
            digit, rtp_hz = item.digits[item.done], self._codec.rtp_hz
            self._events = event_payloads(digit, item.press, self.ptime_ms, rtp_hz)
            self._event_timestamp = self._timestamp()
            item.started = self.position if item.started is None else item.started
        event = next(self._events, None)
        if event is None:
            self._events = None
            item.done += 1
            pause = silence(samples(item.press.gap_ms, self.rate_hz))
            if item.done == len(item.digits):
                self._finish(item, item.started or 0, self.position)
            else:  # a pause before the next key, as audio, in front of what is left
                self._items.appendleft(_Item(-1, Kind.TONES, pause))
            return self._audio_packet()
        payload_type = self._event_payload_type
        if payload_type is None:
            raise ValueError("the peer takes no telephone-event any more")
        if self._speakerphone is not None:
            self._speakerphone.take(self._packet_samples)  # a phone's microphone is off while it sends a key
        return Packet(
            payload_type, event.payload, event.first, self._event_timestamp, self.position,
            self._silence, self._silence,
        )  # fmt: skip

    def _finish(self, item: _Item, start: int, end: int) -> None:
        self._items.popleft()
        if item.number > 0:
            self._finished.append(Said(item.number, item.kind, start, end))

    def _with_noise(self, clean: Pcm) -> Pcm:
        if self._noise is None:
            return clean
        start = self._noise_at
        self._noise_at = (start + self._packet_samples) % (self._noise.size - self._packet_samples)
        noise: Pcm = self._noise[start : start + self._packet_samples]
        if clean is self._silence:
            return noise
        mixed: Pcm = np.clip(clean.astype(np.int32) + noise, -32768, 32767).astype(np.int16)
        return mixed

    def _with_echo(self, sound: Pcm) -> Pcm:
        if self._speakerphone is None:
            return sound
        both = sound + self._speakerphone.take(self._packet_samples)
        mixed: Pcm = np.clip(np.rint(both), -32768, 32767).astype(np.int16)
        return mixed

    def _timestamp(self) -> int:
        return self.position * self._codec.rtp_hz // self.rate_hz
