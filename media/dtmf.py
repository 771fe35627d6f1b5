"""In-band DTMF (ITU-T Q.23): a detector that says which key went down and up, and at which samples.

Two looks, because most frames of a call hold no tone. The first look weighs a whole 20 ms frame at the eight
frequencies; speech passes it now and then, silence not at all. Then, and for the two frames before, every 5 ms
a window of 20 ms is judged by the criteria of ITU-T Q.24: two tones, one of each group, of enough level, near
enough to their frequencies, with little twist and little else beside them. Several such windows are a key.
Fewer are one where the sound they lie in has silence before and after it and lasts long enough: so looks a key of
50 ms of which a packet was lost, whatever the gap was filled with. Voices and music don't.
Frequencies are measured by the phase that a tone gains from one window to the next, which is many times finer
than the width of the window.
"""

from __future__ import annotations

from cmath import phase, rect
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from itertools import pairwise
from math import pi, sin, sqrt

import numpy as np
import numpy.typing as npt

from media.frame import FRAME_MS, FULL_SCALE, Pcm, samples

ROWS_HZ = (697, 770, 852, 941)
COLUMNS_HZ = (1209, 1336, 1477, 1633)
KEYPAD = ("123A", "456B", "789C", "*0#D")
"""Symbols by row and column (ITU-T Q.23)."""
FREQUENCIES_HZ = {
    key: (ROWS_HZ[row], COLUMNS_HZ[column])
    for row, keys in enumerate(KEYPAD) for column, key in enumerate(keys)
}  # fmt: skip
FULL_SCALE_DBM0 = 3.14
"""Level of a sine that just doesn't clip (ITU-T G.711, mu-law; A-law has 3.17)."""
RATES_HZ = (8000, 16000)


@dataclass(frozen=True, slots=True)
class KeyDown:
    """A key went down: its tones began at sample `onset`.

    Told 50 ms later at most on a clean line; where packets were lost, up to 45 ms after the end of the tones.
    """

    symbol: str
    onset: int


@dataclass(frozen=True, slots=True)
class KeyUp:
    """The key that was down is up: its tones ended before sample `end`."""

    symbol: str
    end: int


KeyEvent = KeyDown | KeyUp


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts as a key. Twist is normal where the high tone is the weaker one."""

    faintest_dbm0: float = -42.0
    normal_twist_db: float = 10.0
    reverse_twist_db: float = 8.0
    deviation_hz: float = 6.0
    """Beyond 1.5 % of the nominal frequency: Q.24 wants 1.5 % and 2 Hz taken, 3.5 % (24 Hz at the lowest) refused."""
    purity: float = 0.85
    """Share of the power in a window that the two tones must have. With 0.8, and 2.5 % of deviation, robotic voices
    and melodies (the synthetic half of `python -m benchmarks.dtmf --more --seed 1`) held four keys in an hour."""
    windows: int = 4
    """Good windows of the last twelve, 5 ms apart, that make a key: 25 ms of tone never hold so many, 30 ms always do.
    Three would take 20 ms for a key (ITU-T Q.24: 23 ms aren't one). With five, two to three times as many tones of 60
    ms are missed where a packet was lost, and talk-off is no better."""
    burst_windows: int = 2
    """Good windows that make a key of a burst, a sound with silence before and after it: 20 ms of tone. With one, far
    more bursts of noise would be keys, and hardly a tone more be found."""
    burst_ms: float = 25.0
    """The shortest burst that is a key (ITU-T Q.24: 23 ms aren't one)."""


_HOPS = 4
_WINDOW_MS = 20
_GLANCE = 0.4
"""The first look lets pass what has this share of its power at one row and one column: a tone 1.5 % and 2 Hz off
its frequency has two thirds there."""
_WITHIN = 12
"""Not all in a row: a packet lost from the middle of a tone leaves some on either side."""
_PIECES = 3
"""A packet that is lost and repeated leaves three. Chords that waver about a limit have more."""
_HISTORY_FRAMES = 2
_REMEMBERED = 24
"""Windows: a burst of 80 ms, and the silence around it."""
_SILENT = 0.05
"""Energy of a window, of what a key's have, under which it is silent: 13 dB. At 15 dB S/N there are silent ones."""
_SILENT_WINDOWS = 3
"""So many in a row are silence. Concealment that repeats the edge of a tone has pauses of two."""
_BURST_SEEMS_LONGER_MS = 9.2
"""A window that reaches over an end isn't silent. It is within 0.2 ms of this, wherever windows begin."""
_GAP_WINDOWS = 6
"""A tone gone for so many windows is over. One lost packet of 20 ms empties at most five, and the shortest
pause between two keys (40 ms) at least seven."""
_GONE = 0.25
"""Power, of what it was, under which a tone is gone: half the amplitude is a window half filled."""

_Rows = npt.NDArray[np.float32]


@lru_cache(maxsize=len(RATES_HZ))
def _tables(rate_hz: int) -> tuple[_Rows, _Rows, float]:
    """For windows of 20 ms: cosines and sines under a Hann window, (samples, 16); the squared window, to weigh
    energy with; and what turns the squared magnitude at a tone into the power it has in the weighed energy."""
    count = samples(_WINDOW_MS, rate_hz)
    n = np.arange(count)
    hann = 0.5 - 0.5 * np.cos(2 * pi * (n + 0.5) / count)
    angles = 2 * pi * np.outer(n, ROWS_HZ + COLUMNS_HZ) / rate_hz
    basis = np.hstack((np.cos(angles), -np.sin(angles))) * hann[:, None]
    # A sine of amplitude a: magnitude a/2 * sum(w), weighed energy a^2/2 * sum(w^2).
    return basis.astype(np.float32), (hann**2).astype(np.float32), float(2 * (hann**2).sum() / hann.sum() ** 2)


def _response(offset_hz: float) -> float:
    """Power response of the Hann window `offset_hz` from where it looks; 1 in the middle."""
    bins = abs(offset_hz) * _WINDOW_MS / 1000
    if bins < 1e-3:
        return 1.0
    return (sin(pi * bins) / (pi * bins) / (1 - bins * bins)) ** 2 if abs(bins - 1) > 1e-3 else 0.25


class _Phase(Enum):
    RESTING = auto()  # only the first look is taken
    LOOKING = auto()  # windows are judged, no key is down
    DOWN = auto()


@dataclass(slots=True)
class _Window:
    """Squared magnitudes at the eight frequencies, the energy of it all, and the key it is good for (-1: none)."""

    powers: list[float]
    energy: float
    key: int = -1


class DtmfDetector:
    """Finds keys in one channel at 8 or 16 kHz. Time is counted in samples; memory is bounded."""

    def __init__(self, rate_hz: int, limits: Limits | None = None) -> None:
        """Raises ValueError for another rate."""
        if rate_hz not in RATES_HZ:
            raise ValueError(f"tones are looked for at 8000 and 16000 Hz, not {rate_hz}")
        self._limits = limits or Limits()
        self._frame = samples(FRAME_MS, rate_hz)
        self._hop = self._frame // _HOPS
        self._basis, self._weight, self._to_power = _tables(rate_hz)
        turns = 2 * pi * self._hop / rate_hz
        self._to_hz = 1 / turns
        self._backward = [rect(1.0, -hz * turns) for hz in ROWS_HZ + COLUMNS_HZ]
        self._farthest_hz = [hz * 0.015 + self._limits.deviation_hz for hz in ROWS_HZ + COLUMNS_HZ]
        amplitude = FULL_SCALE * 10 ** ((self._limits.faintest_dbm0 - FULL_SCALE_DBM0) / 20)
        self._faintest = amplitude**2 / 2 * float(self._weight.sum())
        self._faintest_frame = amplitude**2 / 4 * self._frame
        self._normal = 10 ** (self._limits.normal_twist_db / 10)
        self._reverse = 10 ** (self._limits.reverse_twist_db / 10)
        self._samples = np.zeros(2 * self._frame - self._hop, np.float32)
        self._windows = np.lib.stride_tricks.as_strided(
            self._samples, (_HOPS, self._frame), (self._hop * 4, 4), writeable=False
        )
        self._next = -1
        self._start_over()

    def _start_over(self) -> None:
        self._phase = _Phase.RESTING
        self._recent: deque[_Rows] = deque(maxlen=_HISTORY_FRAMES)
        self._before: list[complex] = [0j] * 8
        self._history: deque[_Window] = deque(maxlen=_REMEMBERED)
        self._silence = 0.0  # energy under which a window is silent; 0 before a good window
        self._silent = 0  # silent windows in a row
        self._empty = 0  # windows in a row without the tones of the key that is down
        self._quiet_frames = 0
        self._row = self._column = 0
        self._row_power = self._column_power = 0.0
        self._end = 0

    def feed(self, pcm: Pcm, position: int) -> list[KeyEvent]:
        """Whole 20 ms frames, the first sample of which is number `position`.

        A position that doesn't follow the last frame starts over; a key that was down then is up where the
        audio stopped. Raises ValueError for parts of frames.
        """
        if pcm.size % self._frame:
            raise ValueError(f"expected frames of {self._frame} samples, got {pcm.size}")
        events: list[KeyEvent] = []
        if position != self._next:
            if self._phase is _Phase.DOWN:
                events.append(KeyUp(self._symbol, self._next))
            self._start_over()
        self._next = position + pcm.size
        for at in range(0, pcm.size, self._frame):
            self._feed(pcm[at : at + self._frame].astype(np.float32), position + at, events)
        return events

    def _feed(self, frame: _Rows, position: int, events: list[KeyEvent]) -> None:
        tonal = self._glance(frame)
        if self._phase is _Phase.RESTING:
            if not tonal:
                self._recent.append(frame)
                return
            self._phase = _Phase.LOOKING
            self._samples[:] = 0
            self._before = [0j] * len(self._before)
            self._quiet_frames = 0
            first = position - len(self._recent) * self._frame
            for number, earlier in enumerate(self._recent):
                self._look(earlier, first + number * self._frame, events)
        self._look(frame, position, events)
        self._recent.append(frame)
        self._quiet_frames = 0 if tonal else self._quiet_frames + 1
        if self._phase is _Phase.LOOKING and self._quiet_frames >= _HISTORY_FRAMES:
            self._phase = _Phase.RESTING
            self._history.clear()
            self._silence, self._silent = 0.0, 0

    def _glance(self, frame: _Rows) -> bool:
        """Whether a frame may hold a key: much of its power lies at one row and one column."""
        if float(frame.dot(frame)) < self._faintest_frame:
            return False
        parts = frame @ self._basis
        parts *= parts
        p = parts.tolist()
        row = max(p[0] + p[8], p[1] + p[9], p[2] + p[10], p[3] + p[11])
        column = max(p[4] + p[12], p[5] + p[13], p[6] + p[14], p[7] + p[15])
        energy = float((frame * frame).dot(self._weight))
        return bool((row + column) * self._to_power >= _GLANCE * energy)

    # ---- windows ----------------------------------------------------------------------------------------------

    def _look(self, frame: _Rows, position: int, events: list[KeyEvent]) -> None:
        """Judge the four windows that end in this frame."""
        keep = self._frame - self._hop
        self._samples[:keep] = self._samples[-keep:]
        self._samples[keep:] = frame
        parts = (self._windows @ self._basis).tolist()
        energies = (self._windows * self._windows @ self._weight).tolist()
        for number in range(_HOPS):
            values = parts[number]
            now = [complex(values[k], values[k + 8]) for k in range(8)]
            window = self._judge(now, energies[number])
            self._before = now
            centre = position + (number + 1) * self._hop - self._frame // 2
            self._step(window, centre, events)

    def _judge(self, now: list[complex], energy: float) -> _Window:
        powers = [z.real * z.real + z.imag * z.imag for z in now]
        row = powers.index(max(powers[:4]))
        column = powers.index(max(powers[4:]), 4)
        window = _Window(powers, energy)
        low, high = powers[row] * self._to_power, powers[column] * self._to_power
        if low + high < _GLANCE * energy or min(low, high) < self._faintest / 8:
            return window
        low *= self._recovered(row, now)
        high *= self._recovered(column, now)
        if (
            min(low, high) >= self._faintest
            and low <= high * self._normal
            and high <= low * self._reverse
            and low + high >= self._limits.purity * energy
        ):
            window.key = row * 4 + column - 4
        return window

    def _recovered(self, k: int, now: list[complex]) -> float:
        """By how much a tone near the frequency `k` is stronger than it looks from there; 0 if it is too far off."""
        off_hz = phase(now[k] * self._before[k].conjugate() * self._backward[k]) * self._to_hz
        if abs(off_hz) > self._farthest_hz[k]:
            return 0.0
        return 1 / _response(off_hz)

    # ---- keys -------------------------------------------------------------------------------------------------

    @property
    def _symbol(self) -> str:
        return KEYPAD[self._row][self._column]

    def _step(self, window: _Window, centre: int, events: list[KeyEvent]) -> None:
        """One window on, the middle of which is sample `centre`."""
        self._history.append(window)
        if self._phase is _Phase.DOWN:
            self._hold(window, centre, events)
        elif window.key >= 0:
            self._silence = max(self._silence, _SILENT * window.energy)
            self._silent = 0
        elif window.energy >= self._silence:
            self._silent = 0
        else:
            self._silent += 1
            if self._silent == _SILENT_WINDOWS:
                self._weigh_burst(centre, events)
        if window.key < 0 or (self._phase is _Phase.DOWN and window.key == self._row * 4 + self._column):
            return
        keys = [w.key for w in self._history][-_WITHIN:]
        agreeing = keys.count(window.key)
        pieces = sum(one != window.key == other for one, other in pairwise([-1, *keys]))
        clear = all(key in (-1, window.key) for key in keys[-self._limits.windows :])
        if clear and agreeing >= self._limits.windows and pieces <= _PIECES:
            if self._phase is _Phase.DOWN:
                events.append(KeyUp(self._symbol, self._end))
            self._press(window.key, centre, events)

    def _press(self, key: int, centre: int, events: list[KeyEvent]) -> None:
        windows = list(self._history)
        self._go_down(key, windows[-self._limits.windows :])
        # Back to where the tones came up to half their amplitude, which lies between two windows.
        strengths = [self._strength(w) for w in windows]
        first = len(strengths) - 1
        while first > 0 and strengths[first - 1] >= 1.0:
            first -= 1
        onset = centre - self._hop * float(len(strengths) - 1 - first)
        if first > 0:
            onset -= self._hop * (strengths[first] - 1) / max(strengths[first] - strengths[first - 1], 1e-9)
        self._end = centre
        events.append(KeyDown(self._symbol, max(0, round(onset))))

    def _weigh_burst(self, centre: int, events: list[KeyEvent]) -> None:
        """Silence came. The sound before it may be a key, if there is silence before that too."""
        windows, silence = list(self._history), self._silence
        self._silence, self._silent = 0.0, 0
        last = first = len(windows) - 1 - _SILENT_WINDOWS
        loud = [w.energy >= silence for w in windows]
        while first >= _SILENT_WINDOWS and any(loud[first - _SILENT_WINDOWS : first]):
            first -= 1
        if first < _SILENT_WINDOWS:
            return
        good = [w for w in windows[first : last + 1] if w.key >= 0]
        if len(good) < self._limits.burst_windows or any(w.key != good[0].key for w in good):
            return
        # The fourth root of the energy grows evenly while a window slides into a tone.
        roots, root = [w.energy**0.25 for w in windows], silence**0.25
        begin = first - (roots[first] - root) / (roots[first] - roots[first - 1])
        end = last + (roots[last] - root) / (roots[last] - roots[last + 1])
        over = _BURST_SEEMS_LONGER_MS / _WINDOW_MS * _HOPS
        if end - begin - over < self._limits.burst_ms / _WINDOW_MS * _HOPS:
            return
        self._go_down(good[0].key, good)
        self._empty = _SILENT_WINDOWS
        began = centre - self._hop * (len(windows) - 1)
        self._end = began + round(self._hop * (end - over / 2))
        events.append(KeyDown(self._symbol, max(0, began + round(self._hop * (begin + over / 2)))))

    def _go_down(self, key: int, good: list[_Window]) -> None:
        self._row, self._column = divmod(key, 4)
        self._row_power = max(w.powers[self._row] for w in good)
        self._column_power = max(w.powers[self._column + 4] for w in good)
        self._phase = _Phase.DOWN
        self._empty = 0

    def _strength(self, window: _Window) -> float:
        """Amplitude of the weaker of the key's two tones: 1 where a window is half filled with them."""
        share = min(
            window.powers[self._row] / self._row_power, window.powers[self._column + 4] / self._column_power
        )
        return sqrt(share / _GONE)

    def _hold(self, window: _Window, centre: int, events: list[KeyEvent]) -> None:
        strength = self._strength(window)
        if strength >= 1.0:
            self._empty = 0
            self._end = centre
            return
        self._empty += 1
        if self._empty == 1:
            last = self._strength(self._history[-2])
            self._end = centre - self._hop + round(self._hop * (last - 1) / max(last - strength, 1e-9))
        if self._empty >= _GAP_WINDOWS:
            events.append(KeyUp(self._symbol, self._end))
            self._phase = _Phase.LOOKING
            self._history.clear()
            self._silence, self._silent = 0.0, 0
