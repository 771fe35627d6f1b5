"""Recordings of human speech that come in packages, with what is said in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from brain.resampling import resample
from media.frame import Pcm

POCKETSPHINX = Path("/usr/share/pocketsphinx/test/data")

TWO_CITIES = (
    "it was the best of times it was the worst of times it was the age of wisdom it was the age of "
    "foolishness it was the epoch of belief it was the epoch of incredulity it was the season of light it "
    "was the season of darkness it was the spring of hope it was the winter of despair we had everything "
    "before us we had nothing before us we were all going direct to heaven we were all going direct the "
    "other way in short the period was so far like the present period that some of its noisiest authorities "
    "insisted on its being received for good or for evil in the superlative degree of comparison only"
)


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording (float32, full scale 1.0) and its text."""

    text: str
    audio: npt.NDArray[np.float32]
    rate_hz: int

    def telephone(self) -> Pcm:
        """At 8 kHz through mu-law (the characteristic of ITU-T G.711 in its continuous form)."""
        x = resample(self.audio, self.rate_hz, 8000)
        coded = np.round(np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256) * 127) / 127
        decoded = np.sign(coded) * np.expm1(np.abs(coded) * np.log(256)) / 255
        return np.clip(np.round(decoded * 32767), -32768, 32767).astype(np.int16)

    def wideband(self) -> Pcm:
        """At 16 kHz, all of the recording's band."""
        x = resample(self.audio, self.rate_hz, 16000)
        return np.clip(np.round(x * 32767), -32768, 32767).astype(np.int16)


def package_file(package: str, name: str) -> Path:
    """A file of an installed package, without importing it. Raises FileNotFoundError."""
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder) / name).is_file():
            return path
    raise FileNotFoundError(f"{name} of the package {package}")


def read_wav(path: Path) -> tuple[npt.NDArray[np.float32], int]:
    """First channel and rate of a RIFF WAVE file of int16 or float32 samples. Raises ValueError."""
    data = path.read_bytes()
    place, kind, channels, rate = 12, 1, 1, 0
    while place < len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        chunk = data[place + 8 : place + 8 + size]
        if name == b"fmt ":
            kind, channels, rate = (int.from_bytes(chunk[a:b], "little") for a, b in ((0, 2), (2, 4), (4, 8)))
        elif name == b"data":
            raw = np.frombuffer(chunk, "<f4" if kind == 3 else "<i2").astype(np.float32)
            return raw[::channels] / np.float32(1.0 if kind == 3 else 32768.0), rate
        place += 8 + size + (size & 1)
    raise ValueError(f"no audio in {path}")


def two_cities() -> Clip:
    """The opening of A Tale of Two Cities, 44 s. Raises FileNotFoundError."""
    return Clip(TWO_CITIES, *read_wav(package_file("moonshine_voice", "assets/two_cities.wav")))


def spoken_sample(name: str) -> Clip:
    """One of pytest-audioeval's English samples: counting, hello_world, quick_brown_fox."""
    path = package_file("pytest_audioeval", f"samples/audio/en/{name}.wav")
    return Clip(path.with_suffix(".txt").read_text().strip(), *read_wav(path))


def short_clips() -> list[Clip]:
    """Thirteen sentences of 1 to 7 s by several people. Raises FileNotFoundError."""
    clips = [spoken_sample(name) for name in ("counting", "hello_world", "quick_brown_fox")]
    for transcription in ("librivox/transcription", "cards/cards.transcription"):
        path = POCKETSPHINX / transcription
        for text, name in re.findall(r"<s>(.*)</s> \((.*)\)", path.read_text()):
            clips.append(Clip(text.strip(), *read_wav(path.parent / f"{name}.wav")))
    return clips


_NUMBERS = dict(enumerate("zero one two three four five six seven eight nine ten".split()))


def folded(text: str) -> str:
    """`text` as word error rates compare it: words in lower case, small numbers as words."""
    words = re.sub(r"[^a-z0-9' ]", " ", text.lower()).split()
    known = {str(number): word for number, word in _NUMBERS.items()} | {"mr": "mister"}
    return " ".join(known.get(word, word) for word in words)
