"""Keys: over a prompt, ahead of it, with and without a terminator."""

from __future__ import annotations

import pytest
from scripted import Talk

from brain import actions as act
from brain import events as ev
from brain.expect import Interruptible, Kind
from brain.turns import State


def test_digits_end_at_their_number() -> None:
    talk = Talk().asked(kind=Kind.DIGITS, min_digits=4, max_digits=4).keys("1234", 1.0)
    assert talk.until(9).outcomes == [(1.9, "CommitKeys", "1234")]


def test_digits_end_at_the_terminator() -> None:
    talk = Talk().asked(kind=Kind.DIGITS).keys("555#", 1.0)
    assert talk.until(9).outcomes == [(1.9, "CommitKeys", "555")]


def test_digits_end_when_no_more_come() -> None:
    talk = Talk().asked(kind=Kind.DIGITS, between_keys_s=3.0).keys("555", 1.0)
    assert talk.until(9).outcomes == [(4.6, "CommitKeys", "555")]


def test_a_name_takes_as_many_keys_as_it_needs() -> None:
    talk = Talk().asked(kind=Kind.NAME, min_digits=2, max_digits=40, voice=False).keys("2253#", 1.0)
    assert talk.until(9).outcomes == [(2.2, "CommitKeys", "2253")]


@pytest.mark.parametrize("key", ["1", "*", "#"])
def test_one_key_is_a_choice(key: str) -> None:
    talk = Talk().asked(kind=Kind.CHOICE, phrases=("a",), terminator="#").keys(key, 1.0)
    assert talk.until(9).outcomes == [(1.0, "CommitKeys", key)]


def test_a_terminator_that_was_not_needed_is_no_answer_to_the_next_question() -> None:
    talk = Talk().asked(kind=Kind.DIGITS, min_digits=4, max_digits=4).keys("1234#", 1.0)
    talk.asked(2.0, kind=Kind.YES_NO, prompt=True).prompt(2.1, 2.0).until(5)
    assert talk.outcomes == [(1.9, "CommitKeys", "1234")] and talk.voice == []


def test_but_a_later_one_is() -> None:
    talk = (
        Talk()
        .asked(kind=Kind.CHOICE, between_keys_s=3.0)
        .keys("1", 1.0)
        .asked(2.0, kind=Kind.CHOICE)
        .keys("#", 5.0)
    )
    assert [keys for _, _, keys in talk.until(9).outcomes] == ["1", "#"]


def test_keys_stop_the_prompt() -> None:
    talk = (
        Talk()
        .asked(0.5, kind=Kind.DIGITS, max_digits=2, prompt=True)
        .prompt(1.0, 5.0)
        .keys("42", 2.0)
        .until(9)
    )
    assert talk.voice == ["Stop"] and talk.outcomes == [(2.3, "CommitKeys", "42")]


def test_keys_stop_a_prompt_that_speech_may_not() -> None:
    talk = (
        Talk().asked(0.5, kind=Kind.CHOICE, prompt=True).prompt(1.0, 5.0, Interruptible.KEYS).keys("1", 2.0)
    )
    assert talk.until(9).voice == ["Stop"]


def test_keys_wait_for_the_end_of_a_prompt_that_nothing_may_stop() -> None:
    talk = Talk().asked(0.5, kind=Kind.DIGITS, max_digits=2, prompt=True).prompt(1.0, 5.0, Interruptible.NO)
    assert talk.keys("42", 2.0).until(9).outcomes == [(6.0, "CommitKeys", "42")]
    assert talk.voice == []


def test_keys_pressed_ahead_answer_at_once_and_nothing_is_said() -> None:
    talk = Talk().keys("42", 1.0).until(2).asked(2.0, kind=Kind.DIGITS, max_digits=2, prompt=True).until(3)
    assert talk.outcomes == [(2.0, "CommitKeys", "42")]


def test_keys_ahead_answer_one_question_after_the_other() -> None:
    talk = (
        Talk().keys("12#3", 1.0).until(3).asked(3.0, kind=Kind.DIGITS).asked(4.0, kind=Kind.CHOICE).until(5)
    )
    assert [keys for _, _, keys in talk.outcomes] == ["12", "3"]


def test_who_types_ahead_is_not_told_the_question() -> None:
    talk = Talk().keys("1", 1.5).asked(2.0, kind=Kind.DIGITS, min_digits=3, max_digits=3, prompt=True)
    talk.prompt(2.2, 4.0).keys("23", 2.8).until(9)
    assert talk.voice == ["Stop"] and talk.when(act.StopSpeaking) == [2.2]
    assert talk.outcomes == [(3.1, "CommitKeys", "123")]


def test_keys_ahead_of_a_question_that_takes_none_are_forgotten() -> None:
    talk = (
        Talk()
        .keys("1", 1.0)
        .until(2)
        .asked(2.0, keys=False, silence_s=2.0)
        .until(5)
        .asked(5.0, kind=Kind.CHOICE)
    )
    assert talk.until(6).outcomes == [(4.0, "NoInput", "")]


def test_a_key_that_no_question_takes_stops_the_prompt_and_is_no_answer() -> None:
    talk = Talk().asked(0.5, keys=False, prompt=True, silence_s=3.0).prompt(1.0, 5.0).keys("1", 2.0).until(9)
    assert talk.voice == ["Stop"] and talk.outcomes == [(5.0, "NoInput", "")]


def test_a_key_that_no_question_takes_does_not_cost_the_words_of_an_interruption() -> None:
    talk = (
        Talk()
        .asked(0.5, keys=False, prompt=True)
        .prompt(1.0, 9.0)
        .says("I want a doctor.", 2.0, 3.0)
        .keys("1", 2.4)
    )
    assert [text for _, _, text in talk.until(6).outcomes] == ["I want a doctor."]


def test_a_key_over_a_statement_stops_it_and_answers_what_follows() -> None:
    talk = Talk().prompt(1.0, 5.0).keys("1", 2.0).until(3)
    assert talk.voice == ["Stop"] and talk.state is State.IDLE
    assert talk.asked(3.0, kind=Kind.CHOICE).until(4).outcomes == [(3.0, "CommitKeys", "1")]


def test_keys_overtake_speech() -> None:
    talk = Talk().asked(kind=Kind.DIGITS, max_digits=2).says("four two no", 1.0, 3.0).keys("42", 2.0).until(6)
    assert talk.outcomes == [(2.3, "CommitKeys", "42")]
    assert talk.names(act.BeginSegment, act.EndSegment)[:2] == ["BeginSegment", "EndSegment"]


def test_a_key_over_a_ducked_prompt() -> None:
    talk = Talk().asked(0.5, kind=Kind.CHOICE, prompt=True).prompt(1.0, 5.0).at(2.0, ev.SpeechMaybe(2.0, 1.9))
    assert talk.keys("1", 2.1).until(4).voice == ["Duck", "Stop", "Unduck"]


def test_a_burst_of_keys_does_not_grow_without_end() -> None:
    talk = Talk().keys("1" * 1000, 0.0, every=0.001).until(2).asked(2.0, kind=Kind.DIGITS, max_digits=1000)
    assert len(talk.until(9).outcomes[0][2]) == 64


def test_half_typed_keys_of_a_withdrawn_question_are_forgotten() -> None:
    talk = (
        Talk()
        .asked(kind=Kind.DIGITS)
        .keys("12", 1.0)
        .at(2.0, ev.AskWithdrawn(2.0))
        .asked(3.0, kind=Kind.CHOICE)
    )
    assert talk.keys("7", 4.0).until(6).outcomes == [(4.0, "CommitKeys", "7")]


def test_a_key_that_means_nothing_to_the_question_is_as_if_it_were_not_pressed() -> None:
    talk = Talk().asked(0.5, prompt=True, only_keys="0*").prompt(1.0, 5.0).keys("1#", 2.0).keys("7", 6.5)
    assert talk.until(7).voice == [] and talk.state is State.LISTENING
    assert talk.keys("*", 7.0).until(8).outcomes == [(7.0, "CommitKeys", "*")]


def test_of_keys_from_before_the_question_those_count_that_mean_something() -> None:
    talk = Talk().keys("170", 1.0).until(3).asked(3.0, only_keys="0").until(4)
    assert talk.outcomes == [(3.0, "CommitKeys", "0")]
    assert [d.action.key for d in talk.done if isinstance(d.action, act.KeyWaits)] == ["1", "7", "0"]


def test_a_key_that_means_something_overtakes_speech_and_stops_the_bot() -> None:
    talk = Talk().asked(0.5, prompt=True, only_keys="0").prompt(1.0, 9.0).says("No, I", 2.0, 4.0).keys("0", 3.0)
    assert talk.until(6).outcomes == [(3.0, "CommitKeys", "0")] and talk.voice[-1] == "Stop"
