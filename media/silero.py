"""Silero VAD (v6), the model that judges whether a sound is speech; runs on onnxruntime.

The weights are those that the faster-whisper wheel
carries; they are found without importing that package. This export takes 16 kHz only, in windows of 512
samples (32 ms) after 64 samples of context; an LSTM carries what was before. Its batch dimension is time: windows
that follow one another, not calls.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from media.frame import FULL_SCALE, Pcm
from media.onnx import Session, load
from media.resample import Resampler

RATE_HZ = 16000
WINDOW = 512
_CONTEXT = 64
_SPAN = _CONTEXT + WINDOW
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
def _session() -> Session:
    """One for the process: all calls of a worker share the weights and run on the caller's thread."""
    return load(weights())


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
        self._audio = np.zeros(_SPAN, np.float32)  # the newest span that was judged, and what came after it
        self._rest = 0  # samples after it

    def feed(self, pcm: Pcm) -> list[float]:
        """How likely it is, 0 to 1, that somebody speaks: one figure for each window that `pcm` completes."""
        wide = self._resampler.process(pcm)
        audio = np.concatenate((self._audio, wide * np.float32(1 / FULL_SCALE)))
        count, self._rest = divmod(self._rest + wide.size, WINDOW)
        self._audio = audio[audio.size - self._rest - _SPAN :]
        if not count:
            return []
        first = audio.size - self._rest - (count - 1) * WINDOW - _SPAN
        windows = np.empty((count, _SPAN), np.float32)
        for row in range(count):
            windows[row] = audio[first + row * WINDOW :][:_SPAN]
        answers, self._h, self._c = self._run(None, {"input": windows, "h": self._h, "c": self._c})
        return [float(answer) for answer in answers]

    def peek(self) -> float:
        """The figure for the newest 32 ms, wherever windows end; it leaves no trace in the model's memory."""
        window = self._audio[None, -_SPAN:]
        return float(self._run(None, {"input": window, "h": self._h, "c": self._c})[0][0])
