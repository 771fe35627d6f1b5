"""The voice activity detector of WebRTC (`webrtcvad-wheels`): six bands, Gaussian mixtures, 3 us a frame.

The only file that imports `webrtcvad`.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import webrtcvad

from media.frame import Pcm

RATES_HZ = (8000, 16000)
_GAIN = np.float32(3.0)
"""It takes soft onsets for noise by their level alone: it hears 9.5 dB more."""


class WebrtcVad:
    """One call's detector. `aggressiveness` 0 to 3: how readily it says no. Raises ValueError otherwise."""

    def __init__(self, rate_hz: int, aggressiveness: int = 2) -> None:
        if rate_hz not in RATES_HZ or not 0 <= aggressiveness <= 3:
            raise ValueError(f"no such detector: {rate_hz} Hz, aggressiveness {aggressiveness}")
        self._rate = rate_hz
        self._vad = webrtcvad.Vad(aggressiveness)

    def is_speech(self, frame: Pcm) -> bool:
        """Whether a frame of 10, 20 or 30 ms sounds like speech."""
        louder = (frame * _GAIN).clip(-32768, 32767).astype(np.int16)
        return cast(bool, self._vad.is_speech(louder.tobytes(), self._rate))
