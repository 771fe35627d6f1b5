"""Silero VAD (v6), the model that judges whether a sound is speech, for one call.

The weights are those that the faster-whisper wheel carries; they are found without importing that package. This
export takes 16 kHz only, in windows of 512 samples (32 ms); `media.silero_network` runs it.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from media.frame import FULL_SCALE, Pcm
from media.onnx_weights import read_weights
from media.resample import Resampler
from media.silero_network import CONTEXT, UNITS, WINDOW, Network

RATE_HZ = 16000
_SPAN = CONTEXT + WINDOW
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
def _network() -> Network:
    """One for the process: all calls of a worker share it, on one thread."""
    path = weights()
    try:
        return Network(read_weights(path))
    except (KeyError, ValueError, IndexError) as error:
        raise SileroMissing(f"{path} is another export than expected: {error}") from error


class Silero:
    """One call's view of the model, for audio at `rate_hz`. Raises SileroMissing when it is made."""

    def __init__(self, rate_hz: int) -> None:
        self._run = _network().run
        self._rate = rate_hz
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._resampler = Resampler(self._rate, RATE_HZ)
        self._h = self._c = np.zeros(UNITS, np.float32)
        self._audio = np.zeros(_SPAN, np.float32)  # the newest span that was judged, and what came after it
        self._rest = 0  # samples after it

    def feed(self, pcm: Pcm) -> list[float]:
        """How likely it is, 0 to 1, that somebody speaks: one figure for each window that `pcm` completes."""
        wide = self._resampler.process(pcm)
        audio = np.concatenate((self._audio, wide * np.float32(1 / FULL_SCALE)))
        count, self._rest = divmod(self._rest + wide.size, WINDOW)
        end = audio.size - self._rest
        self._audio = audio[end - _SPAN :]
        if not count:
            return []
        answers, self._h, self._c = self._run(audio[end - count * WINDOW - CONTEXT : end], self._h, self._c)
        return answers

    def peek(self) -> float:
        """The figure for the newest 32 ms, wherever windows end; it leaves no trace in the model's memory."""
        return self._run(self._audio[-_SPAN:], self._h, self._c)[0][0]
