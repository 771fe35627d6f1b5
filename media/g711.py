"""G.711 mu-law and A-law (ITU-T G.711; arithmetic as in the reference code of ITU-T G.191).

Both laws are tables: 65,536 entries to encode, 256 to decode. Linear samples are 16 bit; the laws look at
the upper 14 (mu-law) or 13 (A-law) of them. Even bits of A-law are inverted, all bits of mu-law, as sent.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from media.frame import Pcm

_Codes = npt.NDArray[np.uint8]

_ULAW_BIAS = 33
_ULAW_CLIP = 0x1FFF
_ALAW_EVEN_BITS = 0x55


def _ulaw_code(linear: int) -> int:
    # G.191 takes the ones' complement of negative values, so that -1 becomes negative zero.
    magnitude = min(((~linear if linear < 0 else linear) >> 2) + _ULAW_BIAS, _ULAW_CLIP)
    segment = (magnitude >> 6).bit_length() + 1
    code = (8 - segment) << 4 | 15 - (magnitude >> segment & 15)
    return code if linear < 0 else code | 0x80


def _ulaw_linear(code: int) -> int:
    inverted = ~code & 0xFF
    exponent, mantissa = inverted >> 4 & 7, inverted & 15
    magnitude = ((2 * mantissa + 33) << exponent + 2) - 4 * _ULAW_BIAS
    return magnitude if code & 0x80 else -magnitude


def _alaw_code(linear: int) -> int:
    magnitude = (~linear if linear < 0 else linear) >> 4
    exponent = max(0, magnitude.bit_length() - 4)
    if exponent > 1:
        magnitude >>= exponent - 1
    code = exponent << 4 | magnitude & 15
    return (code if linear < 0 else code | 0x80) ^ _ALAW_EVEN_BITS


def _alaw_linear(code: int) -> int:
    plain = code ^ _ALAW_EVEN_BITS
    exponent, mantissa = plain >> 4 & 7, plain & 15
    magnitude = (mantissa + 16 if exponent else mantissa) * 16 + 8 << max(0, exponent - 1)
    return magnitude if code & 0x80 else -magnitude


def _signed(unsigned: int) -> int:
    return unsigned - 0x10000 if unsigned & 0x8000 else unsigned


# Indexed by the sample's 16 bits read as an unsigned number.
_ULAW_ENCODE: _Codes = np.array([_ulaw_code(_signed(n)) for n in range(0x10000)], np.uint8)
_ALAW_ENCODE: _Codes = np.array([_alaw_code(_signed(n)) for n in range(0x10000)], np.uint8)
_ULAW_DECODE: Pcm = np.array([_ulaw_linear(n) for n in range(256)], np.int16)
_ALAW_DECODE: Pcm = np.array([_alaw_linear(n) for n in range(256)], np.int16)


def encode_ulaw(pcm: Pcm) -> bytes:
    """PCMU: one byte for each sample of `pcm`."""
    return _ULAW_ENCODE[pcm.view(np.uint16)].tobytes()


def decode_ulaw(data: bytes) -> Pcm:
    """PCMU: one sample for each byte of `data`."""
    return _ULAW_DECODE[np.frombuffer(data, np.uint8)]


def encode_alaw(pcm: Pcm) -> bytes:
    """PCMA: one byte for each sample of `pcm`."""
    return _ALAW_ENCODE[pcm.view(np.uint16)].tobytes()


def decode_alaw(data: bytes) -> Pcm:
    """PCMA: one sample for each byte of `data`."""
    return _ALAW_DECODE[np.frombuffer(data, np.uint8)]
