"""Conversion between sampling rates: a linear-phase polyphase FIR filter, streaming or one-shot.

The prototype is a sinc under a Kaiser window (Oppenheim and Schafer, Discrete-Time Signal Processing,
7.5.3) that spans 3 ms, so it delays by 1.5 ms: 48 taps a phase from 16 to 8 kHz. The centre of the
transition (-6 dB) lies at 0.48 of the lower rate. For telephone audio that means -0.1 dB at 3.28 kHz,
-0.4 dB at 3.4 kHz, and at least 60 dB down from 4.6 kHz on.

Taps are whole numbers and sums are exact in float64 (below 2**53), so the answer doesn't depend on how the
input was cut into chunks: chunked equals whole, sample by sample.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, gcd

import numpy as np
import numpy.typing as npt

from media.frame import Pcm

DELAY_MS = 1.5
_KAISER_BETA = 6.2
_CENTRE = 0.48
_TAP_BITS = 20
_BLOCK_OUTPUTS = 4096
"""Outputs computed at once: bounds memory for long prompts."""
_TOGETHER = 8
"""Inputs whose outputs are one row of a product, where every input makes several: a matrix product takes a quarter of
the time of a correlation for each phase."""

_Floats = npt.NDArray[np.float64]


@lru_cache(maxsize=32)
def _bank(in_hz: int, out_hz: int) -> tuple[_Floats, int]:
    """Taps as (phase, tap), oldest sample first, and the filter's delay at the rate in_hz * up."""
    up = out_hz // gcd(in_hz, out_hz)
    delay = round(DELAY_MS * in_hz * up / 1000)
    per_phase = ceil((2 * delay + 1) / up)
    time = np.arange(per_phase * up) - delay
    cutoff = 2 * _CENTRE * min(in_hz, out_hz) / (in_hz * up)
    inside = np.sqrt(np.maximum(0.0, 1 - (time / (delay + 1)) ** 2))
    window = np.i0(_KAISER_BETA * inside) / np.i0(_KAISER_BETA)
    prototype = np.where(np.abs(time) <= delay, np.sinc(cutoff * time) * window, 0.0)
    # Row p holds h[p], h[p + up], ...; each row is scaled to a gain of one, so that DC passes without ripple.
    phases = prototype.reshape(per_phase, up).T
    phases = phases / phases.sum(axis=1, keepdims=True)
    taps = np.rint(phases[:, ::-1] * 2**_TAP_BITS)
    taps.setflags(write=False)
    return taps, delay


@lru_cache(maxsize=32)
def _spread(in_hz: int, out_hz: int) -> _Floats:
    """The taps of `_bank`, for rates of which one is a multiple of the other, as one matrix: what `_TOGETHER` inputs
    and those before them make of the outputs that follow the last of these. Shape (inputs, outputs).
    """
    taps, _ = _bank(in_hz, out_hz)
    up, per_phase = taps.shape
    matrix = np.zeros((_TOGETHER + per_phase - 1, _TOGETHER, up))
    for n in range(_TOGETHER):
        matrix[n : n + per_phase, n] = taps.T
    return matrix.reshape(-1, _TOGETHER * up)


class Resampler:
    """Streaming conversion of int16 mono from `in_hz` to `out_hz`; the output lags by `DELAY_MS`.

    A 20 ms frame in gives a 20 ms frame out where the rates divide (8, 16, 24, 48 kHz); with 22.05 kHz the
    counts vary by one. Equal rates pass through untouched. Raises ValueError for rates that aren't positive.
    """

    def __init__(self, in_hz: int, out_hz: int) -> None:
        if in_hz <= 0 or out_hz <= 0:
            raise ValueError(f"sampling rates must be positive: {in_hz} to {out_hz} Hz")
        self.in_hz, self.out_hz = in_hz, out_hz
        common = gcd(in_hz, out_hz)
        self._up, self._down = out_hz // common, in_hz // common
        self._taps, self._delay = _bank(in_hz, out_hz)
        self._per_phase = self._taps.shape[1]
        self._reset(0)

    def _reset(self, first: int) -> None:
        """Start over. `first`: where the first output lies on the grid of in_hz * up, from the next input."""
        self._history: _Floats = np.zeros(self._per_phase - 1)
        self._next = first

    def process(self, pcm: Pcm) -> Pcm:
        """All output that `pcm` completes."""
        if self._up == self._down:
            return pcm
        samples: _Floats = np.concatenate((self._history, pcm))
        out = self._outputs(samples, pcm.size * self._up)
        self._history = samples[pcm.size :]
        self._next -= pcm.size * self._up
        return out

    def flush(self) -> Pcm:
        """The rest: what the filter's delay held back. The resampler is as new afterwards."""
        if self._up == self._down:
            return np.zeros(0, np.int16)
        samples = np.concatenate((self._history, np.zeros(self._per_phase)))
        out = self._outputs(samples, self._delay)
        self._reset(0)
        return out

    def _outputs(self, samples: _Floats, limit: int) -> Pcm:
        """Outputs before grid point `limit`. `samples` starts with the history; moves `_next` on."""
        count = max(0, -((self._next - limit) // self._down))
        out = np.empty(count, np.int16)
        taps = self._per_phase
        # One row for each window of input. (sliding_window_view does the same in thirty times the time.)
        windows: _Floats = np.ndarray((samples.size - taps + 1, taps), np.float64, samples, 0, (8, 8))
        for begin in range(0, count, _BLOCK_OUTPUTS):
            n = min(_BLOCK_OUTPUTS, count - begin)
            if self._up == 1:
                sums = windows[self._next :: self._down][:n] @ self._taps[0]
            elif self._down == 1:
                first, last = self._next // self._up, (self._next + n - 1) // self._up
                spread = _spread(self.in_hz, self.out_hz)
                rows = ceil((last + 1 - first) / _TOGETHER)
                inputs = samples[first : last + taps]
                missing = rows * _TOGETHER + taps - 1 - inputs.size
                if missing:
                    inputs = np.concatenate((inputs, np.zeros(missing)))
                spans: _Floats = np.ndarray((rows, spread.shape[0]), np.float64, inputs, 0, (8 * _TOGETHER, 8))
                sums = (spans.copy() @ spread).reshape(-1)[self._next % self._up :][:n]
            else:
                grid = self._next + self._down * np.arange(n)
                sums = np.einsum("ij,ij->i", windows[grid // self._up], self._taps[grid % self._up])
            np.clip(np.rint(sums * 2.0**-_TAP_BITS), -32768, 32767, out=sums)
            out[begin : begin + n] = sums
            self._next += n * self._down
        return out

    def _whole(self, pcm: Pcm) -> Pcm:
        self._reset(self._delay)
        return np.concatenate((self.process(pcm), self.flush()))


def resample(pcm: Pcm, in_hz: int, out_hz: int) -> Pcm:
    """All of `pcm` at `out_hz`, without delay: ceil(samples * out_hz / in_hz) samples."""
    if in_hz == out_hz:
        return pcm
    return Resampler(in_hz, out_hz)._whole(pcm)
