"""Where a turn's time went: from the caller's last sound to the bot's first."""

from __future__ import annotations

from dataclasses import dataclass

from brain.mouth import Utterance


@dataclass(slots=True)
class TurnTrace:
    """One committed turn. Times are seconds on the call's clock; None where a stage did not happen.

    `ended` is the caller's last sound, `committed` the end-of-turn decision, `retrieved` when it was known what the
    plan itself can say to it, `first_token` the language model's first word, `acknowledged` when an interjection was
    heard, which is no answer, `first_clause` the first that could be spoken, `first_audio` the synthesiser's,
    `first_heard` when pjmedia's clock took the first sample.
    An opening ("Sure,") of `opening_s` comes before the answer, whose own sound was ready at `answer_audio`.
    `saved_s` is how much of the answer's making was done at the commit, or needed no more, where it was begun before.
    """

    turn: int
    text: str
    confidence: float
    ended: float
    committed: float
    why: str
    final: float | None = None
    speculated: bool = False
    saved_s: float = 0.0
    retrieved: float | None = None
    first_token: float | None = None
    acknowledged: float | None = None
    first_clause: float | None = None
    opening_s: float = 0.0
    answer_audio: float | None = None
    first_audio: float | None = None
    first_heard: float | None = None
    said: str = ""
    complete: bool = True
    utterance: int | None = None

    @property
    def answer_heard(self) -> float | None:
        """When the first word that answers was heard: behind the opening, or when it was ready."""
        if self.first_heard is None or self.first_audio is None or not self.opening_s:
            return self.first_heard
        if self.answer_audio is None:
            return None
        return max(self.first_heard + self.opening_s, self.answer_audio + self.first_heard - self.first_audio)

    def answered_by(self, utterance: Utterance) -> None:
        """Note what the bot said to this turn."""
        self.utterance = utterance.number
        self.first_audio, self.first_heard = utterance.first_audio, utterance.first_heard
        self.said = utterance.text if utterance.complete else utterance.heard
        self.complete = utterance.complete
