"""G.722 at 64 kbit/s (ITU-T G.722; RTP: RFC 3551 section 4.5.2) through libspandsp (Debian: libspandsp2)."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

import numpy as np

from media.frame import Pcm

_BIT_RATE = 64_000


@lru_cache(maxsize=1)
def _library() -> Any:
    library = ctypes.CDLL("libspandsp.so.2")
    for name in ("g722_encode_init", "g722_decode_init"):
        function = getattr(library, name)
        function.restype = ctypes.c_void_p
        function.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_int)
    for name in ("g722_encode", "g722_decode"):
        getattr(library, name).argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
    library.g722_encode_free.argtypes = (ctypes.c_void_p,)
    library.g722_decode_free.argtypes = (ctypes.c_void_p,)
    return library


class G722Coder:
    """One stream of 16 kHz PCM. Raises OSError where the library is missing."""

    def __init__(self) -> None:
        self._library = library = _library()
        self._encoder = library.g722_encode_init(None, _BIT_RATE, 0)
        self._decoder = library.g722_decode_init(None, _BIT_RATE, 0)

    def encode(self, pcm: Pcm) -> bytes:
        """One byte for every two samples."""
        whole = np.ascontiguousarray(pcm)
        out = np.empty(whole.size // 2 + 1, np.uint8)
        size = self._library.g722_encode(self._encoder, out.ctypes.data, whole.ctypes.data, whole.size)
        return out[:size].tobytes()

    def decode(self, payload: bytes) -> Pcm:
        """Two samples for every byte."""
        data = np.frombuffer(payload, np.uint8)
        pcm = np.empty(2 * data.size + 2, np.int16)
        count = self._library.g722_decode(self._decoder, pcm.ctypes.data, data.ctypes.data, data.size)
        return pcm[:count]

    def __del__(self) -> None:
        if getattr(self, "_encoder", None):
            self._library.g722_encode_free(self._encoder)
        if getattr(self, "_decoder", None):
            self._library.g722_decode_free(self._decoder)
