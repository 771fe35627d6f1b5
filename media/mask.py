"""Keys taken out of audio that is kept or recognised: a hold-back, and comfort noise where a key sounds.

A key is known some 60 ms after its tones began. So audio is held back for a little longer than that, on the way
to recogniser and recording only, never on the way to the caller. Where nothing is to be masked, make no `Mask`.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from media.frame import AudioFrame, Pcm, samples
from media.keypresses import Way
from media.mixing import comfort_noise

HOLD_MS = 120
"""From the onset of a tone to the key: 60 ms, and 40 more where two packets of it were lost."""
NOISE_DBFS = -65.0

_LEAD_MS = {Way.INBAND: 50, Way.RFC4733: 60}
"""Masked before a key is down. Tones: a first piece of 20 ms before a lost packet may be no part of what was
found. Telephone-events: a gateway lets through what it needs to recognise a tone."""
_TAIL_MS = {Way.INBAND: 50, Way.RFC4733: 200}
"""Masked after it is up. Telephone-events overtake the audio, which waits in the jitter buffer."""
_SPANS_KEPT = 64


class Mask:
    """One channel's hold-back. Frames come out `HOLD_MS` late, with their own positions. Memory is bounded."""

    def __init__(self, rate_hz: int) -> None:
        self._rate = rate_hz
        self._hold = samples(HOLD_MS, rate_hz)
        self._noise = comfort_noise(rate_hz, NOISE_DBFS)
        self._held: deque[AudioFrame] = deque()
        self._newest = 0
        self._down: dict[Way, int] = {}
        self._over: deque[tuple[int, int]] = deque(maxlen=_SPANS_KEPT)

    def down(self, way: Way, position: int) -> None:
        """A key is down from sample `position` on.

        For in-band keys that is the onset; for telephone-events the end of the audio heard so far. INFO says
        nothing of when a tone is heard: it can't be masked by. Raises ValueError for it.
        """
        if way not in _LEAD_MS:
            raise ValueError(f"the audio can't be masked by {way}")
        self._down.setdefault(way, position - samples(_LEAD_MS[way], self._rate))

    def up(self, way: Way, position: int) -> None:
        """That key is up since sample `position`, told in the same way as its beginning."""
        first = self._down.pop(way, None)
        if first is not None:
            self._over.append((first, position + samples(_TAIL_MS[way], self._rate)))

    def feed(self, pcm: Pcm, position: int) -> list[AudioFrame]:
        """New audio, which is copied; returns what is old enough to be let go. Tell keys before or after."""
        self._held.append(AudioFrame(pcm.copy(), self._rate, position))
        self._newest = position + pcm.size
        return self._let_go(self._newest - self._hold)

    def flush(self) -> list[AudioFrame]:
        """All that is still held: the call is over, or what hears it won't wait."""
        return self._let_go(self._newest)

    def _let_go(self, until: int) -> list[AudioFrame]:
        out = []
        while self._held and self._held[0].end <= until:
            frame = self._held.popleft()
            for first, last in self._over:
                self._cover(frame, first, last)
            for first in self._down.values():
                self._cover(frame, first, frame.end)
            out.append(frame)
        while self._over and self._held and self._over[0][1] <= self._held[0].position:
            self._over.popleft()
        return out

    def _cover(self, frame: AudioFrame, first: int, last: int) -> None:
        start, end = max(first, frame.position), min(last, frame.end)
        if start < end:
            noise = self._noise.take(np.arange(start, end), mode="wrap")
            frame.pcm[start - frame.position : end - frame.position] = noise
