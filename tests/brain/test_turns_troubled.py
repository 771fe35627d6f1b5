"""The caller's turns where the line or the recogniser is in the way: holds, engines that fail or lag."""

from __future__ import annotations

import pytest
from scripted import Talk

from brain import actions as act
from brain import events as ev
from brain.expect import Interruptible, Kind

PHONE = {"kind": Kind.DIGITS, "min_digits": 7, "max_digits": 10}


# ---- the recogniser ---------------------------------------------------------------------------


def test_without_a_final_the_partial_is_committed() -> None:
    talk = Talk(final_s=None).asked().says("Good day to you.", 1.0, 2.0, partial=1.8).until(10)
    assert talk.outcomes == [(3.62, "Commit", "Good day to you.")]


def test_without_any_answer_the_caller_is_asked_again_and_then_for_keys() -> None:
    talk = Talk(final_s=None).asked().says("Hello there, you.", 1.0, 2.0).until(5)
    talk.asked(5.0).says("Hello there, you.", 6.0, 7.0).until(12)
    assert [(at, name) for at, name, _ in talk.outcomes] == [(3.62, "NoInput"), (8.62, "CannotHear")]


def test_a_recogniser_that_answers_again_is_trusted_again() -> None:
    talk = Talk(final_s=None).asked().says("One.", 1.0, 2.0).until(5)
    talk._final_s = 0.1
    talk.asked(5.0).says("Two apples.", 6.0, 7.0).until(10)
    talk._final_s = None
    talk.asked(10.0).says("Three.", 11.0, 12.0).until(16)
    assert [name for _, name, _ in talk.outcomes] == ["NoInput", "Commit", "NoInput"]


def test_a_recogniser_that_dies_in_a_turn_and_comes_back_costs_nothing() -> None:
    talk = Talk(final_s=None).asked().says("When do you open?", 1.0, 3.0)
    talk.at(2.0, ev.SttFailed(2.0)).at(3.4, ev.SttRecovered(3.4)).until(3.5)
    segment = next(d.action.segment for d in talk.done if isinstance(d.action, act.BeginSegment))
    talk.at(3.9, ev.FinalText(3.9, segment, 1, "When do you open?", 0.9)).until(10)
    assert talk.outcomes == [(3.9, "Commit", "When do you open?")]


def test_a_recogniser_that_dies_in_a_turn_and_stays_away_leads_to_keys() -> None:
    talk = Talk(final_s=None).asked().says("When do you open?", 1.0, 3.0).at(2.0, ev.SttFailed(2.0)).until(10)
    assert talk.outcomes == [(4.62, "CannotHear", "")]


def test_a_restart_while_the_caller_is_silent_is_not_noticed() -> None:
    talk = (
        Talk().asked().at(1.0, ev.SttFailed(1.0)).at(2.5, ev.SttRecovered(2.5)).says("Good day to you.", 3, 4)
    )
    [(at, _, text)] = talk.until(8).outcomes
    assert text == "Good day to you." and 4.2 <= at < 5.0


def test_a_recogniser_that_stays_away_leads_to_keys_in_two_seconds() -> None:
    assert Talk().asked().at(1.0, ev.SttFailed(1.0)).until(8).outcomes == [(3.0, "CannotHear", "")]


def test_who_cannot_be_heard_is_told_so_before_the_prompt() -> None:
    talk = Talk().at(0.0, ev.SttFailed(0.0)).asked(5.0, prompt=True).until(9)
    assert talk.outcomes == [(5.0, "CannotHear", "")]


def test_keys_alone_need_no_recogniser() -> None:
    talk = (
        Talk()
        .at(0.0, ev.SttFailed(0.0))
        .asked(5.0, kind=Kind.DIGITS, max_digits=2, voice=False)
        .keys("12", 6.0)
    )
    assert talk.until(9).outcomes == [(6.3, "CommitKeys", "12")]


def test_a_late_final_of_an_earlier_pause_says_nothing_about_this_one() -> None:
    talk = (
        Talk(final_s=0.9)
        .asked(kind=Kind.YES_NO)
        .says("Yes, but", 1.0, 1.5)
        .says("wait, no.", 1.9, 2.6)
        .until(8)
    )
    assert [text for _, _, text in talk.outcomes] == ["Yes, but wait, no."]


# ---- hold -------------------------------------------------------------------------------------


def test_on_hold_in_the_middle_of_a_turn_the_question_stands() -> None:
    talk = Talk().asked(silence_s=6.0).says("I would like", 1.0, 1.9).hold(1.5, 60.0).until(90)
    assert talk.outcomes == [(66.0, "NoInput", "")]


@pytest.mark.parametrize("held", [1.95, 2.05, 2.1])
def test_a_whole_sentence_before_a_hold_is_the_turn_when_it_is_over(held: float) -> None:
    """Before the pause was noticed, before the words were known, and after."""
    talk = Talk(score=0.95).asked().says("When do you open on Monday, please and thank you?", 1.0, 1.9)
    talk.hold(held, 60.0).until(90)
    [(at, _, text)] = talk.outcomes
    assert text == "When do you open on Monday, please and thank you?" and 60.1 < at <= 60.33


def test_a_sentence_that_is_not_finished_is_waited_for_after_the_hold() -> None:
    talk = Talk().asked().says("I would like to see", 1.0, 1.9).hold(2.2, 60.0)
    talk.says("a doctor.", 60.5, 61.0).until(90)
    [(at, _, text)] = talk.outcomes
    assert text == "I would like to see a doctor." and 61.2 < at < 62.0
    assert talk.names(act.BeginSegment) == ["BeginSegment"]


def test_nobody_goes_on_after_the_hold() -> None:
    talk = Talk().asked().says("I want to see Doctor Reed and", 1.0, 1.9).hold(2.2, 60.0).until(90)
    assert talk.outcomes == [(61.2, "Commit", "I want to see Doctor Reed and")]


def test_the_time_on_hold_does_not_make_a_turn_too_long() -> None:
    talk = Talk().asked().says("I would like", 1.0, 1.9).says("to see", 2.1, 2.9).hold(2.5, 300.0)
    talk.says("a doctor", 300.2, 310.0).until(330)
    assert [text for _, _, text in talk.outcomes] == ["I would like to see a doctor"]


def test_an_interruption_that_is_put_on_hold_is_judged_after_it() -> None:
    talk = Talk().asked(prompt=True).prompt(0.2, 9.0).says("No, a doctor.", 1.0, 1.6).hold(1.7, 20.0)
    assert talk.until(40).voice == ["Duck", "Unduck", "Pause", "Stop"]
    assert [text for _, _, text in talk.outcomes] == ["No, a doctor."]
    talk = Talk().asked(prompt=True).prompt(0.2, 9.0).says("Mm-hm.", 1.0, 1.6).hold(1.7, 20.0)
    assert talk.until(25).voice == ["Duck", "Unduck", "Pause", "Resume"]


def test_a_turn_on_hold_is_overtaken_by_a_prompt_that_nothing_may_stop() -> None:
    talk = Talk().says("And another thing", 1.0, 1.9).hold(2.0, 20.0).prompt(10.0, 2.0, Interruptible.NO)
    assert talk.until(30).voice == ["Pause", "Resume"] and talk.names(act.EndSegment) == ["EndSegment"]


def test_on_hold_nothing_is_heard_and_no_key_counts() -> None:
    talk = Talk().asked(kind=Kind.DIGITS, max_digits=2).hold(1.0, 20.0).says("1 2", 3.0, 4.0).keys("12", 5.0)
    assert talk.until(21).outcomes == []


def test_keys_from_before_the_hold_count_after_it() -> None:
    talk = (
        Talk()
        .asked(kind=Kind.DIGITS, min_digits=2, max_digits=3)
        .keys("1", 1.0)
        .hold(2.0, 20.0)
        .keys("23", 21.0)
    )
    assert talk.until(30).outcomes == [(21.3, "CommitKeys", "123")]


def test_on_hold_while_thinking_the_reply_waits() -> None:
    talk = Talk().asked().says("When do you open?", 1.0, 2.0).hold(2.6, 10.0).asked(3.0, prompt=True)
    talk.prompt(3.1, 2.0).until(11)
    assert talk.voice == ["Pause", "Resume"] and talk.when(act.ResumePlayout) == [10.0]


# ---- a recogniser that lags --------------------------------------------------------------------------------


def lagging() -> Talk:
    """1.4 s of speech, of which a partial has heard a tenth; the final is slow."""
    talk = Talk(final_s=None).asked().says("I'd like to come on Monday.", 1.0, 2.4)
    return talk.at(1.6, ev.PartialText(1.6, 1, "Good summer.", 1.2))


def test_words_that_cover_little_of_a_turn_do_not_stand_for_it() -> None:
    talk = lagging().at(4.5, ev.FinalText(4.5, 1, 1, "I'd like to come on Monday.", 0.9)).until(6)
    assert talk.outcomes == [(4.5, "Commit", "I'd like to come on Monday.")]


def test_where_the_rest_never_comes_the_caller_is_asked_again() -> None:
    assert [name for _, name, _ in lagging().until(8).outcomes] == ["NoInput"]


def test_words_that_cover_the_turn_do() -> None:
    talk = Talk(final_s=None).asked().says("Come in.", 1.0, 2.4).at(2.6, ev.PartialText(2.6, 1, "Come in.", 2.35))
    assert [text for _, _, text in talk.until(8).outcomes] == ["Come in."]


# ---- speech in which no word is understood -------------------------------------------------------------


def test_who_cannot_be_understood_is_told_soon() -> None:
    talk = Talk().asked().says("", 1.0, 2.0).until(6)
    [(at, name, text)] = talk.outcomes
    assert (name, text) == ("Commit", "") and 2.5 < at < 3.2


def test_what_comes_behind_it_in_time_is_the_same_turn() -> None:
    talk = Talk().asked().says("", 1.0, 2.0).says("When do you open?", 2.4, 3.4).until(6)
    assert [text for _, _, text in talk.outcomes] == ["When do you open?"]


def test_a_cough_is_nobody_who_was_not_understood() -> None:
    assert Talk().asked(silence_s=6.0).says("", 1.0, 1.5).until(5).outcomes == []


def test_nor_is_noise_from_before_the_question() -> None:
    talk = Talk().says("", 0.5, 2.0).asked(1.9, prompt=True, silence_s=6.0).prompt(2.1, 1.0).until(8)
    assert talk.outcomes == []
