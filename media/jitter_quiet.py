"""What counts as silence on a line, where any splice will do: digital silence, and the noise between words.

The noise floor is the quietest frame of late (minimum tracking, as in Martin's minimum statistics of 2001, without
the smoothing: frames are long and a factor of two is allowed).
"""

from __future__ import annotations

import numpy as np

from media.frame import Pcm

_DIGITAL = 16.0
"""Root mean square of -66 dBFS."""
_BELOW_LOUD = 0.02
_BELOW_LOUD_MOST = 0.06
"""34 dB under the loudest frame of late is silence; noise up to 24 dB under it may be."""
_ABOVE_FLOOR = 2.0
"""Noise is up to 6 dB over the quietest frame."""
_LOUD_FORGETTING = 0.998
_FLOOR_RISE = 1.004
"""Per frame: the loudest fades by 0.9 dB a second, the quietest grows by 1.7."""
_FLOOR_AT_FIRST = 10_000.0


class QuietLevel:
    """Follows what is played, a frame of 20 ms at a time."""

    def __init__(self) -> None:
        self._loud = 0.0
        self._floor = _FLOOR_AT_FIRST

    @property
    def rms(self) -> float:
        """Root mean square, in the scale of int16, up to which a piece of the stream is silence."""
        noise = min(self._floor * _ABOVE_FLOOR, self._loud * _BELOW_LOUD_MOST)
        return max(_DIGITAL, self._loud * _BELOW_LOUD, noise)

    def hear(self, pcm: Pcm, sent: bool) -> None:
        """A frame was played; what was not `sent`, but made up, may fade and says nothing about the line's noise."""
        signal = pcm.astype(np.float32)
        rms = float(np.sqrt(signal.dot(signal) / signal.size))
        self._loud = max(self._loud * _LOUD_FORGETTING, rms)
        if sent:
            self._floor = min(self._floor * _FLOOR_RISE, max(rms, 1.0))
