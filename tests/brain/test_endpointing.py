"""How long a pause is waited out, by what was said before it."""

from __future__ import annotations

from itertools import pairwise
from math import log

import pytest

from brain.endpoint_weights import PAUSE_S, QUICK_S, SURE, WEIGHTS
from brain.endpoint_words import Answer, answer_so_far
from brain.endpointing import UNFINISHED, USUAL_S, WHOLE, Decision, Evidence, decide
from brain.expect import Expect, Kind
from media.prosody import Prosody

LONGEST = Expect().max_pause_s
FLAT = Prosody(tail_s=0.2)


def decision(
    text: str | None,
    kind: Kind = Kind.TALK,
    final: bool = True,
    score: float | None = None,
    pauses: float = 0.0,
    prosody: Prosody | None = None,
    lasted_s: float = USUAL_S,
    bias: float = 0.0,
    **settings: object,
) -> Decision:
    """What is decided after `text`."""
    expect = Expect(kind, **settings)  # type: ignore[arg-type]
    return decide(Evidence(expect, text, final, score, pauses, prosody, lasted_s), bias)


def wait(text: str | None, kind: Kind = Kind.TALK, **known: object) -> float:
    """How long is waited after it."""
    return decision(text, kind, **known).wait_s  # type: ignore[arg-type]


# ---- answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["yes it is", "That's right.", "uh huh", "Yes, please."])
def test_a_whole_yes_or_no_is_quick(text: str) -> None:
    assert wait(text, Kind.YES_NO) == wait(text, Kind.YES_NO, score=0.6) == QUICK_S
    assert decision(text, Kind.YES_NO).reason == WHOLE


@pytest.mark.parametrize("text", ["Yes.", "No.", "Yeah"])
def test_after_one_word_the_voice_says_whether_there_is_more_behind_its_comma(text: str) -> None:
    assert wait(text, Kind.YES_NO, score=0.97, prosody=FLAT) <= 0.25 < wait(text, Kind.YES_NO, score=0.2)
    assert wait(text, Kind.YES_NO, score=0.03) > 0.4
    assert wait(text.rstrip(".") + ",", Kind.YES_NO) > QUICK_S


def test_who_pauses_in_long_answers_does_not_in_a_yes() -> None:
    assert wait("Yes.", Kind.YES_NO, pauses=0.6) == wait("Yes.", Kind.YES_NO)
    assert wait("I want to book.", pauses=0.6) > wait("I want to book.")


@pytest.mark.parametrize("text", ["Yes, but", "No, it's", "um", "No, because", "Yes and"])
def test_a_yes_or_no_that_goes_on_is_waited_for(text: str) -> None:
    assert wait(text, Kind.YES_NO, score=0.99) == LONGEST


def test_digits_wait_for_their_number() -> None:
    bounds = {"min_digits": 7, "max_digits": 9}
    assert wait("five five five", Kind.DIGITS, score=0.99, **bounds) == LONGEST
    assert wait("My number is", Kind.DIGITS, score=0.99, **bounds) == LONGEST
    assert 0.7 <= wait("555 0123", Kind.DIGITS, score=0.5, **bounds) < LONGEST
    assert wait("555 0123 44", Kind.DIGITS, score=0.1, **bounds) <= 0.3
    usual = wait("555 0123", Kind.DIGITS, score=0.9, usual_digits=(7,), **bounds)
    assert QUICK_S <= usual < wait("555 0123", Kind.DIGITS, score=0.9, **bounds)


def test_a_choice_is_sure_and_may_end_in_a_small_word() -> None:
    phrases = ("billing", "check in")
    assert wait("Billing.", Kind.CHOICE, phrases=phrases) == QUICK_S
    assert wait("check in", Kind.CHOICE, phrases=phrases) == QUICK_S
    assert wait("billing and", Kind.CHOICE, phrases=phrases) == LONGEST


def test_a_backchannel_is_all_that_is_said() -> None:
    assert wait("Okay, thank you.", score=0.9, lasted_s=0.5) == QUICK_S < wait("Okay, so", score=0.9)


def test_names_come_in_two_parts_or_in_letters() -> None:
    full, first, spelled = (wait(text, Kind.NAME) for text in ("John Smith.", "John.", "S M I"))
    assert full < first < spelled
    assert wait("It's", Kind.NAME) == LONGEST


# ---- sentences --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["My number is 555.", "It's 555 012.", "You can call my number: 5"])
def test_free_talk_is_not_cut_off_inside_a_number(text: str) -> None:
    assert wait(text, score=0.6) >= 0.8
    assert wait(text, score=0.9) > 2 * wait("My number is 555 0123.", score=0.9)


@pytest.mark.parametrize(
    ("text", "lasted_s"), [("My number is 555 0123.", 2.0), ("I'd like to come at 9.", 2.1), ("When do you open?", 1.3)]
)
def test_a_whole_sentence_is_sure_where_the_voice_is(text: str, lasted_s: float) -> None:
    assert wait(text, score=0.95, lasted_s=lasted_s) <= 0.35


def test_a_short_beginning_is_rarely_all_and_an_answer_may_be_as_short_as_it_likes() -> None:
    waits = [wait("I want to go.", score=0.9, lasted_s=lasted) for lasted in (0.2, 0.3, 0.6, 1.0, 1.5, 30.0)]
    assert waits[0] == waits[1] > waits[2] > waits[3] > waits[4] > waits[5]
    assert waits[5] == wait("I want to go.", score=0.9, lasted_s=3.0)
    for text, kind in (("Yes.", Kind.YES_NO), ("John Smith.", Kind.NAME), ("I want to", Kind.TALK)):
        assert wait(text, kind, lasted_s=0.5) == wait(text, kind, lasted_s=5.0)


@pytest.mark.parametrize(
    "text", ["I need a doctor and", "My name is", "Well,", "I would like to...", "um", "hold on"]
)
def test_nobody_ends_like_that(text: str) -> None:
    assert wait(text, score=0.99) == LONGEST and decision(text, score=0.99).reason == UNFINISHED


def test_but_some_end_in_such_words() -> None:
    assert wait("Yes, it is.") == wait("Yes, I agree.") < LONGEST
    assert wait("Who is it for?") == wait("What is that like?") == wait("When do you open?") < LONGEST


def test_a_yes_deep_in_a_sentence_is_not_told_apart() -> None:
    assert wait("I think I am. Yes, I can") == LONGEST


def test_words_of_any_script_are_words() -> None:
    assert wait("Во сколько вы открываетесь?", score=0.95) == wait("When do you open?", score=0.95)


def test_without_words_the_voice_alone_is_less() -> None:
    assert wait("When do you open?", score=0.9) < wait(None, score=0.9) < wait(None) < wait(None, score=0.2)
    assert wait("", final=False) == wait("...", final=False) > QUICK_S
    assert 0.6 < wait("") < 0.9  # noise, or somebody who wasn't understood: what comes next may be


# ---- voice, prosody, caller -------------------------------------------------------------------------------


def test_the_surer_the_voice_the_shorter_the_wait() -> None:
    for text in ("When do you open?", "when do you open", None):
        waits = [wait(text, score=score) for score in (0.05, 0.3, 0.6, 0.9, 0.999)]
        assert all(longer >= shorter for longer, shorter in pairwise(waits)) and waits[0] > waits[-1] + 0.2


def test_a_falling_and_fading_voice_is_at_its_end() -> None:
    def heard(**prosody: float) -> float:
        p = decision("when do you open", prosody=Prosody(**prosody)).p
        assert p is not None
        return p

    assert heard(fall_st=4.0) > heard(fall_st=0.0) > heard(fall_st=-3.0)
    assert heard(fade_db=12.0) > heard(fade_db=0.0)
    assert heard(tail_s=0.4) > heard(tail_s=0.2) > heard(tail_s=0.1)


def test_a_caller_who_pauses_is_waited_for_a_little_longer() -> None:
    waits = [wait("My name is Smith.", score=0.7, pauses=pause) for pause in (0.0, 0.2, 0.4, 0.6, 1.1)]
    assert waits[0] < waits[1] < waits[2] < waits[3] == waits[4] <= waits[0] + 0.4
    assert wait("Yes, it is.", Kind.YES_NO, score=0.9, pauses=1.1) == QUICK_S


# ---- policy -----------------------------------------------------------------------------------------------


def test_the_wait_is_what_silence_needs_to_make_the_odds_sure() -> None:
    for text, score in (("when do you open", 0.6), (None, 0.8), ("John Smith", None)):
        found = decision(text, score=score)
        assert found.p is not None and found.p < 0.88
        odds = log(found.p / (1 - found.p))
        assert found.wait_s == pytest.approx(QUICK_S + PAUSE_S * (SURE - odds), abs=2e-3)


def test_every_decision_says_what_it_was_made_of() -> None:
    heard = Prosody(2.0, 6.0, 0.3)
    found = decision("When do you open?", score=0.8, pauses=0.3, prosody=heard, lasted_s=1.0)
    assert [item.name for item in found.because] == [
        "a pause", "sentence ends", "question", "voice", "pitch falls", "fades", "last syllable", "caller pauses",
        "long",
    ]  # fmt: skip
    assert all(item.weight == WEIGHTS[item.name] and item.value for item in found.because)
    assert found.p is not None
    odds = sum(item.log_odds for item in found.because)
    assert log(found.p / (1 - found.p)) == pytest.approx(odds, abs=0.01)
    assert found.reason == max(found.because, key=lambda item: abs(item.log_odds)).name
    assert found.score == 0.8


def test_bias_moves_every_deadline_the_same_way() -> None:
    for text in ("when do you open", None, "John"):
        assert wait(text, bias=1.0) == pytest.approx(wait(text) - PAUSE_S, abs=2e-3)
    assert wait("When do you open?", bias=99.0) == QUICK_S and wait("When do you open?", bias=-99.0) == LONGEST


def test_no_pause_is_longer_than_the_plan_allows() -> None:
    for text in (None, "", "I need and", "555", "When do you open?"):
        assert wait(text, max_pause_s=0.2) <= 0.2
    assert wait("I need and", max_pause_s=2.0) == 2.0


@pytest.mark.parametrize(
    ("kind", "text", "answer"),
    [
        (Kind.DATE, "July", Answer.PART),
        (Kind.DATE, "the fourth of July", Answer.WHOLE),
        (Kind.DATE, "on Tuesday.", Answer.LIKELY),
        (Kind.TIME, "a quarter past", Answer.PART),
        (Kind.TIME, "half past three", Answer.LIKELY),
        (Kind.MONEY, "forty dollars and", Answer.PART),
        (Kind.MONEY, "forty dollars.", Answer.LIKELY),
        (Kind.NUMBER, "twenty", Answer.LIKELY),
        (Kind.EMAIL, "john at example", Answer.PART),
        (Kind.EMAIL, "john at example dot com", Answer.WHOLE),
        (Kind.SPELLED, "A B C", Answer.OPEN),
        (Kind.SPELLED, "B as in", Answer.PART),
    ],
)
def test_a_grammar_says_how_much_of_an_answer_there_is(kind: Kind, text: str, answer: Answer) -> None:
    assert answer_so_far(Expect(kind), text) is answer
