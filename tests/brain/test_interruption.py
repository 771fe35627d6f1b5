"""An interruption, a backchannel, a cough?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from brain.expect import Expect, Kind
from brain.interruption import (
    LONG_BACKCHANNEL_S,
    LONG_S,
    Overlap,
    Verdict,
    begin_alike,
    fits,
    is_backchannel,
    is_hum,
    judge,
    without_own,
)

BACKCHANNELS = [
    "Mm-hmm.",
    "mhm",
    "Uh-huh",
    "Hmm",
    "Yeah.",
    "Yes, yes.",
    "OK",
    "Okay, right.",
    "Thank you.",
    "Hello?",
    "Ahh",
    "erm",
]
REPEATED = ["Buh, Buh, Buh, B", "That's all, that's all, that's all.", "Yes, yes sir"]
WORDS = ["No.", "Stop.", "Wait, no.", "I need a doctor", "Okay, but", "Нет", "operator", "one"]


def after(
    text: str | None, expect: Expect | None = None, spoke_s: float = 0.5, early: bool = False
) -> Verdict:
    """The verdict once all of it is known."""
    return judge(Overlap(spoke_s, True, text, True, expect, early))


def during(text: str | None, spoke_s: float = 0.5, expect: Expect | None = None, alike: int = 1) -> Verdict:
    """The verdict while the caller still speaks; `alike` transcripts began so."""
    return judge(Overlap(spoke_s, False, text, False, expect, alike=alike))


@pytest.mark.parametrize("text", [*BACKCHANNELS, "", "..."])
def test_a_backchannel_or_a_cough_lets_the_bot_go_on(text: str) -> None:
    assert is_backchannel(text)
    assert during(text) is Verdict.WAIT
    assert after(text) is Verdict.RESUME


@pytest.mark.parametrize("text", WORDS)
def test_words_stop_it(text: str) -> None:
    assert not is_backchannel(text)
    assert after(text) is Verdict.STOP


def test_words_that_came_thrice_stop_it_before_they_are_final() -> None:
    assert during("I need", alike=3) is Verdict.STOP
    assert during("I need", alike=2) is Verdict.WAIT
    assert during("doctor") is Verdict.WAIT


def test_of_unlikely_words_the_final_decides() -> None:
    unlikely = Overlap(0.6, False, "I knead", False, None, confidence=0.39, alike=3)
    assert judge(unlikely) is Verdict.WAIT
    assert judge(replace(unlikely, confidence=0.0)) is Verdict.STOP  # 0: it isn't known
    assert judge(replace(unlikely, over=True, final=True, confidence=0.2)) is Verdict.STOP
    assert judge(replace(unlikely, over=True, final=True, confidence=0.2, alike=2)) is Verdict.RESUME


def test_somebody_far_off_stops_nothing() -> None:
    far = Overlap(0.6, False, "Stop, wait", False, None, alike=5, far=True)
    assert judge(far) is Verdict.WAIT
    assert judge(replace(far, over=True)) is Verdict.WAIT
    assert judge(replace(far, over=True, final=True)) is Verdict.RESUME
    assert judge(replace(far, spoke_s=LONG_S)) is Verdict.RESUME


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Extend", "extension.", True), ("I need", "I knead", True), ("Where?", "Work", False), ("", "Work", False),
        ("The age", "There was", False),
    ],
)  # fmt: skip
def test_a_word_that_was_cut_off_begins_alike(one: str, other: str, alike: bool) -> None:
    assert begin_alike(one, other) is alike


def test_words_that_another_transcript_contradicts_do_not_stop_it() -> None:
    """What is found in laughter changes from decode to decode."""
    assert during("This is a hot", alike=1) is Verdict.WAIT


def test_who_says_wait_stops_it_at_once_where_enough_of_it_was_heard() -> None:
    assert judge(Overlap(0.5, False, "Sorry", False, None, confidence=0.6, heard_s=0.3)) is Verdict.STOP
    assert judge(Overlap(0.5, False, "Sorry", False, None, confidence=0.6, heard_s=0.15)) is Verdict.WAIT
    assert judge(Overlap(0.5, False, "Sorry", False, None, confidence=0.3, heard_s=0.3)) is Verdict.WAIT


def test_an_answer_stops_it_at_once() -> None:
    assert during("yes", expect=Expect(Kind.YES_NO)) is Verdict.STOP
    assert during("billing", expect=Expect(Kind.CHOICE, phrases=("billing",))) is Verdict.STOP
    assert during("five", expect=Expect(Kind.DIGITS)) is Verdict.STOP
    assert during("yes", expect=Expect(Kind.TALK)) is Verdict.WAIT
    assert during("yes", expect=Expect(Kind.YES_NO, voice=False)) is Verdict.WAIT


def test_long_speech() -> None:
    assert during(None, LONG_S) is Verdict.STOP
    assert during("wait", LONG_S) is Verdict.STOP
    assert during("", LONG_S) is Verdict.RESUME
    assert during("yeah yeah", LONG_S) is Verdict.WAIT
    assert during("yeah yeah", LONG_BACKCHANNEL_S) is Verdict.STOP
    assert during(None, LONG_S - 0.1) is Verdict.WAIT


def test_speech_from_before_the_question_must_fit_it() -> None:
    digits = Expect(Kind.DIGITS, min_digits=3)
    assert after("five five five", digits, early=True) is Verdict.STOP
    assert after("five", digits, early=True) is Verdict.RESUME
    assert after("Yes.", Expect(Kind.YES_NO), early=True) is Verdict.RESUME
    assert after("John Smith.", Expect(Kind.NAME), early=True) is Verdict.RESUME
    assert after("for Tuesday", Expect(), early=True) is Verdict.STOP
    assert after("okay", Expect(), early=True) is Verdict.RESUME
    assert judge(Overlap(1.0, False, "five five five", False, digits, True)) is Verdict.WAIT
    assert judge(Overlap(LONG_BACKCHANNEL_S, False, "and so on", False, digits, True)) is Verdict.RESUME


def test_what_fits() -> None:
    assert fits(Expect(Kind.TEXT), "a doctor") and not fits(Expect(Kind.TEXT), "um")
    assert fits(Expect(Kind.CHOICE, phrases=("billing",)), "billing please")
    assert not fits(Expect(Kind.CHOICE, phrases=("billing",)), "I want a doctor")
    assert not fits(Expect(Kind.TALK, voice=False), "a doctor")
    assert fits(Expect(Kind.DATE), "the fourth of July") and not fits(Expect(Kind.DATE), "the fourth of")
    assert not fits(Expect(Kind.YES_NO), "yes") and not fits(Expect(Kind.NAME), "John Smith")


def test_a_hum_is_less_than_a_backchannel() -> None:
    assert is_hum("Mm-hmm.") and is_hum("uh") and is_hum("") and not is_hum("Okay.")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("We are open from nine.", ""),
        ("open from", ""),
        ("No, we are open from nine", "No,"),
        ("From nine to five please", "to five please"),
        ("nine", ""),
        ("I need nine of them", "I need nine of them"),
        ("", ""),
        ("...", "..."),
    ],
)
def test_the_bots_own_words_are_no_words_of_the_callers(text: str, left: str) -> None:
    assert without_own(text, "Hello! We are open from nine.") == left


def test_nothing_is_taken_where_the_bot_has_said_nothing() -> None:
    assert without_own("We are open.", "") == "We are open."


def test_words_that_come_once_may_be_none() -> None:
    assert during("This is a hot pot.") is Verdict.WAIT
    assert during("This is a hot", alike=3) is Verdict.STOP


@pytest.mark.parametrize(
    ("text", "confidence", "verdict"),
    [
        ("Stop!", 0.42, Verdict.STOP), ("Amit.", 0.31, Verdict.RESUME), ("Wave a fair can", 0.34, Verdict.STOP),
        ("Okay.", 0.9, Verdict.RESUME),
    ],
)  # fmt: skip
def test_one_word_at_the_end_of_a_sound_has_to_be_likely(text: str, confidence: float, verdict: Verdict) -> None:
    assert judge(Overlap(0.4, True, text, True, None, confidence=confidence)) is verdict


@pytest.mark.parametrize("text", ["Buh-buh-buh-buh", "Bbbbbbbbbbb", "Go go go go go", "Ha ha ha", *REPEATED])
def test_what_is_written_for_laughter_is_no_word(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize("text", ["No, no, no", "stop stop stop", "five five five", "5 5 5", "5555555", "Wait, wait"])
def test_what_people_say_thrice_is(text: str) -> None:
    assert not is_backchannel(text)


def test_are_you_there_is_answered_by_our_speaking() -> None:
    assert after("Hello? Are you there?") is Verdict.RESUME
    assert after("Are you there on Sunday?") is Verdict.STOP
