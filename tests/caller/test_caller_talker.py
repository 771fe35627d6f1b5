import numpy as np
import pytest

from media.frame import level_dbfs
from media.g711 import decode_ulaw
from telephony.caller.codecs import G722, PCMA, PCMU
from telephony.caller.digits import Press
from telephony.caller.talker import Kind, Said, Talker


def talker(event: int | None = 101, ptime_ms: int = 20) -> Talker:
    return Talker(PCMU, 0, event, ptime_ms)


def ramp(count: int) -> np.ndarray:
    return np.arange(1, count + 1, dtype=np.int16)


def test_silence_is_sent_with_rising_timestamps():
    mouth = talker()
    packets = [mouth.next_packet() for _ in range(3)]
    assert [p.timestamp for p in packets] == [0, 160, 320]
    assert [p.marker for p in packets] == [True, False, False]
    assert all(len(p.payload) == 160 and not decode_ulaw(p.payload).any() for p in packets)


def test_utterances_follow_one_another_sample_by_sample():
    mouth = talker()
    mouth.next_packet()
    first, second = mouth.say(ramp(200)), mouth.say(ramp(100))
    sound = np.concatenate([mouth.next_packet().clean for _ in range(3)])
    assert (sound[:200] == ramp(200)).all() and (sound[200:300] == ramp(100)).all() and not sound[300:].any()
    assert mouth.take_finished() == [Said(first, Kind.SPEECH, 160, 360), Said(second, Kind.SPEECH, 360, 460)]
    assert mouth.take_finished() == []


@pytest.mark.parametrize("ptime_ms", [10, 20, 30])
@pytest.mark.parametrize("at", [0, 1, 159, 160, 161, 1000])
def test_an_utterance_can_start_at_any_sample(at, ptime_ms):
    mouth = talker(ptime_ms=ptime_ms)
    item = mouth.say(ramp(100), at=at)
    sound = np.concatenate([mouth.next_packet().clean for _ in range(20)])
    assert (sound[at : at + 100] == ramp(100)).all() and np.count_nonzero(sound) == 100
    assert mouth.take_finished() == [Said(item, Kind.SPEECH, at, at + 100)]


def test_one_that_should_have_started_starts_now():
    mouth = talker()
    for _ in range(5):
        mouth.next_packet()
    mouth.say(ramp(10), at=7)
    assert (mouth.next_packet().clean[:10] == ramp(10)).all()


def test_digits_share_their_timestamp_and_speech_waits():
    mouth = talker()
    keys, words = mouth.press("19", Press(tone_ms=40, gap_ms=40)), mouth.say(ramp(10))
    packets = [mouth.next_packet() for _ in range(11)]
    kinds = [(p.payload_type, p.timestamp, p.payload[0] if p.payload_type == 101 else None) for p in packets]
    assert kinds == [
        (101, 0, 1), (101, 0, 1), (101, 0, 1), (101, 0, 1), (0, 640, None), (0, 800, None),
        (101, 960, 9), (101, 960, 9), (101, 960, 9), (101, 960, 9), (0, 1600, None),
    ]  # fmt: skip
    assert [p.marker for p in packets if p.payload_type == 101] == [True, False, False, False] * 2
    assert mouth.take_finished() == [Said(keys, Kind.EVENTS, 0, 1600), Said(words, Kind.SPEECH, 1600, 1610)]


def test_no_events_where_the_peer_takes_none():
    with pytest.raises(ValueError):
        talker(event=None).press("1", Press())


def test_noise_is_under_everything_but_not_in_the_clean_speech():
    mouth = talker()
    mouth.set_noise(-50.0, np.random.default_rng(1))
    mouth.say(ramp(160))
    packets = [mouth.next_packet() for _ in range(300)]
    assert (packets[0].clean == ramp(160)).all() and (packets[0].mixed != packets[0].clean).any()
    assert level_dbfs(np.concatenate([p.mixed for p in packets[1:]])) == pytest.approx(-50.0, abs=0.3)
    mouth.set_noise(None, np.random.default_rng(1))
    assert not mouth.next_packet().mixed.any()


def test_hush_ends_what_is_said_and_forgets_the_rest():
    mouth = talker()
    first = mouth.say(ramp(1000))
    mouth.say(ramp(1000))
    mouth.next_packet()
    mouth.hush()
    assert mouth.take_finished() == [Said(first, Kind.SPEECH, 0, 160)]
    assert not mouth.next_packet().clean.any()


def test_another_codec_of_the_same_rate_may_follow():
    mouth = talker()
    mouth.renegotiate(PCMA, 8, 101)
    assert mouth.next_packet().payload_type == 8
    with pytest.raises(ValueError):
        mouth.renegotiate(G722, 9, 101)
