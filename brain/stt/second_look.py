"""A voice in noise, looked at twice: as it came, and with less noise.

What a filter takes away is lost to a recogniser, whose errors grow with every soft sound that is missing; but they are
other errors than those of the noise. So both are decoded (`brain.stt.whisper`). Some of the line stays in the second
look: Whisper makes up words in what filters leave.
"""

from __future__ import annotations

from collections import deque
from threading import Lock

import numpy as np

from media.frame import FULL_SCALE, Pcm
from media.noise import LAG, RATE_HZ, Denoiser, Wave
from media.resample import DELAY_MS, Resampler

DRY = np.float32(0.3)
"""The share of the line that stays in the second look; its noise is 10 dB down where the filter leaves nothing."""
KEPT_S = 60
"""More than any window holds."""

_LATE = LAG + round(DELAY_MS * RATE_HZ / 1000)


class Cleaned:
    """A segment's audio without its noise, at 16 kHz and full scale 1.0; the newest 26 ms are still missing.

    `append` only keeps the audio. The filter runs in `since`, on the thread of the decode that wants it.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate = rate_hz
        self._waiting: deque[Pcm] = deque()
        self._lock = Lock()  # two decodes of a segment may run at once
        self._filters: tuple[Resampler, Denoiser] | None = None
        self._missing = _LATE if rate_hz != RATE_HZ else LAG
        self._audio: Wave = np.zeros(0, np.float32)
        self._first = 0  # sample of the segment, at 16 kHz

    def append(self, pcm: Pcm) -> None:
        """Add the newest audio."""
        self._waiting.append(pcm)

    def since(self, ms: int) -> Wave:
        """What follows the first `ms` of the segment; not to be changed. Raises DenoiserMissing, ModelError."""
        with self._lock:
            self._catch_up()
            return self._audio[max(0, ms * RATE_HZ // 1000 - self._first) :]

    def _catch_up(self) -> None:
        if self._filters is None:
            self._filters = Resampler(self._rate, RATE_HZ), Denoiser()
        resampler, denoiser = self._filters
        pieces = [self._audio]
        while self._waiting:
            wave = resampler.process(self._waiting.popleft()).astype(np.float32) / np.float32(FULL_SCALE)
            clean = denoiser.process(wave)
            early = min(self._missing, clean.size)  # of the filters' delay: nothing was heard yet
            self._missing -= early
            pieces.append(clean[early:])
        audio = np.concatenate(pieces)
        gone = max(0, audio.size - KEPT_S * RATE_HZ)
        self._audio, self._first = audio[gone:], self._first + gone


def second_look(audio: Wave, clean: Wave) -> Wave:
    """What is decoded beside `audio` (16 kHz): its beginning as far as it was cleaned, with `DRY` of it left in."""
    size = min(audio.size, clean.size)
    mixed = audio.copy()
    mixed[:size] = DRY * audio[:size] + (1 - DRY) * clean[:size]
    return mixed
