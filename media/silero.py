"""Silero VAD (v6), the model that judges whether a sound is speech; runs on onnxruntime.

The only file in `media` that imports `onnxruntime`. The weights are those that the faster-whisper wheel
carries; they are found without importing that package. This export takes 16 kHz only, in windows of 512
samples (32 ms) after 64 samples of context; an LSTM carries what was before.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime

from media.frame import FULL_SCALE, Pcm
from media.resample import Resampler

RATE_HZ = 16000
WINDOW = 512
_CONTEXT = 64
_STATE = (1, 1, 128)
_PACKAGE = "faster_whisper"
_FILE = "assets/silero_vad_v6.onnx"


class SileroMissing(RuntimeError):
    """The weights aren't where they should be; the message says where that is."""


def weights() -> Path:
    """Where the model lies. Raises SileroMissing."""
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SileroMissing(f"the package {_PACKAGE}, which carries {_FILE}, isn't installed")
    path = Path(spec.submodule_search_locations[0]) / _FILE
    if not path.is_file():
        raise SileroMissing(f"{path} is missing: {_PACKAGE} has another version than expected")
    return path


@lru_cache(maxsize=1)
def _session() -> onnxruntime.InferenceSession:
    """One for the process: all calls of a worker share the weights and run on the caller's thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(weights()), options, providers=["CPUExecutionProvider"])


class Silero:
    """One call's view of the model, for audio at `rate_hz`. Raises SileroMissing when it is made."""

    def __init__(self, rate_hz: int) -> None:
        self._run = _session().run
        self._rate = rate_hz
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._resampler = Resampler(self._rate, RATE_HZ)
        self._h = self._c = np.zeros(_STATE, np.float32)
        self._input = np.zeros((1, _CONTEXT + WINDOW), np.float32)
        self._filled = 0

    def feed(self, pcm: Pcm) -> list[float]:
        """How likely it is, 0 to 1, that somebody speaks: one figure for each window that `pcm` completes."""
        wide = self._resampler.process(pcm)
        answers = []
        while wide.size:
            piece = wide[: WINDOW - self._filled]
            start = _CONTEXT + self._filled
            self._input[0, start : start + piece.size] = piece
            self._filled += piece.size
            wide = wide[piece.size :]
            if self._filled == WINDOW:
                answers.append(self._judge())
        return answers

    def _judge(self) -> float:
        window = self._input * np.float32(1 / FULL_SCALE)
        answer, self._h, self._c = self._run(None, {"input": window, "h": self._h, "c": self._c})
        self._input[0, :_CONTEXT] = self._input[0, WINDOW:]
        self._filled = 0
        return float(answer[0])
