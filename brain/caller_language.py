"""Which of a plan's languages a caller speaks, from the recogniser's opinion of each utterance.

One short utterance says little ("okay" is most languages), so it takes one long or two short ones in a row to change
over, and only a call's first utterances count: nobody changes language in the middle, and a name or a street may
well be foreign.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SHORT_MS, LONG_MS = 1200, 3000
"""Audio of an utterance that says nothing yet, and that says enough by itself."""
FIRST_UTTERANCES = 5


@dataclass(slots=True)
class CallerLanguage:
    """`current` is what to take a caller's language for; `others` are what else it may be."""

    current: str
    others: tuple[str, ...] = ()
    _segments: set[int] = field(default_factory=set)
    _last: tuple[int, str] = (0, "")

    def heard(self, segment: int, language: str, audio_ms: int) -> bool:
        """The recogniser took so much audio of `segment` for `language`. Returns whether `current` changed.

        A segment is heard again as it gets longer; each counts once.
        """
        if not self.others or audio_ms < SHORT_MS:
            return False
        self._segments.add(segment)
        if len(self._segments) > FIRST_UTTERANCES or language not in (self.current, *self.others):
            return False
        before, taken_for = self._last
        again = language == taken_for and segment != before
        if segment != before or language != taken_for:
            self._last = (segment, language)
        if language == self.current or not (again or audio_ms >= LONG_MS):
            return False
        self.others = (*(other for other in self.others if other != language), self.current)
        self.current = language
        return True
