"""One call's keys, by whichever way they come, each once; and what they leave of themselves in the audio."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from media.dtmf import DtmfDetector, KeyDown, KeyEvent, KeyUp
from media.frame import Pcm, samples
from media.keypresses import Keypress, Keypresses, Way
from media.mask import Mask

EVENT_MS = 100
"""A key of which only telephone-events tell is masked as if it were down for so long."""
LATE_MS = 300
"""How long after its key a tone may still come: signalling overtakes the audio in the jitter buffer."""
OWN_TONES_MS = 700
"""For so long after tones of ours an echo of them may come back."""


class CallKeys:
    """`press` takes each key once; `now` reads the call's clock. For the loop's thread."""

    def __init__(self, rate_hz: int, press: Callable[[str], None], now: Callable[[], float]) -> None:
        self._rate, self._press, self._now = rate_hz, press, now
        self._presses = Keypresses()
        self._detector = DtmfDetector(rate_hz)
        self._mask: Mask | None = None
        self._sent: deque[tuple[int, Pcm]] = deque()
        self._own_until = 0
        self._newest = 0
        self._down = False
        self._heard_until = 0
        self._private = False

    def mask(self) -> None:
        """Take keys out of the audio from here on, which holds it back by `media.mask.HOLD_MS`."""
        self._mask = self._mask or Mask(self._rate)

    def private(self, now: bool) -> bool:
        """Whether what is heard is to be kept from the recording, given that what is said and pressed is private
        `now`: so it stays until the tone of the last key is over.
        """
        self._private = now or (self._private and (self._down or self._newest < self._heard_until))
        return self._private

    def reported(self, way: Way, symbol: str, held_s: float = 0.0) -> None:
        """The line's signalling tells of a key that has been down for `held_s` or longer."""
        self._heard_until = self._newest + samples(EVENT_MS + LATE_MS, self._rate)
        if self._mask is not None and way is Way.RFC4733:
            self._mask.down(way, self._newest)
            self._mask.up(way, self._newest + samples(EVENT_MS, self._rate))
        now = self._now()
        self._tell(self._presses.report(way, symbol, now, now, held_s))

    def stream_changed(self) -> None:
        """Another stream may have another way with keys."""
        self._presses.stream_changed()

    def sent_tones(self, count: int) -> None:
        """`count` samples of tones of ours begin: what comes back of them is no key."""
        self._own_until = self._newest + count + samples(OWN_TONES_MS, self._rate)

    def hear(self, heard: Pcm, sent: Pcm, position: int) -> list[tuple[int, Pcm, Pcm]]:
        """New audio, whole frames. Returns what may go on to be kept and recognised: position, heard and sent."""
        self._newest = position + heard.size
        if self._mask is None and not self._presses.wants_tones and not self._private:
            return [(position, heard, sent)]
        for event in self._detector.feed(heard, position):
            self._tone(event)
        if self._mask is None:
            return [(position, heard, sent)]
        self._sent.append((position, sent.copy()))
        return [
            (frame.position, frame.pcm, self._sent_beside(frame.position))
            for frame in self._mask.feed(heard, position)
        ]

    def flush(self) -> list[tuple[int, Pcm]]:
        """What is still held back: the call is over."""
        return [] if self._mask is None else [(frame.position, frame.pcm) for frame in self._mask.flush()]

    def _tone(self, event: KeyEvent) -> None:
        self._down = isinstance(event, KeyDown)
        self._heard_until = self._newest + samples(LATE_MS, self._rate)
        if isinstance(event, KeyUp):
            if self._mask is not None:
                self._mask.up(Way.INBAND, event.end)
            return
        if self._mask is not None:
            self._mask.down(Way.INBAND, event.onset)
        if event.onset >= self._own_until:
            now = self._now()
            onset = now - (self._newest - event.onset) / self._rate
            self._tell(self._presses.report(Way.INBAND, event.symbol, onset, now))

    def _sent_beside(self, position: int) -> Pcm:
        """What was sent with the audio from `position` on: both were fed, and are let go, in the same pieces."""
        at, pcm = self._sent.popleft()
        assert at == position
        return pcm

    def _tell(self, presses: list[Keypress]) -> None:
        for press in presses:
            self._press(press.symbol)
