import numpy as np
import pytest

from media import g711
from telephony.caller.calibrate import burst
from telephony.caller.codecs import PCMA, PCMU
from telephony.caller.ear import Ear, Onset, Voice
from telephony.caller.rtp import RtpPacket, pack

MS = 1_000_000
LOUD, QUIET = burst(20, 8000), np.zeros(160, np.int16)


def packet(number: int, pcm=LOUD, payload_type=0, ssrc=1, sequence=None, timestamp=None) -> bytes:
    return pack(RtpPacket(
        payload_type, False, number if sequence is None else sequence,
        160 * number if timestamp is None else timestamp, ssrc, g711.encode_ulaw(pcm),
    ))  # fmt: skip


def ear() -> Ear:
    return Ear(PCMU, frozenset({0}))


def test_onset_is_told_at_the_second_loud_frame_with_the_time_of_the_first():
    hears = ear()
    assert hears.hear(packet(0, QUIET), 1000 * MS) is None
    assert hears.hear(packet(1), 1020 * MS) is None and hears.voice is Voice.PERHAPS
    assert hears.hear(packet(2), 1041 * MS) == Onset(1020 * MS)
    assert hears.hear(packet(3), 1060 * MS) is None
    assert hears.last_audible_ns == 1080 * MS
    hears.hear(packet(4, QUIET), 1080 * MS)
    assert hears.voice is Voice.QUIET and hears.last_audible_ns == 1080 * MS
    assert hears.onsets == [Onset(1020 * MS)]


def test_a_click_is_no_onset():
    hears = ear()
    for number, pcm in enumerate([QUIET, LOUD, QUIET, LOUD, QUIET]):
        assert hears.hear(packet(number, pcm), number * 20 * MS) is None
    assert hears.onsets == [] and hears.last_audible_ns is None


@pytest.mark.parametrize("size", [80, 240])
def test_packets_of_10_and_30_ms(size):
    hears, ms = ear(), size // 8
    sound = np.concatenate([np.zeros(2400, np.int16), burst(300, 8000)])
    for number in range(sound.size // size):
        piece = sound[number * size : (number + 1) * size]
        hears.hear(packet(0, piece, sequence=number, timestamp=number * size), number * ms * MS)
    (onset,) = hears.onsets
    assert abs(onset.at_ns - 300 * MS) <= 20 * MS


def test_duplicates_are_heard_once():
    hears = ear()
    for number in (0, 1, 1, 2):
        hears.hear(packet(number), number * 20 * MS)
    assert [p.sequence for p in hears.packets] == [0, 1, 2] and hears.stats[1].duplicates == 1


def test_wrapping_sequence_and_timestamp():
    hears = ear()
    for number in range(4):
        data = packet(
            0, sequence=(65534 + number) & 0xFFFF, timestamp=(2**32 - 320 + 160 * number) & 0xFFFFFFFF
        )
        hears.hear(data, number * 20 * MS)
    assert [p.sequence for p in hears.packets] == [65534, 65535, 65536, 65537]
    assert np.diff([p.timestamp for p in hears.packets]).tolist() == [160, 160, 160]


def test_what_is_not_our_audio_is_counted():
    hears = ear()
    hears.hear(b"\0" * 20, 0)
    hears.hear(packet(0, payload_type=101), 0)
    assert hears.packets == [] and dict(hears.strangers) == {"version 0": 1, "payload type 101": 1}


def test_another_codec_may_follow():
    hears = ear()
    hears.renegotiate(PCMA, frozenset({8}))
    data = pack(RtpPacket(8, False, 0, 0, 1, g711.encode_alaw(LOUD)))
    hears.hear(data, 0)
    assert (hears.packets[0].pcm == g711.decode_alaw(g711.encode_alaw(LOUD))).all()
