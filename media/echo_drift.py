"""A drift between the clock that plays and the clock that records, at the caller's end.

Where one clock does both, as in a telephone, a drift shows as slips of the jitter buffers only. A computer with
two sound devices stretches the echo itself: at 200 ppm by 1.6 samples a second at 8 kHz, which is more than the
filter can follow. A delay-locked loop of second order does it: the phase between the echo that was expected and
the one that came, over frequency, is the lag; it moves the place in the far signal, by fractions of a sample.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bins = npt.NDArray[np.complex64]
Block = npt.NDArray[np.float32]

_KEEP = 0.85
_PROPORTIONAL, _INTEGRAL = 0.06, 0.0008
"""Gains for each frame: a loop that settles in a second or two."""
_LAG_HIGHEST = 1.0
_SLOPE_HIGHEST = 0.0005
"""500 ppm."""
TAPS = 16
"""Of the interpolation; it looks half as many samples ahead."""
_STEPS = 64


def _kernels() -> Block:
    """Windowed sincs that delay by 0, 1/64 ... 63/64 of a sample (and by seven samples that the caller shifts)."""
    time = np.arange(TAPS) - (TAPS // 2 - 1)
    delays = np.arange(_STEPS)[:, None] / _STEPS
    window = np.cos(np.pi * (time - delays) / (TAPS + 1)) ** 2
    rows = np.sinc(time - delays) * window
    kernels: Block = (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)
    return kernels


_KERNELS = _kernels()


class DriftLoop:
    """Follows the drift of one line, for blocks of `block` samples."""

    def __init__(self, block: int) -> None:
        self._omega = np.linspace(0, np.pi, block + 1, dtype=np.float32)
        self._block = block
        self._cross = np.zeros(block + 1, np.complex64)
        self.slope = 0.0
        """Samples by which the echo falls back for each sample."""
        self._offset = 0.0

    def delayed(self, response: Block) -> Block:
        """`response`, as much later as the drift has come to since the last whole sample."""
        whole = int(np.floor(self._offset))
        number = int((self._offset - whole) * _STEPS)
        late: Block = np.convolve(response, _KERNELS[number])[TAPS // 2 - 1 - whole :][: response.size]
        return late

    def step(self, blocks: int = 1) -> tuple[int, Block | None]:
        """So many blocks on: whole samples to move by, and what delays by the rest (None where it is nothing)."""
        self._offset += self.slope * self._block * blocks
        whole = int(np.floor(self._offset))
        self._offset -= whole
        number = int(self._offset * _STEPS)
        return whole, _KERNELS[number] if number or self.slope else None

    def follow(self, expected: Bins, error: Bins) -> None:
        """Learn from a block: the spectra of the echo that was expected, and of what was left."""
        self._cross *= np.float32(_KEEP)
        self._cross += np.conj(expected) * (expected + error)
        weighted = self._omega * self._cross
        power = float(self._omega.dot(weighted.real))
        if power <= 0.0:
            return
        lag = -float(weighted.imag.sum()) / power
        lag = min(max(lag, -_LAG_HIGHEST), _LAG_HIGHEST)
        self._offset += _PROPORTIONAL * lag
        slope = self.slope + _INTEGRAL * lag / self._block
        self.slope = min(max(slope, -_SLOPE_HIGHEST), _SLOPE_HIGHEST)
