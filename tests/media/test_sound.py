import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from media.g711 import encode_alaw, encode_ulaw
from media.sound import SoundError, read_wav

RAMP = np.arange(-32768, 32768, 512).astype(np.int16)


def chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def riff(kind: int, bits: int, body: bytes, channels: int = 1, rate: int = 8000, extra: bytes = b"") -> bytes:
    step = channels * bits // 8
    layout = struct.pack("<HHIIHH", kind, channels, rate, rate * step, step, bits) + extra
    content = b"WAVE" + chunk(b"LIST", b"odd") + chunk(b"fmt ", layout) + chunk(b"data", body)
    return b"RIFF" + struct.pack("<I", len(content)) + content


@pytest.fixture
def write(tmp_path: Path):
    def write(data: bytes) -> Path:
        path = tmp_path / "sound.wav"
        path.write_bytes(data)
        return path

    return write


def test_a_file_of_the_standard_library(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(RAMP.tobytes())
    pcm, rate = read_wav(tmp_path / "a.wav")
    assert rate == 16000 and pcm.dtype == np.int16 and np.array_equal(pcm, RAMP)


@pytest.mark.parametrize(
    ("kind", "bits", "body"),
    [
        (1, 8, ((RAMP.astype(int) >> 8) + 128).astype(np.uint8).tobytes()),
        (1, 16, RAMP.astype("<i2").tobytes()),
        (1, 24, b"".join(b"\x55" + struct.pack("<h", v) for v in RAMP)),
        (1, 32, (RAMP.astype(np.int64) * 65536).astype("<i4").tobytes()),
        (3, 32, (RAMP / 32768).astype("<f4").tobytes()),
        (3, 64, (RAMP / 32768).astype("<f8").tobytes()),
    ],
)
def test_every_kind_of_sample(write, kind: int, bits: int, body: bytes) -> None:
    pcm, rate = read_wav(write(riff(kind, bits, body)))
    assert rate == 8000 and np.array_equal(pcm, RAMP)


@pytest.mark.parametrize(("kind", "encode"), [(6, encode_alaw), (7, encode_ulaw)])
def test_g711_files(write, kind: int, encode) -> None:
    pcm, _ = read_wav(write(riff(kind, 8, encode(RAMP))))
    assert np.abs(pcm.astype(int) - RAMP).max() <= 644  # half of the largest step, or overload


def test_an_extensible_file_says_its_kind_in_the_guid(write) -> None:
    extra = struct.pack("<HHIH", 22, 16, 4, 1) + bytes.fromhex("000000001000800000aa00389b71")
    pcm, _ = read_wav(write(riff(0xFFFE, 16, RAMP.astype("<i2").tobytes(), extra=extra)))
    assert np.array_equal(pcm, RAMP)


def test_stereo_becomes_the_mean(write) -> None:
    stereo = np.stack((RAMP, np.zeros_like(RAMP)), axis=1)
    pcm, _ = read_wav(write(riff(1, 16, stereo.astype("<i2").tobytes(), channels=2)))
    assert np.array_equal(pcm, np.rint(RAMP / 2).astype(np.int16))


def test_loud_floats_are_clipped(write) -> None:
    pcm, _ = read_wav(write(riff(3, 32, np.array([2.0, -2.0, np.nan, np.inf], "<f4").tobytes())))
    assert pcm.tolist() == [32767, -32768, 0, 32767]


def test_a_file_that_was_cut_off_is_read_as_far_as_it_goes(write) -> None:
    pcm, _ = read_wav(write(riff(1, 16, RAMP.astype("<i2").tobytes())[:-21]))
    assert np.array_equal(pcm, RAMP[: RAMP.size - 11])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a WAV file"),
        (b"ID3\x04" + b"\0" * 60, "not a WAV file"),
        (b"RIFF\x04\0\0\0WAVE", "without its format"),
        (riff(1, 16, b""), "no sound"),
        (riff(1, 16, b"\x01"), "no sound"),
        (riff(2, 4, b"\x11" * 40), "no sound"),
        (riff(0x55, 8, b"\x11" * 40), "format 85, 8 bits"),
        (riff(1, 12, b"\x11" * 40), "format 1, 12 bits"),
        (riff(1, 16, b"\x11" * 40, channels=0), "0 channels"),
        (riff(1, 16, b"\x11" * 40, rate=0), "at 0 Hz"),
    ],
)
def test_errors_name_the_file_and_the_reason(write, data: bytes, why: str) -> None:
    with pytest.raises(SoundError, match=f"sound.wav: .*{why}"):
        read_wav(write(data))


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SoundError, match="none.wav: no such file"):
        read_wav(tmp_path / "none.wav")
    with pytest.raises(SoundError, match="directory"):
        read_wav(tmp_path)
