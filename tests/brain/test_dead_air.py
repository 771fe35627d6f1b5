"""Dead air: a reply that takes its time, a caller who asks for time, one who wonders, one who talks for long."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import Talk

from brain import actions as act
from brain import dead_air, journal
from brain import events as ev
from brain.courtesy import Courtesy
from brain.expect import Kind
from brain.turns import State

COURTESY = Courtesy(
    acknowledgements=("One moment.", "Let me see."),
    placeholders=("I'm still looking.", "Bear with me."),
    take_your_time="Take your time.",
    hold_on_s=60.0,
    here="Yes, I'm here.",
    backchannels=True,
)


def talk(kind: Kind = Kind.TALK, courtesy: Courtesy | None = COURTESY, **settings: object) -> Talk:
    return Talk().asked(kind=kind, courtesy=courtesy, **settings)


def asked(**settings: object) -> Talk:
    """A turn, committed between 2.2 and 2.6: that is for the endpointing to say."""
    return talk(**settings).says("When do you open?", 1.0, 2.0)


# ---- a reply that takes its time ---------------------------------------------------------------------------


def test_a_reply_that_is_not_to_be_heard_in_time_is_acknowledged_once() -> None:
    line = asked().asked(4.0, prompt=True, courtesy=COURTESY).prompt(4.2, 2.0).until(6)
    [(committed, name, text)] = line.outcomes
    assert (name, text) == ("Commit", "When do you open?")
    assert line.interjected == [(pytest.approx(committed + 0.8, abs=0.01), "One moment.")]
    assert line.state is State.SPEAKING and line.voice == []


def test_a_reply_in_time_is_not() -> None:
    line = asked().asked(2.9, prompt=True, courtesy=COURTESY).prompt(3.0, 2.0).until(20)
    assert line.interjected == []


def test_one_that_waits_for_its_first_audio_is() -> None:
    """Its words are there, its voice isn't."""
    line = asked().asked(2.6, prompt=True, courtesy=COURTESY).prompt(5.0, 2.0).until(6)
    due = pytest.approx(line.outcomes[0][0] + 0.8, abs=0.01)
    assert line.interjected == [(due, "One moment.")] and line.state is State.SPEAKING


def test_placeholders_follow_and_come_to_an_end() -> None:
    line = asked().until(90)
    times = [at for at, _ in line.interjected]
    assert [text for _, text in line.interjected] == [
        "One moment.", "I'm still looking.", "Bear with me.",
        "I'm still looking.", "Bear with me.", "I'm still looking.",
    ]  # fmt: skip
    ends = [at + 0.05 + 0.06 * len(text) for at, text in line.interjected]
    gaps = [round(after - end, 1) for after, end in zip(times[1:], ends, strict=False)]
    assert gaps == [2.0, 4.0, 4.0, 4.0, 4.0]
    assert line.manager.deadline() is None


def test_never_the_same_twice_running() -> None:
    line = Talk()
    for turn in range(4):
        start = 10.0 * turn
        line.asked(start, courtesy=COURTESY).says("When do you open?", start + 1.0, start + 2.0)
    texts = [text for _, text in line.until(34).interjected if text in COURTESY.acknowledgements]
    assert len(texts) == 4 and all(one != two for one, two in zip(texts, texts[1:], strict=False))


@pytest.mark.parametrize("courtesy", [None, Courtesy(), Courtesy(placeholders=("Still looking.",))])
def test_a_plan_without_acknowledgements_is_silent(courtesy: Courtesy | None) -> None:
    assert asked(courtesy=courtesy).until(30).interjected == []


def test_without_placeholders_there_is_one() -> None:
    assert len(asked(courtesy=Courtesy(("One moment.",))).until(30).interjected) == 1


def test_keys_and_silence_are_no_turns_to_acknowledge() -> None:
    assert talk(silence_s=3.0).until(20).interjected == []
    assert talk(only_keys="1").keys("1", 1.0).until(20).interjected == []


def test_a_caller_who_interrupts_it_is_heard_and_the_wait_goes_on() -> None:
    line = asked().says("I mean on Sunday, please.", 3.5, 4.5, partial=4.0).until(9)
    assert "Stop" in line.voice
    assert [text for _, text in line.interjected][:2] == ["One moment.", "I'm still looking."]
    line.asked(9.0, prompt=True, courtesy=COURTESY).until(10)
    assert [text for _, _, text in line.outcomes] == ["When do you open?", "I mean on Sunday, please."]


def test_a_caller_who_speaks_when_it_is_due_is_not_talked_over() -> None:
    line = asked().says("On Sunday, I mean,", 2.9, 5.0).until(5)
    assert line.interjected == []


def test_on_hold_it_waits() -> None:
    line = asked().hold(2.8, 30.0).until(31)
    assert line.interjected == [(30.8, "One moment.")]


def test_a_plan_that_goes_elsewhere_ends_the_wait() -> None:
    assert asked().at(2.9, ev.AskWithdrawn(2.9)).until(30).interjected == []


@settings(max_examples=60, deadline=None)
@given(st.floats(0.1, 25.0), st.floats(0.0, 3.0))
def test_while_an_answer_is_on_its_way_no_silence_is_long(ready: float, voice: float) -> None:
    """Whenever it comes: the line is quiet for four seconds at most, two at first."""
    line = asked().asked(2.5 + ready, prompt=True, courtesy=COURTESY).prompt(2.5 + ready + voice, 1.0)
    starts, ends = [], [2.5]
    line.until(40)
    for _, event, _ in journal.read(line.lines):
        if isinstance(event, ev.PromptStarted):
            starts.append(event.at)
        elif isinstance(event, ev.PromptEnded):
            ends.append(event.at)
    gaps = [start - end for start, end in zip(starts, ends, strict=False)]
    assert gaps[0] <= 0.9 and max(gaps) <= dead_air.PLACEHOLDER_S[1] + 0.2
    if len(gaps) > 1:
        assert gaps[1] <= dead_air.PLACEHOLDER_S[0] + 0.2
    assert journal.replay(line.lines) == []


# ---- a caller who asks for time ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.TALK, Kind.TEXT, Kind.DIGITS, Kind.YES_NO, Kind.NAME])
def test_who_asks_for_time_has_it(kind: Kind) -> None:
    line = talk(kind, silence_s=6.0).says("Hold on a second.", 1.0, 2.0).until(60)
    (at, text), *rest = line.interjected
    assert text == "Take your time." and not rest and line.outcomes == []
    [(given_up, name, _)] = line.until(70).outcomes
    assert name == "NoInput" and given_up == pytest.approx(at + 60.0, abs=0.01)


def test_what_comes_then_is_the_answer() -> None:
    line = talk(Kind.DIGITS, max_digits=3).says("One moment.", 1.0, 2.0).says("5 5 5", 30.0, 31.0).until(40)
    assert [text for _, _, text in line.outcomes] == ["5 5 5"]


def test_who_goes_on_at_once_has_only_said_something() -> None:
    line = talk().says("Hold on,", 1.0, 1.5).says("I have a question.", 1.9, 2.8).until(5)
    assert [text for _, text in line.interjected] == ["One moment."]
    assert [text for _, _, text in line.outcomes] == ["Hold on, I have a question."]


def test_noise_while_they_look_does_not_end_it() -> None:
    line = talk(silence_s=6.0).says("Just a second.", 1.0, 2.0).says("", 20.0, 21.0).until(50)
    assert line.outcomes == []


def test_thanks_for_it_is_no_answer() -> None:
    line = talk().says("Just a second.", 1.0, 2.0).says("Okay.", 4.4, 4.7).until(20)
    assert line.outcomes == [] and len(line.interjected) == 1


def test_time_may_be_given_without_a_word() -> None:
    line = talk(courtesy=Courtesy(hold_on_s=30.0), silence_s=6.0).says("Just a second.", 1.0, 2.0).until(20)
    assert line.interjected == [] and line.outcomes == []


def test_where_the_plan_gives_none_it_is_an_answer_like_any_other() -> None:
    line = talk(courtesy=Courtesy(here="Yes.")).says("Just a second.", 1.0, 2.0).until(20)
    assert [text for _, _, text in line.outcomes] == ["Just a second."]


def test_a_choice_of_that_name_is_chosen() -> None:
    line = talk(Kind.CHOICE, phrases=("hold on", "go on")).says("Hold on.", 1.0, 1.8).until(5)
    assert [text for _, _, text in line.outcomes] == ["Hold on."]


def test_said_over_the_bot_it_stops_it_and_gives_time() -> None:
    line = talk(prompt=True, silence_s=6.0).prompt(0.5, 8.0).says("Hold on a second.", 2.0, 3.0, partial=2.6).until(20)
    assert line.voice == ["Duck", "Unduck", "Pause", "Stop"]
    assert [text for _, text in line.interjected] == ["Take your time."] and line.outcomes == []


def test_said_before_the_question_it_gives_time_for_it() -> None:
    line = Talk().prompt(0.5, 8.0).says("Hold on a second.", 1.0, 2.0, partial=1.7).until(4)
    line.asked(4.0, prompt=True, courtesy=COURTESY, silence_s=6.0).prompt(4.1, 2.0).until(60)
    assert line.outcomes == []


# ---- a caller who wonders ----------------------------------------------------------------------------------


def test_who_asks_whether_anybody_is_there_hears_so_and_the_question_stays() -> None:
    line = talk(silence_s=6.0).says("Hello? Are you there?", 1.0, 2.0).until(20)
    assert [text for _, text in line.interjected] == ["Yes, I'm here."]
    assert [name for _, name, _ in line.outcomes] == ["NoInput"]


def test_it_does_not_cost_the_reply_under_way() -> None:
    line = asked().says("Hello? Are you there?", 2.7, 3.4).until(5)
    [(at, text)] = line.interjected
    assert text == "Yes, I'm here." and at < 4.2
    line.asked(6.0, prompt=True, courtesy=COURTESY).prompt(6.1, 2.0).until(9)
    assert [text for _, _, text in line.outcomes] == ["When do you open?"]
    assert "Stop" not in line.voice


def test_a_reply_that_comes_while_they_ask_is_answer_enough() -> None:
    line = asked().asked(2.9, prompt=True, courtesy=COURTESY).says("Are you there?", 2.7, 3.4, partial=3.1)
    line.prompt(3.0, 3.0).until(5)
    assert line.voice == ["Pause", "Resume"] and line.interjected == []


def test_asked_twice_it_is_answered_once() -> None:
    line = talk().says("Hello?", 1.0, 1.3).says("Hello?", 2.4, 2.7).until(4)
    assert len(line.interjected) == 1


def test_without_a_text_it_is_the_models_to_answer() -> None:
    line = talk(courtesy=Courtesy(hold_on_s=60.0)).says("Are you there?", 1.0, 2.0).until(5)
    assert [text for _, _, text in line.outcomes] == ["Are you there?"]


# ---- backchannels of our own ---------------------------------------------------------------------------------------


def long_talk(end: str = "and then my knee began to hurt and", **settings: object) -> Talk:
    """Nine seconds of talk, a pause of 0.7 s that is no end, and some more."""
    line = talk(**settings).says("I fell off a ladder and", 1.0, 6.0).says(end, 6.4, 10.0)
    return line.says("so I would like to see somebody.", 10.7, 12.0)


def test_who_talks_for_long_hears_a_backchannel_in_a_pause() -> None:
    line = long_talk().until(20)
    assert line.when(act.Backchannel) == [10.35]
    assert [name for _, name, _ in line.outcomes] == ["Commit"]


@pytest.mark.parametrize("what", ["my number is 5 5 5", "my name is Smyth S M Y", "it is five five"])
def test_not_into_figures(what: str) -> None:
    assert long_talk(what).until(20).when(act.Backchannel) == []


def test_not_into_what_may_be_the_end_nor_soon_nor_where_the_plan_wants_none() -> None:
    assert long_talk("and then my knee began to hurt.").until(20).when(act.Backchannel) == []
    assert talk().says("I fell and", 1.0, 4.0).says("I hurt.", 4.8, 6.0).until(20).when(act.Backchannel) == []
    assert long_talk(courtesy=Courtesy()).until(20).when(act.Backchannel) == []
    assert long_talk(kind=Kind.TEXT).until(20).when(act.Backchannel) == []


def test_not_while_the_echo_is_not_known() -> None:
    assert long_talk().at(0.1, ev.EchoChanged(0.1, True)).until(20).when(act.Backchannel) == []


def test_one_in_ten_seconds_at_most() -> None:
    line = talk()
    for number in range(12):
        line.says("and then", 1.0 + 3.0 * number, 3.3 + 3.0 * number)
    times = line.until(60).when(act.Backchannel)
    assert len(times) >= 2
    assert all(two - one >= dead_air.BACKCHANNELS_APART_S for one, two in zip(times, times[1:], strict=False))


def test_a_backchannel_changes_no_decision() -> None:
    with_backchannels, without = long_talk(), long_talk(courtesy=Courtesy())
    assert with_backchannels.until(20).outcomes == without.until(20).outcomes
    assert journal.replay(with_backchannels.lines) == []
