"""Both at once: what the caller's voice does to the bot's prompts."""

from __future__ import annotations

import pytest
from scripted import Talk

from brain import actions as act
from brain import events as ev
from brain.expect import Interruptible, Kind
from brain.turns import State


def over_prompt(kind: Kind = Kind.TALK, **settings: object) -> Talk:
    """A prompt of 5 s, begun at 1.0, that belongs to a question."""
    return Talk().asked(0.5, kind=kind, prompt=True, **settings).prompt(1.0, 5.0)


def test_a_cough_pauses_the_prompt_and_it_goes_on() -> None:
    talk = over_prompt().says("", 2.0, 2.25).until(4)
    assert talk.voice == ["Duck", "Unduck", "Pause", "Resume"]
    assert talk.when(act.PausePlayout) == [2.08]
    assert talk.when(act.ResumePlayout) == [2.47]  # when the recogniser has found no word in it
    assert talk.state is State.SPEAKING


def test_a_sound_that_is_no_speech_only_ducks() -> None:
    talk = over_prompt().at(2.0, ev.SpeechMaybe(2.0, 1.96)).until(4)
    assert talk.voice == ["Duck", "Unduck"] and talk.when(act.Unduck) == [2.25]


def test_words_stop_the_prompt_and_begin_the_next_turn() -> None:
    talk = over_prompt().says("No, stop, I want a doctor.", 2.0, 3.5, partial=2.6).until(8)
    assert talk.voice == ["Duck", "Unduck", "Pause", "Stop"]
    assert talk.when(act.StopSpeaking) == [2.6]
    [(at, _, text)] = talk.outcomes
    assert text == "No, stop, I want a doctor." and 3.7 <= at < 4.3
    assert [d.action.since for d in talk.done if isinstance(d.action, act.BeginSegment)] == [2.0]


@pytest.mark.parametrize(
    "backchannel", ["Mm-hmm.", "Uh-huh.", "Yeah.", "Okay, right.", "Thank you.", "Hello?", "I see.", "Ah"]
)
def test_a_backchannel_does_not_stop_it(backchannel: str) -> None:
    talk = over_prompt().says(backchannel, 2.0, 2.5).until(6)
    assert "Stop" not in talk.voice and "Resume" in talk.voice and talk.outcomes == []
    assert [d.action.text for d in talk.done if isinstance(d.action, act.Aside)] == [backchannel]


def test_a_yes_answers_a_yes_no_question_and_is_a_backchannel_to_a_statement() -> None:
    assert over_prompt(Kind.YES_NO).says("Yes.", 2.0, 2.4).until(4).outcomes[0][1:] == ("Commit", "Yes.")
    statement = Talk().prompt(1.0, 5.0).says("Yes.", 2.0, 2.4).until(8)
    assert "Stop" not in statement.voice and statement.outcomes == []


def test_a_choice_or_a_digit_is_an_answer_into_the_prompt() -> None:
    menu = over_prompt(Kind.CHOICE, phrases=("billing", "right of way")).says("Billing.", 2.0, 2.5).until(5)
    assert [text for _, _, text in menu.outcomes] == ["Billing."]
    digits = over_prompt(Kind.DIGITS, max_digits=2).says("4 2", 2.0, 2.5).until(5)
    assert [text for _, _, text in digits.outcomes] == ["4 2"]


def test_an_answer_over_the_last_words_of_the_prompt_counts_though_it_sounds_like_a_backchannel() -> None:
    talk = over_prompt().says("Okay.", 5.6, 6.0).until(12)
    assert "Stop" not in talk.voice and talk.outcomes == [(6.54, "Commit", "Okay.")]


def test_a_backchannel_early_in_the_prompt_is_no_answer_to_it() -> None:
    talk = over_prompt(silence_s=6.0).says("Okay.", 2.0, 2.4).until(30)
    assert [name for _, name, _ in talk.outcomes] == ["NoInput"]


def test_the_prompt_ends_later_by_as_long_as_it_was_paused() -> None:
    talk = over_prompt(silence_s=6.0).says("", 2.0, 2.3).until(30)
    assert talk.outcomes == [(12.44, "NoInput", "")]


def test_long_speech_that_the_recogniser_does_not_answer_stops_the_prompt() -> None:
    talk = (
        Talk(final_s=None).asked(0.5, prompt=True).prompt(1.0, 9.0).says("Something long.", 2.0, 6.0).until(5)
    )
    assert talk.when(act.StopSpeaking) == [4.5]


def test_long_noise_in_which_the_recogniser_hears_no_word_does_not() -> None:
    talk = over_prompt().says("", 2.0, 30.0, partial=3.0).until(6)
    assert talk.voice == ["Duck", "Unduck", "Pause", "Resume", "Duck", "Unduck"]
    assert talk.when(act.ResumePlayout) == [3.08] and talk.when(act.Unduck)[-1] == 4.5


def test_words_in_a_noise_that_went_on_stop_it_all_the_same() -> None:
    talk = over_prompt().says("", 2.0, 4.6, partial=3.0).at(3.3, lambda: talk._partial("I need a"))
    talk.at(3.45, lambda: talk._partial("I need a")).at(3.6, lambda: talk._partial("I need a doctor")).until(5)
    assert talk.voice[-1] == "Stop" and talk.when(act.StopSpeaking) == [3.6]


def test_words_that_come_once_and_are_gone_again_do_not_stop_it() -> None:
    """Recognisers find words in laughter."""
    talk = over_prompt().says("", 2.0, 2.9)
    talk.at(2.6, lambda: talk._partial("This is a hot pot.")).until(5)
    assert talk.voice == ["Duck", "Unduck", "Pause", "Resume"]


def test_a_backchannel_that_goes_on_holds_it_no_longer_than_it_takes_to_hear_it() -> None:
    talk = over_prompt().says("Yes, yes.", 2.0, 3.4, partial=2.7).until(5)
    assert talk.when(act.ResumePlayout) == [2.4] and "Stop" not in talk.voice


def test_a_word_that_others_may_begin_with_is_a_backchannel_when_it_is_over() -> None:
    talk = over_prompt().says("Good.", 2.0, 2.9, partial=2.7).until(5)
    assert talk.when(act.ResumePlayout) == [3.02] and "Stop" not in talk.voice


def test_a_recogniser_that_never_answers_holds_the_prompt_for_a_little_only() -> None:
    talk = Talk(final_s=None).asked(0.5, prompt=True).prompt(1.0, 9.0).says("", 2.0, 2.5).until(8)
    assert talk.when(act.ResumePlayout) == [2.9] and talk.when(act.Unduck)[-1] == 3.62


def test_a_short_sound_that_was_a_word_stops_it_when_the_word_is_known() -> None:
    talk = Talk(final_s=0.4).asked(0.5, prompt=True).prompt(1.0, 9.0).says("Stop!", 2.0, 2.25).until(4)
    assert talk.when(act.ResumePlayout) == [2.65]
    assert talk.voice == ["Duck", "Unduck", "Pause", "Resume", "Duck", "Unduck", "Stop"]
    assert talk.when(act.StopSpeaking) == [2.77]
    assert [text for _, _, text in talk.outcomes] == ["Stop!"]


def test_what_is_said_before_and_after_the_bot_went_on_is_one_turn() -> None:
    talk = Talk(final_s=0.4).asked(0.5, prompt=True).prompt(1.0, 9.0).says("Stop,", 2.0, 2.25)
    talk.says("I want a doctor.", 2.67, 3.6, partial=3.3).until(6)
    assert talk.voice == ["Duck", "Unduck", "Pause", "Resume", "Duck", "Unduck", "Pause", "Stop"]
    assert [text for _, _, text in talk.outcomes] == ["Stop, I want a doctor."]


def test_laughter_in_bursts_pauses_it_twice() -> None:
    talk = over_prompt()
    for burst in range(6):
        talk.says("", 2.0 + 0.4 * burst, 2.2 + 0.4 * burst)
    talk.until(6)
    assert talk.voice.count("Pause") == 2 and "Stop" not in talk.voice


def test_nothing_spoken_stops_a_prompt_that_may_not_be_interrupted() -> None:
    for how in (Interruptible.NO, Interruptible.KEYS):
        talk = (
            Talk().asked(0.5, prompt=True).prompt(1.0, 5.0, how).says("Stop it, please.", 2.0, 3.0).until(5)
        )
        assert talk.voice == [] and talk.outcomes == []


def test_who_speaks_on_past_an_uninterruptible_prompt_is_heard_from_the_beginning() -> None:
    talk = (
        Talk().asked(0.5, prompt=True).prompt(1.0, 5.0, Interruptible.NO).says("I need a doctor.", 4.0, 7.0)
    )
    [(at, _, text)] = talk.until(10).outcomes
    assert text == "I need a doctor." and 7.2 <= at < 7.8


@pytest.mark.parametrize("how", [Interruptible.NO, Interruptible.KEYS])
def test_what_was_said_over_an_uninterruptible_prompt_answers_its_question(how: Interruptible) -> None:
    talk = Talk().asked(0.5, kind=Kind.YES_NO, prompt=True).prompt(1.0, 3.0, how).says("Yes.", 2.0, 2.4).until(5)
    assert talk.voice == [] and talk.outcomes == [(4.0, "Commit", "Yes.")]


def test_what_was_said_over_a_legal_notice_answers_the_next_question() -> None:
    talk = Talk().prompt(1.0, 5.0, Interruptible.NO).says("I want to book.", 2.0, 3.0).until(6.1)
    assert talk.voice == [] and talk.outcomes == []
    assert talk.asked(6.2, prompt=True).until(7).outcomes == [(6.2, "Commit", "I want to book.")]


def test_a_backchannel_to_a_legal_notice_is_kept_and_not_answered() -> None:
    talk = Talk().asked(0.5, prompt=True).prompt(1.0, 5.0, Interruptible.NO).says("Okay.", 2.0, 2.4).until(8)
    assert talk.outcomes == [] and [d.action.text for d in talk.done if isinstance(d.action, act.Aside)] == ["Okay."]


def test_on_hold_over_a_legal_notice_nothing_is_lost() -> None:
    talk = Talk().asked(0.5, prompt=True).prompt(1.0, 5.0, Interruptible.NO).says("I want to book.", 2.0, 3.0)
    assert talk.hold(3.5, 20.0).until(30).outcomes == [(22.5, "Commit", "I want to book.")]


def test_a_key_that_stops_a_prompt_keeps_what_was_said_over_it() -> None:
    talk = Talk().prompt(1.0, 9.0, Interruptible.KEYS).says("I want to book.", 2.0, 3.0).keys("#", 3.5).until(5)
    assert talk.voice == ["Stop"] and talk.manager.floor.pending is not None


def test_speech_is_no_interruption_where_only_keys_are_asked_for() -> None:
    talk = over_prompt(Kind.DIGITS, voice=False).says("Hello, hello, is this a machine?", 2.0, 4.0).until(5)
    assert talk.voice == []


# ---- after the commit -------------------------------------------------------------------------


def asked_and_answered() -> Talk:
    """The caller's turn is committed by 2.5; the reply is asked for at 2.7, and would be heard from 3.2."""
    return Talk(score=0.97).asked().says("I want to book.", 1.0, 2.0).asked(2.7, prompt=True).prompt(3.2, 3.0)


def test_a_caller_who_goes_on_before_the_reply_drops_it_unheard() -> None:
    talk = asked_and_answered().says("For Tuesday, I mean.", 2.8, 3.8, partial=3.4).until(8)
    assert talk.voice == ["Pause", "Stop"] and talk.when(act.PausePlayout) == [3.2]
    assert [text for _, _, text in talk.outcomes] == ["I want to book.", "For Tuesday, I mean."]


def test_a_mutter_after_the_commit_does_not_cost_the_reply() -> None:
    talk = asked_and_answered().says("Okay.", 2.9, 3.3).until(6)
    assert talk.voice == ["Pause", "Resume"]
    assert [text for _, _, text in talk.outcomes] == ["I want to book."]


def test_a_mutter_that_is_over_before_the_reply_is_not_answered() -> None:
    talk = Talk(score=0.97).asked().says("I want to book.", 1.0, 2.0).says("Okay.", 2.7, 2.95)
    talk.asked(3.6, prompt=True).prompt(3.8, 3.0).until(6)
    assert talk.voice == [] and [text for _, _, text in talk.outcomes] == ["I want to book."]


def test_a_second_yes_does_not_answer_the_next_question_unheard() -> None:
    talk = Talk().asked(kind=Kind.YES_NO).says("Yes.", 1.0, 1.4).asked(1.87, kind=Kind.YES_NO, prompt=True)
    talk.says("Yes.", 1.9, 2.3).prompt(2.1, 3.0).until(4)
    assert [text for _, _, text in talk.outcomes] == ["Yes."] and talk.voice == ["Pause", "Resume"]


def test_the_rest_of_an_answer_does_not_become_the_name_that_is_asked_next() -> None:
    talk = Talk(score=0.97).asked().says("I want to book.", 1.0, 2.0).asked(2.7, kind=Kind.NAME, prompt=True)
    talk.says("And quickly, please.", 2.8, 3.6).prompt(3.2, 3.0).until(6)
    assert [text for _, _, text in talk.outcomes] == ["I want to book."]
    assert talk.voice == ["Pause", "Resume"]


def test_a_prompt_that_may_not_be_interrupted_is_said_over_the_caller() -> None:
    talk = Talk().says("Hello, is anybody there?", 0.2, 3.0).prompt(1.0, 4.0, Interruptible.NO).until(4)
    assert talk.voice == [] and talk.state is State.OVERHEARING


def test_hello_at_the_beginning_does_not_cost_the_greeting() -> None:
    talk = Talk().says("Hello?", 0.1, 0.5).prompt(0.4, 3.0).until(2)
    assert talk.voice == ["Pause", "Resume"]


def test_words_over_a_statement_are_the_answer_to_the_question_that_follows() -> None:
    talk = Talk().prompt(0.5, 5.0).says("I want to speak to a human.", 1.0, 2.0).until(4)
    assert talk.voice[-1] == "Stop" and talk.outcomes == []
    assert talk.asked(4.0, prompt=True).until(5).outcomes == [(4.0, "Commit", "I want to speak to a human.")]


# ---- hold and faults --------------------------------------------------------------------------


def test_on_hold_in_a_prompt_it_waits() -> None:
    talk = over_prompt(silence_s=6.0).hold(2.0, 30.0).until(60)
    assert talk.voice == ["Pause", "Resume"] and talk.outcomes == [(40.0, "NoInput", "")]


def test_on_hold_while_ducked_or_paused() -> None:
    ducked = over_prompt().at(2.0, ev.SpeechMaybe(2.0, 1.96)).hold(2.1, 9.0).until(10)
    assert ducked.voice == ["Duck", "Unduck", "Pause", "Resume"]
    paused = over_prompt().says("Wait a moment", 2.0, 4.0).hold(2.3, 9.0).until(10)
    assert paused.voice == ["Duck", "Unduck", "Pause", "Resume"]


def test_a_prompt_that_fails_while_it_is_paused_gives_the_floor_to_the_caller() -> None:
    talk = over_prompt().says("Stop it, please.", 2.0, 3.0).at(2.3, ev.PromptEnded(2.3, 1)).until(6)
    assert "Stop" not in talk.voice and [text for _, _, text in talk.outcomes] == ["Stop it, please."]


def test_the_end_of_another_utterance_means_nothing() -> None:
    talk = over_prompt().at(2.0, ev.PromptEnded(2.0, 77)).until(3)
    assert talk.state is State.SPEAKING


def test_a_recogniser_that_is_lost_for_long_lets_the_bot_speak() -> None:
    talk = Talk().prompt(1.0, 9.0).at(1.1, ev.SttFailed(1.1)).says("Hello you there.", 4.0, 5.0).until(8)
    assert talk.voice == []


# ---- while the echo canceller doesn't know the line --------------------------------------------------------


def doubted() -> Talk:
    """A prompt of 5 s, begun at 1.0, on a line whose echo may be heard."""
    return over_prompt().at(0.1, ev.EchoChanged(0.1, True))


def test_what_may_be_our_echo_ducks_and_does_not_pause() -> None:
    talk = doubted().says("", 2.0, 4.0).until(6)
    assert talk.voice == ["Duck", "Unduck"]
    assert talk.when(act.Unduck) == [4.22]  # when the recogniser has found no word in it
    assert talk.outcomes == []


def test_echo_that_lasts_as_long_as_the_prompt_stops_nothing() -> None:
    talk = doubted().says("", 1.2, 6.2, partial=2.0).until(6.4)
    assert "Stop" not in talk.voice and "Pause" not in talk.voice


def test_echo_without_any_transcript_stops_nothing() -> None:
    talk = Talk(final_s=None).asked(0.5, prompt=True).at(0.1, ev.EchoChanged(0.1, True)).prompt(1.0, 9.0)
    talk.says("Something.", 2.0, 8.0).until(7.9)
    assert talk.voice == ["Duck"]


def test_words_stop_it_in_doubt_too_and_are_the_turn() -> None:
    talk = doubted().says("No, stop, I want a doctor.", 2.0, 3.5, partial=2.6).until(8)
    assert talk.voice == ["Duck", "Unduck", "Stop"]
    assert [text for _, _, text in talk.outcomes] == ["No, stop, I want a doctor."]


def test_a_key_in_doubt_stops_it() -> None:
    talk = over_prompt(Kind.DIGITS, max_digits=1).at(0.1, ev.EchoChanged(0.1, True)).says("", 2.0, 3.0)
    talk.keys("5", 2.5).until(6)
    assert talk.voice == ["Duck", "Stop", "Unduck"]
    assert [text for _, _, text in talk.outcomes] == ["5"]


def test_who_turns_out_to_speak_over_it_pauses_it_then() -> None:
    talk = doubted().says("", 2.0, 3.0).at(2.2, ev.EchoChanged(2.2, False)).until(2.5)
    assert talk.voice == ["Duck", "Unduck", "Pause"] and talk.when(act.PausePlayout) == [2.2]


def test_once_the_line_is_known_speech_pauses_again() -> None:
    talk = doubted().at(1.5, ev.EchoChanged(1.5, False)).says("", 2.0, 2.3).until(4)
    assert talk.voice[:4] == ["Duck", "Unduck", "Pause", "Resume"]


# ---- somebody else in the room -----------------------------------------------------------------------------


def test_a_voice_far_off_ducks_and_its_words_stop_nothing() -> None:
    talk = over_prompt().at(1.9, ev.DistanceChanged(1.9, True)).says("And so he went to town.", 2.0, 4.0, partial=2.8)
    talk.until(5.5)
    assert talk.voice == ["Duck", "Unduck"] and talk.outcomes == []
    assert talk.when(act.Unduck) == [4.22]  # at its final


def test_a_sound_far_off_that_is_no_voice_does_nothing() -> None:
    for far, voice in ((True, []), (False, ["Duck", "Unduck"])):
        talk = over_prompt().at(1.9, ev.DistanceChanged(1.9, far)).at(2.0, ev.SpeechMaybe(2.0, 1.96)).until(4)
        assert talk.voice == voice


def test_a_voice_far_off_that_goes_on_is_let_be() -> None:
    talk = over_prompt().at(1.9, ev.DistanceChanged(1.9, True)).says("And so on and on.", 2.0, 5.5, partial=2.8)
    assert talk.until(5).voice == ["Duck", "Unduck"] and talk.when(act.Unduck) == [4.5]


def test_who_turns_out_to_be_far_off_gives_the_bot_its_place_back() -> None:
    talk = over_prompt().says("", 2.0, 3.0).at(2.3, ev.DistanceChanged(2.3, True)).until(4)
    assert talk.voice == ["Duck", "Unduck", "Pause", "Resume", "Duck", "Unduck"]
    assert talk.when(act.ResumePlayout) == [2.3]


def test_who_turns_out_to_be_near_pauses_the_bot_then_and_is_heard_from_the_beginning() -> None:
    talk = over_prompt().at(1.9, ev.DistanceChanged(1.9, True)).says("No, stop, a doctor.", 2.0, 3.0, partial=2.6)
    talk.at(2.2, ev.DistanceChanged(2.2, False)).until(6)
    assert talk.voice == ["Duck", "Unduck", "Pause", "Stop"] and talk.when(act.PausePlayout) == [2.2]
    assert [d.action.since for d in talk.done if isinstance(d.action, act.BeginSegment)] == [2.0]


def test_somebody_far_off_behind_the_callers_words_changes_nothing() -> None:
    talk = over_prompt().says("I want a doctor.", 2.0, 2.6).at(2.8, ev.DistanceChanged(2.8, True)).until(6)
    assert "Stop" in talk.voice and [text for _, _, text in talk.outcomes] == ["I want a doctor."]


# ---- words that come and go --------------------------------------------------------------------------------


def partials(talk: Talk, *texts: str, confidence: float = 0.38) -> Talk:
    """What the recogniser prints, from 2.3 on, every 150 ms."""
    for number, text in enumerate(texts):
        at = round(2.3 + 0.15 * number, 2)
        talk.at(at, ev.PartialText(at, 1, text, at - 0.1, confidence))
    return talk


def test_a_word_that_came_thrice_is_one_however_unlikely_at_its_end() -> None:
    talk = partials(over_prompt(), "Extend", "extension", "", "Extension").says("", 2.0, 2.8)
    talk = talk.at(3.0, ev.FinalText(3.0, 1, 1, "Extension", 0.28)).until(5)
    assert "Stop" in talk.voice


def test_words_that_change_each_time_are_none() -> None:
    talk = partials(over_prompt(), "and then", "Amit", "wave").says("", 2.0, 2.8)
    talk = talk.at(3.0, ev.FinalText(3.0, 1, 1, "wave", 0.28)).until(5)
    assert "Stop" not in talk.voice


def test_who_has_a_word_now_and_then_is_waited_for_while_they_speak_on() -> None:
    heard = partials(over_prompt(), *["", "telephone"] * 4).says("", 2.0, 4.2).until(3.5)
    assert heard.voice == ["Duck", "Unduck", "Pause"]
    unheard = partials(over_prompt(), *[""] * 8).says("", 2.0, 4.2).until(3.5)
    assert unheard.voice == ["Duck", "Unduck", "Pause", "Resume", "Duck"]


def test_the_bot_does_not_go_on_into_a_sound_that_may_be_the_next_word() -> None:
    talk = over_prompt().says("", 2.0, 2.3).at(2.5, ev.SpeechMaybe(2.5, 2.46)).until(4)
    assert talk.when(act.ResumePlayout) == [2.66]  # else at 2.52
    again = over_prompt().says("", 2.0, 2.3).says("I want a doctor.", 2.46, 2.9).until(5)
    assert again.voice == ["Duck", "Unduck", "Pause", "Stop"]
