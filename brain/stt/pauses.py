"""Where a segment falls quiet, by its level alone. Pure.

A caller who has finished waits for the final transcript, and a decode takes longer than deciding that the
turn is over. So the recogniser decodes at the first sign of a pause; if nothing but quiet follows, that
decode is the final. This is no voice activity detector: a wrong "quiet" costs a decode, a wrong "loud"
the time that one would have saved.
"""

from __future__ import annotations

import numpy as np

from media.frame import Pcm, level_dbfs, samples

FRAME_MS = 20
PAUSE_MS = 60
"""Quiet for so long is a pause: longer than the gap in most stops ("p", "t", "k")."""

RANGE_DB = 45.0
"""What speech covers on a line; digital silence says nothing of the noise under speech."""

QUIET = 0.35
"""A frame is quiet in this lowest part of the range between the segment's floor and its peak, in dB."""

MIN_RANGE_DB = 15.0
"""With less between floor and peak, nothing can be told."""


class Pauses:
    """Follows the level of one segment."""

    def __init__(self, rate_hz: int) -> None:
        self._frame = samples(FRAME_MS, rate_hz)
        self._rest: Pcm = np.zeros(0, np.int16)
        self._frames = 0
        self._peak_db = -100.0
        self._floor_db = 0.0
        self._last_loud = 0

    @property
    def quiet_ms(self) -> int:
        """How long it has been quiet; 0 while nothing can be told."""
        return (self._frames - self._last_loud) * FRAME_MS

    @property
    def paused(self) -> bool:
        """Whether this is a pause, after something that was said."""
        return self._last_loud > 0 and self.quiet_ms >= PAUSE_MS

    @property
    def spoken_ms(self) -> int:
        """Where the last frame that wasn't quiet ended, from the segment's start."""
        return self._last_loud * FRAME_MS

    def feed(self, pcm: Pcm) -> None:
        """Add the newest audio."""
        audio = np.concatenate([self._rest, pcm])
        whole = audio.size // self._frame * self._frame
        for at in range(0, whole, self._frame):
            self._add(level_dbfs(audio[at : at + self._frame]))
        self._rest = audio[whole:]

    def _add(self, level_db: float) -> None:
        self._frames += 1
        self._peak_db = max(self._peak_db, level_db)
        self._floor_db = max(min(self._floor_db, level_db), self._peak_db - RANGE_DB)
        known = self._peak_db - self._floor_db
        if known < MIN_RANGE_DB or level_db > self._floor_db + QUIET * known:
            self._last_loud = self._frames
