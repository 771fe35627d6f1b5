"""The models' answers, computed once for each stretch of audio: Whisper's words, smart-turn's score."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from benchmarks.turns.items import RATE, folder
from benchmarks.turns.memo import Memo, digest
from brain.engines import SttSettings
from brain.eot.smart_turn import features, model_file
from brain.stt.local import decode
from brain.stt.weights import BASE_SHA256, model_folder
from brain.stt.whisper import WhisperModel
from brain.stt.window import ROLL_MS, Snapshot
from media.frame import Pcm
from media.onnx import Session, load

DECODER = f"whisper base {BASE_SHA256[:8]} 1"
SCORER = "smart-turn 3.2 1"
"""Part of the keys: to be raised when the same model would answer otherwise."""


class Words(NamedTuple):
    """What a decode heard. `confidence` is the mean of its words, as in a final."""

    text: str
    confidence: float
    twice: bool = False
    """Whether there was a second look."""


class Models:
    """Whisper base and smart-turn v3.2 behind a memo; loaded when an answer isn't known yet."""

    def __init__(self, memo: Memo | None = None) -> None:
        self.memo = memo or Memo(folder() / "answers.sqlite")

    @cached_property
    def _whisper(self) -> WhisperModel:
        return WhisperModel(model_folder("base"), threads=1, parallel=1)

    @cached_property
    def _smart_turn(self) -> Session:
        return load(model_file(), threads=1)

    def words(self, pcm: Pcm, noisy: bool = False) -> Words:
        """What Whisper hears in a segment, at 8 kHz."""

        def decoded() -> list[object]:
            heard = decode(self._whisper, SttSettings(noisy=noisy), True, Snapshot(pcm, RATE, 0, ()))
            known = heard.words
            confidence = round(sum(w.confidence for w in known) / len(known), 4) if known else 0.0
            return [heard.text, confidence, heard.hypothesis.looks > 1]

        if pcm.size * 1000 // RATE > 2 * ROLL_MS:
            raise ValueError("a segment so long is decoded in pieces by the real server")
        return Words(*self.memo.get(digest(DECODER, *_looks(noisy), np.ascontiguousarray(pcm).tobytes()), decoded))

    def quick_words(self, pcm: Pcm) -> Words:
        """The same without word times, as a partial has it: `confidence` is the mean of its tokens."""

        def decoded() -> list[object]:
            heard = decode(self._whisper, SttSettings(), False, Snapshot(pcm, RATE, 0, ()))
            return [heard.text, round(heard.hypothesis.confidence, 4)]

        return Words(*self.memo.get(digest(DECODER, "quick", np.ascontiguousarray(pcm).tobytes()), decoded))

    def complete(self, pcm: Pcm) -> float:
        """Smart-turn's probability that the turn which ends with `pcm` is complete; 0 for digital silence."""
        if not pcm.any():
            return 0.0

        def scored() -> float:
            answer = self._smart_turn.run(None, {"input_features": features(pcm, RATE)})
            return round(float(np.asarray(answer[0]).reshape(-1)[0]), 5)

        return float(self.memo.get(digest(SCORER, np.ascontiguousarray(pcm).tobytes()), scored))


def _looks(noisy: bool) -> tuple[str, ...]:
    """What the key of a decode has more on a noisy line."""
    return ("second look 3",) if noisy else ()
