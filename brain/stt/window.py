"""The audio of a segment that is still decoded, and the words that have left it for good. Pure.

Each partial decodes the whole window, so a window that grew with a long monologue would cost ever more
and end at Whisper's 30 s. Past `ROLL_MS` the window gives up its beginning: a stretch of agreed words,
up to the widest pause that is not too near its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from brain.engines import Word
from media.frame import Pcm, samples

ROLL_MS = 12_000
"""From this length on, agreed words leave."""

FULL_MS = 24_000
"""From this length on, words leave whether agreed or not, and audio without words too."""

KEEP_MS = 4_000
"""What stays at the end: the newest words are still changing, and the decoder needs context."""

EARLIEST = 0.4
"""No cut before this part of the window, where there is another."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a decode needs: audio that begins at `origin_ms` of the segment, behind `settled` words."""

    pcm: Pcm
    rate_hz: int
    origin_ms: int
    settled: tuple[Word, ...]

    @property
    def duration_ms(self) -> int:
        """Length of `pcm`."""
        return self.pcm.size * 1000 // self.rate_hz

    @property
    def end_ms(self) -> int:
        """Where it ends in the segment."""
        return self.origin_ms + self.duration_ms

    def cut(self, at_ms: int, words: Sequence[Word]) -> Snapshot:
        """Without its first `at_ms`, in which `words` (times from the window's start) were heard."""
        return replace(
            self,
            pcm=self.pcm[samples(at_ms, self.rate_hz) :],
            origin_ms=self.origin_ms + at_ms,
            settled=(*self.settled, *shifted(words, self.origin_ms)),
        )


class Window:
    """The growing audio of one segment at the line's rate."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._buffer = np.zeros(rate_hz * 4, np.int16)
        self._size = 0
        self._origin_ms = 0
        self._settled: tuple[Word, ...] = ()

    @property
    def origin_ms(self) -> int:
        """Where it begins in the segment."""
        return self._origin_ms

    @property
    def audio_ms(self) -> int:
        """Length of the whole segment, with what has left the window."""
        return self._origin_ms + self._size * 1000 // self._rate_hz

    def append(self, pcm: Pcm) -> None:
        """Add the newest audio."""
        end = self._size + pcm.size
        if end > self._buffer.size:
            grown = np.zeros(max(end, 2 * self._buffer.size), np.int16)
            grown[: self._size] = self._buffer[: self._size]
            self._buffer = grown
        self._buffer[self._size : end] = pcm
        self._size = end

    def snapshot(self) -> Snapshot:
        """All of it as it is now; the audio is a copy."""
        return Snapshot(self._buffer[: self._size].copy(), self._rate_hz, self._origin_ms, self._settled)

    def roll(self, rest: Snapshot) -> None:
        """Give up what `rest`, one of our snapshots, has had cut off it; nothing where it hasn't."""
        if rest.origin_ms <= self._origin_ms:
            return
        gone = min(samples(rest.origin_ms - self._origin_ms, self._rate_hz), self._size)
        room = np.zeros(self._rate_hz * 4, np.int16)
        self._buffer = np.concatenate([self._buffer[gone : self._size], room])
        self._size -= gone
        self._origin_ms, self._settled = rest.origin_ms, rest.settled


def shifted(words: Sequence[Word], by_ms: int) -> tuple[Word, ...]:
    """`words` with their times `by_ms` later."""
    return tuple(replace(w, start_ms=w.start_ms + by_ms, end_ms=w.end_ms + by_ms) for w in words)


def split(words: Sequence[Word], agreed: int, duration_ms: int) -> tuple[int, int]:
    """Where a window of `duration_ms` may be cut: after how many of `words`, and at what time (ms).

    (0, 0) where it should not. Only the first `agreed` words may leave, unless the window is full. The cut
    goes through the widest pause, but not so early that it would hardly help.
    """
    if duration_ms < ROLL_MS:
        return 0, 0
    full = duration_ms >= FULL_MS
    latest = duration_ms - KEEP_MS
    may_leave = len(words) if full else min(agreed, len(words))
    best, widest = 0, -1
    for count in range(1, may_leave + 1):
        end = words[count - 1].end_ms
        if end > latest:
            break
        following = words[count].start_ms if count < len(words) else duration_ms
        pause = max(0, min(following, latest) - end)
        if pause >= widest or words[best - 1].end_ms < EARLIEST * latest:  # of equal pauses the later one
            best, widest = count, pause
    if best:
        return best, words[best - 1].end_ms + widest // 2
    if not full:
        return 0, 0
    first_ms = words[0].start_ms if words else latest
    return 0, min(latest, first_ms) or latest
