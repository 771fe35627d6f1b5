"""`Tts` in this process: voices behind the scheduler. The speech server serves it; tests use it direct.

No voice streams inside a sentence, so a clause is spoken in pieces of a sentence each, and the first
piece of a reply goes before all later ones of any reply.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from brain.engines import EngineError, SpeechAudio, TtsSettings
from brain.speech_scheduler import Kind, Scheduler
from brain.tts.espeak import Espeak
from brain.tts.hibari import Hibari
from brain.tts.piper import Piper, joe_file
from brain.tts.shape import gain_for, pause_ms, shape
from brain.tts.spoken import pieces, plain, spoken
from media.frame import Pcm

CALIBRATION = "The quick brown fox jumps over the lazy dog."
"""Sets a voice's gain when it is loaded."""

MIN_SPEED, MAX_SPEED = 0.5, 2.0


class Voice(Protocol):
    """A loaded voice. `synthesize` runs on threads, on several at once."""

    rate_hz: int
    english: bool

    def synthesize(self, text: str, speed: float) -> npt.NDArray[np.float32]: ...


VOICES: dict[str, Callable[[], Voice]] = {
    "joe": lambda: Piper(joe_file()),
    "hibari": lambda: Hibari(),
}
"""Voices by name. Any other name is the path of a Piper .onnx, hibari:NAME for an installed one, or espeak:LANGUAGE."""


def load_voice(name: str) -> Voice:
    """The voice `name`. Raises EngineError."""
    if (make := VOICES.get(name)) is not None:
        return make()
    if name.startswith("hibari:"):
        return Hibari(name.removeprefix("hibari:"))
    if name.startswith("espeak:"):
        return Espeak(name.removeprefix("espeak:"))
    check_voice(TtsSettings(name))
    return Piper(Path(name).expanduser())


def check_voice(settings: TtsSettings) -> None:
    """Raises EngineError for a voice that isn't there, or a speed nobody understands; loads nothing."""
    if not MIN_SPEED <= settings.speed <= MAX_SPEED:
        raise EngineError("tts", f"speed {settings.speed} is not in {MIN_SPEED} to {MAX_SPEED}")
    name, path = settings.voice, Path(settings.voice).expanduser()
    if name in VOICES or name.startswith(("hibari:", "espeak:")) or (path.suffix == ".onnx" and path.is_file()):
        return
    raise EngineError("tts", f"no voice {name!r}: not one of {', '.join(VOICES)}, and no Piper .onnx file")


class _Levelled:
    """A voice with the gain that its calibration sentence asks for."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self.gain = gain_for(voice.synthesize(CALIBRATION, 1.0), voice.rate_hz)

    def speak(self, text: str, speed: float, rate_hz: int) -> Pcm:
        # A clause without a mark at its end was cut out of a sentence: the voice must not fall as at the end of one.
        audio = self.voice.synthesize(f"{text}," if text[-1:].isalnum() else text, speed)
        return shape(audio, self.voice.rate_hz, rate_hz, self.gain, pause_ms(text))


class LocalTts:
    """See `brain.engines.Tts`. Voices are loaded once each, by `warm` or on first use."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._voices: dict[str, asyncio.Task[_Levelled]] = {}

    async def warm(self, settings: TtsSettings) -> None:
        """Load the voice, which speaks its calibration sentence. Raises EngineError."""
        check_voice(settings)
        await self._voice(settings.voice)

    async def speak(
        self, clauses: AsyncIterator[str], settings: TtsSettings, rate_hz: int
    ) -> AsyncGenerator[SpeechAudio, None]:
        """See `brain.engines.Tts.speak`; a clause's chunks are its sentences, and end in silence."""
        check_voice(settings)
        levelled = await self._voice(settings.voice)
        kind, number = Kind.FIRST_CLAUSE, 0
        async for clause in clauses:
            said = spoken(clause) if levelled.voice.english else plain(clause)
            parts = [part for part in pieces(said) if any(c.isalnum() for c in part)]
            for place, part in enumerate(parts, 1):
                work = partial(levelled.speak, part, settings.speed, rate_hz)
                pcm = await self._scheduler.run(kind, work)
                kind = Kind.LATER_CLAUSE
                yield SpeechAudio(number, clause, pcm, last=place == len(parts))
            if not parts:  # nothing in it can be said
                yield SpeechAudio(number, clause, np.zeros(0, np.int16), last=True)
            number += 1

    async def _voice(self, name: str) -> _Levelled:
        loading = self._voices.get(name)
        if loading is None:
            loading = self._voices[name] = asyncio.create_task(self._load(name))
        try:
            return await asyncio.shield(loading)
        except EngineError:
            self._voices.pop(name, None)  # a path may be put right while the server runs
            raise

    async def _load(self, name: str) -> _Levelled:
        return await self._scheduler.run(Kind.LOAD, lambda: _Levelled(load_voice(name)))
