"""What asks for time, what asks whether anybody is there, and what only looks like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.small_talk import asks_for_time, asks_whether_there, ends_in_figures


@pytest.mark.parametrize(
    "text",
    [
        "Hold on.", "Hold on a second.", "Hang on, please.", "Oh, hang on a minute.", "Hold on for a moment, please.",
        "One moment.", "One moment, please.", "Just a second.", "Just one second.", "Yes, just a moment.",
        "Um, okay, wait a second.", "Wait.", "A moment, please.", "Give me a second.", "Could you give me a minute?",
        "Gimme a sec.", "Bear with me.", "Bear with me for a moment.", "Let me check.", "Let me see.",
        "Hold on, let me get my card.", "Let me just find my calendar.", "Just a sec, I need to find my glasses.",
        "I'm looking for it.", "I'll be right back.", "Hold the line.", "Let me think.", "No, hold on.",
        "Let me check with my wife.", "Two seconds.", "Sorry, just a quick second.", "I’ll be right back",
    ],
)  # fmt: skip
def test_the_caller_asks_for_time(text: str) -> None:
    assert asks_for_time(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "Hold on to my appointment.", "I'd like to hold on to my appointment.", "I was on hold for an hour.",
        "Just a second opinion.", "Wait, is that the address?", "How long is the wait?",
        "One moment ago you said nine.",
        "The second.", "A second.", "A minute", "Monday the second", "One second street", "Let me speak to a human.",
        "Let me ask you a question.", "Let me get an appointment.", "Don't hang up.", "Hang up.",
        "Let me see a doctor.",
        "Okay.", "Yes, please.", "One", "Two", "Can I have a moment with Doctor Reed?", "I'm looking for a doctor.",
        "Hold on, I have a question.", "Hold on, that's wrong.", "I have to check in at ten.", "Wait for my wife",
    ],
)  # fmt: skip
def test_other_words_that_look_like_it(text: str) -> None:
    assert not asks_for_time(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hello?", "Hello? Hello?", "Hello, hello.", "Are you there?", "Are you still there?", "Hello, are you there?",
        "Um, is anybody there?", "Anybody there?", "Hello? Can you hear me?", "You there?", "Did you hear me?",
        "Sorry, are you still with me?", "Hey, can you hear me now?",
    ],
)  # fmt: skip
def test_the_caller_asks_whether_anybody_is_there(text: str) -> None:
    assert asks_whether_there(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "Hello.", "Hi there.", "Hello, I'd like an appointment.", "Are you there on Sunday?", "Are you open?",
        "Is anybody there who speaks Spanish?", "Is Doctor Reed there?", "Yes, I'm still here.", "Okay?", "There?",
        "Can you hear me out?",
    ],
)  # fmt: skip
def test_other_questions_are_not_that(text: str) -> None:
    assert not asks_whether_there(text)


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("my number is five five", True), ("it's 555", True), ("S M Y", True), ("spelled B", True),
        ("and then I", False), ("", False), ("at ten I had a call and", False),
    ],
)  # fmt: skip
def test_where_figures_are_under_way(text: str, does: bool) -> None:
    assert ends_in_figures(text) is does


@given(st.text(max_size=200))
def test_no_text_is_an_error_or_takes_long(text: str) -> None:
    asks_for_time(text), asks_whether_there(text), ends_in_figures(text)


def test_a_long_ramble_is_judged_in_no_time() -> None:
    """A pattern that tries every way to cut it would be at it for ever."""
    assert not asks_for_time("okay wait a second " * 400 + "what is your address")
    assert not asks_whether_there("hello okay hey " * 400 + "where are you")
