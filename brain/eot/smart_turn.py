"""Smart Turn v3.2: an audio model of whether a speaker has finished (BSD-2, by Daily; in pipecat-ai).

Only the model file of that package is used; nothing of it is imported. The input is as documented there:
the last 8 s at 16 kHz, shorter audio padded with zeros in front, so that the newest sample is at the
end; zero mean and unit variance over all of it; Whisper's log-mel, (1, 80, 800). The output is a
probability already. The model knows prosody, not meaning: it called most sentences that were cut in
the middle complete, so it is evidence among other.
"""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from brain.engines import EngineError
from brain.log_mel import RATE_HZ, log_mel
from brain.resampling import resample
from brain.speech_scheduler import Kind, Scheduler
from media.frame import FULL_SCALE, Pcm
from media.onnx import ModelError, Session, load

SECONDS = 8
PACKAGE = "pipecat"
FILE = "audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx"
VARIANCE_FLOOR = 1e-7


def model_file() -> Path:
    """The packaged model. Raises EngineError where the package is missing."""
    spec = find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder) / FILE).is_file():
            return path
    raise EngineError("eot", "no Smart Turn model: pip install --no-deps pipecat-ai==1.14.0")


def features(pcm: Pcm, rate_hz: int) -> npt.NDArray[np.float32]:
    """The model's input for the newest 8 s of `pcm`: shape (1, 80, 800)."""
    recent = pcm[-SECONDS * rate_hz :]
    audio = resample(recent.astype(np.float32) / FULL_SCALE, rate_hz, RATE_HZ)[-SECONDS * RATE_HZ :]
    placed = np.zeros(SECONDS * RATE_HZ, np.float32)
    placed[placed.size - audio.size :] = audio
    return log_mel((placed - placed.mean()) / np.sqrt(placed.var() + VARIANCE_FLOOR))[None]


class SmartTurn:
    """See `brain.engines.Eot`. `model` is a path, or None for the packaged file."""

    def __init__(self, scheduler: Scheduler, model: Path | None = None, threads: int = 1) -> None:
        self._scheduler = scheduler
        self._path = model
        self._threads = threads
        self._session: Session | None = None

    async def warm(self) -> None:
        """Load the model and score silence. Raises EngineError."""
        if self._session is None:
            self._session = await self._scheduler.run(Kind.LOAD, self._load)
        await self.score(np.zeros(RATE_HZ, np.int16), RATE_HZ)

    async def score(self, pcm: Pcm, rate_hz: int) -> float:
        """Probability that the turn which ends with `pcm` is complete; 0 for silence. Raises EngineError."""
        if self._session is None:
            self._session = await self._scheduler.run(Kind.LOAD, self._load)
        if not pcm.any():
            return 0.0  # nothing was said: unit variance would make noise of it
        return await self._scheduler.run(Kind.SCORE, partial(self._score, self._session, pcm.copy(), rate_hz))

    def _load(self) -> Session:
        try:
            return load(self._path or model_file(), self._threads)
        except ModelError as error:
            raise EngineError("eot", str(error)) from error

    @staticmethod
    def _score(session: Session, pcm: Pcm, rate_hz: int) -> float:
        try:
            answer = session.run(None, {"input_features": features(pcm, rate_hz)})
            return float(np.asarray(answer[0]).reshape(-1)[0])
        except Exception as error:  # see media.onnx.Session
            raise EngineError("eot", f"scoring failed: {error}") from error
