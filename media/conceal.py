"""Packet-loss concealment: what is said while a packet is missing.

The last pitch period is repeated, as in ITU-T G.711 Appendix I, with three differences, each of them measured
(`benchmarks/jitter.py`). Nothing is held back: where Appendix I delays all speech by 3.75 ms to cross-fade into the
repetition, the step at its first sample is bridged by an offset that decays in a millisecond. The pitch is sought
with a template of 10 ms instead of 20. The repetition fades over 150 ms instead of 50.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from media.frame import Pcm, samples, silence

FULL_MS = 10
"""How long the repetition keeps its level."""
FADE_MS = 150
"""After that it fades to silence in this time."""

_TEMPLATE_MS = 10
_SHORTEST_MS = 5
"""Shorter periods are repeated in twos and threes: a long cycle sounds less like a buzzer."""
_LONGEST_MS = 20
_SEAM_MS = 2.5
_JOIN_MS = 2.5
_BRIDGE_S = 0.0012
_DIGITAL_SILENCE = 2.0
"""Mean square under which the last sound is taken for silence, and goes on as that."""

_Signal = npt.NDArray[np.float64]


class Concealer:
    """The end of a stream of speech, and how it might go on.

    `heard` is told everything that is played in truth, `extend` makes up what is missing, and `join` leads back.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate = rate_hz
        self._template = samples(_TEMPLATE_MS, rate_hz)
        self._shortest, self._longest = samples(_SHORTEST_MS, rate_hz), samples(_LONGEST_MS, rate_hz)
        self._seam, self._join = samples(_SEAM_MS, rate_hz), samples(_JOIN_MS, rate_hz)
        self._full, self._fade = samples(FULL_MS, rate_hz), samples(FADE_MS, rate_hz)
        self._history = silence(self._longest + self._template + self._seam)
        self._cycle: _Signal = np.zeros(1)
        self._step = 0.0
        self._made = 0

    @property
    def made(self) -> int:
        """Samples made up since the last that were heard in truth."""
        return self._made

    @property
    def silent(self) -> bool:
        """Whether what was made up has faded away."""
        return self._made >= self._full + self._fade

    def heard(self, pcm: Pcm) -> None:
        """`pcm` was played as it came (or was joined to what had been made up)."""
        self._history = np.concatenate((self._history, pcm))[-self._history.size :]

    def extend(self, count: int) -> Pcm:
        """The next `count` samples of what might have been said."""
        if self._made == 0:
            self._begin()
        made = _to_pcm(self._next(count))
        self._made += count
        return made

    def bridge(self, count: int, after: Pcm) -> Pcm:
        """`count` samples that lead over to `after`: both sides go on into the gap, one fading, one growing.

        They count as heard. `after` should hold 20 ms.
        """
        backwards = Concealer(self._rate)
        backwards.heard(after[::-1])
        if self._made == 0:
            self._begin()
        up = (np.arange(count) + 0.5) / count
        made = _to_pcm(self._next(count) * (1.0 - up) + backwards.extend(count)[::-1] * up)
        self._made = 0
        return made

    def join(self, pcm: Pcm) -> Pcm:
        """`pcm`, the first samples after the gap, cross-faded with what was being made up."""
        if self._made == 0:
            self._begin()
        size = min(self._join, pcm.size)
        joined = pcm.copy()
        if size:
            up = (np.arange(size) + 0.5) / size
            joined[:size] = _to_pcm(pcm[:size] * up + self._next(size) * (1.0 - up))
        self._made = 0
        return joined

    def _begin(self) -> None:
        """Take the cycle that is repeated, its end led over into what came before it."""
        past = self._history.astype(np.float64)
        template = past[-self._template :]
        if float(template.dot(template)) < _DIGITAL_SILENCE * template.size:
            self._cycle, self._step = np.zeros(1), float(past[-1])
            return
        lag = best_lag(past, self._template, self._shortest, self._longest)
        cycle = past[-lag:].copy()
        up = (np.arange(self._seam) + 0.5) / self._seam
        before = past[-lag - self._seam : -lag]
        cycle[-self._seam :] = cycle[-self._seam :] * (1.0 - up) + before * up
        self._cycle, self._step = cycle, float(past[-1] - past[-lag - 1])

    def _next(self, count: int) -> _Signal:
        at = np.arange(self._made, self._made + count)
        bridge = self._step * np.exp(-at / (_BRIDGE_S * self._rate))
        level = np.clip(1.0 - (at - self._full) / self._fade, 0.0, 1.0)
        signal: _Signal = (self._cycle[at % self._cycle.size] + bridge) * level
        return signal


def best_lag(past: _Signal, template: int, shortest: int, longest: int) -> int:
    """How far back the last `template` samples of `past` are most like they are now: `shortest` to `longest`.

    The largest normalised cross-correlation. `past` has at least template + longest samples.
    """
    newest = past[-template:]
    earlier = past[-template - longest : -shortest]
    energy = np.cumsum(np.concatenate(([0.0], earlier**2)))
    energy = energy[template:] - energy[:-template]
    return longest - int((np.correlate(earlier, newest, "valid") / np.sqrt(np.maximum(energy, 1.0))).argmax())


def _to_pcm(signal: _Signal) -> Pcm:
    return np.clip(np.rint(signal), -32768, 32767).astype(np.int16)
