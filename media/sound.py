"""Reading recordings: WAV files of any rate, made mono.

The chunks are read here, not by the standard library's `wave`: that takes neither floating point, nor
G.711, nor WAVE_FORMAT_EXTENSIBLE in Python 3.11, and recordings and prompts come in all of them.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from media.bed import looped
from media.frame import FULL_SCALE, Pcm
from media.g711 import decode_alaw, decode_ulaw
from media.loudness import levelled
from media.mixing import Signal
from media.resample import resample

_LINEAR, _FLOAT, _ALAW, _ULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_FORMAT = struct.Struct("<HHIIHH")
_SUBFORMAT_AT = 24
"""Where an extensible format chunk says what it really is: the first two bytes of a GUID."""


class SoundError(ValueError):
    """A file isn't a recording we can play; the message says which file and why."""


class Sounds:
    """Recordings at `rate_hz` and at the loudness of speech, each read once and kept."""

    def __init__(self, rate_hz: int) -> None:
        self._rate = rate_hz
        self._kept: dict[Path, Pcm] = {}
        self._loops: dict[Path, Signal] = {}

    def get(self, path: Path) -> Pcm:
        """The recording in `path`. Raises SoundError. Reading one takes a while: do it before a call needs it."""
        if path not in self._kept:
            pcm, rate = read_wav(path)
            sound = levelled(resample(pcm, rate, self._rate), self._rate)
            sound.setflags(write=False)
            self._kept[path] = sound
        return self._kept[path]


    def loop(self, path: Path) -> Signal:
        """The same as a loop for `media.bed`. Raises SoundError; ValueError where it is too short."""
        if path not in self._loops:
            self._loops[path] = looped(self.get(path), self._rate)
        return self._loops[path]


def read_wav(path: str | os.PathLike[str]) -> tuple[Pcm, int]:
    """The recording in `path` as one channel, the mean of all its channels, and its rate in Hz.

    Takes linear PCM of 8, 16, 24 or 32 bits, floating point of 32 or 64, A-law and mu-law. A file that ends
    before its header says so is read as far as it goes. Raises SoundError for one that is missing, isn't
    WAV, is of another kind, or is empty.
    """
    name = Path(path)
    try:
        channels, rate = _parse(_bytes(name))
    except SoundError as error:
        raise SoundError(f"{name}: {error}") from None
    return _mono(channels), rate


def read_stereo(path: str | os.PathLike[str]) -> tuple[Pcm, Pcm, int]:
    """Both channels of a recording of ours, left then right, and its rate. Raises SoundError like `read_wav`."""
    name = Path(path)
    try:
        channels, rate = _parse(_bytes(name))
    except SoundError as error:
        raise SoundError(f"{name}: {error}") from None
    if channels.shape[1] != 2:
        raise SoundError(f"{name}: {channels.shape[1]} channels, not two")
    return channels[:, 0], channels[:, 1], rate


def _bytes(name: Path) -> bytes:
    try:
        return name.read_bytes()
    except FileNotFoundError:
        raise SoundError("no such file") from None
    except OSError as error:
        raise SoundError(str(error.strerror)) from error


def _parse(data: bytes) -> tuple[npt.NDArray[np.int16], int]:
    """The samples, shape (samples, channels), and their rate."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise SoundError("not a WAV file")
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        chunks.setdefault(kind, data[at + 8 : at + 8 + size])
        at += 8 + size + size % 2  # chunks are padded to even sizes
    layout = chunks.get(b"fmt ", b"")
    if len(layout) < _FORMAT.size:
        raise SoundError("a WAV file without its format")
    kind_of, channels, rate, _, _, bits = _FORMAT.unpack_from(layout)
    if kind_of == _EXTENSIBLE and len(layout) >= _SUBFORMAT_AT + 2:
        kind_of = int.from_bytes(layout[_SUBFORMAT_AT : _SUBFORMAT_AT + 2], "little")
    if channels == 0 or rate == 0:
        raise SoundError(f"a WAV file of {channels} channels at {rate} Hz")
    step = channels * (bits // 8)
    body = chunks.get(b"data", b"")
    body = body[: len(body) // step * step] if step else b""
    if not body:
        raise SoundError("no sound in it")
    return _linear(body, kind_of, bits).reshape(-1, channels), rate


def _linear(body: bytes, kind: int, bits: int) -> Pcm:
    """Interleaved samples as int16."""
    if kind == _LINEAR and bits == 8:
        return (np.frombuffer(body, np.uint8).astype(np.int32) * 256 - 32768).astype(np.int16)
    if kind == _LINEAR and bits in (16, 24, 32):
        # Little-endian: the two upper bytes of a sample are its 16-bit value, whatever its width.
        parts = np.frombuffer(body, np.uint8).reshape(-1, bits // 8)
        return np.frombuffer(parts[:, -2:].tobytes(), "<i2").astype(np.int16)
    if kind == _FLOAT and bits in (32, 64):
        values = np.clip(np.nan_to_num(np.frombuffer(body, f"<f{bits // 8}")), -1.0, 1.0)
        whole: Pcm = np.minimum(np.rint(values * FULL_SCALE), FULL_SCALE - 1).astype(np.int16)
        return whole
    if kind == _ALAW and bits == 8:
        return decode_alaw(body)
    if kind == _ULAW and bits == 8:
        return decode_ulaw(body)
    raise SoundError(f"a WAV file of a kind we can't read (format {kind}, {bits} bits)")


def _mono(channels: npt.NDArray[np.int16]) -> Pcm:
    if channels.shape[1] == 1:
        return channels[:, 0]
    mean: Pcm = np.rint(channels.mean(axis=1)).astype(np.int16)
    return mean
