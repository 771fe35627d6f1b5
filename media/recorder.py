"""The recording of a call: a stereo WAV file, the caller on the left, the bot on the right.

Both sides are placed by the number of their first sample, on one time axis. The header is brought up to date
with every flush, so the file plays while the call goes on and after the process was killed.
"""

from __future__ import annotations

import struct
from types import TracebackType
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from media.frame import Pcm

FLUSH_S = 1
WINDOW_S = 4
"""Audio held in memory. A side that stalls is waited for as long as this, then its silence is written."""

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_CHANNELS = 2
_BYTES = 2 * _CHANNELS  # a sample of both sides
_MAX_DATA = 0xFFFFFFFF - _HEADER.size


def wav_header(rate_hz: int, channels: int, data_bytes: int) -> bytes:
    """The 44 bytes before 16-bit linear PCM (RIFF WAVE, format 1)."""
    data = min(data_bytes, _MAX_DATA)  # what a 32-bit size can say; players then read on to the end
    return _HEADER.pack(
        b"RIFF", data + _HEADER.size - 8, b"WAVE",
        b"fmt ", 16, 1, channels, rate_hz, rate_hz * channels * 2, channels * 2, 16,
        b"data", data,
    )  # fmt: skip


class Recorder:
    """Writes both sides of a call to `file`, opened for binary writing and able to seek.

    Memory is bounded by `WINDOW_S`. Samples that come later than that are dropped and counted in
    `late_samples`. Any method may raise OSError when the file can't be written.
    """

    def __init__(self, file: BinaryIO, rate_hz: int) -> None:
        self._file, self._rate = file, rate_hz
        self._window = WINDOW_S * rate_hz
        self._flush = FLUSH_S * rate_hz
        self._samples: npt.NDArray[np.int16] = np.zeros((self._window, _CHANNELS), np.int16)
        self._sides = (self._samples[:, 0], self._samples[:, 1])
        self._base = 0  # the position of the first sample not yet written
        self._ends = [0, 0]  # how far each side has come
        self.late_samples = 0
        file.write(wav_header(rate_hz, _CHANNELS, 0))
        file.flush()

    def caller(self, position: int, pcm: Pcm) -> None:
        """The caller's audio, whose first sample is number `position` of the call."""
        self._place(0, position, pcm)

    def bot(self, position: int, pcm: Pcm) -> None:
        """The bot's audio, whose first sample is number `position` of the call."""
        self._place(1, position, pcm)

    def close(self) -> None:
        """Write what is left and close the file. Closing again does nothing."""
        if not self._file.closed:
            try:
                self._write(max(self._ends) - self._base)
            finally:
                self._file.close()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _place(self, side: int, position: int, pcm: Pcm) -> None:
        at, end = position - self._base, position - self._base + pcm.size
        if at < 0 or end > self._window:
            self._place_at_an_edge(side, position, pcm)
            return
        self._sides[side][at:end] = pcm
        if end > self._ends[side] - self._base:
            self._ends[side] = self._base + end
            if end >= self._flush and min(self._ends) - self._base >= self._flush:
                self._write(min(self._ends) - self._base)

    def _place_at_an_edge(self, side: int, position: int, pcm: Pcm) -> None:
        """What comes late, or reaches beyond the window."""
        early = self._base - position
        if early > 0:
            self.late_samples += min(early, pcm.size)
            pcm = pcm[early:]
            position = self._base
        end = position + pcm.size
        while end > self._base + self._window:
            # The window is full: the other side stalls, or this one has jumped ahead.
            room = self._base + self._window - position
            if room > 0:
                self._sides[side][position - self._base :] = pcm[:room]
                pcm, position = pcm[room:], position + room
                self._ends[side] = max(self._ends[side], position)
            self._write(self._flush)
        self._sides[side][position - self._base : end - self._base] = pcm
        self._ends[side] = max(self._ends[side], end)
        if min(self._ends) - self._base >= self._flush:
            self._write(min(self._ends) - self._base)

    def _write(self, count: int) -> None:
        """Write the first `count` samples of the window and the header that tells of them."""
        if count <= 0:
            return
        self._file.write(self._samples[:count].astype("<i2", copy=False).data)
        # Only what lies beyond is moved and only what was used is cleared: mostly nothing, and one second.
        used = min(max(max(self._ends) - self._base, count), self._window)
        kept = used - count
        if kept:
            self._samples[:kept] = self._samples[count:used]
        self._samples[kept:used] = 0
        self._base += count
        self._file.seek(0)
        self._file.write(wav_header(self._rate, _CHANNELS, self._base * _BYTES))
        self._file.seek(0, 2)
        self._file.flush()
