import numpy as np

from telephony.caller.codecs import G722, OPUS, PCMU
from telephony.caller.ear import Heard
from telephony.caller.timeline import Sent, bot_timeline, caller_timelines, gaps, stereo

MS = 1_000_000


def heard(
    number: int, ms: float, source: int = 1, timestamp: int | None = None, size: int = 160, value: int = 7
):
    pcm = np.full(size, value, np.int16)
    return Heard(source, number, 160 * number if timestamp is None else timestamp, int(ms * MS), pcm)


def test_lost_packets_leave_silence_in_their_place():
    bot = bot_timeline(PCMU, [heard(0, 0), heard(3, 60)])
    assert bot.positions.tolist() == [0, 480] and bot.pcm.size == 640
    assert not bot.pcm[160:480].any() and bot.pcm[480:].all()


def test_a_new_source_is_placed_by_its_arrival():
    bot = bot_timeline(PCMU, [heard(0, 0), heard(9, 500, source=2, timestamp=77), heard(10, 520, 2, 237)])
    assert bot.positions.tolist() == [0, 4000, 4160]


def test_a_jump_of_the_timestamp_is_placed_by_its_arrival():
    bot = bot_timeline(
        PCMU, [heard(0, 0), heard(1, 20, timestamp=9_000_000), heard(2, 40, timestamp=9_000_160)]
    )
    assert bot.positions.tolist() == [0, 160, 320]


def test_a_pause_in_sending_is_no_jump():
    bot = bot_timeline(PCMU, [heard(0, 0), heard(1, 3000, timestamp=24_000)])
    assert bot.positions.tolist() == [0, 24_000]


def test_rtp_clocks_that_are_not_the_sample_rate():
    wide = bot_timeline(G722, [heard(0, 0, size=320), heard(1, 20, size=320)])
    assert wide.positions.tolist() == [0, 320]
    full = bot_timeline(OPUS, [heard(0, 0, timestamp=0, size=960), heard(1, 20, timestamp=960, size=960)])
    assert full.positions.tolist() == [0, 960]


def test_no_packets():
    assert bot_timeline(PCMU, []).pcm.size == 0
    assert stereo(*[bot_timeline(PCMU, [])] * 2).shape == (0, 2)


def test_the_recording_is_aligned_by_wire_time():
    pcm = np.full(160, 5, np.int16)
    _, caller = caller_timelines(8000, [Sent(0, 1000 * MS, pcm, pcm), Sent(160, 1020 * MS, pcm, pcm)])
    both = stereo(caller, bot_timeline(PCMU, [heard(0, 1010)]))
    assert both.shape == (320, 2)
    assert both[:, 0].all() and np.flatnonzero(both[:, 1]).tolist() == list(range(80, 240))


def test_a_stream_that_began_with_a_hold():
    pcm = np.full(160, 5, np.int16)
    _, caller = caller_timelines(8000, [Sent(320, 1040 * MS, pcm, pcm)])
    assert caller.time_ns(0) == 1000 * MS and not caller.pcm[:320].any()


def test_gaps_leave_holds_out():
    stamps = [0, 20 * MS, 40 * MS, 2000 * MS, 2021 * MS]
    assert gaps(stamps).max_ms == 1960
    without = gaps(stamps, [(50 * MS, 1900 * MS)])
    assert (without.count, without.p50_ms, without.max_ms) == (3, 20.0, 21.0)
    assert gaps([5]) is None
