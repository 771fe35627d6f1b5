"""`ScriptedEot`: scores from a list, for tests without the model."""

from __future__ import annotations

from collections.abc import Sequence

from brain.engines import EngineError
from media.frame import Pcm


class ScriptedEot:
    """The nth question is answered with `scores[n]`, those past the end with the last; silence with 0."""

    def __init__(self, scores: Sequence[float] = (1.0,)) -> None:
        if not scores or not all(0.0 <= score <= 1.0 for score in scores):
            raise ValueError(f"expected probabilities, got {scores!r}")
        self._scores = list(scores)
        self.asked: list[int] = []
        """The number of samples of each question."""
        self.failure: str | None = None
        """While set, nothing is scored."""

    async def warm(self) -> None:
        self._check()

    async def score(self, pcm: Pcm, rate_hz: int) -> float:
        self._check()
        self.asked.append(pcm.size)
        if not pcm.any():
            return 0.0
        return self._scores.pop(0) if len(self._scores) > 1 else self._scores[0]

    def _check(self) -> None:
        if self.failure is not None:
            raise EngineError("eot", self.failure)
