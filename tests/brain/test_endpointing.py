"""How long a pause is waited out, by what was said before it."""

from __future__ import annotations

import pytest

from brain.endpointing import COMMA_S, DOUBTFUL_S, LIKELY_S, OPEN_S, QUICK_S, SURE_S, Decision, Evidence, decide
from brain.expect import Expect, Kind

LONGEST = Expect().max_pause_s


def wait(
    text: str | None, kind: Kind = Kind.TALK, final: bool = True, score: float | None = None, **kw: object
) -> float:
    """The wait after `text`, for a caller who hasn't paused before."""
    expect = Expect(kind, **kw)  # type: ignore[arg-type]
    return decide(Evidence(expect, text, final, score, 0.0)).wait_s


@pytest.mark.parametrize("text", ["yes it is", "That's right.", "uh huh"])
def test_a_whole_yes_or_no_is_quick(text: str) -> None:
    assert wait(text, Kind.YES_NO) == QUICK_S
    assert wait(text, Kind.YES_NO, final=False) == SURE_S


@pytest.mark.parametrize("text", ["Yes.", "No.", "Yeah"])
def test_one_word_may_have_more_behind_its_comma(text: str) -> None:
    assert wait(text, Kind.YES_NO) == wait(text, Kind.YES_NO, final=False) == COMMA_S > SURE_S


def test_a_yes_with_a_courtesy_is_sure() -> None:
    assert wait("Yes, please.", Kind.YES_NO) == SURE_S


@pytest.mark.parametrize("text", ["Yes, but", "No, it's", "um", "No, because", "Yes and"])
def test_a_yes_or_no_that_goes_on_is_waited_for(text: str) -> None:
    assert wait(text, Kind.YES_NO) == LONGEST


def test_digits_wait_for_their_number() -> None:
    bounds = {"min_digits": 7, "max_digits": 9}
    assert wait("five five five", Kind.DIGITS, **bounds) == LONGEST
    assert wait("555 0123", Kind.DIGITS, **bounds) == DOUBTFUL_S
    assert wait("555 0123 44", Kind.DIGITS, **bounds) == QUICK_S
    assert wait("My number is", Kind.DIGITS, **bounds) == LONGEST


@pytest.mark.parametrize("text", ["My number is 555.", "It's 555 012.", "You can call my number: 5"])
def test_free_talk_is_not_cut_off_inside_a_number(text: str) -> None:
    assert wait(text, score=0.9) == DOUBTFUL_S


def test_a_whole_number_or_a_time_does_not_hold_free_talk_up() -> None:
    assert wait("My number is 555 0123.", score=0.9) == SURE_S
    assert wait("Come at 9.", score=0.9) == SURE_S


@pytest.mark.parametrize(
    "text", ["I need a doctor and", "My name is", "Well,", "I would like to...", "um", "hold on"]
)
def test_nobody_ends_like_that(text: str) -> None:
    assert wait(text, score=0.95) == LONGEST


@pytest.mark.parametrize(
    "text", ["Yes, it is.", "I think I am. Yes, I can", "Who is it for?", "What is that like?"]
)
def test_but_some_end_in_such_words(text: str) -> None:
    if text.startswith("I think"):
        assert wait(text) == LONGEST  # not told apart
    else:
        assert wait(text) == LIKELY_S


def test_a_choice_is_sure_and_may_end_in_a_small_word() -> None:
    phrases = ("billing", "check in")
    assert wait("Billing.", Kind.CHOICE, phrases=phrases) == SURE_S
    assert wait("check in", Kind.CHOICE, phrases=phrases) == SURE_S
    assert wait("billing and", Kind.CHOICE, phrases=phrases) == LONGEST


def test_names_come_in_two_parts_or_in_letters() -> None:
    assert wait("John Smith.", Kind.NAME) == LIKELY_S
    assert wait("John.", Kind.NAME) == OPEN_S
    assert wait("S M I", Kind.NAME) == DOUBTFUL_S
    assert wait("It's", Kind.NAME) == LONGEST


def test_words_and_voice_together_are_sure_and_a_voice_that_goes_on_is_not() -> None:
    question = "When do you open?"
    assert wait(question, score=0.9) == SURE_S
    assert wait(question, score=0.6) == LIKELY_S
    assert wait(question, score=0.3) == OPEN_S
    assert wait(question) == LIKELY_S
    assert wait("when do you open") == OPEN_S
    assert wait("when do you open", score=0.1) > DOUBTFUL_S


def test_without_words() -> None:
    assert wait(None) == wait(None, score=0.2) == DOUBTFUL_S
    assert wait(None, score=0.9) == OPEN_S
    assert wait("", final=False) == wait("...", final=False) == OPEN_S
    assert wait("") == QUICK_S  # a noise: nothing to wait for


def test_words_of_any_script_are_words() -> None:
    assert wait("Во сколько вы открываетесь?", score=0.9) == SURE_S


def test_a_caller_who_pauses_is_waited_for_a_little_longer() -> None:
    def patient(text: str, pauses: float, kind: Kind = Kind.TALK) -> Decision:
        return decide(Evidence(Expect(kind), text, True, 0.9, pauses))

    assert patient("When do you open?", 0.4).wait_s == SURE_S + 0.25
    assert patient("When do you open?", 0.2).wait_s == pytest.approx(0.3)
    assert patient("When do you open?", 1.1).wait_s == SURE_S + 0.25
    assert patient("Yes.", 1.1, Kind.YES_NO).wait_s == COMMA_S
    assert patient("When do you open?", 0.4).reason == "words and voice, a caller who pauses"


def test_no_pause_is_longer_than_the_plan_allows() -> None:
    for text in (None, "", "I need and", "555", "When do you open?"):
        assert wait(text, max_pause_s=0.2) <= 0.2
    assert wait("I need and", max_pause_s=2.0) == 2.0
