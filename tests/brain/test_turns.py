"""The caller's turns, with nobody speaking over anybody: when a turn ends, and what becomes of it."""

from __future__ import annotations

import pytest
from scripted import Talk

from brain import actions as act
from brain import events as ev
from brain.expect import Kind
from brain.turns import State

PHONE = {"kind": Kind.DIGITS, "min_digits": 7, "max_digits": 10}


def test_a_short_yes_commits_as_soon_as_it_is_sure() -> None:
    talk = Talk(final_s=0.05).asked(kind=Kind.YES_NO).says("Yes.", 1.0, 1.4).until(5)
    [(at, name, text)] = talk.outcomes
    assert (name, text) == ("Commit", "Yes.") and 1.6 <= at <= 1.85


def test_a_yes_that_goes_on_is_waited_for() -> None:
    talk = Talk().asked(kind=Kind.YES_NO).says("Yes, but", 1.0, 1.5).says("not on Monday.", 2.3, 3.0).until(6)
    assert [text for _, _, text in talk.outcomes] == ["Yes, but not on Monday."]


def test_the_commit_waits_for_the_final() -> None:
    talk = Talk(final_s=0.6).asked(kind=Kind.YES_NO).says("Yes.", 1.0, 1.4).until(5)
    assert talk.outcomes == [(2.12, "Commit", "Yes.")]


MENU = {"kind": Kind.CHOICE, "phrases": ("billing", "sales")}


def menu(text: str, until: float, at: float, score: float | None = 0.9, **expects: object) -> Talk:
    """"Sales" is said from 1.0 to 1.5; a partial comes at `at`, of what was heard until then; the final at 2.22."""
    talk = Talk(final_s=0.6, score=score).asked(**(expects or MENU)).says(text, 1.0, 1.5)  # type: ignore[arg-type]
    return talk.at(at, ev.PartialText(at, 1, text, until, 0.8)).until(5)


def test_a_whole_answer_in_a_partial_that_heard_all_of_it_needs_no_final() -> None:
    talk = menu("Sales.", until=1.45, at=1.66)
    assert talk.outcomes == [(1.7, "Commit", "Sales.")] and talk.names(act.EndSegment) == ["EndSegment"]
    assert [d.action.confidence for d in talk.done if isinstance(d.action, act.Commit)] == [0.8]
    late = menu("Sales.", until=1.5, at=1.9)
    assert late.outcomes == [(1.9, "Commit", "Sales.")]


@pytest.mark.parametrize("until", [1.0, 1.3, 1.41])
def test_a_partial_that_may_lack_a_word_waits_for_the_final(until: float) -> None:
    assert [at for at, _, _ in menu("Sales.", until, at=1.66).outcomes] == [2.22]


def test_nor_does_a_partial_commit_where_the_voice_goes_on_or_is_unknown_or_the_answer_is_open() -> None:
    for talk in (
        menu("Sales.", 1.5, 1.66, score=0.3),
        menu("Sales.", 1.5, 1.66, score=None),
        menu("Something else.", 1.5, 1.66),
        menu("Where is my bill?", 1.5, 1.66, kind=Kind.TALK),
        menu("John Smith.", 1.5, 1.66, kind=Kind.NAME),
    ):
        [(at, name, _)] = talk.outcomes
        assert name == "Commit" and at >= 2.22


def test_every_move_of_the_deadline_is_told_once_and_says_why() -> None:
    talk = Talk(score=0.9).asked().says("When do you open?", 1.0, 2.0).until(5)
    told = [d.action.decision for d in talk.done if isinstance(d.action, act.Weighed)]
    assert [[item.name for item in decision.because] for decision in told] == [
        ["a pause", "no words yet", "long"],
        ["a pause", "no words yet", "voice", "long"],
        ["a pause", "sentence ends", "question", "voice", "long"],
    ]
    [commit] = [d.action for d in talk.done if isinstance(d.action, act.Commit)]
    assert commit.why == told[-1]


def test_words_and_voice_commit_within_a_third_of_a_second() -> None:
    talk = Talk(score=0.9).asked().says("When do you open?", 1.0, 2.0).until(5)
    [(at, name, text)] = talk.outcomes
    assert (name, text) == ("Commit", "When do you open?") and at <= 2.33
    assert talk.why() == "question"


def test_a_trailing_and_waits_for_the_longest_pause() -> None:
    talk = Talk(score=0.9).asked().says("I need a doctor and", 1.0, 2.0).until(5)
    assert talk.outcomes == [(3.2, "Commit", "I need a doctor and")]


def test_a_trailing_and_is_gone_on_with() -> None:
    talk = Talk().asked().says("I need a doctor and", 1.0, 2.0).says("a nurse.", 2.9, 3.5).until(8)
    assert [text for _, _, text in talk.outcomes] == ["I need a doctor and a nurse."]


def test_a_phone_number_in_three_groups_is_one_turn() -> None:
    talk = Talk().asked(**PHONE)
    talk.says("five five five", 1.0, 2.0).says("oh one", 2.7, 3.3).says("two three four six", 4.0, 5.0).until(
        9
    )
    [(at, _, text)] = talk.outcomes
    assert text == "five five five oh one two three four six" and at > 5.7


def test_a_phone_number_given_in_free_talk_is_not_cut_either() -> None:
    talk = (
        Talk()
        .asked()
        .says("My number is 555", 1.0, 2.0)
        .says("012", 2.7, 3.2)
        .says("4444.", 3.9, 4.5)
        .until(9)
    )
    assert [text for _, _, text in talk.outcomes] == ["My number is 555 012 4444."]


def test_all_digits_commit_at_once() -> None:
    talk = Talk().asked(kind=Kind.DIGITS, min_digits=4, max_digits=4).says("1 2 3 4", 1.0, 2.0).until(5)
    assert talk.outcomes == [(2.22, "Commit", "1 2 3 4")]


def test_a_caller_who_pauses_is_given_more_time() -> None:
    talk = (
        Talk().asked(max_pause_s=1.2).says("I would like, um", 1.0, 2.0).says("a filling.", 2.8, 3.5).until(6)
    )
    talk.asked(6.0).says("On Monday.", 6.5, 7.2).until(12)
    first, second = talk.outcomes
    alone = Talk().asked(6.0).says("On Monday.", 6.5, 7.2).until(12)
    assert first[2] == "I would like, um a filling." and second[0] > alone.outcomes[0][0] + 0.1


def test_a_sound_in_a_pause_holds_the_commit_until_it_is_known_what_it_was() -> None:
    talk = (
        Talk(final_s=0.05)
        .asked(kind=Kind.YES_NO)
        .says("Yes.", 1.0, 1.4)
        .at(1.55, ev.SpeechMaybe(1.55, 1.51))
        .until(5)
    )
    assert talk.outcomes == [(1.71, "Commit", "Yes.")]


def test_sounds_in_a_pause_do_not_hold_it_for_ever() -> None:
    talk = Talk().asked(kind=Kind.YES_NO).says("Yes.", 1.0, 1.4)
    for tenth in range(16, 80):
        talk.at(tenth / 10, ev.SpeechMaybe(tenth / 10, tenth / 10))
    talk.until(8)
    assert len(talk.outcomes) == 1 and talk.outcomes[0][0] < 2.3


# ---- silence and noise ------------------------------------------------------------------------


def test_silence_is_no_input() -> None:
    assert Talk().asked(silence_s=6.0).until(20).outcomes == [(6.0, "NoInput", "")]


def test_silence_counts_from_the_end_of_the_prompt() -> None:
    talk = Talk().asked(prompt=True, silence_s=6.0).prompt(0.3, 2.0).until(20)
    assert talk.outcomes == [(8.3, "NoInput", "")]


def test_a_sound_at_the_end_of_patience_is_heard_out() -> None:
    talk = Talk().asked(silence_s=6.0).says("Hello, I am here.", 5.93, 7.0).until(20)
    assert [(name, text) for _, name, text in talk.outcomes] == [("Commit", "Hello, I am here.")]


def test_a_cough_is_no_turn_and_does_not_restart_the_silence() -> None:
    assert Talk().asked(silence_s=6.0).says("", 1.0, 1.3).until(20).outcomes == [(6.0, "NoInput", "")]


def test_a_cough_near_the_end_grants_a_little_more() -> None:
    (at, name, _), *rest = Talk().asked(silence_s=6.0).says("", 5.5, 5.8).until(20).outcomes
    assert (name, rest) == ("NoInput", []) and 7.5 < at < 9.5


def test_noise_again_and_again_ends_in_no_input() -> None:
    talk = Talk().asked(silence_s=6.0)
    for second in range(1, 60):
        talk.says("", second, second + 0.5)
    talk.until(60)
    assert [name for _, name, _ in talk.outcomes] == ["NoInput"] and talk.outcomes[0][0] <= 20.0


def test_noise_without_end_ends_in_no_input_and_does_not_keep_the_next_prompt_from_being_heard() -> None:
    talk = Talk().asked(silence_s=6.0).says("", 1.0, 100.0).until(13)
    assert [name for _, name, _ in talk.outcomes] == ["NoInput"]
    talk.asked(13.0, prompt=True).prompt(13.1, 2.0).until(30)
    assert talk.voice == [] and [name for _, name, _ in talk.outcomes] == ["NoInput", "NoInput"]


def test_a_long_story_is_not_taken_for_noise() -> None:
    talk = Talk().asked().says("It all began last week.", 1.0, 20.0, partial=3.0).until(25)
    [(at, _, text)] = talk.outcomes
    assert text == "It all began last week." and 20.2 <= at < 20.6


def test_a_long_story_without_partials_is_asked_about_and_then_heard_to_its_end() -> None:
    talk = Talk().asked().says("It all", 1.0, 9.0)
    talk._words[-1] = type(talk._words[-1])(8.0, "It all")  # known when the recogniser is asked
    talk.says("began.", 9.05, 12.0).until(20)
    assert [text for _, _, text in talk.outcomes] == ["It all began."]


def test_an_endless_talker_is_cut_into_turns_without_losing_or_repeating_audio() -> None:
    talk = Talk().asked().says("And so on.", 1.0, 50.0, partial=2.0)
    talk._words[-1] = type(talk._words[-1])(30.0, "And so on.")
    talk.until(33)
    assert [name for _, name, _ in talk.outcomes] == ["Commit"] and talk.why() == "longest turn"
    cut = talk.when(act.RequestFinal)[-1]
    talk.asked(33.0).until(33.1)
    begun = [d.action.since for d in talk.done if isinstance(d.action, act.BeginSegment)]
    assert begun[-1] == cut


# ---- speculation ------------------------------------------------------------------------------


def test_an_answer_is_prepared_before_the_turn_is_over() -> None:
    talk = Talk().asked().says("When do you open?", 1.0, 2.0).until(5)
    assert talk.names(act.Speculate, act.DropSpeculation, act.Commit) == ["Speculate", "Commit"]
    assert talk.when(act.Speculate) < talk.when(act.Commit)


def test_a_caller_who_goes_on_leaves_no_trace_of_what_was_prepared() -> None:
    talk = Talk().asked().says("When do you open?", 1.0, 2.0).says("On Sundays, I mean.", 2.3, 3.2).until(8)
    kinds = (act.Speculate, act.DropSpeculation, act.Commit)
    assert talk.names(*kinds) == ["Speculate", "DropSpeculation", "Speculate", "Commit"]
    assert talk.outcomes[0][2] == "When do you open? On Sundays, I mean."


def test_nothing_is_prepared_for_half_a_sentence_nor_where_no_agent_listens() -> None:
    assert "Speculate" not in Talk().asked().says("I need a doctor and", 1.0, 2.0).until(3).names()
    assert "Speculate" not in Talk().asked(kind=Kind.TEXT).says("All is well.", 1.0, 2.0).until(3).names()
    assert "Speculate" not in Talk().says("When do you open?", 1.0, 2.0).until(3).names()


def test_a_withdrawn_question_drops_what_was_prepared() -> None:
    talk = Talk().asked().says("When do you open?", 1.0, 2.0).at(2.3, ev.AskWithdrawn(2.3)).until(5)
    assert talk.names(act.Speculate, act.DropSpeculation) == ["Speculate", "DropSpeculation"]
    assert talk.outcomes == [] and talk.state is State.IDLE


# ---- nobody asked, or no more -----------------------------------------------------------------


def test_words_from_before_the_question_answer_it() -> None:
    talk = Talk().says("I want to see a doctor.", 1.0, 2.0).until(4).asked(4.0).until(5)
    assert talk.outcomes == [(4.0, "Commit", "I want to see a doctor.")]


def test_words_from_before_are_joined_with_what_follows() -> None:
    talk = (
        Talk().says("I want a doctor.", 1.0, 2.0).until(4).says("For my son.", 4.0, 5.0).until(4.5).asked(4.5)
    )
    assert [text for _, _, text in talk.until(8).outcomes] == ["I want a doctor. For my son."]


def test_words_from_before_do_not_answer_what_they_do_not_fit() -> None:
    for kind in (Kind.NAME, Kind.YES_NO, Kind.DIGITS):
        talk = (
            Talk()
            .says("Yes, I want a doctor.", 1.0, 2.0)
            .until(4)
            .asked(4.0, kind=kind, prompt=True)
            .until(4.5)
        )
        assert talk.outcomes == []


def test_a_mutter_before_the_question_is_nothing() -> None:
    talk = Talk().says("Okay, um.", 1.0, 1.6).until(4).asked(4.0, prompt=True).prompt(4.2, 2.0).until(6)
    assert talk.outcomes == [] and talk.voice == []


def test_half_a_turn_of_a_withdrawn_question_is_kept_for_the_next() -> None:
    talk = Talk().asked().says("I need a doctor.", 1.0, 3.0).at(2.0, ev.AskWithdrawn(2.0)).until(5)
    assert talk.outcomes == []
    assert talk.asked(5.0).until(6).outcomes == [(5.0, "Commit", "I need a doctor.")]


def test_a_question_for_keys_does_not_take_the_voice_of_a_turn_under_way() -> None:
    talk = Talk().says("I need a doctor.", 1.0, 3.0).asked(2.0, kind=Kind.DIGITS, max_digits=1, voice=False)
    assert talk.keys("5", 4.0).until(8).outcomes == [(4.0, "CommitKeys", "5")]


def test_a_prompt_that_fails_leaves_the_question_open() -> None:
    talk = Talk().asked(prompt=True, silence_s=6.0).at(1.0, ev.PromptEnded(1.0, 1)).until(20)
    assert talk.outcomes == [(7.0, "NoInput", "")]


def test_a_prompt_that_never_comes_leaves_the_question_open() -> None:
    talk = Talk().asked(prompt=True, silence_s=6.0).until(20)
    assert talk.outcomes == [(11.0, "NoInput", "")]
