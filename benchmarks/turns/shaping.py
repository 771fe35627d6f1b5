"""Cutting speech: where a recording's words begin and end, where its gaps are, and how a gap becomes a pause. Pure.

A pause must sound like one inside a turn. So a sentence is rendered as a whole, with commas, and its own gap at a
comma is lengthened: the words before it keep the prosody of going on.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from benchmarks.line_corpus import Signal
from benchmarks.turns.items import RATE
from benchmarks.turns.line import level_of
from media.frame import FULL_SCALE

HOP = RATE // 100
"""10 ms."""
UNDER_DB = 26.0
"""Speech is what lies less than this under the recording's loudest 10 ms on average (its 95th percentile)."""
TRUE_DB = 20.0
"""A turn begins and ends where 10 ms lie less than this under its active level (ITU-T P.56, whose own margin is 15.9
dB; last consonants are weak). Fainter is breath, reverberation and the recording's own noise."""
LEAST_GAP_MS = 50
"""Shorter ones are the closures of plosives."""
_APART = 0.22
"""A gap belongs to a mark if it lies so near to where the mark stands in the text, of the whole length."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """Speech, its first and last sounding sample, and the pauses inside (samples)."""

    signal: Signal
    begins: int
    ends: int
    pauses: tuple[tuple[int, int], ...]


def sounding(signal: Signal) -> np.ndarray:
    """Whether each 10 ms sounds."""
    whole = signal[: signal.size // HOP * HOP].reshape(-1, HOP)
    if not whole.size:
        return np.zeros(0, bool)
    level = 10 * np.log10(np.mean(whole**2, axis=1) + 1e-3)
    return level > max(np.percentile(level, 95) - UNDER_DB, 6.0)


def marks(signal: Signal) -> tuple[int, int]:
    """The first and the last sample of the speech in `signal`, for the truth. Raises ValueError where there is none."""
    whole = signal[: signal.size // HOP * HOP].reshape(-1, HOP)
    power = 10 * np.log10(np.mean(whole**2, axis=1) + 1e-3)
    loud = np.flatnonzero(power > level_of(signal) + 20 * np.log10(FULL_SCALE) - TRUE_DB)
    if not loud.size:
        raise ValueError("nothing sounds")
    return int(loud[0]) * HOP, (int(loud[-1]) + 1) * HOP


def trimmed(signal: Signal, before_ms: int = 60, after_ms: int = 120) -> Shaped:
    """The speech of a recording, with a little of what is around it. Raises ValueError where nothing sounds."""
    loud = np.flatnonzero(sounding(signal))
    if not loud.size:
        raise ValueError("nothing sounds")
    begins, ends = int(loud[0]) * HOP, (int(loud[-1]) + 1) * HOP
    start = max(0, begins - before_ms * RATE // 1000)
    piece = signal[start : ends + after_ms * RATE // 1000].copy()
    fade = min(80, piece.size)
    piece[:fade] *= np.linspace(0, 1, fade)
    piece[-fade:] *= np.linspace(1, 0, fade)
    return Shaped(piece, begins - start, ends - start, gaps(piece, 200))


def gaps(signal: Signal, least_ms: int = LEAST_GAP_MS) -> tuple[tuple[int, int], ...]:
    """Silences inside of at least `least_ms`."""
    loud = np.flatnonzero(sounding(signal))
    found = ((int(a + 1) * HOP, int(b) * HOP) for a, b in pairwise(loud))
    return tuple((a, b) for a, b in found if b - a >= least_ms * RATE // 1000)


def with_pauses(speech: Shaped, places: tuple[float, ...], pauses_ms: tuple[int, ...]) -> Shaped | None:
    """`speech` with the gap nearest to each of `places` (0 to 1 of its text) made `pauses_ms` long.

    None where a place has no gap of its own: then the voice didn't pause there, and nothing is forced. A gap that is
    longer already stays. Other gaps of 200 ms or more are pauses too.
    """
    candidates = list(gaps(speech.signal))
    length = speech.ends - speech.begins
    chosen: dict[tuple[int, int], int] = {}
    for place, pause in zip(places, pauses_ms, strict=True):
        at = speech.begins + place * length
        near = [gap for gap in candidates if gap not in chosen and abs(sum(gap) / 2 - at) < _APART * length]
        near = [gap for gap in near if not chosen or gap > max(chosen)]
        if not near:
            return None
        chosen[max(near, key=lambda gap: (gap[1] - gap[0]) - 0.15 * abs(sum(gap) / 2 - at))] = pause
    pieces, last = [], 0
    for begins, ends in sorted(chosen):
        middle = (begins + ends) // 2
        missing = chosen[begins, ends] * RATE // 1000 - (ends - begins)
        head, tail = speech.signal[last:middle].copy(), min(80, middle - last)
        head[-tail:] *= np.linspace(1, 0, tail)
        pieces += [head, np.zeros(max(0, missing))]
        last = middle
    signal = np.concatenate([*pieces, speech.signal[last:]])
    ends_at = speech.ends + signal.size - speech.signal.size
    return Shaped(signal, speech.begins, ends_at, tuple(gap for gap in gaps(signal, 200) if gap[1] <= ends_at))


def joined(pieces: list[Shaped], between_ms: list[int]) -> Shaped:
    """Recordings of single words behind one another, so far apart from sound to sound."""
    signals, pauses, size = [], [], 0
    for number, piece in enumerate(pieces):
        cut = piece.signal[piece.begins : piece.ends]
        fade = min(40, cut.size)
        cut = cut.copy()
        cut[:fade] *= np.linspace(0, 1, fade)
        cut[-fade:] *= np.linspace(1, 0, fade)
        signals.append(cut)
        size += cut.size
        if number < len(between_ms):
            gap = between_ms[number] * RATE // 1000
            signals.append(np.zeros(gap))
            if between_ms[number] >= 200:
                pauses.append((size, size + gap))
            size += gap
    return Shaped(np.concatenate(signals), 0, size, tuple(pauses))
