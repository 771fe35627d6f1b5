"""The linear part of the echo canceller: a frequency-domain Kalman filter in partitioned blocks.

State-space model and gain after Enzner and Vary, "Frequency-domain adaptive Kalman filter for acoustic echo
control" (Signal Processing 86, 2006), its partitions after Kuech, Mabande and Enzner, "State-space architecture
of the partitioned-block-based acoustic echo controller" (ICASSP 2014). The gain weighs, for each frequency, how
uncertain the echo path is against how much else the line carries, so that double talk slows it down by itself.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Block = npt.NDArray[np.float32]
"""One block of samples in the scale of int16, shape (block,)."""
Bins = npt.NDArray[np.complex64]

_FORGET = 0.9999
"""The echo path's coherence from one block to the next."""
_STILL = 300.0
"""The path can't have moved by more than what is left shows: where that is further than this under the echo (25 dB), as
much less movement is expected. A room with people in it never gets there; a hybrid without a codec does."""
_OTHER_KEEP = 0.9
"""How slowly the estimate of what else is on the line falls."""
_DECAY = 0.5
"""How much less is expected of a response in each partition than in the one before."""
_FLOOR = 1.0
"""Power of the rounding to int16, a sample: the line is never quieter."""


class EchoFilter:
    """Learns the path from `far` to the echo in `near`; `partitions` blocks long, blocks of `block` samples."""

    def __init__(self, block: int, partitions: int) -> None:
        self._block, self._partitions = block, partitions
        self._size = 2 * block
        bins = block + 1
        self._far = np.zeros((partitions, bins), np.complex64)
        self._path = np.zeros((partitions, bins), np.complex64)
        self._doubt = np.zeros((partitions, bins), np.float32)
        self._other = np.full(bins, _FLOOR * self._size, np.float32)
        self._expected = 0.0
        self._padded = np.zeros((2, self._size), np.float32)
        self._turn = 0
        self.history = (partitions + 1) * block
        """Samples of the far signal that the filter looks back on."""
        self.doubt()

    def doubt(self) -> None:
        """Forget how sure the path is, not what it is: learn quickly again."""
        self._doubt[:] = (_DECAY ** np.arange(self._partitions, dtype=np.float32))[:, None]

    def load(self, history: Block) -> None:
        """Take `history`, (partitions + 1) blocks, as the far signal so far, the newest sample last."""
        blocks = history.reshape(self._partitions + 1, self._block)
        pairs = np.concatenate((blocks[:-1], blocks[1:]), axis=1)[::-1]
        self._far[:] = np.fft.rfft(pairs, axis=1)

    def echo(self, far: Block) -> Block:
        """The echo expected in the next block of `near`; `far`: the newest two blocks of what was played."""
        self._far[1:] = self._far[:-1]
        self._far[0] = np.fft.rfft(far)
        estimate = np.einsum("pf,pf->f", self._far, self._path)
        self._expected *= _OTHER_KEEP
        self._expected += (1 - _OTHER_KEEP) * float(np.vdot(estimate, estimate).real)
        return np.fft.irfft(estimate)[self._block :].astype(np.float32)

    def response(self) -> Block:
        """The path as an impulse response, (partitions * block) samples."""
        return np.fft.irfft(self._path, axis=1)[:, : self._block].astype(np.float32).reshape(-1)

    def spectra(self, one: Block, other: Block) -> tuple[Bins, Bins]:
        """Of two blocks, each behind one of silence: what `learn` takes."""
        self._padded[0, self._block :] = one
        self._padded[1, self._block :] = other
        both = np.fft.rfft(self._padded, axis=1).astype(np.complex64, copy=False)
        return both[0], both[1]

    def learn(self, spectrum: Bins) -> None:
        """Correct the path by the spectrum of what was left of `near` after the echo was taken."""
        left = 2.0 * (spectrum.real**2 + spectrum.imag**2)  # as of a whole window
        self._other *= np.float32(_OTHER_KEEP)
        self._other += np.float32(1 - _OTHER_KEEP) * left
        power = self._far.real**2 + self._far.imag**2
        total = np.einsum("pf,pf->f", power, self._doubt)
        gain = self._doubt / (total + self._other + np.float32(_FLOOR * self._size))
        correction = np.conj(self._far)
        correction *= gain
        correction *= spectrum
        self._path += correction
        forget = np.float32(_FORGET**2)
        gain *= power
        gain *= np.float32(-0.5 * _FORGET**2)
        gain += forget
        self._doubt *= gain
        moving = min(1.0, _STILL * float(np.add.reduce(self._other)) / (self._expected + 1.0))
        self._doubt += np.float32(moving) * (1 - forget) * (self._path.real**2 + self._path.imag**2)
        # One partition in every other block: the circular part grows slowly, and transforms cost most.
        self._turn = (self._turn + 1) % (2 * self._partitions)
        if self._turn % 2:
            self._constrain(self._turn // 2)

    def _constrain(self, partition: int) -> None:
        """A partition's response is one block long: what the circular correction put behind it is cut off."""
        taps = np.fft.irfft(self._path[partition])
        taps[self._block :] = 0.0
        self._path[partition] = np.fft.rfft(taps)
