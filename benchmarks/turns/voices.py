"""The synthetic callers: a voice's name and a text give audio at 8 kHz; what was said once is kept in the cache.

Names are ENGINE or ENGINE:VOICE: hibari, joe, kokoro:af_heart, flite:slt, espeak:en-us.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.human_clips import read_wav
from benchmarks.line_corpus import Signal
from benchmarks.turns.items import RATE, folder
from benchmarks.turns.kokoro import Kokoro
from brain.resampling import resample
from brain.tts.hibari import Hibari
from brain.tts.piper import Piper, joe_file

VERSION = 1
"""Raised when a voice or its preparation changes: it is part of the cache's key."""

TUNING = ("hibari", "kokoro:am_michael", "kokoro:bf_emma", "kokoro:af_bella", "flite:slt", "espeak:en-us")
SCORED = ("joe", "kokoro:am_puck", "kokoro:af_sarah", "kokoro:bm_george", "flite:rms", "espeak:en-gb")
"""No voice is in both halves. espeak's digits aren't understood by the recogniser: it says only sentences."""


def say(voice: str, text: str, speed: float = 1.0) -> Signal:
    """`text` at 8 kHz in the scale of int16. Raises what the engine raises where it isn't installed."""
    key = hashlib.sha256(f"{VERSION}\n{voice}\n{speed:.3f}\n{text}".encode()).hexdigest()[:24]
    path = folder() / "speech" / f"{key}.npy"
    if not path.is_file():
        path.parent.mkdir(exist_ok=True)
        audio, rate = _spoken(voice, text, speed)
        pcm = np.clip(np.rint(resample(audio, rate, RATE) * 32767), -32768, 32767).astype(np.int16)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
            np.save(part, pcm)
        Path(part.name).rename(path)
    return np.load(path).astype(np.float64)


def _spoken(voice: str, text: str, speed: float) -> tuple[np.ndarray, int]:
    engine, _, name = voice.partition(":")
    match engine:
        case "hibari":
            return _hibari().synthesize(text, speed), _hibari().rate_hz
        case "joe":
            return _joe().synthesize(text, speed), _joe().rate_hz
        case "kokoro":
            return _kokoro().synthesize(name, text, speed), Kokoro.rate_hz
        case "flite":
            return _by_command("flite", "-voice", name, "--setf", f"duration_stretch={1 / speed:.3f}", "-t", text, "-o")
        case "espeak":
            return _by_command("espeak-ng", "-v", name, "-s", str(round(165 * speed)), text, "-w")
    raise ValueError(f"no voice {voice!r}")


def _by_command(*command: str) -> tuple[np.ndarray, int]:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "said.wav"
        subprocess.run([*command, str(path)], check=True, stdout=subprocess.DEVNULL)
        return read_wav(path)


@cache
def _hibari() -> Hibari:
    return Hibari()


@cache
def _joe() -> Piper:
    return Piper(joe_file(), threads=1)


@cache
def _kokoro() -> Kokoro:
    return Kokoro()
