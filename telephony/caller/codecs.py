"""The codecs a call can negotiate, and how those that the caller speaks are coded.

PCMU and PCMA are always spoken. G.722 and Opus come from the system's libraries (`py`)
where they are installed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from media import g711
from media.frame import Pcm
from telephony.caller.codec_g722 import G722Coder
from telephony.caller.codec_opus import OpusCoder


class Coder(Protocol):
    """One direction-less codec instance of one stream; PCM in and out is at the codec's `pcm_hz`."""

    def encode(self, pcm: Pcm) -> bytes: ...

    def decode(self, payload: bytes) -> Pcm: ...


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec as SDP names it. `rtp_hz` counts RTP timestamps, `pcm_hz` the samples we handle."""

    name: str
    payload_type: int
    rtp_hz: int
    pcm_hz: int
    channels: int = 1
    fmtp: str = ""


PCMU = Codec("PCMU", 0, 8000, 8000)
PCMA = Codec("PCMA", 8, 8000, 8000)
# RFC 3551 section 4.5.2: G.722 samples at 16 kHz, but its RTP clock says 8000, by mistake and for ever.
G722 = Codec("G722", 9, 8000, 16000)
OPUS = Codec("opus", 107, 48000, 48000, channels=2, fmtp="useinbandfec=0")

CODECS = {codec.name.lower(): codec for codec in (PCMU, PCMA, G722, OPUS)}


class CodecUnavailable(RuntimeError):
    """The codec can be negotiated but not spoken here; the text says which library is missing."""


class _Ulaw:
    def encode(self, pcm: Pcm) -> bytes:
        return g711.encode_ulaw(pcm)

    def decode(self, payload: bytes) -> Pcm:
        return g711.decode_ulaw(payload)


class _Alaw:
    def encode(self, pcm: Pcm) -> bytes:
        return g711.encode_alaw(pcm)

    def decode(self, payload: bytes) -> Pcm:
        return g711.decode_alaw(payload)


_CODERS: dict[str, Callable[[], Coder]] = {
    "pcmu": _Ulaw,
    "pcma": _Alaw,
    "g722": G722Coder,
    "opus": OpusCoder,
}


def new_coder(codec: Codec) -> Coder:
    """A fresh coder for one stream of `codec`. Raises CodecUnavailable."""
    try:
        return _CODERS[codec.name.lower()]()
    except OSError as error:
        raise CodecUnavailable(f"{codec.name} needs a library that is missing: {error}") from error


def codecs_named(names: str) -> tuple[Codec, ...]:
    """The codecs of a comma list such as "pcmu,opus". Raises ValueError."""
    chosen = []
    for name in filter(None, (part.strip().lower() for part in names.split(","))):
        if name not in CODECS:
            raise ValueError(f"unknown codec {name!r}; known: {', '.join(CODECS)}")
        chosen.append(CODECS[name])
    if not chosen:
        raise ValueError("no codec named")
    return tuple(chosen)
