"""Whether an echo that isn't what was expected is the expected one at another time.

A jitter buffer that drops or conceals moves the echo by tens of milliseconds at once; its path stays. So the echo
that the path predicts is compared with the line at all delays around the known one, and a delay that explains the
line much better than the known one is the new one. Two frames of echo are enough; where the caller speaks over it,
200 ms are.

The comparison is a test of likelihoods: a known signal at an unknown time (S. M. Kay, "Fundamentals of Statistical
Signal Processing", volume II, 7.4), what else is on the line being a noise that pre-emphasis has whitened.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from media.frame import FRAME_MS, samples

Block = npt.NDArray[np.float32]

REACH_MS = 120
"""How far the echo may have jumped, either way: six packets."""
LEAST_MS = 5
"""A smaller move is the filter's to follow."""
SHORT_MS, LONG_MS = 40, 200
"""Of the line, compared at once: to notice a jump before the echo is taken for a voice, and under a voice."""
_STRANGE, _LOUD = 0.4, 8.0
"""A frame is looked at where so much of its power, of the high sounds above all, is left, and it has so many times the
power of the line's noise."""
_LONG_EVERY = 5
_AGREE = 2
"""Samples by which two long windows in a row may differ."""
_PREEMPHASIS = np.float32(0.95)
_LIKELIER = 30.0
"""Natural logarithm of how much likelier another delay must make the line. Beside the right delay, no other reached
that in 1,355 windows of 100 and 200 ms with people over the bot."""
_ALONE = 0.7
"""Of the line's power, what the echo at the new delay must be in the short window: two frames of two voices may be
alike by chance."""
_PRESENT = 0.5
"""Of the expected echo's power, what must be there in the long window."""


@dataclass(frozen=True, slots=True)
class Jump:
    """The echo comes `late` samples later than expected (negative: earlier). `alone`: little else is on the line."""

    late: int
    alone: bool


class JumpSearch:
    """One line's. Each frame is shown to `is_strange`, and where it is, `look` is asked."""

    def __init__(self, rate_hz: int) -> None:
        self.reach = samples(REACH_MS, rate_hz)
        self.span = samples(LONG_MS, rate_hz) + self.reach
        """Samples of the far signal that it needs before the response's and the expected delay."""
        self._least = samples(LEAST_MS, rate_hz)
        self._short, self._long = samples(SHORT_MS, rate_hz), samples(LONG_MS, rate_hz)
        self._frame = samples(FRAME_MS, rate_hz)
        self._asked = 0
        self._suspected = 0  # the last long window's finding
        self._frames = 0  # at this delay

    def restart(self) -> None:
        """The delay is another from the next frame on: what came before it says nothing of that one."""
        self._frames = 0

    def is_strange(self, heard: Block, left: Block, noise_power: float) -> bool:
        """Whether the path doesn't explain the next frame, `heard`, of which the filter left `left`."""
        self._frames += 1
        if float(heard.dot(heard)) < _LOUD * heard.size * noise_power:
            return False
        steps, steps_left = heard[1:] - heard[:-1], left[1:] - left[:-1]
        return float(steps_left.dot(steps_left)) >= _STRANGE * float(steps.dot(steps))

    def look(self, near: Block, far: Block, response: Block, early: int) -> Jump | None:
        """Look whether the line's newest frame is the echo at another delay.

        `near` ends with that frame, `far` `early` samples after what is heard at its end if the delay is as expected.
        `response`: the path's.
        """
        self._asked += 1
        for window in (self._short, self._long) if self._asked % _LONG_EVERY == 0 else (self._short,):
            if window > self._frames * self._frame:
                break  # a part of it came at the delay before
            needed = window + response.size + early + self.reach
            late = self._compare(near[-window:], far[-needed:], response, early)
            if window == self._long:
                late, self._suspected = late if abs(late - self._suspected) <= _AGREE else 0, late
            if late:
                self._suspected = 0
                return Jump(late, window == self._short)
        return None

    def _compare(self, near: Block, far: Block, response: Block, early: int) -> int:
        """By how many samples the echo is later than expected; 0 where no other delay is much likelier."""
        heard = near[1:] - _PREEMPHASIS * near[:-1]
        played = far[1:] - _PREEMPHASIS * far[:-1]
        power = float(heard.dot(heard)) + 1.0
        size = _quick(played.size)
        echo = np.fft.irfft(np.fft.rfft(played, size) * np.fft.rfft(response, size), size)
        echo = echo[response.size - 1 : played.size]
        size = _quick(echo.size)
        lags = echo.size - heard.size + 1
        matches = np.fft.irfft(np.fft.rfft(echo, size) * np.fft.rfft(heard, size).conj(), size)[:lags]
        sums = np.concatenate(([0.0], np.cumsum(echo * echo)))
        energies = sums[heard.size :] - sums[:lags]
        explained = 2 * matches - energies  # the line's power less that of what is left
        best, expected = int(explained.argmax()), lags - 1 - early
        likelier = float(explained[best] - explained[expected]) / power * heard.size / 2
        enough = _ALONE * power if near.size == self._short else _PRESENT * energies[best]
        if abs(best - expected) < self._least or likelier < _LIKELIER or explained[best] < enough:
            return 0
        return expected - best


def _quick(size: int) -> int:
    """The next size that is a power of two or three quarters of one: quick to transform."""
    power = 1 << (size - 1).bit_length()
    return power * 3 // 4 if size <= power * 3 // 4 else power
