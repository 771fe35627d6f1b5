"""History holds what was heard, and nothing of a speculation that was dropped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.conversation import CUT_MARK, MAX_CHARS_A_TURN, Conversation, Speaker, Turn
from brain.engines import Message

PREFIX = (Message("system", "Be kind."),)


def said(conversation: Conversation) -> list[str]:
    return [turn.text for turn in conversation.turns]


def test_turns_alternate_after_the_prefix() -> None:
    talk = Conversation()
    talk.bot_said(1, "Hello, Willow Clinic.")
    talk.caller_said("When do you open?")
    talk.bot_said(2, "At eight.")
    talk.caller_said("And where?")
    assert talk.messages(PREFIX) == [
        *PREFIX,
        Message("user", "When do you open?"),
        Message("assistant", "At eight."),
        Message("user", "And where?"),
    ]


def test_each_side_is_written_its_own_way() -> None:
    talk = Conversation()
    talk.caller_said("One")
    talk.bot_said(1, "Two")
    messages = talk.messages((), caller=lambda t: f"C:{t}", bot=lambda t: f"B:{t}", asking="Three")
    assert [m.content for m in messages] == ["C:One", "B:Two", "C:Three"]


def test_an_interrupted_turn_holds_what_was_heard() -> None:
    talk = Conversation()
    talk.caller_said("Hours?")
    talk.bot_said(7, "We are open Monday to Friday from eight to six.")
    talk.cut(7, "We are open Monday ")
    assert talk.turns[-1] == Turn(Speaker.BOT, f"We are open Monday {CUT_MARK}", 7, cut=True)


def test_a_turn_that_nobody_heard_is_gone() -> None:
    talk = Conversation()
    talk.caller_said("Hours?")
    talk.bot_said(7, "We are open.")
    talk.cut(7, "  ")
    talk.caller_said("On Sunday, I mean.")
    assert said(talk) == ["Hours?", "On Sunday, I mean."]
    assert talk.messages(()) == [Message("user", "Hours? On Sunday, I mean.")]


def test_an_utterance_may_grow_and_only_a_known_one_be_cut() -> None:
    talk = Conversation()
    talk.bot_said(1, "We are")
    talk.bot_said(1, "We are open.")
    assert said(talk) == ["We are open."]
    with pytest.raises(KeyError):
        talk.cut(2, "We")


def test_a_long_turn_keeps_its_ends() -> None:
    talk = Conversation()
    talk.caller_said("begin " + "blah " * 1000 + "end")
    content = talk.messages(())[0].content
    assert len(content) <= MAX_CHARS_A_TURN + 5
    assert content.startswith("begin blah") and content.endswith("blah end")


def test_old_turns_go_in_blocks() -> None:
    talk = Conversation(budget=6, block=4)
    prompts = []
    for number in range(20):
        talk.caller_said(f"q{number}")
        prompts.append(talk.messages(PREFIX))
        talk.bot_said(number, f"a{number}")
    kept = [tuple(m.content for m in prompt) for prompt in prompts]
    # From one turn to the next the prompt only grows, but where a block is dropped.
    changed = [n for n in range(1, 20) if kept[n][: len(kept[n - 1])] != kept[n - 1]]
    assert changed == [3, 5, 7, 9, 11, 13, 15, 17, 19]
    assert max(map(len, kept)) <= 1 + 6


@given(st.lists(st.sampled_from("cbxk"), max_size=60), st.integers(1, 8), st.integers(0, 8))
def test_messages_always_alternate_within_the_budget(steps: list[str], block: int, more: int) -> None:
    talk = Conversation(budget=block + more, block=block)
    for number, step in enumerate(steps):
        if step == "c":
            talk.caller_said(f"c{number}")
        elif step == "b":
            talk.bot_said(number, f"b{number}")
        elif step == "x":
            talk.caller_said_aside(f"x{number}")
        elif talk.turns and talk.turns[-1].utterance is not None:
            talk.cut(talk.turns[-1].utterance, "")
    roles = [m.role for m in talk.messages(PREFIX, asking="now")][1:]
    assert roles[::2] == ["user"] * len(roles[::2])
    assert roles[1::2] == ["assistant"] * len(roles[1::2])
    assert roles[-1] == "user"
    assert len(roles) <= block + more + 1


def test_ahead_is_a_copy_in_which_the_bot_has_spoken() -> None:
    talk = Conversation()
    talk.caller_said("Hello.")
    ahead = talk.ahead("Good morning.")
    assert [turn.text for turn in ahead.turns] == ["Hello.", "Good morning."]
    assert [turn.text for turn in talk.turns] == ["Hello."]


def test_a_backchannel_is_kept_before_the_callers_next_words_and_is_no_turn() -> None:
    talk = Conversation()
    talk.caller_said("Hours?")
    talk.bot_said(1, "From eight to six.")
    talk.caller_said_aside("okay")
    assert talk.caller_turns == 1
    assert talk.messages((), asking="And on Sunday?")[-1] == Message("user", "okay And on Sunday?")
