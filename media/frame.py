"""What a sample is: int16 mono PCM with its rate and the position of its first sample."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]
"""One channel of linear PCM, shape (samples,), int16."""

FRAME_MS = 20
"""What pjmedia's clock moves at once; every count of frames in Offhook is a count of these."""

FULL_SCALE = 32768.0


def samples(ms: float, rate_hz: int) -> int:
    """How many samples `ms` milliseconds are at `rate_hz`."""
    return int(ms * rate_hz / 1000)


def silence(count: int) -> Pcm:
    """`count` samples of digital silence."""
    return np.zeros(count, np.int16)


def level_dbfs(pcm: Pcm) -> float:
    """Root mean square of `pcm` in dB relative to a full-scale square wave; -100 for silence."""
    if pcm.size == 0:
        return -100.0
    x = pcm.astype(np.float32)
    return power_dbfs(float(x.dot(x)) / pcm.size)


def power_dbfs(power: float) -> float:
    """The same of a mean square."""
    return 10.0 * log10(power / FULL_SCALE**2) if power > 0.1 else -100.0


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """A stretch of one channel: `pcm` at `rate_hz`, whose first sample is number `position`."""

    pcm: Pcm
    rate_hz: int
    position: int

    def __post_init__(self) -> None:
        if self.pcm.dtype != np.int16 or self.pcm.ndim != 1:
            raise ValueError(f"expected int16 mono, got {self.pcm.dtype} with shape {self.pcm.shape}")
        if self.rate_hz <= 0 or self.position < 0:
            raise ValueError(f"bad rate or position: {self.rate_hz} Hz, sample {self.position}")

    @property
    def end(self) -> int:
        """Number of the first sample after this frame."""
        return self.position + self.pcm.size
