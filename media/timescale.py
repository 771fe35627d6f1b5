"""Playing a little faster or slower without changing the pitch: a period of the voice is left out or repeated.

Waveform similarity overlap-and-add (Verhelst and Roelands, ICASSP 1993) on one splice at a time: where the signal is
like itself `lag` samples later, it is cross-faded from here to there (shorter) or from there to here (longer).
In silence any lag will do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from media.frame import Pcm, samples

SHORTEST_MS = 2.5
LONGEST_MS = 15.0
"""Periods of voices between 67 and 400 Hz; longer lags leave out or repeat several."""

_TEMPLATE_MS = 10.0


@dataclass(frozen=True, slots=True)
class Splice:
    """A signal is like itself `lag` samples later, with a normalised cross-correlation of `likeness` (-1 to 1)."""

    lag: int
    likeness: float


def reach(lag: int, rate_hz: int) -> int:
    """How many samples a splice by `lag` needs to see."""
    return lag + samples(_TEMPLATE_MS, rate_hz)


def find_splice(pcm: Pcm, rate_hz: int, longest: int, quiet: float) -> Splice | None:
    """The best splice at the start of `pcm` by at most `longest` samples, and by at most 15 ms; None: none fits.

    Where the root mean square of what is involved lies under `quiet` (in the scale of int16), it is silence, and
    the splice is as long as it may be.
    """
    template = samples(_TEMPLATE_MS, rate_hz)
    longest = min(longest, samples(LONGEST_MS, rate_hz), pcm.size - template)
    if longest < 1:
        return None
    signal = pcm[: longest + template].astype(np.float64)
    squares = signal * signal
    if float(squares.mean()) <= quiet * quiet:
        return Splice(longest, 1.0)
    shortest = samples(SHORTEST_MS, rate_hz)
    if longest < shortest:
        return None
    energy = np.cumsum(np.concatenate(([0.0], squares)))
    later = energy[shortest + template :] - energy[shortest:-template]
    now = energy[template]
    alike = np.correlate(signal[shortest:], signal[:template], "valid") / np.sqrt(np.maximum(later * now, 1.0))
    best = int(alike.argmax())
    return Splice(shortest + best, float(alike[best]))


def shorten(pcm: Pcm, splice: Splice, rate_hz: int) -> Pcm:
    """`pcm` without `splice.lag` of its samples; its first and its last stay as they are."""
    lag = splice.lag
    fade = min(samples(_TEMPLATE_MS, rate_hz), pcm.size - lag)
    return np.concatenate((_cross_fade(pcm[:fade], pcm[lag : lag + fade]), pcm[lag + fade :]))


def lengthen(pcm: Pcm, splice: Splice, rate_hz: int) -> Pcm:
    """`pcm` with `splice.lag` samples more; its first and its last stay as they are."""
    lag = splice.lag
    fade = min(samples(_TEMPLATE_MS, rate_hz), pcm.size - lag)
    return np.concatenate((pcm[:lag], _cross_fade(pcm[lag : lag + fade], pcm[:fade]), pcm[fade:]))


def _cross_fade(old: Pcm, new: Pcm) -> Pcm:
    up = (np.arange(old.size) + 0.5) / old.size
    faded: Pcm = np.rint(old * (1.0 - up) + new * up).astype(np.int16)
    return faded
