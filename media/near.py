"""Whether a sound is the caller's own for certain: louder than any echo of what was sent can be.

A telephone network gives back what is sent at least 6 dB weaker (ITU-T G.168 takes that for the least echo return
loss of a hybrid; a handset or a speakerphone loses more). What is louder was made at the other end, whatever the echo
canceller has learnt of the line so far.
"""

from __future__ import annotations

from collections import deque

from media.frame import Pcm, level_dbfs

LEAST_LOSS_DB = 6.0
CERTAIN_LOSS_DB = 3.0
CERTAIN_FRAMES = 3
"""For what is let through whatever the canceller knows. A hybrid that loses 6 dB of noise may lose less of a vowel:
with 6 dB, or with two frames, the signal of G.168's test 2A came through in bursts."""
SILENT_DBFS = -50.0
"""Where no more than this was sent there is no echo to tell from, and what is heard before our first word says nothing
of what is heard after it."""
OVER_NOISE_DB = 10.0
"""The line's noise may be louder than a soft beginning of ours: a voice stands out of it."""
TAIL_FRAMES = 25
"""An echo is of something sent within half a second."""
LOUD_FRAMES = 2
"""One frame may be a click, or a lost packet's concealment."""
HOLD_FRAMES = 30
"""A voice has softer sounds between its loud ones."""


class NearTalk:
    """Watches one line, frame by frame of 20 ms."""

    def __init__(self) -> None:
        self._sent: deque[float] = deque([-100.0] * TAIL_FRAMES, TAIL_FRAMES)
        self._loud = self._louder = 0  # frames in a row
        self._held = 0

    def sent(self, dbfs: float) -> None:
        """How loud the newest frame was that was sent."""
        self._sent.append(dbfs)

    @property
    def loud(self) -> bool:
        """Whether the newest frames were louder than any echo, by far."""
        return self._louder >= CERTAIN_FRAMES

    def hears(self, heard: Pcm, noise_dbfs: float = -100.0) -> bool:
        """Whether the caller speaks, or has within `HOLD_FRAMES`; `heard` as the line brought it, over its noise."""
        loudest = max(self._sent)
        if loudest < SILENT_DBFS:
            self._loud = self._louder = self._held = 0
            return False
        level = level_dbfs(heard)
        voice = level > noise_dbfs + OVER_NOISE_DB
        self._loud = self._loud + 1 if voice and level > loudest - LEAST_LOSS_DB else 0
        self._louder = self._louder + 1 if voice and level > loudest - CERTAIN_LOSS_DB else 0
        self._held = HOLD_FRAMES if self._loud >= LOUD_FRAMES else max(0, self._held - 1)
        return self._held > 0
