"""Noise suppression for the recogniser: a Wiener filter on short-time spectra.

The a-priori S/N is decision-directed (Ephraim and Malah, IEEE Trans. ASSP 32(6), 1984); the noise is the mean of
the frames in which nobody speaks, as the voice detector says.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from media.frame import FRAME_MS, Pcm, samples

_Floats = npt.NDArray[np.float32]


class Wiener:
    """One call's filter, for frames of 20 ms; its output lags by a frame."""

    def __init__(self, rate_hz: int, deepest_db: float = 12.0, over: float = 1.0, memory: float = 0.9) -> None:
        self._size = samples(FRAME_MS, rate_hz)
        # sine windows before and after: their squares add up to one at half overlap
        self._window: _Floats = np.sin(np.pi * (np.arange(2 * self._size) + 0.5) / (2 * self._size)).astype(np.float32)
        self._block: _Floats = np.zeros(2 * self._size, np.float32)
        self._tail: _Floats = np.zeros(self._size, np.float32)
        self._noise: _Floats | None = None
        self._frames = 0
        self._clean: _Floats = np.zeros(self._size + 1, np.float32)
        self._deepest = np.float32(10 ** (-deepest_db / 20))
        self._over, self._memory = np.float32(over), np.float32(memory)

    def process(self, frame: Pcm, speech: bool) -> Pcm:
        size, block = self._size, self._block
        block[:size] = block[size:]
        block[size:] = frame
        spectrum = np.fft.rfft(block * self._window)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        if self._noise is None:
            self._noise = power + 1.0
        elif not speech:
            self._frames = min(self._frames + 1, 30)
            self._noise += (power - self._noise) / np.float32(self._frames + 1)
        noise = self._noise * self._over
        posterior = power / noise
        prior = self._memory * self._clean / noise + (1 - self._memory) * np.maximum(posterior - 1, 0)
        gain = np.maximum(prior / (1 + prior), self._deepest)
        self._clean = gain * gain * power
        out = np.fft.irfft(spectrum * gain).astype(np.float32) * self._window
        done = self._tail + out[:size]
        self._tail = out[size:]
        return np.clip(np.rint(done), -32768, 32767).astype(np.int16)
