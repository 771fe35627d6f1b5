"""Digits in their three forms: telephone-event packets (RFC 4733), bodies of SIP INFO, tones (ITU-T Q.23).

The packets are made here and not by the sender of `media`, which the bot's receiver is tested with already.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from media import dtmf_send
from media.dtmf_send import checked as checked
from media.frame import Pcm
from media.telephone_event import SYMBOLS

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


def event_payloads(digit: str, press: Press, packet_ms: int, rtp_hz: int) -> Iterator[EventPayload]:
    """The payloads of one digit, one each packet interval: growing durations, then the end three times."""
    code, step = SYMBOLS.index(digit), packet_ms * rtp_hz // 1000
    packets = max(2, -(-press.tone_ms // packet_ms))
    for number in range(1, packets):
        yield EventPayload(_EVENT.pack(code, _VOLUME, number * step), number == 1)
    # RFC 4733 section 2.5.1.4: the packet that ends the event is sent three times.
    for _ in range(_END_REPEATS):
        yield EventPayload(_EVENT.pack(code, _END_BIT | _VOLUME, packets * step), False)


def tones(digits: str, press: Press, rate_hz: int) -> Pcm:
    """In-band tones of `digits`, a pause after each key."""
    return dtmf_send.tones(digits, rate_hz, press.tone_ms, press.gap_ms)


def info_body(digit: str, press: Press, content_type: str = dtmf_send.INFO_TYPES[0]) -> bytes:
    """The body of the INFO that carries `digit`, in one of the two customary formats."""
    return dtmf_send.info_body(digit, press.tone_ms, content_type)
