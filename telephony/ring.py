"""Audio between pjmedia's clock and the loop: `Lines` as numpy views over a ring of frames.

A ring holds `depth` frames a line in each direction and counts frames, never samples, with one writer a
counter. The loop may be late by `depth` frames before it loses audio; what it lost is given as silence,
so that audio time, counted in samples, stays true.

There are two memories. `NativeMemory` wraps the C++ ring of our pjsua2: no Python runs on the clock thread.
`PythonMemory` is the same in numpy, filled by callbacks on the clock thread, for the PyPI wheel of
pjsua2 which has no ring.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from media.frame import Pcm

Counters = npt.NDArray[np.uint64]
DEPTH = 16
MAX_LOST = 250
"""Frames (5 s) of silence given for audio that a stalled loop has lost; a longer stall is cut to that."""


class RingMemory(Protocol):
    """Frames and counters. The three slabs are int16 (lines, depth, frame_samples)."""

    inbound: npt.NDArray[np.int16]
    outbound: npt.NDArray[np.int16]
    sent: npt.NDArray[np.int16]
    """What went out while the inbound frame of the same slot was heard: ours, comfort noise, or silence."""
    in_written: Counters
    """Frames heard; the clock writes it, as it does `out_taken` and `out_missed`."""
    out_written: Counters
    """Frames to say; the loop writes it."""
    out_taken: Counters
    out_missed: Counters
    """Ticks that found nothing to say on a line that should speak, and were silent."""

    def fileno(self) -> int: ...

    def drained(self) -> None: ...

    def reset(self, line: int) -> None: ...


class RingLines:
    """`telephony.transport.Lines` over a `RingMemory`. For the loop's thread only.

    `on_tick` is called by `drained`, that is at every wake-up: the shell feeds telephone-events from there.
    """

    def __init__(self, memory: RingMemory, rate_hz: int, on_tick: Callable[[], None] | None = None) -> None:
        self.count, self.depth, self.frame_samples = memory.inbound.shape
        self.rate_hz = rate_hz
        self._memory = memory
        self._on_tick = on_tick
        # This is the price of a tick for every call: one index into lists and memoryviews costs a third of
        # one into an array, and a view of each slot is made once.
        self._in_frames = [list(ring) for ring in memory.inbound]
        self._out_frames = [list(ring) for ring in memory.outbound]
        self._sent_frames = [list(ring) for ring in memory.sent]
        self._heard = memory.in_written.data
        self._said = memory.out_written.data
        self._taken = memory.out_taken.data
        self._read = [0] * self.count
        self._lost = [0] * self.count

    def fileno(self) -> int:
        return self._memory.fileno()

    def drained(self) -> None:
        self._memory.drained()
        if self._on_tick:
            self._on_tick()

    def new(self) -> list[int]:
        pairs = zip(self._heard.tolist(), self._read, strict=True)
        return [line for line, (written, read) in enumerate(pairs) if written != read]

    def take(self, line: int) -> tuple[Pcm, Pcm]:
        written, read = self._heard[line], self._read[line]
        self._read[line] = written
        if written == read + 1:
            slot = read % self.depth
            return self._in_frames[line][slot], self._sent_frames[line][slot]
        # The clock may be writing the slot after the newest: the oldest of a full ring can't be trusted.
        lost = max(written - read - (self.depth - 1), 0)
        self._lost[line] += lost
        gap = np.zeros(min(lost, MAX_LOST) * self.frame_samples, np.int16)
        slots = [n % self.depth for n in range(read + lost, written)]
        heard = (gap, *(self._in_frames[line][slot] for slot in slots))
        sent = (gap, *(self._sent_frames[line][slot] for slot in slots))
        return np.concatenate(heard), np.concatenate(sent)

    def room(self, line: int, ahead: int) -> int:
        free = min(ahead, self.depth - 1) - self._said[line] + self._taken[line]
        return free if free > 0 else 0

    def put(self, line: int, pcm: Pcm) -> None:
        written, size = self._said[line], self.frame_samples
        if pcm.size == size and written - self._taken[line] < self.depth - 1:
            self._out_frames[line][written % self.depth][:] = pcm
            self._said[line] = written + 1
            return
        frames, rest = divmod(pcm.size, size)
        if rest or frames > self.room(line, self.depth):
            raise ValueError(
                f"line {line}: {pcm.size} samples aren't whole frames that the ring has room for "
                f"({self.room(line, self.depth)} of {size})"
            )
        for n, frame in enumerate(pcm.reshape(frames, size), written):
            self._out_frames[line][n % self.depth][:] = frame
        # The count goes last: once it is there the clock takes the frames.
        self._said[line] = written + frames

    def taken(self, line: int) -> int:
        return self._taken[line]

    def underruns(self, line: int) -> int:
        """Ticks on which the clock found nothing of ours since the line was reset."""
        return int(self._memory.out_missed[line])

    def lost(self, line: int) -> int:
        """Frames of input that the loop came too late for since the line was reset."""
        return self._lost[line]

    def reset(self, line: int) -> None:
        self._memory.reset(line)
        self._read[line] = 0
        self._lost[line] = 0


class NativeMemory:
    """The C++ ring of our pjsua2 (telephony/native/offhook.hpp). Addresses stay valid as long as `ring`."""

    def __init__(self, ring: Any) -> None:
        self.ring = ring
        lines, depth, samples = ring.lines(), ring.depth(), ring.frameSamples()
        slab = (lines, depth, samples)
        self.inbound = _view(ring.inAddress(), ctypes.c_int16, slab)
        self.outbound = _view(ring.outAddress(), ctypes.c_int16, slab)
        self.sent = _view(ring.sentAddress(), ctypes.c_int16, slab)
        self.in_written = _view(ring.inWrittenAddress(), ctypes.c_uint64, (lines,))
        self.out_written = _view(ring.outWrittenAddress(), ctypes.c_uint64, (lines,))
        self.out_taken = _view(ring.outTakenAddress(), ctypes.c_uint64, (lines,))
        self.out_missed = _view(ring.outMissedAddress(), ctypes.c_uint64, (lines,))
        self.rx_packets = _view(ring.rxPacketsAddress(), ctypes.c_uint64, (lines,))
        self.rx_refused = _view(ring.rxRefusedAddress(), ctypes.c_uint64, (lines,))
        self.rx_last_ns = _view(ring.rxLastNsAddress(), ctypes.c_int64, (lines,))
        self.tx_packets = _view(ring.txPacketsAddress(), ctypes.c_uint64, (lines,))

    def fileno(self) -> int:
        return int(self.ring.eventFd())

    def drained(self) -> None:
        self.ring.drained()

    def reset(self, line: int) -> None:
        self.ring.reset(line)


class PythonMemory:
    """The ring in numpy. `heard` and `wanted` are called on the clock thread, the rest on the loop's."""

    def __init__(self, lines: int, frame_samples: int) -> None:
        slab = (lines, DEPTH, frame_samples)
        self.inbound, self.outbound = np.zeros(slab, np.int16), np.zeros(slab, np.int16)
        self.sent = np.zeros(slab, np.int16)
        self.in_written, self.out_written = np.zeros(lines, np.uint64), np.zeros(lines, np.uint64)
        self.out_taken, self.out_missed = np.zeros(lines, np.uint64), np.zeros(lines, np.uint64)
        self._silence = bytes(2 * frame_samples)
        self._now_sent = [self._silence] * lines  # since the last frame that was heard
        self._fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._armed = threading.Event()
        self._armed.set()

    def heard(self, line: int, pcm: bytes | bytearray) -> None:
        """One frame from the line, or nothing (a frame of no bytes) where it is silent."""
        written = int(self.in_written[line])
        slot = self.inbound[line, written % DEPTH]
        frame = np.frombuffer(pcm, np.int16)
        slot[:] = frame if frame.size == slot.size else 0
        self.sent[line, written % DEPTH] = np.frombuffer(self._now_sent[line], np.int16)
        self._now_sent[line] = self._silence
        self.in_written[line] = written + 1
        if self._armed.is_set():
            self._armed.clear()
            os.eventfd_write(self._fd, 1)

    def wanted(self, line: int) -> bytes:
        """The next frame for the line."""
        taken = int(self.out_taken[line])
        if int(self.out_written[line]) == taken:
            self.out_missed[line] += np.uint64(1)
            return self._silence
        frame: bytes = self.outbound[line, taken % DEPTH].tobytes()
        self.out_taken[line] = taken + 1
        self._now_sent[line] = frame
        return frame

    def fileno(self) -> int:
        return self._fd

    def drained(self) -> None:
        try:
            os.eventfd_read(self._fd)
        except BlockingIOError:
            return  # woken by hand, or twice for one tick
        finally:
            self._armed.set()

    def reset(self, line: int) -> None:
        for counters in (self.in_written, self.out_written, self.out_taken, self.out_missed):
            counters[line] = 0
        for slab in (self.inbound, self.outbound, self.sent):
            slab[line] = 0
        self._now_sent[line] = self._silence

    def close(self) -> None:
        """Give the descriptor back. No port may be left on the clock."""
        os.close(self._fd)


def _view(address: int, ctype: Any, shape: tuple[int, ...]) -> Any:
    size = int(np.prod(shape))
    return np.frombuffer((ctype * size).from_address(address), np.dtype(ctype)).reshape(shape)
