"""Noise suppression for the recogniser: a Wiener filter on short-time spectra, 10 dB deep at most.

The a-priori S/N is decision-directed (Ephraim and Malah, IEEE Trans. ASSP 32(6), 1984); the noise is the mean of
the frames in which nobody speaks, as the voice detector says.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from media.frame import FRAME_MS, samples

DEEPEST_DB = 10.0
"""6 dB is no better in white noise as loud as speech, 15 dB worse."""

_MEMORY = np.float32(0.9)
_LEARN_FRAMES = 10
_NOISE_FRAMES = 200

_Floats = npt.NDArray[np.float32]


_LEAST_POWER = np.float32(1.0)
"""Of noise in a bin: far under the least significant bit."""


class Wiener:
    """One call's filter, for frames of 20 ms; its output lags by a frame."""

    def __init__(self, rate_hz: int, deepest_db: float = DEEPEST_DB) -> None:
        self._size = samples(FRAME_MS, rate_hz)
        # Sine windows before and after: at half overlap their squares add up to one.
        phase = np.pi * (np.arange(2 * self._size) + 0.5) / (2 * self._size)
        self._window: _Floats = np.sin(phase).astype(np.float32)
        self._deepest = np.float32(10 ** (-deepest_db / 20))
        self.reset()

    def reset(self) -> None:
        """Forget the noise and what was heard."""
        self._block: _Floats = np.zeros(2 * self._size, np.float32)
        self._tail: _Floats = np.zeros(self._size, np.float32)
        self._noise: _Floats = np.ones(self._size + 1, np.float32)
        self._clean: _Floats = np.zeros(self._size + 1, np.float32)
        self._learnt = 0

    @property
    def knows_noise(self) -> bool:
        """Whether it has heard enough noise to take it away."""
        return self._learnt >= _LEARN_FRAMES

    def process(self, wave: _Floats, noise_only: bool) -> _Floats:
        """The frame before `wave`, filtered; both in the scale of int16, shape (samples,)."""
        size, block = self._size, self._block
        block[:size] = block[size:]
        block[size:] = wave
        spectrum = np.fft.rfft(block * self._window)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        if noise_only:
            self._learnt += 1
            self._noise += (power - self._noise) / np.float32(min(self._learnt, _NOISE_FRAMES))
            np.maximum(self._noise, _LEAST_POWER, out=self._noise)  # digital silence: a mute, a gap of packets
        posterior = power / self._noise
        prior = _MEMORY * self._clean / self._noise + (1 - _MEMORY) * np.maximum(posterior - 1, 0)
        gain = np.maximum(prior / (1 + prior), self._deepest)
        self._clean = gain * gain * power
        out = np.fft.irfft(spectrum * gain).astype(np.float32) * self._window
        done: _Floats = self._tail + out[:size]
        self._tail = out[size:]
        return done
