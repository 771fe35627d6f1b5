"""WebRTC's audio processing (`aec-audio-processing`): echo canceller AEC3, noise suppression, automatic gain.

The only file that imports `aec_audio_processing`. The library works on 10 ms at a time and runs at 16 kHz
inside; both rates of ours go in and come out as they are.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from aec_audio_processing import AudioProcessor

from media.frame import Pcm, samples

RATES_HZ = (8000, 16000)
NS_LEVELS = (0, 1, 2, 3)
"""How much noise is taken: 6, 12, 18, 21 dB (WebRTC's low, moderate, high, very high)."""

_BLOCK_MS = 10
_ADAPTIVE_DIGITAL = 1


class WebrtcApm:
    """One call's processor; what isn't switched on costs nothing. `ns_level` None: noise stays.

    Raises ValueError for another rate or level.
    """

    def __init__(self, rate_hz: int, *, echo: bool = False, ns_level: int | None = None, agc: bool = False) -> None:
        if rate_hz not in RATES_HZ or (ns_level is not None and ns_level not in NS_LEVELS):
            raise ValueError(f"no such processor: {rate_hz} Hz, noise suppression {ns_level}")
        level = ns_level if ns_level is not None else NS_LEVELS[0]
        self._apm = AudioProcessor(echo, ns_level is not None, level, agc, _ADAPTIVE_DIGITAL, False)
        self._apm.set_stream_format(rate_hz, 1)
        self._apm.set_reverse_stream_format(rate_hz, 1)
        self._bytes = 2 * samples(_BLOCK_MS, rate_hz)

    def process(self, near: Pcm, far: Pcm | None = None, delay_ms: int = 0) -> Pcm:
        """`near` without what is switched on, whole blocks of 10 ms. Raises ValueError for another length.

        `far`, as long, is what was played; its echo is looked for about `delay_ms` later. Needed for echo only.
        """
        heard = near.tobytes()
        played = far.tobytes() if far is not None else b""
        if len(heard) % self._bytes or (far is not None and len(played) != len(heard)):
            raise ValueError(f"blocks have {self._bytes // 2} samples here, not {near.size}")
        out = []
        for at in range(0, len(heard), self._bytes):
            if played:
                self._apm.process_reverse_stream(played[at : at + self._bytes])
                self._apm.set_stream_delay(delay_ms)
            out.append(cast(bytes, self._apm.process_stream(heard[at : at + self._bytes])))
        return np.frombuffer(b"".join(out), np.int16)
