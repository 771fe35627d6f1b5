"""How loud the noise of a line is, how steady, and so what stands out of it."""

from __future__ import annotations

from collections import deque
from math import inf

_START_DBFS = -40.0
"""The first frame is taken for noise up to this level; what is louder is a caller who speaks at once."""
_LOWEST_DBFS = -75.0
_HIGHEST_DBFS = -6.0
_FALL = 0.3
_RISE = 0.02
_RECENT_FRAMES = 10
_SWING_RATE = 0.04
_SWING_START_DB = 2.0
_SWING_MOST_DB = 6.0
"""A lost packet is silence: it makes a line no less steady than so."""
_SWINGS = 5.0
_LEAST_OVER_DB = 2.0


class NoiseFloor:
    """The level of noise over frames of 20 ms, followed in a band of the line or in all of it.

    A frame's level is told to `learn` where it is taken for noise, otherwise to `pass_over`, or to none while somebody
    speaks for certain.
    """

    __slots__ = ("dbfs", "sound_dbfs", "_most_over_db", "_recent", "_swing_db")

    def __init__(self, most_over_db: float = inf) -> None:
        self._most_over_db = most_over_db
        self._recent = deque([inf] * _RECENT_FRAMES, _RECENT_FRAMES)
        self._swing_db = _SWING_START_DB
        self.dbfs = _START_DBFS
        """The level of the noise."""
        self.sound_dbfs = inf
        """What is as loud as this isn't the noise."""
        self._set(_START_DBFS)

    def begin(self, dbfs: float) -> None:
        """The first frame of a line has this level."""
        self._set(max(min(dbfs, _START_DBFS), _LOWEST_DBFS))

    def pass_over(self, dbfs: float) -> None:
        """A frame that isn't noise, or not known to be."""
        self._recent.append(dbfs)

    def learn(self, dbfs: float) -> None:
        """Follow the noise: down quickly, up slowly. Down only to what was not passed for `_RECENT_FRAMES`: a lost
        packet is no quieter line, and a floor that believed it would take the line's own noise for voices."""
        recent = self._recent
        recent.append(dbfs)
        floor = self.dbfs
        off = dbfs - floor
        if off >= 0:
            floor += _RISE * off
        else:
            highest = max(recent)
            if highest < floor:
                floor = max(floor + _FALL * (highest - floor), _LOWEST_DBFS)
            off = -off
        self._swing_db += _SWING_RATE * ((off if off < _SWING_MOST_DB else _SWING_MOST_DB) - self._swing_db)
        self._set(floor)

    def rise(self) -> None:
        """The newest frames, taken for somebody until now, were noise: it is as loud as the faintest of them, and
        not so steady."""
        self.dbfs = min(max(self.dbfs, min(self._recent)), _HIGHEST_DBFS)
        self.unsettle()

    def unsettle(self) -> None:
        """For a second or two expect faint sounds that are no speech: who spoke breathes, and the room rings."""
        self._swing_db = max(self._swing_db, _SWING_START_DB)
        self._set(self.dbfs)

    def _set(self, floor_dbfs: float) -> None:
        """White noise moves by half a decibel from frame to frame: five times that is a sound. Babble and music
        move by 2 dB."""
        self.dbfs = floor_dbfs
        over = _SWINGS * self._swing_db
        if over > self._most_over_db:
            over = self._most_over_db
        self.sound_dbfs = floor_dbfs + (over if over > _LEAST_OVER_DB else _LEAST_OVER_DB)
