"""What playout does to loudness: gain that changes without a click, a limiter, comfort noise."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from media.frame import FULL_SCALE, Pcm

Signal = npt.NDArray[np.float32]
"""One channel while it is worked on, shape (samples,), in the scale of int16."""

COMFORT_NOISE_DBFS = -66.0
"""What is sent where nobody speaks: under the -60 dBFS that a caller's meter takes for silence."""

_KNEE = 0.8 * FULL_SCALE
_CEILING = FULL_SCALE - 1


class Ramp:
    """A gain that moves in a straight line, over `length` samples, to where it was last sent."""

    def __init__(self, length: int, gain: float = 1.0) -> None:
        self._curve: Signal = np.arange(1, length + 1, dtype=np.float32) / np.float32(length)
        self._from = self._to = gain
        self._done = length

    @property
    def transparent(self) -> bool:
        """Whether `apply` would change nothing."""
        return self._to == 1.0 and self._done == self._curve.size

    @property
    def still(self) -> bool:
        """Whether it has come to where it was sent."""
        return self._done == self._curve.size

    def to(self, gain: float) -> None:
        """Start to move to `gain`."""
        if gain != self._to:
            if self._done:
                self._from += (self._to - self._from) * float(self._curve[self._done - 1])
            self._to, self._done = gain, 0

    def jump(self, gain: float) -> None:
        """Be at `gain`."""
        self._from = self._to = gain
        self._done = self._curve.size

    def settle(self) -> None:
        """Be where it is going."""
        self.jump(self._to)

    def apply(self, signal: Signal) -> None:
        """Multiply `signal` in place and move on."""
        count = min(signal.size, self._curve.size - self._done)
        if count > 0:
            piece = self._curve[self._done : self._done + count]
            signal[:count] *= np.float32(self._from) + np.float32(self._to - self._from) * piece
            self._done += count
        if self._to != 1.0:
            signal[count:] *= np.float32(self._to)


def to_pcm(signal: Signal) -> Pcm:
    """Round to int16. Peaks over 80 % of full scale are bent under it, without a corner, never clipped."""
    peak = float(np.abs(signal).max(initial=0.0))
    if peak > _CEILING:
        size = np.abs(signal)
        room = np.float32(_CEILING - _KNEE)
        bent = _KNEE + room * np.tanh((size - np.float32(_KNEE)) / room)
        signal = np.where(size > _KNEE, np.copysign(bent, signal), signal).astype(np.float32)
    return np.rint(signal).astype(np.int16)


@lru_cache(maxsize=8)
def comfort_noise(rate_hz: int, dbfs: float) -> Pcm:
    """Two seconds of white noise at `dbfs` (RMS), always the same, read-only."""
    rng = np.random.default_rng(4733)
    noise = rng.standard_normal(2 * rate_hz) * FULL_SCALE * 10 ** (dbfs / 20)
    pcm = np.rint(noise).astype(np.int16)
    pcm.setflags(write=False)
    return pcm
