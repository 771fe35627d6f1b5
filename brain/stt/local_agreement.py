"""LocalAgreement-2: of a text that is decoded again and again, what two decodes in a row agree on.

Source: Liu et al., "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial
Hypothesis Selection" (Interspeech 2020); Macháček et al., "Turning Whisper into Real-Time Transcription
System" (2023). Words are compared without case and punctuation, which Whisper changes its mind about;
the newest spelling is the one that is shown. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence


def folded(word: str) -> str:
    """`word` as it is compared: lower case, letters and digits only."""
    return "".join(c for c in word.lower() if c.isalnum())


class LocalAgreement:
    """Agreement over the hypotheses of one segment. The stable part shrinks only where it is contradicted."""

    def __init__(self) -> None:
        self._last: list[str] = []

    def update(self, text: str) -> int:
        """How many words of `text` (split at spaces) are stable now."""
        words = [folded(word) for word in text.split()]
        agreed = _common(self._last, words)
        self._last = words
        return agreed

    def forget(self, words: int) -> None:
        """The first `words` words have left the window: later hypotheses start behind them."""
        self._last = self._last[words:]


def stable_prefix(text: str, words: int) -> str:
    """The first `words` words of `text`, as they stand in it."""
    position = 0
    for word in text.split()[:words]:
        position = text.index(word, position) + len(word)
    return text[:position]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
