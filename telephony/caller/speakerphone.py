"""The caller's loudspeaker, heard by the caller's microphone: an echo of the bot in what the caller sends. Pure.

    phone = Speakerphone(EchoSettings(delay_ms=120.0, loss_db=12.0), rate_hz=8000)
    phone.play(pcm, at, source)       # what is heard, as it comes; `at` counts its samples
    phone.take(160)                   # what the microphone takes up of it, for the next 160 samples sent

Time is counted in samples. What is played keeps the order and the distances that the bot gave it, whatever the
line did to its packets, as behind a jitter buffer: a packet that comes too late for its place moves all that
follow, and the echo's delay with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from media.frame import Pcm

_ROOM = (
    (0.0, 1.0), (2.4, -0.50), (5.1, 0.40), (8.3, -0.30), (12.9, 0.22), (19.6, -0.15), (28.1, 0.09), (39.4, -0.05),
)  # fmt: skip
"""A small room: the direct sound and its reflections, (ms, gain)."""
_ROOM_LOSS = float(np.sqrt(sum(gain**2 for _, gain in _ROOM)))
_EARLY_MS = 200.0
"""What comes so much before its place is played at once: the bot's timestamps have jumped."""


@dataclass(frozen=True, slots=True)
class EchoSettings:
    """An echo that is `loss_db` weaker than what is heard, and comes back `delay_ms` after it.

    The packet times of both directions come on top of the delay: up to one packet.
    """

    delay_ms: float
    loss_db: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.delay_ms <= 1000.0:
            raise ValueError(f"an echo's delay_ms is {self.delay_ms:g}; it must be from 0 to 1000")
        if not 0.0 <= self.loss_db <= 60.0:
            raise ValueError(f"an echo's loss_db is {self.loss_db:g}; it must be from 0 to 60")


def echo_named(text: str) -> EchoSettings:
    """The echo that people write as "120/12" or "120ms/12dB": its delay and its loss. Raises ValueError."""
    delay, _, loss = text.lower().partition("/")
    try:
        delay_ms, loss_db = float(delay.removesuffix("ms")), float(loss.removesuffix("db"))
    except ValueError:
        raise ValueError(f"an echo is written MS/DB, as 120/12, not {text!r}") from None
    return EchoSettings(delay_ms, loss_db)


class Speakerphone:
    """From the caller's ear to the caller's mouth. `rate_hz` is that of the PCM."""

    def __init__(self, settings: EchoSettings, rate_hz: int) -> None:
        gain = 10 ** (-settings.loss_db / 20) / _ROOM_LOSS
        self._taps = tuple((round(ms * rate_hz / 1000), gain * tap) for ms, tap in _ROOM)
        self._delay = round(settings.delay_ms * rate_hz / 1000)
        self._early = round(_EARLY_MS * rate_hz / 1000)
        self._taken = 0
        self._source: int | None = None
        self._moved_by = 0
        self._coming: npt.NDArray[np.float64] = np.zeros(0)

    def play(self, pcm: Pcm, at: int, source: int) -> None:
        """Play what was heard: samples [at, at + pcm.size) of the stream `source`."""
        place = at + self._moved_by - self._taken
        if source != self._source or not -self._delay <= place <= self._early:
            self._source, self._moved_by, place = source, self._taken - at, 0
        start = place + self._delay
        missing = start + pcm.size + self._taps[-1][0] - self._coming.size
        if missing > 0:
            self._coming = np.concatenate((self._coming, np.zeros(missing)))
        for later, gain in self._taps:
            self._coming[start + later : start + later + pcm.size] += gain * pcm

    def take(self, count: int) -> npt.NDArray[np.float64]:
        """The echo in the next `count` samples that are sent: int16's scale, not rounded, not clipped."""
        sound, self._coming = self._coming[:count], self._coming[count:]
        self._taken += count
        return np.concatenate((sound, np.zeros(count - sound.size))) if sound.size < count else sound
