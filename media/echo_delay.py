"""How late an echo comes: generalised cross-correlation of what was played and what the line brought.

The spectra of overlapping windows are averaged and weighted to the smoothed coherence transform (Carter, Nuttall
and Cable, "The smoothed coherence transform", Proc. IEEE 61, 1973), whose peak lies at the delay. Averaged over
windows, a caller who speaks at the same time is no echo: his voice has no constant delay.
"""

from __future__ import annotations

from enum import Enum, auto

import numpy as np
import numpy.typing as npt

MAX_DELAY_MS = 500
WINDOW_MS = 256
"""Of the line, at once."""

_FORGET = 0.75
_PEAK = 7.5
"""How many times the correlation's mean square root its peak must be; noise reaches 5 in 4,000 lags."""
_NEAR = 4
"""Samples by which two windows may differ and still agree."""
_AGREED = 2
_ENOUGH = 8
"""Windows without a peak after which there is no echo."""


class Found(Enum):
    """What the search has come to."""

    NOTHING_YET = auto()
    ECHO = auto()
    NO_ECHO = auto()


class DelaySearch:
    """Looks for an echo between 0 and `MAX_DELAY_MS` behind what was played."""

    def __init__(self, rate_hz: int) -> None:
        self.window = WINDOW_MS * rate_hz // 1000
        self.span = self.window * 3
        """Samples of the far signal that go with a window."""
        self._lags = MAX_DELAY_MS * rate_hz // 1000
        self._size = self.window * 4
        self._taper = np.hanning(self.window).astype(np.float32)
        bins = self._size // 2 + 1
        self._cross = np.zeros(bins, np.complex64)
        self._far = np.zeros(bins, np.float32)
        self._near = np.zeros(bins, np.float32)
        self.restart()

    def restart(self) -> None:
        """Forget what was seen."""
        self._cross[:] = 0
        self._far[:] = 0
        self._near[:] = 0
        self._agreed = self._windows = 0
        self.delay = 0
        """Samples; of meaning where the last look found an echo."""

    def look(self, far: npt.NDArray[np.float32], near: npt.NDArray[np.float32]) -> Found:
        """One more window: the newest `window` samples of the line and the newest `span` of what was played."""
        x = np.fft.rfft(far, self._size)
        d = np.fft.rfft(near * self._taper, self._size)
        self._cross *= _FORGET
        self._cross += np.conj(x) * d
        self._far *= _FORGET
        self._far += x.real**2 + x.imag**2
        self._near *= _FORGET
        self._near += d.real**2 + d.imag**2
        weight = np.sqrt(self._far * self._near) + np.float32(1e-3) * np.sqrt(self._far.mean() * self._near.mean())
        correlation = np.fft.irfft(self._cross / (weight + np.float32(1e-9)))
        # The near window starts `span - window` samples after the far one, so no delay is a lag of minus that.
        first = self._size - (self.span - self.window)
        lags = np.abs(correlation[first : first + self._lags + 1])
        self._windows += 1
        best = int(lags.argmax())
        ratio = float(lags[best]) / (float(np.sqrt(np.mean(lags**2))) + 1e-12)
        if ratio < _PEAK:
            self._agreed = 0
            return Found.NO_ECHO if self._windows >= _ENOUGH else Found.NOTHING_YET
        self._agreed = self._agreed + 1 if abs(best - self.delay) <= _NEAR else 1
        self.delay = best
        return Found.ECHO if self._agreed >= _AGREED else Found.NOTHING_YET
