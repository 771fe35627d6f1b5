"""The caller's voice as the recogniser gets it: at one level; and whether there is much noise around it.

What the voice detector, the recording and the conference get stays as it came.
"""

from __future__ import annotations

from collections import deque
from math import log10

import numpy as np
import numpy.typing as npt

from media.frame import FRAME_MS, FULL_SCALE, Pcm, samples
from media.vad import Activity

TARGET_DBFS = -20.0
"""Active speech level that comes out."""

_HIGHEST_GAIN_DB = 24.0
_LOWEST_GAIN_DB = -15.0
_STEP_DB = 0.5
"""How far the gain moves in a frame: 25 dB a second."""
_USUAL_DBFS = -24.0
"""Taken for the caller's level until there is speech to measure."""
_P56_DB = 0.8
"""The voice detector counts less of a pause as speech than P.56, which therefore reads lower by about so much."""
_MEMORY_FRAMES = 150
_REST_DB = 3.0
_CLOSE_DB = 0.5
"""The gain sets out when it is so far off, and rests when it is so close: a gain that never rests costs words."""
_FIRST_FRAMES = 25
"""Speech before it sets out for the first time."""
_DROP_DB = 3.0
"""How far it falls in a frame whose peaks would pass the knee: a loud word after a soft one."""
_KNEE = 10 ** (-3 / 20)
_CEILING = 10 ** (-0.5 / 20)
_NOISY_DB = 11.0
"""Where the quiet moments of a line lie no more than this under the caller's speech, it is noisy. The detector's pauses
don't tell: voices in the room are speech to it."""
_RECENT_FRAMES = 200
_QUIET_SHARE = 0.2
_NOISE_PACE = 0.05
_KNOWN_FRAMES = 50
"""Speech after which its level is trusted for that; before, or among soft first words, it is the usual one."""

_BLOCK_MS = 4
_TIME_CONSTANT_S = 0.03
_HANGOVER_S = 0.2
_MARGIN_DB = 15.9


def active_level_dbfs(pcm: Pcm, rate_hz: int) -> float:
    """Active speech level in dB relative to a full-scale square wave, -100 where nothing is active.

    Method B of ITU-T P.56 on blocks of 4 ms: an envelope of two one-pole filters of 30 ms, 200 ms of hangover,
    and the threshold that lies 15.9 dB under the level of what exceeds it.
    """
    size = _BLOCK_MS * rate_hz // 1000
    blocks = pcm[: pcm.size // size * size].reshape(-1, size).astype(np.float64) / FULL_SCALE
    if not blocks.size:
        return -100.0
    keep = float(np.exp(-_BLOCK_MS / 1000 / _TIME_CONSTANT_S))
    first = second = 0.0
    envelope = np.empty(len(blocks))
    for n, loudness in enumerate(np.abs(blocks).mean(axis=1).tolist()):
        first = keep * first + (1 - keep) * loudness
        second = keep * second + (1 - keep) * first
        envelope[n] = second
    energy = float((blocks**2).sum()) / size
    hangover = int(_HANGOVER_S * 1000 / _BLOCK_MS)
    number = np.arange(len(blocks))
    before: tuple[float, float] | None = None  # level and margin at the threshold above
    for steps in range(2, 60):
        threshold_db = -1.5 * steps
        loud = envelope >= 10 ** (threshold_db / 20)
        last = np.maximum.accumulate(np.where(loud, number, -hangover - 1))
        active = int((number - last <= hangover).sum())
        if not active or energy <= 0:
            continue
        level = 10 * log10(energy / active)
        margin = level - threshold_db
        if margin >= _MARGIN_DB:
            if before is None or before[1] >= margin:
                return level
            share = (_MARGIN_DB - before[1]) / (margin - before[1])
            return before[0] + share * (level - before[0])
        before = level, margin
    return -100.0


class Levels:
    """One call's levels, fed with frames of 20 ms at 8 or 16 kHz and what the voice detector says of each.

    The gain moves on speech only, so that noise doesn't swell in pauses, and is kept from turn to turn. At a gain of
    0 dB the line's samples pass as they are.
    """

    def __init__(self, rate_hz: int, target_dbfs: float = TARGET_DBFS) -> None:
        self._target = target_dbfs
        self._size = samples(FRAME_MS, rate_hz)
        self._full_power = self._size * FULL_SCALE**2
        self._speech = 10 ** (_USUAL_DBFS / 10)
        self._speech_frames = 0
        self._noise = 0.0
        self._moving = False
        self._gain_db = 0.0
        self._recent: deque[float] = deque(maxlen=_RECENT_FRAMES)

    @property
    def gain_db(self) -> float:
        """The gain now."""
        return self._gain_db

    @property
    def speech_dbfs(self) -> float:
        """The caller's active level, as far as known, less the noise."""
        return _db(max(self._speech - self._noise, self._speech / 10)) - _P56_DB

    @property
    def noisy(self) -> bool:
        """Whether there was so much noise in the last 4 s that a recogniser errs."""
        if not self._recent:
            return False
        quiet = sorted(self._recent)[int(_QUIET_SHARE * len(self._recent))]
        speech = _db(self._speech) if self._speech_frames >= _KNOWN_FRAMES else _USUAL_DBFS
        return speech - _db(quiet) < _NOISY_DB

    def process(self, frame: Pcm, activity: Activity) -> Pcm:
        """`frame` for the recogniser. Raises ValueError where it isn't 20 ms."""
        if frame.size != self._size:
            raise ValueError(f"a frame has {self._size} samples here, not {frame.size}")
        wave = frame.astype(np.float32)
        power = float(wave.dot(wave)) / self._full_power
        self._recent.append(power)
        before = self._gain_db
        if activity is Activity.SPEECH:
            self._speech_frames = min(self._speech_frames + 1, _MEMORY_FRAMES)
            self._speech += (power - self._speech) / self._speech_frames
            wanted = min(max(self._target - self.speech_dbfs, _LOWEST_GAIN_DB), _HIGHEST_GAIN_DB)
            over = self._over_knee_db(wave, power)
            off = wanted - self._gain_db
            if abs(off) > _REST_DB and self._speech_frames >= _FIRST_FRAMES:
                self._moving = True
            elif abs(off) < _CLOSE_DB:
                self._moving = False
            step = min(max(off, -_STEP_DB), _STEP_DB) if self._moving else 0.0
            self._gain_db += step if over <= 0 else max(min(step, -over), -_DROP_DB)
        elif activity is Activity.QUIET:
            self._noise += _NOISE_PACE * (power - self._noise)
        if before == 0.0 == self._gain_db:
            return frame
        return self._amplified(wave, before, power)

    def _over_knee_db(self, wave: npt.NDArray[np.float32], power: float) -> float:
        """By how much the loudest sample of `wave` would pass the knee with the gain as it is; 0 where none can."""
        if self._fits(power, 10 ** (self._gain_db / 20)):
            return 0.0
        loudest = float(np.maximum.reduce(np.abs(wave)))
        return 20 * log10(max(loudest, 1.0) / (_KNEE * FULL_SCALE)) + self._gain_db

    def _fits(self, power: float, gain: float) -> bool:
        """Whether a frame stays under the knee for certain: no single sample of it can be louder than all of it."""
        return power * self._size * gain**2 <= _KNEE**2

    def _amplified(self, wave: npt.NDArray[np.float32], before_db: float, power: float) -> Pcm:
        """With the gain, moved across the frame; peaks bend under the ceiling. `power` is the wave's before it."""
        gain = 10 ** (self._gain_db / 20)
        if before_db == self._gain_db:
            wave = wave * np.float32(gain)
        else:
            wave = wave * np.linspace(10 ** (before_db / 20), gain, self._size, dtype=np.float32)
        if self._fits(power, max(gain, 10 ** (before_db / 20))):
            return np.asarray(np.rint(wave), np.int16)
        size = np.abs(wave)
        knee = np.float32(_KNEE * FULL_SCALE)
        if size.max() > knee:
            room = np.float32(_CEILING * FULL_SCALE) - knee
            bent = knee + room * np.tanh((size - knee) / room)
            wave = np.where(size > knee, np.copysign(bent, wave), wave)
        return np.rint(wave).astype(np.int16)


def _db(power: float) -> float:
    return 10 * log10(power) if power > 1e-10 else -100.0
