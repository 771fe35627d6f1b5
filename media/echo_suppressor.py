"""What the filter leaves of an echo: tell it from the caller's voice, and close the line on it.

In each band the residue is expected to be a share of the echo that was taken, and that share is learnt: quickly
down, slowly up. What stands out of it in several bands is the caller, and opens the line within one frame. While
nothing does, the line carries comfort noise at its own noise's level.
"""

from __future__ import annotations

from math import log10

import numpy as np
import numpy.typing as npt

Bands = npt.NDArray[np.float32]
Block = npt.NDArray[np.float32]

BANDS = 16
_TAIL = 0.7
"""What is left of an echo's power in a room 20 ms later, at least as far as expected."""
_SPREADS = np.array([[0.02], [1.0]], np.float32)
"""Of the echo's mean power that may show in every band: quantising noise and the filter's error follow the echo's
own spectrum, harmonics of a loudspeaker that clips follow its loudness. A voice stands out of both."""
_LEVELS, _LEVEL_DB = 4, 6.0
"""The share is learnt apart for echoes of the loudest 6 dB, the next, and so on: loudspeakers clip."""
_LOUDEST_FALL_DB = 0.02
_STEP_DB, _OPEN_STEP_DB = 0.4, 0.08
"""How quickly the learnt share of the residue follows, up or down, for each frame; and up while open."""
_SHARE_HIGHEST_DB = 6.0
_MARGIN_DB = 7.0
_BANDS_OPEN = 3
"""Bands that must stand out, each by the margin."""
_LOUD_DB = 4.0
"""What the whole must stand out by beside."""
_GOOD_ERLE_DB = 20.0
_MARGIN_PER_DB, _LOUD_PER_DB = 0.6, 0.3
_WORST_DB = 12.0
"""For each dB that ERLE lacks of a good one, down to this, a voice must stand out by so much more."""
_HOLD_FRAMES = 12
"""The line stays open so long after the last frame with a voice in it."""
_FRAMES_OPEN = 2
_NOISE_FALL, _NOISE_RISE, _NOISE_RISE_OPEN = np.float32(0.7), 1.02, 1.003
_NOISE_FIRST_RMS = 25.0
_NOISE_LOWEST = np.float32(0.3)


_HISS = np.random.default_rng(168).standard_normal(65537, np.float32)
"""White noise of RMS 1, eight seconds of it at 8 kHz."""


class Suppressor:
    """One call's. Spectra are of two blocks, the first of them silent, in the scale of int16."""

    def __init__(self, block: int, rate_hz: int) -> None:
        self._block = block
        edges = np.linspace(200, 3700, BANDS + 1) * 2 * block / rate_hz
        self._first = np.rint(edges).astype(np.intp)
        self._widths = np.diff(self._first).astype(np.float32)
        fade = np.arange(1, block // 4 + 1, dtype=np.float32) / np.float32(block // 4)
        self._fade = np.concatenate((fade, np.ones(block - fade.size, np.float32)))
        self._fade_out = 1.0 - self._fade
        self._was_open = True
        self._place = 0
        self._noise = np.full(BANDS, block * _NOISE_FIRST_RMS**2, np.float32)
        self.restart()

    def restart(self) -> None:
        """Expect all of the echo to be left."""
        self._echo = np.zeros((2, BANDS), np.float32)
        self._shares_db = np.full((_LEVELS, 2, BANDS), _SHARE_HIGHEST_DB, np.float32)
        self._loudest_db = 0.0
        self._standing = 0  # frames in a row in which a voice stood out
        self._hold = 0
        self.echo_share = 0.0
        """How much of the last frame's power may be echo, 0 to 1."""

    @property
    def open(self) -> bool:
        """Whether the caller's audio gets through."""
        return self._hold > 0

    @property
    def voice(self) -> bool:
        """Whether there may be a voice in the last frame."""
        return self._hold > 0 or self._standing > 0

    @property
    def noise_power(self) -> float:
        """Of the line's own noise, a sample."""
        return float(np.add.reduce(self._noise)) / BANDS / self._block

    def let_in(self) -> None:
        """A voice is known to be there."""
        self._hold = _HOLD_FRAMES

    def shut(self) -> None:
        """What stood out was no voice."""
        self._standing = self._hold = 0

    def bands(self, spectrum: npt.NDArray[np.complex64]) -> Bands:
        """Power of a spectrum in each band."""
        power = spectrum.real**2 + spectrum.imag**2
        sums: Bands = np.add.reduceat(power, self._first)[:BANDS]
        return sums / self._widths

    def judge(self, left: Bands, echo: Bands, erle_db: float, doubted: bool) -> None:
        """Look at a frame: `left` after the filter, of which `echo` was taken (or may be in it).

        `doubted`: what is left looks like an echo that was taken wrongly, and is no voice.
        """
        lacks_db = min(max(_GOOD_ERLE_DB - erle_db, 0.0), _WORST_DB)
        margin_db = np.float32(_MARGIN_DB + _MARGIN_PER_DB * lacks_db)
        loud = 10 ** ((_LOUD_DB + _LOUD_PER_DB * lacks_db) / 10)
        self._echo *= np.float32(_TAIL)
        np.maximum(self._echo, echo + _SPREADS * (np.add.reduce(echo) / BANDS), out=self._echo)
        level_db = 10 * log10(float(np.add.reduce(self._echo[0])) + 1)
        self._loudest_db = max(self._loudest_db - _LOUDEST_FALL_DB, level_db)
        share_db = self._shares_db[min(_LEVELS - 1, int((self._loudest_db - level_db) / _LEVEL_DB))]
        expected = self._echo * 10 ** (share_db * np.float32(0.1)) + self._noise
        over_db = 10 * np.log10((left + 1) / (expected + 1))
        total, total_expected = float(np.add.reduce(left)), float(np.add.reduce(expected, axis=1).max())
        self.echo_share = min(1.0, total_expected / (total + 1.0))
        bands = np.count_nonzero(np.minimum(over_db[0], over_db[1]) > margin_db)
        stands = not doubted and bands >= _BANDS_OPEN and total > total_expected * loud
        self._standing = self._standing + 1 if stands else 0
        if self._standing >= _FRAMES_OPEN or (stands and self._hold):
            self._hold = _HOLD_FRAMES
        elif self._hold:
            self._hold -= 1
        heard = self._echo > 4 * self._noise
        rise = np.float32(_OPEN_STEP_DB if self._hold else _STEP_DB)
        step = np.minimum(np.maximum(over_db, np.float32(-_STEP_DB)), rise)
        step *= heard
        share_db += step
        np.minimum(share_db, np.float32(_SHARE_HIGHEST_DB), out=share_db)
        # The noise may fall at any time, and rise where there is no echo: slowly while somebody speaks.
        rise = np.float32(_NOISE_RISE_OPEN if self._hold else _NOISE_RISE)
        ceiling = np.where(heard[0], self._noise, self._noise * rise)
        fallen = self._noise + _NOISE_FALL * (left - self._noise)
        self._noise = np.maximum(np.minimum(np.where(left < self._noise, fallen, left), ceiling), _NOISE_LOWEST)

    def apply(self, signal: Block) -> None:
        """Close or open, in place and without a click: over 5 ms."""
        self._go(signal, opens=self._hold > 0)

    @property
    def stands_open(self) -> bool:
        """Whether the last frame passed as it was: so will the next that `release` takes."""
        return self._was_open

    def release(self, signal: Block) -> None:
        """Open, as `apply`."""
        self._go(signal, opens=True)

    def _go(self, signal: Block, opens: bool) -> None:
        before, self._was_open = self._was_open, opens
        if before and opens:
            return
        rms = np.float32(np.sqrt(self.noise_power))
        self._place = (self._place + self._block) % (_HISS.size - self._block)
        noise = _HISS[self._place : self._place + self._block] * rms
        if not before and not opens:
            signal[:] = noise
            return
        gain = self._fade if opens else self._fade_out
        signal *= gain
        signal += noise * np.sqrt(1.0 - gain**2)
