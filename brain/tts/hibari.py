"""hibari: a small English synthesiser with a voice in its package, about 130 times real time on a core."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hibari import Hibari as Engine
from hibari.voices import DEFAULT, VOICES, voice_path

from brain.engines import EngineError


class Hibari:
    """See `brain.tts.local.Voice`. `voice` is one of hibari's names that is installed: nothing is fetched.

    Raises EngineError where the voice can't be loaded.
    """

    def __init__(self, voice: str = DEFAULT, threads: int = 1) -> None:
        try:
            model = Path(voice_path(voice, download_missing=False))
            self._engine = Engine(voice=voice, model=str(model), threads=threads)
        except Exception as error:  # onnxruntime's exceptions share no base class but this one
            known = ", ".join(VOICES)
            raise EngineError("tts", f"no hibari voice {voice!r} here (of {known}): {error}") from error
        self._phonemes = threading.Lock()  # its grapheme-to-phoneme stage keeps state between calls
        self.rate_hz: int = self._engine.sample_rate
        self.english = True

    def synthesize(self, text: str, speed: float) -> npt.NDArray[np.float32]:
        """`text` as audio at `rate_hz`; the same text gives the same samples. Raises EngineError."""
        try:
            with self._phonemes:
                sentences = self._engine.phonemize(text)
            parts = [self._engine.from_phonemes(phonemes, speed, seed=0) for phonemes in sentences]
        except Exception as error:  # its own and onnxruntime's: no common base class
            raise EngineError("tts", f"hibari failed: {error}") from error
        return np.concatenate([np.zeros(0, np.float32), *parts])
