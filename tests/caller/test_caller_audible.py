"""The definition of latency, on synthetic packets whose truth is known to the sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import g711
from telephony.caller.audible import (
    Interruption,
    Run,
    Timeline,
    Utterance,
    audible_runs,
    interruptions,
    turns,
)
from telephony.caller.calibrate import burst
from telephony.caller.codecs import PCMU
from telephony.caller.ear import Heard
from telephony.caller.timeline import Sent, bot_timeline, caller_timelines

MS = 1_000_000
T0 = 1_700_000_000_000_000_000


def sound(*parts: tuple[float, float]) -> np.ndarray:
    """Alternating (silence ms, burst ms)."""
    return np.concatenate([piece for quiet, loud in parts for piece in (np.zeros(int(quiet * 8), np.int16),
                                                                          burst(loud, 8000))])  # fmt: skip


def sent(pcm: np.ndarray, ptime_ms: int = 20, start_ns: int = T0) -> Timeline:
    size = ptime_ms * 8
    pieces = [pcm[at : at + size] for at in range(0, pcm.size - size + 1, size)]
    packets = [Sent(i * size, start_ns + i * ptime_ms * MS, p, p) for i, p in enumerate(pieces)]
    return caller_timelines(8000, packets)[0]


def heard(
    pcm: np.ndarray, ptime_ms: int = 20, start_ns: int = T0, late_ms=lambda i: 0.0, keep=lambda i: True
):
    size = ptime_ms * 8
    packets = [
        Heard(1, i, 5000 + at, start_ns + int((i * ptime_ms + late_ms(i)) * MS), pcm[at : at + size])
        for i, at in enumerate(range(0, pcm.size - size + 1, size)) if keep(i)
    ]  # fmt: skip
    return bot_timeline(PCMU, sorted(packets, key=lambda p: p.received_ns))


def test_one_loud_frame_is_not_audible_and_two_are():
    assert audible_runs(sound((100, 20), (100, 0)), 8000) == []
    assert audible_runs(sound((100, 40), (100, 0)), 8000) == [Run(800, 1120)]


@pytest.mark.parametrize(("dbfs", "audible"), [(-41.0, True), (-43.0, False)])
def test_the_threshold_is_minus_42_dbfs(dbfs, audible):
    assert bool(audible_runs(burst(200, 8000, dbfs), 8000)) is audible


def test_gaps_shorter_than_asked_are_bridged():
    pcm = sound((0, 100), (200, 100), (400, 100), (100, 0))
    assert len(audible_runs(pcm, 8000)) == 3
    assert audible_runs(pcm, 8000, 300) == [Run(0, 3200), Run(6400, 7200)]


@pytest.mark.parametrize(("caller_ptime", "bot_ptime"), [(20, 20), (10, 20), (30, 20), (20, 30), (30, 10)])
@given(length_ms=st.integers(60, 900), offset_ms=st.integers(0, 100), delay_ms=st.integers(1000, 3000))
def test_an_echo_of_known_delay_measures_as_that_delay(
    caller_ptime, bot_ptime, length_ms, offset_ms, delay_ms
):
    pcm = sound((offset_ms, length_ms), (300, 0))
    caller = sent(pcm, caller_ptime)
    bot = heard(pcm, bot_ptime, T0 + delay_ms * MS)
    (turn,) = turns(caller, bot, [Utterance(0, pcm.size)])
    # Exact but for the millisecond to which an edge inside a frame is found, once at either end.
    assert turn.ear_to_mouth_ms == pytest.approx(delay_ms - length_ms, abs=2.0)
    assert not turn.cut_in


def test_the_place_in_the_packet_counts():
    caller = sent(sound((0, 110), (300, 0)))  # ends in the middle of a packet
    bot = heard(sound((210, 200), (300, 0)), start_ns=T0 + 300 * MS)
    (turn,) = turns(caller, bot, [Utterance(0, 4000)])
    assert turn.ear_to_mouth_ms == pytest.approx(300 + 210 - 110, abs=2.0)
    assert turn.packet_to_packet_ms == 300 + 200 - 100


def test_jitter_moves_the_onset_and_nothing_else():
    bot = heard(sound((100, 400), (300, 0)), late_ms=lambda i: 7.0 if i == 5 else 0.0, start_ns=T0 + 500 * MS)
    (turn,) = turns(sent(sound((0, 200), (600, 0))), bot, [Utterance(0, 1600)])
    assert turn.ear_to_mouth_ms == pytest.approx(500 + 100 + 7 - 200, abs=1.5)


def test_order_of_arrival_and_lost_packets_do_not_matter():
    pcm = sound((100, 400), (300, 0))
    straight = heard(pcm)
    shuffled = heard(pcm, late_ms=lambda i: 30.0 if i % 4 == 1 and i > 8 else 0.0)
    assert (shuffled.pcm == straight.pcm).all() and audible_runs(shuffled.pcm, 8000) == [Run(800, 4000)]
    without_first = heard(pcm, keep=lambda i: i != 5)
    assert audible_runs(without_first.pcm, 8000)[0] == Run(960, 4000)
    assert without_first.time_ns(960) == T0 + 120 * MS


def test_a_turn_without_reply_and_the_next_turns_reply():
    caller = sent(sound((0, 200), (800, 200), (800, 0)))
    bot = heard(sound((1500, 200), (300, 0)))
    first, second = turns(caller, bot, [Utterance(0, 1600, "a"), Utterance(8000, 9600, "b")])
    assert (first.label, first.ear_to_mouth_ms, first.bot_from_ns) == ("a", None, None)
    assert second.ear_to_mouth_ms == pytest.approx(300, abs=2.0)


def test_a_bot_that_cuts_in_and_gives_way_replies_later():
    caller = sent(sound((0, 1000), (1500, 0)))
    bot = heard(sound((400, 200), (800, 300), (300, 0)))
    (turn,) = turns(caller, bot, [Utterance(0, 8000)])
    assert turn.cut_in and turn.ear_to_mouth_ms == pytest.approx(400, abs=2.0)


def test_a_bot_that_cuts_in_and_goes_on_replied_too_early():
    caller = sent(sound((0, 1000), (1500, 0)))
    bot = heard(sound((700, 900), (300, 0)))
    (turn,) = turns(caller, bot, [Utterance(0, 8000)])
    assert turn.cut_in and turn.ear_to_mouth_ms == pytest.approx(-300, abs=2.0)


def test_silent_utterances_are_no_turns():
    assert (
        turns(sent(np.zeros(8000, np.int16)), heard(sound((100, 200), (300, 0))), [Utterance(0, 8000)]) == []
    )


@pytest.mark.parametrize(("pause_ms", "silent_ms", "while_speaking"), [(400, 400, True), (1400, 1400, False)])
def test_an_interruption(pause_ms, silent_ms, while_speaking):
    caller = sent(sound((1000, 600), (2000, 0)))
    bot = heard(sound((0, 1150), (pause_ms, 500), (300, 0)))
    (stop,) = interruptions(caller, bot, [Utterance(8000, 12800, "stop")])
    assert stop == Interruption("stop", T0 + 1000 * MS, pytest.approx(150, abs=2.0),
                                pytest.approx(silent_ms, abs=2.0), while_speaking)  # fmt: skip


def test_short_pauses_are_no_stop():
    caller = sent(sound((1000, 600), (3000, 0)))
    bot = heard(sound((0, 1100), (200, 1000), (300, 0)))
    (stop,) = interruptions(caller, bot, [Utterance(8000, 12800)])
    assert stop.stop_ms == pytest.approx(1300, abs=2.0) and stop.silent_ms is None


def test_what_is_said_into_silence_interrupts_nothing():
    caller = sent(sound((1000, 600), (2000, 0)))
    assert (
        interruptions(caller, heard(sound((0, 500), (2000, 300), (300, 0))), [Utterance(8000, 12800)]) == []
    )


def test_the_codec_does_not_move_the_edges():
    pcm = sound((100, 400), (300, 0))
    assert audible_runs(g711.decode_ulaw(g711.encode_ulaw(pcm)), 8000) == audible_runs(pcm, 8000)
