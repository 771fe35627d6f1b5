"""`ToneTts`: a synthesiser that hums each clause, for tests without voices.

A clause of n letters lasts n * `LETTER_MS` ms at a pitch that follows its text, so a test can tell from
the audio what was said, for how long, and whether it was cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from zlib import crc32

import numpy as np

from brain.engines import EngineError, SpeechAudio, TtsSettings
from media.frame import Pcm, samples

LETTER_MS = 60
LEVEL = 3277.0
"""Peak of the hum: -20 dBFS."""


def tone(text: str, settings: TtsSettings, rate_hz: int) -> Pcm:
    """What `text` sounds like: a sine between 300 and 1,000 Hz."""
    letters = sum(c.isalnum() for c in text)
    count = samples(letters * LETTER_MS / settings.speed, rate_hz)
    pitch_hz = 300 + crc32(f"{settings.voice} {text}".encode()) % 700
    phase = 2.0 * np.pi * pitch_hz / rate_hz * np.arange(count)
    hum: Pcm = np.round(LEVEL * np.sin(phase)).astype(np.int16)
    return hum


class ToneTts:
    """See `brain.engines.Tts`. `spoken` lists every clause that was asked for."""

    def __init__(self) -> None:
        self.spoken: list[str] = []
        self.warmed: list[TtsSettings] = []
        self.failure: str | None = None
        """While set, nothing can be spoken."""

    async def warm(self, settings: TtsSettings) -> None:
        self._check()
        self.warmed.append(settings)

    async def speak(
        self, clauses: AsyncIterator[str], settings: TtsSettings, rate_hz: int
    ) -> AsyncGenerator[SpeechAudio, None]:
        number = 0
        async for clause in clauses:
            self._check()
            self.spoken.append(clause)
            await asyncio.sleep(0)  # a real engine lets others run here
            yield SpeechAudio(number, clause, tone(clause, settings, rate_hz), last=True)
            number += 1

    def _check(self) -> None:
        if self.failure is not None:
            raise EngineError("tts", self.failure)
