"""The caller's sounds: recordings from WAV files, and texts read by Piper, kept on disk.

Everything is made before the call, so that no synthesis disturbs what is measured.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import wave
from pathlib import Path

import numpy as np

from media.frame import FRAME_MS, FULL_SCALE, Pcm, samples
from media.resample import resample
from telephony.caller.script import Sound

SPEECH_DBFS = -20.0
"""Level of synthesised speech, over the frames in which something is said (ITU-T P.56's idea, simplified)."""
_MAX_SECONDS = 600


class SoundError(ValueError):
    """A sound can't be had; the text names it."""


class Voices:
    """Makes sounds; loads each voice once. `cache` is where spoken texts are kept."""

    def __init__(self, cache: Path | None = None) -> None:
        root = Path(os.environ.get("OFFHOOK_CACHE") or Path.home() / ".cache" / "offhook")
        self._cache = cache or root / "caller-speech"

    def load(self, sound: Sound, rate_hz: int) -> Pcm:
        """`sound` as PCM at `rate_hz`. Raises SoundError."""
        try:
            path = sound.file or self._spoken(sound)
            pcm, file_hz = read_wav(path)
        except (OSError, EOFError, wave.Error) as error:
            raise SoundError(f"{sound.label}: {error}") from error
        return resample(pcm, file_hz, rate_hz)

    def _spoken(self, sound: Sound) -> Path:
        key = hashlib.sha256(f"{sound.voice}\n{SPEECH_DBFS}\n{sound.text}".encode()).hexdigest()[:24]
        path = self._cache / f"{key}.wav"
        if not path.is_file():
            pcm, rate_hz = _read_aloud(sound.text, sound.voice)
            self._cache.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._cache, suffix=".part", delete=False) as part:
                write_wav(Path(part.name), pcm, rate_hz)
            os.replace(part.name, path)
        return path


def _read_aloud(text: str, voice: str) -> tuple[Pcm, int]:
    # Loaded here, because a script of recordings needs no synthesiser.
    from brain.engines import EngineError
    from brain.tts.piper import Piper, joe_file

    try:
        piper = Piper(joe_file() if voice == "joe" else Path(voice).expanduser())
        wave_form = piper.synthesize(text, 1.0)
    except EngineError as error:
        raise SoundError(f"voice {voice!r}: {error}") from error
    pcm: Pcm = np.clip(np.rint(wave_form * 32767), -32768, 32767).astype(np.int16)
    return levelled(pcm, piper.rate_hz), piper.rate_hz


def levelled(pcm: Pcm, rate_hz: int, dbfs: float = SPEECH_DBFS) -> Pcm:
    """`pcm` with its loud frames (those within 25 dB of the loudest) at `dbfs` on average."""
    frame = samples(FRAME_MS, rate_hz)
    count = pcm.size // frame
    if count == 0:
        return pcm
    frames = pcm[: count * frame].reshape(count, frame).astype(np.float64)
    power = (frames**2).mean(axis=1)
    loud = power[power >= power.max() * 10**-2.5]
    if not loud.size or loud.mean() < 1:
        return pcm
    gain = FULL_SCALE * 10 ** (dbfs / 20) / np.sqrt(loud.mean())
    scaled: Pcm = np.clip(np.rint(pcm * gain), -32768, 32767).astype(np.int16)
    return scaled


def read_wav(path: Path) -> tuple[Pcm, int]:
    """The first channel of a 16-bit WAV file and its rate. Raises OSError, EOFError, wave.Error."""
    with wave.open(str(path), "rb") as source:
        if source.getsampwidth() != 2:
            raise wave.Error(f"{path.name} has {8 * source.getsampwidth()} bits; only 16 can be read")
        count = min(source.getnframes(), _MAX_SECONDS * source.getframerate())
        data = np.frombuffer(source.readframes(count), "<i2")
        channels, rate_hz = source.getnchannels(), source.getframerate()
    return data[::channels].astype(np.int16), rate_hz


def write_wav(path: Path, pcm: Pcm, rate_hz: int) -> None:
    """Write a 16-bit WAV of one channel, or of two for shape (samples, 2). Raises OSError."""
    with wave.open(str(path), "wb") as target:
        target.setnchannels(1 if pcm.ndim == 1 else pcm.shape[1])
        target.setsampwidth(2)
        target.setframerate(rate_hz)
        target.writeframes(pcm.astype("<i2").tobytes())
