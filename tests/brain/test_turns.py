"""The caller's turns, with nobody speaking over anybody: when a turn ends, and what becomes of it."""

from __future__ import annotations

import pytest
from scripted import Talk

from brain import actions as act
from brain import events as ev
from brain.expect import Interruptible, Kind
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
    assert [name for _, name, _ in talk.outcomes] == ["NoInput"] and talk.outcomes[0][0] <= 14.0


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
