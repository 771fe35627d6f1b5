"""Against the tables of ITU-T G.711 (table 1a: A-law, 2a: mu-law) and what follows from them."""

import numpy as np
import pytest

from media.frame import Pcm
from media.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw

ALL_CODES = bytes(range(256))
ALL_SAMPLES: Pcm = np.arange(-32768, 32768).astype(np.int16)

# Positive decoder outputs of mu-law, one a segment from code 0x80 (8031) on, in the 14-bit scale of G.711.
ULAW_SEGMENT_STARTS = {0x80: 8031, 0x90: 3999, 0xA0: 1983, 0xB0: 975, 0xC0: 471, 0xD0: 219, 0xE0: 93}
ULAW_SEGMENT_STARTS[0xF0] = 30
# Positive decoder outputs of A-law as sent (even bits inverted), in the 13-bit scale of G.711 (x 2).
ALAW_OUTPUTS = {0xD5: 1, 0xD4: 3, 0xC5: 33, 0xF5: 66, 0xE5: 132, 0x95: 264, 0x85: 528, 0xB5: 1056}
ALAW_OUTPUTS[0xA5] = 2112
ALAW_OUTPUTS[0xAA] = 4032  # the highest


def test_mulaw_decodes_the_recommendations_values() -> None:
    for code, value in ULAW_SEGMENT_STARTS.items():
        assert decode_ulaw(bytes([code]))[0] == 4 * value
        assert decode_ulaw(bytes([code & 0x7F]))[0] == -4 * value
    assert decode_ulaw(b"\xff\x7f").tolist() == [0, 0]


def test_alaw_decodes_the_recommendations_values() -> None:
    for code, value in ALAW_OUTPUTS.items():
        assert decode_alaw(bytes([code]))[0] == 8 * value
        assert decode_alaw(bytes([code & 0x7F]))[0] == -8 * value


def test_known_code_words() -> None:
    samples = np.array([0, -1, 32767, -32768, 1000, -1000, 8, -8], np.int16)
    assert encode_ulaw(samples).hex() == "ff7f8000ce4efe7e"
    assert encode_alaw(samples).hex() == "d555aa2afa7ad555"


def test_every_code_word_survives_the_round_trip() -> None:
    assert encode_alaw(decode_alaw(ALL_CODES)) == ALL_CODES
    back = encode_ulaw(decode_ulaw(ALL_CODES))
    # Mu-law has two zeros. Linear zero becomes the positive one.
    assert back == ALL_CODES.replace(b"\x7f", b"\xff")


@pytest.mark.parametrize(("encode", "decode"), [(encode_ulaw, decode_ulaw), (encode_alaw, decode_alaw)])
def test_each_output_is_the_middle_of_its_decision_values(encode, decode) -> None:
    codes = np.frombuffer(encode(ALL_SAMPLES), np.uint8)
    assert (np.diff(decode(bytes(codes)).astype(int)) >= 0).all()
    starts = np.flatnonzero(np.diff(codes.astype(int), prepend=-1))
    assert starts.size == 256  # each code word is one interval
    ends = np.append(starts[1:], ALL_SAMPLES.size)
    middles = (ALL_SAMPLES[starts].astype(int) + ALL_SAMPLES[ends - 1] + 1) / 2
    outputs = decode(bytes(codes[starts])).astype(int)
    inner = slice(1, -1)  # the outermost intervals also take what overloads the coder
    # Zero is the end of an interval of mu-law, not its middle: 4 is half of that interval.
    assert np.abs(outputs - middles)[inner].max() <= 4


@pytest.mark.parametrize(
    ("decode", "code", "peak", "below_overload_db"),
    [(decode_ulaw, "1e0b0b1e9e8b8b9e", 32636, 3.17), (decode_alaw, "34212134b4a1a1b4", 32768, 3.14)],
)
def test_the_digital_milliwatt(decode, code: str, peak: int, below_overload_db: float) -> None:
    """G.711, tables 5 and 6: this sequence, repeated, is 1 kHz at 0 dBm0."""
    samples = decode(bytes.fromhex(code)).astype(float)
    spectrum = np.abs(np.fft.rfft(samples))
    assert spectrum.argmax() == 1 and spectrum[1] > 50 * np.delete(spectrum, 1).max()
    level = 20 * np.log10(np.sqrt(2 * np.mean(samples**2)) / peak)
    assert level == pytest.approx(-below_overload_db, abs=0.05)


def test_a_frame_is_a_byte_a_sample() -> None:
    frame = np.zeros(160, np.int16)
    assert encode_ulaw(frame) == b"\xff" * 160
    assert encode_alaw(frame) == b"\xd5" * 160
    assert decode_ulaw(b"\xff" * 160).shape == (160,)
    assert decode_alaw(b"").size == 0


def test_a_strided_view_encodes_like_its_copy() -> None:
    stereo = np.random.default_rng(0).integers(-32768, 32768, (160, 2)).astype(np.int16)
    assert encode_ulaw(stereo[:, 1]) == encode_ulaw(stereo[:, 1].copy())
