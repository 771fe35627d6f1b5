"""Items in virtual time over the real turn manager: tiny calls, with words that are made up."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.turns import over_bot
from benchmarks.turns.conversation import committed
from benchmarks.turns.hearing import Known
from benchmarks.turns.items import FRAME, RATE, Half, Overlap, Turn
from benchmarks.turns.models import Words
from benchmarks.turns.over_bot import talked_over
from benchmarks.turns.overlap_report import _at_once
from benchmarks.turns.recogniser import FINAL_S, WIRE_S, Recogniser
from brain import actions as act
from brain import events as ev
from brain.expect import Expect
from brain.turns import TurnManager


class Scripted:
    """Models that hear `early` before `change_s` of the segment's audio, `late` from then on."""

    def __init__(self, early, late, change_s=99.0, score=0.9):
        self.early, self.late, self.change, self.score = early, late, change_s * RATE, score

    def words(self, pcm, noisy=False):
        return Words(self.late if pcm.size > self.change else self.early, 0.9)

    quick_words = words

    def complete(self, pcm):
        return self.score


def sounding(*stretches, lasts_s=6.0):
    audio = np.zeros(int(lasts_s * RATE), np.int16)
    rng = np.random.default_rng(1)
    for begins, ends in stretches:
        audio[int(begins * RATE) : int(ends * RATE)] = rng.integers(-8000, 8000, int(ends * RATE) - int(begins * RATE))
    return audio


def heard(audio, *stretches):
    """Speech is known 80 ms after it starts and 120 ms after it stops."""
    known = Known(audio)
    for begins, ends in stretches:
        for at, event in (
            (begins + 0.08, ev.SpeechStarted(round(begins + 0.08, 4), begins)),
            (ends + 0.12, ev.SpeechStopped(round(ends + 0.12, 4), ends)),
        ):
            known.events.setdefault(round(at / 0.02) - 1, []).append(event)
    return known


def turn(*stretches):
    audio = sounding(*stretches)
    ends = round(stretches[-1][1] * RATE)
    return Turn(
        "t", Half.TUNING, "sentence", "x", False, "", Expect(), "", audio, round(stretches[0][0] * RATE), ends, ()
    )


def decided(models, *stretches):
    item = turn(*stretches)
    hearing = heard(item.audio, *stretches)
    return committed(item, hearing, Recogniser(models, hearing), TurnManager())


def test_a_whole_sentence_is_committed_after_its_end():
    at, journal = decided(Scripted("I want to book a room.", ""), (1.0, 2.5))
    assert 2.5 < at < 3.2
    (commit,) = [action for _, action in journal.actions(act.Commit)]
    assert commit.text == "I want to book a room."


def test_words_that_can_not_be_the_end_are_waited_for():
    models = Scripted("My number is", "My number is 5 5 5 1 2 7 9.", 2.2)
    at, _ = decided(models, (1.0, 2.0), (2.8, 4.0))
    assert at > 4.0


def test_an_end_that_looks_like_one_is_cut_off():
    models = Scripted("I want to book a room.", "I want to book a room and a table.", 2.2)
    at, _ = decided(models, (1.0, 2.0), (2.9, 4.0))
    assert at < 2.9


def test_a_final_is_the_decode_at_the_pause_and_comes_when_that_is_ready():
    _, journal = decided(Scripted("I want to book a room.", ""), (1.0, 2.5))
    (final,) = [event for event, _ in journal.lines if isinstance(event, ev.FinalText)]
    stopped = next(event for event, _ in journal.lines if isinstance(event, ev.SpeechStopped))
    assert stopped.at < final.at < stopped.at + FINAL_S + 2 * WIRE_S
    assert final.at < 2.5 + 0.06 + 0.06 + FINAL_S + 0.05  # a pause of 60 ms, a batch of 60 ms, the decode


def test_a_partial_comes_every_300_ms_near_a_stop_only():
    _, journal = decided(Scripted("I want to book a room.", ""), (1.0, 4.0))
    partials = [event.at for event, _ in journal.lines if isinstance(event, ev.PartialText)]
    assert partials and min(partials) > 3.5  # earlier ones would be overtaken before anything happens


# ---- over the bot -------------------------------------------------------------------------------------------


class Fixed:
    """A front end that says what it is told to; see `hearing.Hearing`."""

    doubted = noisy = False

    def __init__(self, known):
        self.known = known

    heard = property(lambda self: self.known.heard)

    def hear(self, frame, sent):
        return self.known.hear(frame, sent)

    def may_stop_within(self, seconds):
        return True


PROMPT = np.tile(np.array([6000, -6000], np.int16), 4 * RATE)


def overlap(begins, ends, interrupts):
    audio = sounding((begins, ends), lasts_s=10.0)
    onset, over = round(begins * RATE), round(ends * RATE)
    return Overlap(
        "o", Half.TUNING, "k", "x", False, interrupts, "", Expect(), "", audio, onset, over, PROMPT, "a prompt"
    )


@pytest.fixture
def listening(monkeypatch):
    def set_up(*stretches):
        monkeypatch.setattr(
            over_bot, "Live", lambda frames, own: Fixed(heard(np.zeros(frames * FRAME, np.int16), *stretches))
        )

    return set_up


def test_an_interruption_stops_the_bot_and_is_timed_by_its_last_sample(listening):
    listening((2.0, 3.0))
    found = talked_over(overlap(2.0, 3.0, True), Scripted("No, that is wrong.", ""))
    assert found.stopped is not None
    assert found.silent - 2.0 == pytest.approx(0.08 + 0.04, abs=0.041)  # known, and two frames ahead


def test_a_nod_pauses_the_bot_and_is_talked_through(listening):
    listening((2.0, 2.3))
    found = talked_over(overlap(2.0, 2.3, False), Scripted("Okay.", ""))
    assert found.stopped is None and not found.held
    ((begins, ends),) = found.pauses
    assert begins == pytest.approx(2.08, abs=0.021)
    assert 0.3 < ends - begins < 0.8


def test_a_bot_that_stops_at_any_speech_stops_for_a_nod():
    found = _at_once(overlap(2.0, 2.3, False), [2.08])
    assert found.stop_ms == pytest.approx(120)


def test_a_start_after_the_prompt_is_no_stop():
    short = replace(overlap(2.0, 2.3, False), prompt=PROMPT[:RATE])
    assert _at_once(short, [2.08]).stop_ms is None
