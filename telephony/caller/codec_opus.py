"""Opus at 48 kHz mono through the system's libopus (RFC 6716, RFC 7587; Debian: libopus0)."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

import numpy as np

from media.frame import Pcm

_RATE_HZ = 48_000
_APPLICATION_VOIP = 2048
_MAX_PACKET_BYTES = 1275
_MAX_SAMPLES = 5760
"""120 ms: the longest packet."""


@lru_cache(maxsize=1)
def _library() -> Any:
    library = ctypes.CDLL("libopus.so.0")
    library.opus_encoder_create.restype = ctypes.c_void_p
    library.opus_decoder_create.restype = ctypes.c_void_p
    library.opus_encode.argtypes = (
        ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int32,
    )  # fmt: skip
    library.opus_decode.argtypes = (
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.c_void_p, ctypes.c_int, ctypes.c_int,
    )  # fmt: skip
    library.opus_encoder_destroy.argtypes = (ctypes.c_void_p,)
    library.opus_decoder_destroy.argtypes = (ctypes.c_void_p,)
    return library


class OpusCoder:
    """One stream. Raises OSError where the library is missing."""

    def __init__(self) -> None:
        self._library = library = _library()
        error = ctypes.c_int()
        self._encoder = library.opus_encoder_create(_RATE_HZ, 1, _APPLICATION_VOIP, ctypes.byref(error))
        self._decoder = library.opus_decoder_create(_RATE_HZ, 1, ctypes.byref(error))
        if not self._encoder or not self._decoder:
            raise OSError(f"libopus: error {error.value}")
        self._packet = ctypes.create_string_buffer(_MAX_PACKET_BYTES)

    def encode(self, pcm: Pcm) -> bytes:
        """One packet of 10, 20, 40 or 60 ms. Raises ValueError for another length."""
        whole = np.ascontiguousarray(pcm)
        size = self._library.opus_encode(
            self._encoder, whole.ctypes.data, whole.size, self._packet, _MAX_PACKET_BYTES
        )
        if size < 0:
            raise ValueError(f"Opus can't encode {pcm.size} samples: error {size}")
        return self._packet.raw[:size]

    def decode(self, payload: bytes) -> Pcm:
        """The packet's samples; none where it is damaged."""
        pcm = np.empty(_MAX_SAMPLES, np.int16)
        count = self._library.opus_decode(
            self._decoder, payload, len(payload), pcm.ctypes.data, _MAX_SAMPLES, 0
        )
        return pcm[: max(0, count)].copy()

    def __del__(self) -> None:
        if getattr(self, "_encoder", None):
            self._library.opus_encoder_destroy(self._encoder)
        if getattr(self, "_decoder", None):
            self._library.opus_decoder_destroy(self._decoder)
