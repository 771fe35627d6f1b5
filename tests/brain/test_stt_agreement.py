"""LocalAgreement-2 and the rolling window, without a model."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from brain.engines import Word
from brain.stt.guard import compression, is_speech, loops
from brain.stt.local_agreement import LocalAgreement, stable_prefix
from brain.stt.window import FULL_MS, KEEP_MS, ROLL_MS, Window, split

texts = st.lists(st.sampled_from(["a", "b", "A,", "b.", "c"]), max_size=6).map(" ".join)


def words(*spans: tuple[int, int]) -> list[Word]:
    return [Word(f"w{n}", start, end, 0.9) for n, (start, end) in enumerate(spans)]


def test_two_decodes_agree_on_their_common_beginning() -> None:
    agreement = LocalAgreement()
    assert agreement.update("I want to") == 0
    assert agreement.update("I want to book a") == 3
    assert agreement.update("I want two book a room") == 2


def test_case_and_punctuation_are_no_disagreement() -> None:
    agreement = LocalAgreement()
    agreement.update("It was the best")
    assert agreement.update("it was, the best of") == 4


@given(st.lists(texts, max_size=6))
def test_the_stable_words_are_a_prefix_of_both_decodes(decodes: list[str]) -> None:
    agreement = LocalAgreement()
    before = ""
    for text in decodes:
        stable = stable_prefix(text, agreement.update(text))
        assert text.startswith(stable)
        fold = [w.strip(".,").lower() for w in stable.split()]
        assert [w.strip(".,").lower() for w in before.split()][: len(fold)] == fold
        before = text


def test_words_that_left_are_not_compared_again() -> None:
    agreement = LocalAgreement()
    agreement.update("one two three")
    agreement.forget(2)
    assert agreement.update("three four") == 1


def test_a_prefix_keeps_the_text_as_it_stands() -> None:
    assert stable_prefix("Yes,  of course. Yes", 2) == "Yes,  of"
    assert stable_prefix("Yes", 0) == ""
    assert stable_prefix("a b", 9) == "a b"


# ---- the window ----------------------------------------------------------------------------------------


def test_a_short_window_is_not_cut() -> None:
    assert split(words((0, 500), (600, 900)), 2, ROLL_MS - 1) == (0, 0)


def test_the_cut_goes_through_the_widest_pause_of_agreed_words() -> None:
    spans = words((0, 4000), (4100, 5000), (5900, 6500), (6600, 7900), (9000, 11000))
    assert split(spans, 4, ROLL_MS) == (2, 5450)


def test_words_that_are_not_agreed_stay() -> None:
    assert split(words((0, 4000), (5000, 7000)), 0, ROLL_MS) == (0, 0)


def test_a_full_window_is_cut_without_agreement() -> None:
    count, at_ms = split(words((0, 9000), (9100, 18000), (18100, 23000)), 0, FULL_MS)
    assert (count, at_ms >= 18000) == (2, True)


def test_a_full_window_without_words_gives_up_its_audio() -> None:
    assert split([], 0, FULL_MS) == (0, FULL_MS - KEEP_MS)


@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 900)), max_size=40),
    st.integers(0, 40),
    st.integers(1000, 28000),
)
def test_a_cut_never_goes_through_a_word(gaps: list[tuple[int, int]], agreed: int, duration_ms: int) -> None:
    spans, at = [], 0
    for pause, length in gaps:
        spans.append((at + pause, at + pause + length))
        at += pause + length
    heard = words(*[s for s in spans if s[1] <= duration_ms])
    count, at_ms = split(heard, agreed, duration_ms)
    assert 0 <= count <= len(heard) and 0 <= at_ms < duration_ms
    if at_ms:
        assert all(w.end_ms <= at_ms for w in heard[:count])
        assert all(w.start_ms >= at_ms for w in heard[count:]) or count == 0


def test_what_is_cut_off_leaves_the_window_and_its_words_stay() -> None:
    window = Window(8000)
    window.append(np.arange(16000, dtype=np.int16))
    window.append(np.arange(16000, dtype=np.int16))
    window.roll(window.snapshot().cut(1500, words((0, 700), (800, 1400))))
    after = window.snapshot()
    assert (after.origin_ms, after.pcm[0], after.pcm.size, window.audio_ms) == (1500, 12000, 20000, 4000)
    window.roll(after.cut(500, words((100, 300))))
    assert [(w.start_ms, w.end_ms) for w in window.snapshot().settled] == [
        (0, 700),
        (800, 1400),
        (1600, 1800),
    ]
    assert window.audio_ms == 4000


# ---- what is made up -----------------------------------------------------------------------------------


def test_a_loop_is_a_repetition_nobody_could_speak() -> None:
    assert loops("5 5 5 5 5 5 5 5 5 5 5", 1.6)
    assert loops("thank you " * 12, 2.0)
    assert not loops("5 5 5 5", 1.6)
    assert not loops("no no no no no", 3.0)
    assert not loops("one two three four five six seven eight nine ten eleven", 1.6)


def test_only_what_is_likely_is_speech() -> None:
    assert is_speech("Hello world.", -0.39, 0.06)
    assert is_speech("He might", -0.96, 0.20)
    assert not is_speech("you", -1.54, 0.69)
    assert not is_speech("yes, no, operator", -1.05, 0.29)
    assert not is_speech(". . . .", -0.05, 0.97)
    assert not is_speech("", 0.0, 1.0)


def test_repetition_compresses() -> None:
    assert compression("no, " * 40) > 2.4 > compression("The quick brown fox jumps over the lazy dog.")
