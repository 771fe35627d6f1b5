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
        self._padded = np.zeros(self._size, np.float32)
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

    def shift(self, samples: int) -> None:
        """Move the path `samples` later (or earlier, if negative)."""
        taps = np.fft.irfft(self._path, axis=1)[:, : self._block].reshape(-1)
        moved = np.zeros_like(taps)
        if samples >= 0:
            moved[samples:] = taps[: taps.size - samples]
        else:
            moved[:samples] = taps[-samples:]
        padded = np.zeros((self._partitions, self._size), np.float32)
        padded[:, : self._block] = moved.reshape(self._partitions, self._block)
        self._path[:] = np.fft.rfft(padded, axis=1)

    def taps(self) -> Block:
        """The path as an impulse response, shape (partitions * block,)."""
        return np.fft.irfft(self._path, axis=1)[:, : self._block].reshape(-1).astype(np.float32)

    def echo(self, far: Block) -> Block:
        """The echo expected in the next block of `near`; `far`: the newest two blocks of what was played."""
        self._far[1:] = self._far[:-1]
        self._far[0] = np.fft.rfft(far)
        estimate = np.einsum("pf,pf->f", self._far, self._path)
        return np.fft.irfft(estimate)[self._block :].astype(np.float32)

    def spectrum(self, block: Block) -> Bins:
        """Of a block behind one of silence: what `learn` takes."""
        self._padded[self._block :] = block
        return np.fft.rfft(self._padded).astype(np.complex64, copy=False)

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
        self._doubt += (1 - forget) * (self._path.real**2 + self._path.imag**2)
        self._constrain(slice(self._turn, self._turn + 1))
        self._turn = (self._turn + 1) % self._partitions

    def _constrain(self, which: slice) -> None:
        """A partition's response is one block long: what the circular correction put behind it is cut off."""
        taps = np.fft.irfft(self._path[which], axis=1)
        taps[:, self._block :] = 0.0
        self._path[which] = np.fft.rfft(taps, axis=1)
