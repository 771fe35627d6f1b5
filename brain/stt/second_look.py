"""A voice in noise, looked at twice: as it came, and with less noise. Pure.

What a filter takes away is lost to a recogniser, whose errors grow with every soft sound that is missing; but they are
other errors than those of the noise. So both are decoded (`brain.stt.whisper`). Some of the line stays in the second
look: Whisper makes up words in what filters leave.
"""

from __future__ import annotations

import numpy as np

from media.frame import FULL_SCALE, Pcm
from media.noise import LAG, RATE_HZ, Denoiser, Wave
from media.resample import DELAY_MS, Resampler

DRY = np.float32(0.3)
"""The share of the line that stays in the second look; its noise is 10 dB down where the filter leaves nothing."""

_LATE = LAG + round(DELAY_MS * RATE_HZ / 1000)


class Cleaned:
    """The audio of a window without its noise, at 16 kHz and full scale 1.0; the newest 26 ms are still missing."""

    def __init__(self, rate_hz: int) -> None:
        self._resampler, self._denoiser = Resampler(rate_hz, RATE_HZ), Denoiser()
        self._missing = _LATE if rate_hz != RATE_HZ else LAG
        self._audio: Wave = np.zeros(0, np.float32)

    @property
    def audio(self) -> Wave:
        """All that is kept; not to be changed."""
        return self._audio

    def append(self, pcm: Pcm) -> None:
        """Add the newest audio."""
        wave = self._resampler.process(pcm).astype(np.float32) / np.float32(FULL_SCALE)
        clean = self._denoiser.process(wave)
        early = min(self._missing, clean.size)  # of the filters' delay: nothing was heard yet
        self._missing -= early
        self._audio = np.concatenate((self._audio, clean[early:]))

    def drop(self, ms: int) -> None:
        """Forget the first `ms`."""
        self._audio = self._audio[ms * RATE_HZ // 1000 :]


def second_look(audio: Wave, clean: Wave) -> Wave:
    """What is decoded beside `audio` (16 kHz): its beginning as far as it was cleaned, with `DRY` of it left in."""
    size = min(audio.size, clean.size)
    mixed = audio.copy()
    mixed[:size] = DRY * audio[:size] + (1 - DRY) * clean[:size]
    return mixed
