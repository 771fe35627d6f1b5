"""What sounds beside the utterances: a loop under the call, hold music the ambience of an office, a backchannel."""

from __future__ import annotations

import numpy as np

from media.frame import Pcm, samples
from media.mixing import Ramp, Signal

FADE_MS = 200
SEAM_MS = 10


def looped(pcm: Pcm, rate_hz: int) -> Signal:
    """`pcm` made to follow itself, with a cross-fade at the seam; read-only, for any number of beds.

    Raises ValueError where it is shorter than two seams.
    """
    seam = samples(SEAM_MS, rate_hz)
    if pcm.size < 2 * seam:
        raise ValueError(f"a loop of {pcm.size} samples is too short to be repeated")
    loop = pcm[: pcm.size - seam].astype(np.float32)
    fade = np.linspace(0, 1, seam, endpoint=False, dtype=np.float32)
    loop[:seam] = loop[:seam] * fade + pcm[pcm.size - seam :].astype(np.float32) * (1 - fade)
    loop.setflags(write=False)
    return loop


class Bed:
    """A `looped` sound at `rate_hz`, over and over, by `level_db` louder than it is.

    While somebody speaks over it it gives way by `under_db`.
    """

    def __init__(self, loop: Signal, rate_hz: int, level_db: float = 0.0, under_db: float = 0.0) -> None:
        self._loop = loop
        self._at = 0
        self._alone = 10 ** (level_db / 20)
        self._under = 10 ** ((level_db + under_db) / 20)
        self._gain = Ramp(samples(FADE_MS, rate_hz), 0.0)
        self._ending = False

    def end(self) -> None:
        """Fade out."""
        self._ending = True
        self._gain.to(0.0)

    @property
    def over(self) -> bool:
        """It has faded out."""
        return self._ending and self._gain.still

    def add_to(self, frame: Pcm, speaking: bool) -> Signal:
        """`frame` with the next samples of the loop mixed in, not yet rounded."""
        if not self._ending:
            self._gain.to(self._under if speaking else self._alone)
        indices = np.arange(self._at, self._at + frame.size) % self._loop.size
        self._at = (self._at + frame.size) % self._loop.size
        mine: Signal = self._loop[indices]
        self._gain.apply(mine)
        mine += frame
        return mine


class Once:
    """A sound that is mixed in once, from its first sample, as loud as it is. It ends by itself."""

    def __init__(self, pcm: Pcm) -> None:
        self._left: Signal = pcm.astype(np.float32)

    def end(self) -> None:
        """It is short: a bed that changes leaves it alone."""

    @property
    def over(self) -> bool:
        """All of it was given."""
        return not self._left.size

    def add_to(self, frame: Pcm, speaking: bool) -> Signal:
        """`frame` with the next samples of it mixed in, not yet rounded."""
        signal = frame.astype(np.float32)
        piece = self._left[: signal.size]
        signal[: piece.size] += piece
        self._left = self._left[signal.size :]
        return signal
