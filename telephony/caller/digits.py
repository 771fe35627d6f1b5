"""Digits in their three forms: telephone-event packets (RFC 4733), bodies of SIP INFO, tones (ITU-T Q.23)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from media.frame import Pcm, samples, silence

KEYS = "0123456789*#ABCD"
_ROWS_HZ = (697, 770, 852, 941)
_COLUMNS_HZ = (1209, 1336, 1477, 1633)
_KEYPAD = ("123A", "456B", "789C", "*0#D")
_FREQUENCIES = {
    key: (_ROWS_HZ[row], _COLUMNS_HZ[column])
    for row, keys in enumerate(_KEYPAD) for column, key in enumerate(keys)
}  # fmt: skip
_EVENT = struct.Struct("!BBH")
_END_BIT = 0x80
_VOLUME = 10
_END_REPEATS = 3


@dataclass(frozen=True, slots=True)
class Press:
    """How long a key is held and how long the pause after it is."""

    tone_ms: int = 100
    gap_ms: int = 80


@dataclass(frozen=True, slots=True)
class EventPayload:
    """One telephone-event payload; its packet carries the timestamp of the digit's first."""

    payload: bytes
    first: bool


def checked(digits: str) -> str:
    """`digits` in capitals. Raises ValueError for anything that isn't on a keypad."""
    keys = digits.upper()
    strange = [key for key in keys if key not in KEYS]
    if strange or not keys:
        raise ValueError(f"not digits: {digits!r}")
    return keys


def event_payloads(digit: str, press: Press, packet_ms: int, rtp_hz: int) -> Iterator[EventPayload]:
    """The payloads of one digit, one each packet interval: growing durations, then the end three times."""
    code, step = KEYS.index(digit), packet_ms * rtp_hz // 1000
    packets = max(2, -(-press.tone_ms // packet_ms))
    for number in range(1, packets):
        yield EventPayload(_EVENT.pack(code, _VOLUME, number * step), number == 1)
    # RFC 4733 section 2.5.1.4: the packet that ends the event is sent three times.
    for _ in range(_END_REPEATS):
        yield EventPayload(_EVENT.pack(code, _END_BIT | _VOLUME, packets * step), False)


def tones(digits: str, press: Press, rate_hz: int, level_db: float = -13.0) -> Pcm:
    """In-band tones of `digits`: each frequency at `level_db` below full scale, a pause after each key."""
    count = samples(press.tone_ms, rate_hz)
    seconds = np.arange(count) / rate_hz
    amplitude = 32767 * 10 ** (level_db / 20)
    parts: list[Pcm] = []
    for digit in digits:
        low, high = _FREQUENCIES[digit]
        wave = np.sin(2 * np.pi * low * seconds) + np.sin(2 * np.pi * high * seconds)
        parts += [(amplitude * wave).astype(np.int16), silence(samples(press.gap_ms, rate_hz))]
    return np.concatenate(parts)


def info_body(digit: str, press: Press, content_type: str = "application/dtmf-relay") -> bytes:
    """The body of the INFO that carries `digit`, in one of the two customary formats."""
    if content_type == "application/dtmf":
        return digit.encode()
    return f"Signal={digit}\r\nDuration={press.tone_ms}\r\n".encode()
