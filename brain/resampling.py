"""One-shot conversion between sampling rates, for whole clauses and whole decode windows.

A linear-phase polyphase filter without delay: sample 0 in is sample 0 out. The streaming resampler of
the media path is another thing (it must answer every 20 ms); here all of the signal is known.

Source: J. O. Smith, "Digital Audio Resampling", windowed-sinc interpolation with a Kaiser window.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]

ZERO_CROSSINGS = 32
"""Of the sinc on each side: at 8 kHz out, flat to 3.3 kHz and 70 dB down at 4.05 kHz."""

CUTOFF = 0.925
"""Middle of the transition, as a part of the lower Nyquist frequency."""

KAISER_BETA = 7.0


@lru_cache(maxsize=16)
def _phases(up: int, down: int) -> tuple[Float, npt.NDArray[np.int64], int]:
    """Filters (up, taps), the input step of each phase, and half the number of taps."""
    stretch = max(1.0, down / up)  # a lower output rate needs a longer filter
    half = int(np.ceil(ZERO_CROSSINGS * stretch))
    cutoff = CUTOFF / stretch
    offsets = np.arange(up) * down
    fraction = (offsets % up) / up
    time = np.arange(-half, half + 1)[None, :] - fraction[:, None]
    window = np.i0(KAISER_BETA * np.sqrt(np.clip(1.0 - (time / (half + 1)) ** 2, 0.0, 1.0)))
    taps = cutoff * np.sinc(cutoff * time) * window / np.i0(KAISER_BETA)
    taps /= taps.sum(axis=1, keepdims=True)  # unity gain at 0 Hz in every phase: no ripple between them
    return taps.astype(np.float32), offsets // up, half


def resample(signal: Float, in_hz: int, out_hz: int) -> Float:
    """`signal`, shape (n,), at `out_hz`: shape (ceil(n * out_hz / in_hz),). Raises ValueError."""
    if in_hz <= 0 or out_hz <= 0:
        raise ValueError(f"bad rates: {in_hz} to {out_hz} Hz")
    if in_hz == out_hz or signal.size == 0:
        return signal.astype(np.float32, copy=False)
    common = gcd(in_hz, out_hz)
    up, down = out_hz // common, in_hz // common
    taps, starts, half = _phases(up, down)
    count = -(-signal.size * up // down)
    padded = np.zeros(signal.size + 2 * half + down + 1, np.float32)
    padded[half : half + signal.size] = signal
    out = np.empty(count, np.float32)
    step = padded.strides[0]
    for phase in range(min(up, count)):
        many = -(-(count - phase) // up)
        source = padded[starts[phase] :]
        if down == 1:  # plain interpolation: a convolution is faster than windows that overlap
            out[phase::up] = np.convolve(source[: many + 2 * half], taps[phase][::-1], "valid")
            continue
        windows = np.lib.stride_tricks.as_strided(
            source, shape=(many, taps.shape[1]), strides=(down * step, step), writeable=False
        )
        out[phase::up] = windows @ taps[phase]
    return out
