import numpy as np
import pytest

from telephony.caller.digits import Press, checked, event_payloads, info_body, tones


def test_the_packets_of_one_digit():
    payloads = list(event_payloads("#", Press(tone_ms=100), 20, 8000))
    fields = [
        (p.payload[0], p.payload[1] >> 7, int.from_bytes(p.payload[2:], "big"), p.first) for p in payloads
    ]
    assert fields == [
        (11, 0, 160, True), (11, 0, 320, False), (11, 0, 480, False), (11, 0, 640, False),
        (11, 1, 800, False), (11, 1, 800, False), (11, 1, 800, False),
    ]  # fmt: skip


def test_a_key_held_for_less_than_a_packet_still_begins_and_ends():
    durations = [p.payload[2:] for p in event_payloads("1", Press(tone_ms=5), 20, 48000)]
    assert [int.from_bytes(d, "big") for d in durations] == [960, 1920, 1920, 1920]


@pytest.mark.parametrize(
    ("digit", "frequencies"), [("1", {697, 1209}), ("D", {941, 1633}), ("0", {941, 1336})]
)
def test_tones_have_their_two_frequencies(digit, frequencies):
    wave = tones(digit, Press(tone_ms=1000, gap_ms=50), 8000)
    spectrum = np.abs(np.fft.rfft(wave[:8000].astype(float)))
    assert wave.size == 8400 and not wave[8000:].any()
    assert set(np.argsort(spectrum)[-2:]) == frequencies


def test_info_bodies():
    assert info_body("*", Press(tone_ms=160)) == b"Signal=*\r\nDuration=160\r\n"
    assert info_body("*", Press(), "application/dtmf") == b"*"


def test_keys():
    assert checked("12#a") == "12#A"
    for wrong in ("", "12 3", "x"):
        with pytest.raises(ValueError):
            checked(wrong)
