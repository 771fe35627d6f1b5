"""How much of a caller's words the language model reads while they are still speaking. Pure.

What it has read it need not read when they have finished: on two cores 20 ms a word. But reading takes both cores
from the recogniser, so it is done rarely, and of words that will hardly change.
"""

from __future__ import annotations

from brain.floor import State

UNSURE_WORDS = 2
"""The newest words, which the recogniser may still take back."""
LEAST_WORDS = 3
"""Fewer new words aren't worth the reading."""
MOST_READINGS = 2
"""In one stretch of speech."""


class ReadAhead:
    """One caller's words, as they come."""

    def __init__(self) -> None:
        self._read: list[str] = []
        self._readings = 0

    def worth_reading(self, text: str, state: State) -> str | None:
        """What to read now that the turn so far is `text`; None where it isn't worth it.

        Only while they speak on: at a pause the answer may be asked for at any moment, and what is said over the bot
        may be no turn at all.
        """
        if state is not State.HEARING:
            return None
        sure = text.split()[:-UNSURE_WORDS]
        known = 0
        while known < min(len(sure), len(self._read)) and sure[known] == self._read[known]:
            known += 1
        if len(sure) - known < LEAST_WORDS or self._readings >= MOST_READINGS:
            return None
        self._read, self._readings = sure, self._readings + 1
        return " ".join(sure)

    def turn_over(self) -> None:
        """What comes next are other words."""
        self._read, self._readings = [], 0
