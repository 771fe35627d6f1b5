"""Writes what SIPp's `rtp_stream` plays: G.711 mu-law at 8 kHz without a header.

    python sipp-scenarios/make_audio.py speech.ulaw [RECORDING.wav]

Without a recording it is five seconds of a voice-like sound: a buzz at 120 Hz in syllables.
"""

from __future__ import annotations

import sys
import wave
from pathlib import Path

import numpy as np

from media.frame import Pcm
from media.g711 import encode_ulaw
from media.resample import resample

RATE_HZ = 8000


def syllables(seconds: float) -> Pcm:
    """A pulse train under an envelope of four syllables a second, with a pause in every second."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    buzz = sum(np.sin(2 * np.pi * 120 * n * t) / n for n in range(1, 25))
    envelope = np.clip(np.sin(2 * np.pi * 4 * t), 0, 1) * (t % 1 < 0.75)
    return np.asarray(6000 * buzz * envelope).astype(np.int16)


def recording(path: Path) -> Pcm:
    """The first channel of a 16-bit WAV file at 8 kHz."""
    with wave.open(str(path)) as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path}: not 16 bits a sample")
        pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)[:: file.getnchannels()]
        return resample(pcm, file.getframerate(), RATE_HZ)


if __name__ == "__main__":
    source = recording(Path(sys.argv[2])) if len(sys.argv) > 2 else syllables(5.0)
    Path(sys.argv[1]).write_bytes(encode_ulaw(source))
