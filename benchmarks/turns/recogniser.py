"""The speech server in virtual time: what `brain.stt.local` would answer, when it would answer it.

Its rules are repeated here without tasks: a partial every 300 ms of new audio, or back to back in an urgent segment,
a decode at 60 ms of quiet, a final that is that decode where only quiet followed. The words are Whisper's for exactly
that audio; the times are constants. One rule isn't: that a worker sends what falls quiet at once. A decode at a pause
comes up to a batch later here (`tests/benchmarks/test_turns_as_served.py` compares the two).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np

from benchmarks.turns.hearing import Hearing
from benchmarks.turns.items import RATE
from benchmarks.turns.models import Models, Words
from brain import events as ev
from brain.ear import KEPT_S, RUN_UP_S, SCORED_S
from brain.engines import SttSettings
from brain.interruption import without_own
from brain.stt.local import URGENT_UNTIL_MS, partial_due
from brain.stt.pauses import Pauses
from brain.stt.remote import BATCH_MS

PARTIAL_S = 0.140
FINAL_S = 0.165
SCORE_S = 0.045
"""What a decode of the newest words, one with word times, and a score take on a core that is free."""
SECOND_LOOK_S = 0.3
"""What one with word times takes more where it looks twice (`benchmarks.levels`, less the filter's share)."""
WIRE_S = 0.004
"""To the speech server and back, with its scheduler."""
OVERTAKEN_S = 0.5
"""While somebody speaks on, a partial has been overtaken by another within this time. Where it is known that they do,
it isn't computed: the turn manager would forget it unused."""


@dataclass(slots=True)
class _Decode:
    """A decode of the first `samples` of a segment, ready at `ready`."""

    samples: int
    ready: float


@dataclass(slots=True)
class _Segment:
    number: int
    first: int
    fed: int
    pauses: Pauses
    settings: SttSettings
    batch: int = 0
    server: int = 0
    decoded_ms: int = 0
    partial: _Decode | None = None
    pause: _Decode | None = None
    open: bool = True

    @property
    def urgent(self) -> bool:
        """See `brain.stt.local`."""
        return self.settings.urgent and _ms(self.server) < URGENT_UNTIL_MS


@dataclass(slots=True)
class Recogniser:
    """One call's streams to the speech server. `own` is what the bot said last (see `brain.ear`)."""

    models: Models
    hearing: Hearing
    own: str = ""
    _segment: _Segment | None = None
    _due: list[tuple[float, int, int | None, ev.Event]] = field(default_factory=list)
    _serial: count[int] = field(default_factory=count)
    _shown: tuple[int, float] = (-1, 0.0)  # segment, and the end of what its newest partial heard

    def next_at(self) -> float | None:
        """When the next answer comes."""
        self._drop_stale()
        return self._due[0][0] if self._due else None

    def take(self) -> ev.Event:
        """The next answer."""
        event = heapq.heappop(self._due)[3]
        if isinstance(event, ev.PartialText):
            self._shown = event.segment, event.until or 0.0
        if isinstance(event, ev.PartialText | ev.FinalText) and self.hearing.doubted:
            return _without(event, self.own)
        return event

    def begin(self, segment: int, since: float, now: float, urgent: bool = False) -> None:
        """See `brain.ear.Ear.begin`."""
        end = self.hearing.heard.size
        wanted = min(int((now - since + RUN_UP_S) * RATE), int(KEPT_S * RATE), end)
        first = end - max(0, wanted)
        settings = SttSettings(urgent=urgent, noisy=self.hearing.noisy)
        self._segment = _Segment(segment, first, first, Pauses(RATE), settings)
        self._feed(self._segment, now)

    def end(self, segment: int) -> None:
        """No more audio for `segment`."""
        if self._segment is not None and self._segment.number == segment:
            self._segment.open = False

    def heard(self, now: float) -> None:
        """The hearing has a frame more."""
        segment = self._segment
        if segment is not None and segment.open:
            self._feed(segment, now)

    def finalize(self, segment: int, request: int, now: float) -> None:
        """See `brain.ear.Ear.finalize`."""
        score = self.models.complete(self.hearing.heard[-int(SCORED_S * RATE) :])
        self._answer(now + SCORE_S + WIRE_S, None, ev.TurnScore(now + SCORE_S + WIRE_S, request, score))
        open_now = self._segment
        if open_now is None or open_now.number != segment:
            self._answer(now + WIRE_S, None, ev.FinalText(now + WIRE_S, segment, request, "", 0.0))
            return
        self._arrive(open_now, now)
        known = open_now.pause
        if known is None or known.samples < open_now.pauses.spoken_ms * RATE // 1000:
            known = _Decode(open_now.server, now + WIRE_S + self._careful_s(open_now, open_now.server))
        open_now.partial, open_now.pause, open_now.decoded_ms = None, known, _ms(open_now.server)
        words = self._careful(open_now, known.samples)
        at = round(max(known.ready, now + WIRE_S), 4)
        self._answer(at, None, ev.FinalText(at, segment, request, words.text, words.confidence))

    def _feed(self, segment: _Segment, now: float) -> None:
        """Whole batches reach the server."""
        size = self.hearing.heard.size
        segment.batch += size - segment.fed
        segment.fed = size
        if segment.batch >= BATCH_MS * RATE // 1000:
            self._arrive(segment, now)
            self._decode(segment, now)
        elif segment.urgent:  # the decode before may have ended, and the next begins then
            self._decode(segment, now)

    def _arrive(self, segment: _Segment, now: float) -> None:
        fresh = self.hearing.heard[segment.first + segment.server : segment.fed]
        segment.server += fresh.size
        segment.batch = 0
        segment.pauses.feed(fresh)

    def _decode(self, segment: _Segment, now: float) -> None:
        spoken = segment.pauses.spoken_ms
        if segment.partial is not None and segment.partial.ready <= now:
            segment.partial = None
        covered = segment.pause is not None and _ms(segment.pause.samples) >= spoken
        if segment.pauses.paused and not covered:
            segment.pause = self._show(segment, now, careful=True)
        due = partial_due(segment.settings, segment.decoded_ms, _ms(segment.server))
        if due and spoken > segment.decoded_ms and segment.partial is None:
            segment.partial = self._show(segment, now, careful=False)

    def _show(self, segment: _Segment, now: float, careful: bool) -> _Decode:
        takes_s = self._careful_s(segment, segment.server) if careful else PARTIAL_S
        ready = round(now + WIRE_S + takes_s, 4)
        segment.decoded_ms = _ms(segment.server)
        if self.hearing.may_stop_within(OVERTAKEN_S):
            audio = self._audio(segment, segment.server)
            if careful and segment.settings.noisy:
                words = self._careful(segment, segment.server)
            else:
                words = self.models.quick_words(audio) if segment.urgent else self.models.words(audio)
            until = round((segment.first + segment.server) / RATE, 4)
            partial = ev.PartialText(ready, segment.number, words.text, until, words.confidence)
            self._answer(ready, segment.number, partial)
        return _Decode(segment.server, ready)

    def _careful(self, segment: _Segment, samples: int) -> Words:
        """A decode with word times."""
        return self.models.words(self._audio(segment, samples), segment.settings.noisy)

    def _careful_s(self, segment: _Segment, samples: int) -> float:
        """How long that takes."""
        twice = segment.settings.noisy and self._careful(segment, samples).twice
        return FINAL_S + (SECOND_LOOK_S if twice else 0.0)

    def _audio(self, segment: _Segment, samples: int) -> np.ndarray:
        return self.hearing.heard[segment.first : segment.first + samples]

    def _answer(self, at: float, segment: int | None, event: ev.Event) -> None:
        heapq.heappush(self._due, (at, next(self._serial), segment, event))

    def _drop_stale(self) -> None:
        """Partials of a segment that another has replaced aren't shown, nor those that a newer one has overtaken."""
        current = self._segment.number if self._segment is not None else None
        while self._due and self._due[0][2] is not None:
            event = self._due[0][3]
            overtaken = isinstance(event, ev.PartialText) and (event.segment, event.until or 0.0) <= self._shown
            if self._due[0][2] == current and not overtaken:
                return
            heapq.heappop(self._due)


def _without(event: ev.PartialText | ev.FinalText, own: str) -> ev.Event:
    text = without_own(event.text, own)
    if isinstance(event, ev.PartialText):
        return replace(event, text=text)
    return ev.FinalText(event.at, event.segment, event.request, text, event.confidence)


def _ms(samples: int) -> int:
    return samples * 1000 // RATE
