"""Log-mel features as Whisper takes them: 80 bands, 25 ms windows, a frame every 10 ms, 16 kHz.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", section 2.2, and
the reference implementation's `log_mel_spectrogram` (Slaney mel scale and normalisation, floor 8 below
the maximum, scaled by (x + 4) / 4). The last frame of the centred transform is dropped, as there.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]

RATE_HZ = 16_000
HOP = 160
WINDOW = 400
BANDS = 80
FRAMES_PER_SECOND = RATE_HZ // HOP


def _slaney_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Slaney's scale: linear to 1 kHz (mel 15), logarithmic above."""
    return np.where(mel < 15.0, mel * 200.0 / 3.0, 1000.0 * np.exp((mel - 15.0) * np.log(6.4) / 27.0))


@lru_cache(maxsize=4)
def _filters(bands: int) -> Float:
    """Triangular filters of equal area, shape (bands, WINDOW // 2 + 1)."""
    top = 15.0 + np.log(RATE_HZ / 2 / 1000.0) * 27.0 / np.log(6.4)
    edges = _slaney_hz(np.linspace(0.0, top, bands + 2))
    bins = np.fft.rfftfreq(WINDOW, 1.0 / RATE_HZ)
    slopes = edges[:, None] - bins[None, :]
    widths = np.diff(edges)[:, None]
    rising, falling = -slopes[:-2] / widths[:-1], slopes[2:] / widths[1:]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


_HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)


def log_mel(signal: Float, bands: int = BANDS) -> Float:
    """Features of `signal` (float32 at 16 kHz, full scale 1.0): shape (bands, len(signal) // 160).

    Raises ValueError for a signal shorter than one window.
    """
    if signal.ndim != 1 or signal.size < WINDOW:
        raise ValueError(f"expected at least {WINDOW} samples of mono audio, got shape {signal.shape}")
    centred = np.pad(signal.astype(np.float32, copy=False), WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(centred, WINDOW)[::HOP]
    spectrum = np.fft.rfft(frames[: signal.size // HOP] * _HANN, axis=-1)
    power = spectrum.real**2 + spectrum.imag**2
    bands_log = np.log10(np.maximum(_filters(bands) @ power.T.astype(np.float32), 1e-10))
    floored = np.maximum(bands_log, bands_log.max() - 8.0)
    features: Float = ((floored + 4.0) / 4.0).astype(np.float32)
    return features
