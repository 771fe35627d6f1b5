"""What the turns came to, as plans take it."""

from __future__ import annotations

from brain import actions as act
from brain.actions import Outcome
from brain.mouth import Utterance
from dialplans.call import Heard, Keyed, Nothing, Said, Spoken, Unheard


def spoken(utterance: Utterance) -> Spoken:
    """How a prompt ended."""
    return Spoken(utterance.complete, utterance.heard)


def heard(outcome: Outcome) -> Heard:
    """The answer to a question."""
    match outcome:
        case act.Commit(text=""):
            return Nothing()
        case act.Commit():
            return Said(outcome.text, outcome.confidence)
        case act.CommitKeys():
            return Keyed(outcome.keys)
        case act.NoInput():
            return Nothing()
        case act.CannotHear():
            return Unheard("speech recognition is not available")
