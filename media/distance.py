"""Who speaks: the caller at the telephone, or somebody else in the room?

Level tells. A voice loses 6 dB with each doubling of its distance, and a mouth is a few centimetres from its telephone:
who sits across the room, a television, or the next desk lies 12 dB and more under the caller. Within a third of a
second every voice has had a vowel, whose frames lie a few dB over its active level (ITU-T P.56); its first frames may
lie 7 dB under it. So a sound is compared by its loudest frame, and more strictly once it has lasted.

How loud the caller is, is learnt from their turns, while nothing of ours sounds. Until the first nobody is far but
who is fainter than any caller that can be understood.
"""

from __future__ import annotations

from math import log10

from media.vad import Activity

FAINTEST_DBFS = -38.0
"""Active level of the faintest caller: taken for theirs while it isn't known."""
ONSET_UNDER_DB = 9.0
"""At first a sound is far where its loudest frame lies so much under the caller's active level."""
SETTLED_UNDER_DB = 4.0
SETTLED_FRAMES = 16
"""After so many frames it is where it lies this much under."""
TURN_FRAMES = 20
"""A sound with so much speech in it is one to learn from."""
UP, DOWN = 0.5, 0.25
"""How much of the difference to a louder, a softer sound is learnt at once: a softer one may be somebody else's."""


class Distance:
    """Watches one line, frame by frame of 20 ms. `own_dbfs`: the caller's active level, None while it isn't known."""

    def __init__(self, own_dbfs: float | None = None) -> None:
        self.own_dbfs = own_dbfs
        self.far = False
        """Whether the newest sound is far."""
        self._frames = 0
        self._peak = 0.0
        self._speech = 0.0
        self._speech_frames = 0

    def hear(self, dbfs: float, noise_dbfs: float, activity: Activity, over_voice: bool) -> bool:
        """`far` after a frame at `dbfs`, in a noise of `noise_dbfs`; `over_voice` says that a voice of ours sounds."""
        if activity is Activity.QUIET:
            if self._speech_frames >= TURN_FRAMES:
                self._learn(_db(self._speech / self._speech_frames))
            self._frames = self._speech_frames = 0
            self._speech = self._peak = 0.0
            return self.far
        self._frames += 1
        power = max(10 ** (dbfs / 10) - 10 ** (noise_dbfs / 10), 0.0)
        self._peak = max(self._peak, power)
        if activity is Activity.SPEECH and not over_voice:
            self._speech += power
            self._speech_frames += 1
        own_dbfs = FAINTEST_DBFS if self.own_dbfs is None else self.own_dbfs
        under_db = ONSET_UNDER_DB if self._frames < SETTLED_FRAMES else SETTLED_UNDER_DB
        self.far = _db(self._peak) < own_dbfs - under_db
        return self.far

    def _learn(self, dbfs: float) -> None:
        if self.own_dbfs is None:
            self.own_dbfs = dbfs
        else:
            self.own_dbfs += (UP if dbfs > self.own_dbfs else DOWN) * (dbfs - self.own_dbfs)


def _db(power: float) -> float:
    return 10 * log10(power) if power > 1e-10 else -100.0
