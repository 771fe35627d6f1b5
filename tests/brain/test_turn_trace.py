"""A turn's waterfall: what was said first, and what answered."""

from __future__ import annotations

from brain.trace import TurnTrace


def trace(**stages: float) -> TurnTrace:
    made = TurnTrace(1, "When?", 0.9, 10.0, 10.4, "voice")
    for name, at in stages.items():
        setattr(made, name, at)
    return made


def test_without_an_opening_the_first_sound_answers() -> None:
    assert trace(first_audio=10.9, first_heard=11.0).answer_heard == 11.0
    assert trace().answer_heard is None


def test_behind_an_opening() -> None:
    spoken = {"first_audio": 10.5, "first_heard": 10.52, "opening_s": 0.5}
    assert trace(**spoken, answer_audio=10.8).answer_heard == 11.02  # it was ready before the opening's end
    assert round(trace(**spoken, answer_audio=11.3).answer_heard or 0.0, 3) == 11.32  # it was not
    assert trace(**spoken).answer_heard is None  # it never came
