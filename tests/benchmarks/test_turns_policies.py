"""The baselines, on events made by hand."""

import numpy as np
import pytest

from benchmarks.turns.hearing import Known
from benchmarks.turns.pipecat_turns import FRAMES, PipecatVad, Span
from benchmarks.turns.policies import biased, silence, smart_turn
from benchmarks.turns.recogniser import SCORE_S
from brain import caller_turn, endpointing
from brain import events as ev
from brain.endpointing import Evidence
from brain.expect import Expect

PAUSE = (1.5, 2.1)
ENDS = 3.0


def known():
    """Speech from 0.5 to 1.5 and from 2.1 to 3.0 s of 8 s; stops are known after 120 ms, starts after 80."""
    events = [
        ev.SpeechStarted(0.58, 0.5),
        ev.SpeechStopped(1.62, 1.5),
        ev.SpeechStarted(2.18, 2.1),
        ev.SpeechStopped(3.12, ENDS),
    ]
    return Known(np.zeros(64000, np.int16), {round(event.at / 0.02) - 1: [event] for event in events})


@pytest.mark.parametrize(("wait_s", "at"), [(0.0, 1.62), (0.12, 1.62), (0.5, 2.0), (0.7, 3.7), (3.0, 6.0)])
def test_silence_alone_decides_after_its_wait(wait_s, at):
    assert silence(known(), wait_s) == pytest.approx(at)


def test_speech_that_is_not_yet_known_does_not_hold_silence_back():
    assert silence(known(), 0.65) == pytest.approx(2.15)  # it began at 2.1, which is known at 2.18 only


def test_silence_that_is_not_over_decides_nothing():
    assert silence(known(), 5.5) is None


def test_smart_turn_decides_where_the_model_is_sure():
    spans = [Span(0.7, 1.7, 0.3), Span(2.3, 3.2, 0.9)]
    assert smart_turn(spans, 0.5, 3.0, 8.0) == pytest.approx(3.2 + SCORE_S)
    assert smart_turn(spans, 0.2, 3.0, 8.0) == pytest.approx(1.7 + SCORE_S)


def test_smart_turn_falls_back_on_silence():
    spans = [Span(0.7, 1.7, 0.3), Span(2.3, 3.2, 0.3)]
    assert smart_turn(spans, 0.5, 3.0, 8.0) == pytest.approx(6.2)
    assert smart_turn(spans, 0.5, 0.5, 8.0) == pytest.approx(2.2)
    assert smart_turn(spans, 0.5, 5.0, 8.0) is None


def test_smart_turn_waits_while_somebody_speaks():
    assert smart_turn([Span(0.7, None, 0.0)], 0.5, 3.0, 8.0) is None


def test_pipecats_detector_needs_six_windows_each_way():
    vad = PipecatVad()
    for _ in range(FRAMES - 1):
        vad.feed(True)
    assert not vad.speaking
    vad.feed(True)
    assert vad.speaking
    for _ in range(FRAMES - 1):
        vad.feed(False)
    assert vad.speaking
    vad.feed(True)  # it goes on: the count begins anew
    for _ in range(FRAMES):
        vad.feed(False)
    assert not vad.speaking


def test_a_bias_makes_ours_more_or_less_patient_and_leaves_no_trace():
    evidence = Evidence(Expect(), "I would like to ask", True, 0.6, 0.0)
    plain = endpointing.decide(evidence).wait_s
    with biased(-0.7):
        patient = caller_turn.decide(evidence).wait_s
    with biased(0.7):
        hasty = caller_turn.decide(evidence).wait_s
    assert hasty < plain < patient
    assert caller_turn.decide is endpointing.decide
