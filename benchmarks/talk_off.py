"""What must not be taken for keys: people, music, and (for width) synthetic voices and melodies.

Recordings come from packages: Debian's asterisk-core-sounds-en-wav, asterisk-moh-opsound-wav and
pocketsphinx-testdata, PyPI's moonshine-voice and pytest-audioeval. What isn't installed is left out and shows as
zero minutes. Synthetic voices are those of the project at several speeds and pitches, and espeak-ng's.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.dtmf_signals import detect, keys
from benchmarks.human_clips import TWO_CITIES, package_file
from media.frame import FULL_SCALE, Pcm
from media.g711 import decode_ulaw, encode_ulaw
from media.resample import resample
from media.sound import SoundError, read_wav

Sound = tuple[Pcm, int]
"""Samples and their rate in Hz."""
SYNTHETIC_RATE = 22050
LEVEL_DBFS = -19.0


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of sound; `sounds` makes it anew each time it is asked."""

    name: str
    sounds: Callable[[], Iterator[Sound]]


def listen(source: Source) -> dict[str, float]:
    """Minutes of a source, and the keys found in it: at 8 kHz through PCMU, and at 16 kHz as it is."""
    seconds, found, found_16k = 0.0, "", ""
    for pcm, rate in source.sounds():
        seconds += pcm.size / rate
        narrow = resample(pcm, rate, 8000)
        found += keys(detect(decode_ulaw(encode_ulaw(narrow)), 8000))
        found_16k += keys(detect(resample(pcm, rate, 16000), 16000))
    return {"minutes": round(seconds / 60, 2), "hits": len(found), "hits_16k": len(found_16k)}


def reading(rate_hz: int) -> Pcm:
    """44 s of a man reading, the usual load of a detector. Raises FileNotFoundError."""
    pcm, rate = read_wav(package_file("moonshine_voice", "assets/two_cities.wav"))
    return resample(pcm, rate, rate_hz)


def sources(more: bool, seed: int = 0) -> list[Source]:
    """Recordings, and with `more` synthetic sounds: other sentences and melodies for each `seed`."""
    recorded = [
        Source("prompts, music on them and animals", lambda: _folder(Path("/usr/share/asterisk/sounds"))),
        Source("librivox, cards", lambda: _folder(Path("/usr/share/pocketsphinx/test/data"))),
        Source("moonshine-voice", lambda: _package("moonshine_voice")),
        Source("pytest-audioeval, ten languages", lambda: _package("pytest_audioeval")),
        Source("hold music", lambda: _folder(Path("/usr/share/asterisk/moh"))),
        Source("hold music 10 dB louder, clipped", lambda: _louder(Path("/usr/share/asterisk/moh"), 10)),
    ]
    made = [
        Source("hibari, five speeds and pitches", lambda: _hibari(seed)),
        Source("joe, two speeds", lambda: _joe(seed)),
        Source("espeak-ng, twelve voices", lambda: _espeak(seed)),
        Source("melodies of up to three notes", lambda: _melodies(seed)),
    ]
    return recorded + (made if more else [])


def _folder(folder: Path) -> Iterator[Sound]:
    for path in sorted(folder.rglob("*.wav")):
        try:
            yield read_wav(path)
        except SoundError as error:  # among the prompts is one without a sample
            if "no sound" not in str(error):
                raise


def _package(name: str) -> Iterator[Sound]:
    spec = find_spec(name)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        yield from _folder(Path(folder))


def _louder(folder: Path, db: float) -> Iterator[Sound]:
    for pcm, rate in _folder(folder):
        yield np.clip(pcm * 10 ** (db / 20), -32768, 32767).astype(np.int16), rate


# ---- synthetic ----------------------------------------------------------------------------------------------


def _sentences(seed: int, count: int) -> list[str]:
    """What is said on telephones, names and numbers above all."""
    rng = np.random.default_rng(seed)
    names = "Okafor Nguyen Silva Weber Kowalski Haddad O'Neill Suzuki Moreau Lindqvist".split()
    words = TWO_CITIES.split()
    made = []
    for _ in range(count):
        digits = " ".join(map(str, rng.integers(0, 10, 7)))
        at = int(rng.integers(0, len(words) - 16))
        name = names[rng.integers(len(names))]
        letters = " ".join(name.upper())
        made += [
            f"My name is {name}, that is {letters}.",
            f"The number is {digits}. No, sorry, it ends in {rng.integers(10, 99)}.",
            " ".join(words[at : at + 16]) + ".",
            f"Ooh, yeah, could you move me to a quarter to {rng.integers(2, 12)} on Wednesday, please?",
        ]
    return made


def _levelled(audio: np.ndarray) -> Pcm:
    rms = float(np.sqrt(np.mean(np.square(audio)))) or 1.0
    scaled = audio / rms * FULL_SCALE * 10 ** (LEVEL_DBFS / 20)
    return np.clip(np.rint(scaled), -32768, 32767).astype(np.int16)


def _hibari(seed: int) -> Iterator[Sound]:
    from brain.tts.hibari import Hibari

    voice = Hibari()
    # A recording that is played faster has a higher voice: another speaker, as far as pitch goes.
    for number, (speed, pitch) in enumerate(((1.0, 1.0), (0.8, 1.0), (1.25, 1.0), (1.0, 0.8), (0.9, 1.25))):
        for sentence in _sentences(100 * seed + number, 12):
            yield _levelled(voice.synthesize(sentence, speed)), int(voice.rate_hz * pitch)


def _joe(seed: int) -> Iterator[Sound]:
    from brain.tts.piper import Piper, joe_file

    voice = Piper(joe_file(), threads=1)
    for number, speed in enumerate((0.9, 1.15)):
        for sentence in _sentences(100 * seed + 20 + number, 8):
            yield _levelled(voice.synthesize(sentence, speed)), voice.rate_hz


def _espeak(seed: int) -> Iterator[Sound]:
    if shutil.which("espeak-ng") is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        for number, variant in enumerate("m1 m2 m3 m4 m5 m7 f1 f2 f3 f4 f5 croak".split()):
            pitch, speed = str(30 + 6 * number), str(130 + 10 * number)
            text = " ".join(_sentences(100 * seed + 40 + number, 6))
            command = ["espeak-ng", "-v", f"en-us+{variant}", "-p", pitch, "-s", speed, "-w", str(path), text]
            subprocess.run(command, check=True)
            pcm, rate = read_wav(path)
            yield _levelled(pcm.astype(float)), rate


def _melodies(seed: int) -> Iterator[Sound]:
    """Fifteen minutes of notes of the tempered scale, one to three at once, with one to eight harmonics."""
    rng = np.random.default_rng(100 * seed + 8)
    for _ in range(30):
        parts = []
        while sum(part.size for part in parts) < 30 * SYNTHETIC_RATE:
            seconds = float(rng.choice([0.12, 0.25, 0.5, 1.0]))
            t = np.arange(int(seconds * SYNTHETIC_RATE)) / SYNTHETIC_RATE
            wave = np.zeros(t.size)
            for note in rng.integers(48, 90, rng.integers(1, 4)):
                hz = 440 * 2 ** ((note - 69) / 12)
                for harmonic in range(1, int(rng.integers(2, 10))):
                    strength = rng.uniform(0.3, 1.0) / harmonic
                    wave += strength * np.sin(2 * np.pi * hz * harmonic * t + rng.uniform(0, 6.28))
            parts.append(wave * np.exp(-t * rng.uniform(0.5, 4.0)))
        yield _levelled(np.concatenate(parts)), SYNTHETIC_RATE
