"""How a voice sounds just before a pause: pitch, loudness and length of its last syllable. Pure numpy.

People lower their pitch and fade at the end of what they say, and hold a level, drawn-out syllable where they
look for a word (Gravano and Hirschberg, "Turn-taking cues in task-oriented dialogue", 2011; Shriberg and
Stolcke, "Direct modeling of prosody", 2004). Pitch is found by autocorrelation, divided by that of the window
(Boersma, "Accurate short-term analysis of the fundamental frequency", 1993): a telephone's band lacks the
fundamental, but not the period of its harmonics. Costs a millisecond a pause, and nothing in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

import numpy as np
import numpy.typing as npt

from media.frame import FULL_SCALE, Pcm

Float = npt.NDArray[np.float32]

SPAN_S = 1.0
"""What is looked at: the last second or so of speech."""
RATE_HZ = 8000
"""At 16 kHz every other pair of samples is averaged first: pitch needs no more."""

_WINDOW = 320  # 40 ms: nearly three periods of the lowest voice
_HOP = 160
_FFT = 512
_LOWEST_HZ, _HIGHEST_HZ = 70.0, 400.0
_LAGS = slice(int(RATE_HZ / _HIGHEST_HZ), int(RATE_HZ / _LOWEST_HZ) + 1)
_VOICED = 0.5
"""A frame that repeats itself this well is voiced."""
_OCTAVE_COST = 0.1
"""How much better a period twice as long must repeat: every multiple of a period is one as well, and may lie
nearer to a whole number of samples."""
_UNDER_PEAK_DB = 25.0
"""What lies this far under the loudest frame isn't looked at."""
_LAST_FRAMES = 6
"""The end: the last 120 ms that are voiced."""
_BRIDGED = 1
"""Frames that may be missing inside one syllable."""
_LEAST_FRAMES = 4
"""With fewer voiced frames nothing is said of the pitch."""
_MOST_ST = 12.0
"""More than an octave is a mistake."""


@dataclass(frozen=True, slots=True)
class Prosody:
    """The last second before a pause.

    `fall_st`: how far the last voiced 120 ms lie under the pitch of the rest, in semitones (negative: it rises).
    `fade_db`: how far their loudness lies under that of the voiced rest.
    `tail_s`: how long the last voiced stretch is; a drawn-out "um" is long, and level.
    """

    fall_st: float = 0.0
    fade_db: float = 0.0
    tail_s: float = 0.0


def measure(speech: Pcm, rate_hz: int) -> Prosody | None:
    """The prosody of `speech`, which ends with its last sound; the last `SPAN_S` of it count.

    None where too little of it is voiced. Raises ValueError for a rate that isn't 8 or 16 kHz.
    """
    if rate_hz not in (RATE_HZ, 2 * RATE_HZ):
        raise ValueError(f"prosody is measured at 8000 or 16000 Hz, not {rate_hz}")
    audio = speech[-int(SPAN_S * rate_hz) :].astype(np.float32) / np.float32(FULL_SCALE)
    if rate_hz == 2 * RATE_HZ:
        audio = audio[audio.size % 2 :].reshape(-1, 2).mean(axis=1)
    if audio.size < _WINDOW:
        return None
    level_db, pitch_st, strength = _frames(audio)
    voiced = (strength >= _VOICED) & (level_db > level_db.max() - _UNDER_PEAK_DB)
    found = np.flatnonzero(voiced)
    if found.size < _LEAST_FRAMES:
        return None
    breaks = np.flatnonzero(found[1:] - found[:-1] > 1 + _BRIDGED)
    began = found[breaks[-1] + 1] if breaks.size else found[0]
    last, rest = found[-_LAST_FRAMES:], found[:-_LAST_FRAMES]
    if not rest.size:
        rest = last
    base, end = _median(pitch_st[rest]), _median(pitch_st[last[-3:]])
    return Prosody(
        fall_st=_rounded(base - end),
        fade_db=round(float(np.mean(level_db[rest]) - np.mean(level_db[last[-3:]])), 1),
        tail_s=round((int(found[-1] - began) + 1) * _HOP / RATE_HZ, 2),
    )


def _median(values: Float) -> float:
    """Numpy's takes ten times as long for so few."""
    ordered = np.sort(values)
    return float((ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2]) / 2)


def _rounded(semitones: float) -> float:
    return round(max(-_MOST_ST, min(_MOST_ST, semitones)), 1) + 0.0  # no negative zero


def _frames(audio: Float) -> tuple[Float, Float, Float]:
    """Level in dBFS, pitch in semitones over 1 Hz and how periodic it is, of each window of 40 ms every 20 ms."""
    count = (audio.size - _WINDOW) // _HOP + 1
    audio = audio[audio.size - (count - 1) * _HOP - _WINDOW :]  # the last window ends with the last sample
    rows = np.lib.stride_tricks.sliding_window_view(audio, _WINDOW)[::_HOP]
    level_db = 10.0 * np.log10(np.mean(rows**2, axis=1) + 1e-10)
    centred = (rows - rows.mean(axis=1, keepdims=True)) * _HANN
    power = np.abs(np.fft.rfft(centred, _FFT, axis=1)) ** 2
    repeats = np.fft.irfft(power.astype(np.complex64), _FFT, axis=1)  # of real numbers it would be in float64
    likeness = repeats[:, _LAGS] / (repeats[:, :1] + 1e-9) / _OF_HANN[_LAGS] - _LONGER_COSTS
    best = likeness.argmax(axis=1)
    strength = likeness[np.arange(count), best]
    lag = best + _LAGS.start + _vertex(likeness, best)
    pitch_st = 12.0 * np.log2(RATE_HZ / lag)
    return level_db.astype(np.float32), pitch_st.astype(np.float32), strength.astype(np.float32)


def _vertex(likeness: npt.NDArray[np.floating], best: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Where between its neighbours the peak really is: of the parabola through the three, in lags."""
    inner = np.clip(best, 1, likeness.shape[1] - 2)
    row = np.arange(best.size)
    left, mid, right = (likeness[row, inner + by].astype(np.float64) for by in (-1, 0, 1))
    bend = left - 2.0 * mid + right
    moved = 0.5 * (left - right) / np.where(np.abs(bend) > 1e-9, bend, np.inf)
    return np.where(inner == best, np.clip(moved, -0.5, 0.5), 0.0)


def _autocorrelation(window: Float) -> Float:
    power = np.abs(np.fft.rfft(window, 2 * _FFT)) ** 2
    repeats = np.fft.irfft(power, 2 * _FFT)[:_FFT]
    scaled: Float = (repeats / repeats[0]).astype(np.float32)
    return scaled


_HANN = np.hanning(_WINDOW + 2)[1:-1].astype(np.float32)
_OF_HANN = _autocorrelation(_HANN)
_LONGER_COSTS = np.array(
    [_OCTAVE_COST * log2(lag / _LAGS.start) for lag in range(_LAGS.start, _LAGS.stop)], np.float32
)
