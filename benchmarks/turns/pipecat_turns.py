"""Pipecat 1.14's voice detector and its use of smart-turn, from its sources (BSD-2), as a benchmark's baseline.

`audio/vad/vad_analyzer.py`: Silero in windows of 256 samples at 8 kHz; confidence 0.7 and volume 0.6 (loudness of
the last 400 ms, mapped and smoothed); speech starts and stops after 0.2 s. `audio/turn/smart_turn/base_smart_turn.py`:
at each stop the model hears the speech so far, from 0.7 s before its start was known on, the last 8 s at the most.
Only files of that package are used; nothing of it is imported.
"""

from __future__ import annotations

from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from benchmarks.human_clips import package_file
from benchmarks.turns.items import RATE
from benchmarks.turns.memo import digest
from benchmarks.turns.models import Models
from media.frame import FULL_SCALE, Pcm
from media.loudness import integrated_lufs
from media.onnx import Session, load

WINDOW = 256
CONTEXT = 32
CONFIDENCE = 0.7
MIN_VOLUME = 0.6
FRAMES = round(0.2 / (WINDOW / RATE))
"""Windows until a start or a stop is believed."""
SMOOTHING = 0.2
VOLUME_S = 0.4
QUIETEST_LUFS, LOUDEST_LUFS = -110.0, -10.0
BEFORE_S = 0.5 + 0.2
LONGEST_S = 8.0
RESET_WINDOWS = round(2.0 / (WINDOW / RATE))
RESET_BELOW, RESET_AFTER = 0.1, 5
"""The model's memory is wiped in quiet that is clear, at most every 2 s."""


class Span(NamedTuple):
    """One stretch of speech: when pipecat knows that it started and stopped (None: never), and smart-turn's score."""

    started: float
    stopped: float | None
    score: float


class _State(Enum):
    QUIET = auto()
    STARTING = auto()
    SPEAKING = auto()
    STOPPING = auto()


class PipecatVad:
    """The state machine of `VADAnalyzer._run_analyzer`. `feed` gives the state after a window."""

    def __init__(self) -> None:
        self._state, self._count = _State.QUIET, 0

    @property
    def speaking(self) -> bool:
        """Whether a start was believed, and no stop since."""
        return self._state in (_State.SPEAKING, _State.STOPPING)

    @property
    def quiet(self) -> bool:
        """Whether nothing was heard that may be speech."""
        return self._state is _State.QUIET

    def feed(self, voice: bool) -> None:
        """Whether the next window holds a voice."""
        match self._state, voice:
            case _State.QUIET, True:
                self._state, self._count = _State.STARTING, 1
            case (_State.STARTING, True) | (_State.STOPPING, False):
                self._count += 1
            case _State.STARTING, False:
                self._state = _State.QUIET
            case _State.SPEAKING, False:
                self._state, self._count = _State.STOPPING, 1
            case _State.STOPPING, True:
                self._state = _State.SPEAKING
        if self._state is _State.STARTING and self._count >= FRAMES:
            self._state = _State.SPEAKING
        elif self._state is _State.STOPPING and self._count >= FRAMES:
            self._state = _State.QUIET


def spans(audio: Pcm, models: Models, scored: bool = True) -> list[Span]:
    """Every stretch of speech in a call; scores are 0.0 unless wanted."""
    found = models.memo.get(digest("pipecat 1.14 vad 1", audio.tobytes()), lambda: _found(audio))
    spans, since = list[Span](), 0.0
    for started, stopped in found:
        since = since or started  # the buffer is kept until the turn is over
        if stopped is None or not scored:
            spans.append(Span(started, stopped, 0.0))
            continue
        end = round(stopped * RATE)
        first = max(0, round((since - BEFORE_S) * RATE), end - round(LONGEST_S * RATE))
        spans.append(Span(started, stopped, models.complete(audio[first:end])))
    return spans


def _found(audio: Pcm) -> list[tuple[float, float | None]]:
    vad, silero, found, volume = PipecatVad(), _Silero(), list[tuple[float, float | None]](), 0.0
    for end in range(WINDOW, audio.size + 1, WINDOW):
        confidence = silero.confidence(audio[end - WINDOW : end], vad.quiet)
        window = audio[max(0, end - round(VOLUME_S * RATE)) : end]
        volume += SMOOTHING * (_volume(window) - volume)
        was = vad.speaking
        vad.feed(confidence >= CONFIDENCE and volume >= MIN_VOLUME)
        if vad.speaking and not was:
            found.append((end / RATE, None))
        elif was and not vad.speaking:
            found[-1] = (found[-1][0], end / RATE)
    return found


def _volume(window: Pcm) -> float:
    if window.size < round(VOLUME_S * RATE):
        return 0.0
    loudness = integrated_lufs(window.astype(np.float32) / np.float32(FULL_SCALE), RATE)
    return float(np.clip((loudness - QUIETEST_LUFS) / (LOUDEST_LUFS - QUIETEST_LUFS), 0.0, 1.0))


@lru_cache(maxsize=1)
def _session() -> Session:
    return load(package_file("pipecat", "audio/vad/data/silero_vad.onnx"), threads=1)


class _Silero:
    """`SileroVADAnalyzer`: the model and when it forgets."""

    def __init__(self) -> None:
        self._since_reset = self._low = 0
        self._forget()

    def _forget(self) -> None:
        self._state, self._context = np.zeros((2, 1, 128), np.float32), np.zeros(CONTEXT, np.float32)

    def confidence(self, window: Pcm, quiet: bool) -> float:
        """How likely it is that somebody speaks; `quiet` as of the window before."""
        audio = window.astype(np.float32) / np.float32(FULL_SCALE)
        inputs = {
            "input": np.concatenate((self._context, audio))[None],
            "state": self._state,
            "sr": np.array(RATE, np.int64),
        }
        answer, self._state = _session().run(None, inputs)
        self._context = audio[-CONTEXT:]
        found = float(np.asarray(answer).reshape(-1)[0])
        self._since_reset += 1
        self._low = self._low + 1 if found < RESET_BELOW else 0
        if self._since_reset >= RESET_WINDOWS and quiet and self._low >= RESET_AFTER:
            self._forget()
            self._since_reset = 0
        return found
