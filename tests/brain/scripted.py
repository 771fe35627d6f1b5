"""Scripted conversations: what happens when, and what the turn manager makes of it.

    talk = Talk().asked(kind=Kind.YES_NO).says("Yes.", 1.0, 1.4)
    assert talk.outcomes == [(1.62, "Commit", "Yes.")]

Time moves from event to event; Ticks are sent exactly when `deadline()` says so. A scripted recogniser
answers every `RequestFinal` after `FINAL_S` with the words said so far in the segment.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from brain import actions as act
from brain import events as ev
from brain import journal
from brain.expect import Expect, Interruptible, Kind
from brain.turns import State, TurnManager

FINAL_S = 0.1
"""From the request to the final."""
ONSET_S = 0.08
"""From the first sound to `SpeechStarted`."""
STOP_S = 0.12
"""From the last sound to `SpeechStopped`."""
PARTIAL_S = 0.15
"""Between two partials."""
INTERJECTED_S = 0.05
"""From an `Interject` to its first sound; it lasts `LETTER_S` a letter, and a prompt waits for its end."""
LETTER_S = 0.06

OUTCOMES = (act.Commit, act.CommitKeys, act.NoInput, act.CannotHear)


@dataclass(frozen=True, slots=True)
class Done:
    """One action, when it was asked for, and the event that led to it."""

    at: float
    action: act.Action
    event: ev.Event


@dataclass(frozen=True, slots=True)
class _Words:
    """What the recogniser would print for the speech up to `until`."""

    until: float
    text: str


class Talk:
    """One conversation with a fresh turn manager. Every method returns the talk, so that scripts chain."""

    def __init__(self, final_s: float | None = FINAL_S, score: float | None = None) -> None:
        self.manager = TurnManager()
        self.now = 0.0
        self.done: list[Done] = []
        self.lines = [journal.HEADER]
        self._final_s, self._score = final_s, score
        self._coming: list[tuple[float, int, ev.Event | Callable[[], None]]] = []
        self._order = count()
        self._words: list[_Words] = []
        self._began: dict[int, float] = {}
        self._utterances = 0

    # ---- what happens -----------------------------------------------------------------------------------

    def at(self, when: float, event: ev.Event | Callable[[], None]) -> Talk:
        """`event` is to happen at `when`."""
        heapq.heappush(self._coming, (when, next(self._order), event))
        return self

    def says(self, text: str, start: float, end: float, partial: float | None = None) -> Talk:
        """The caller speaks from `start` to `end`; partials show the text twice before `partial`, and then. "" is a
        noise."""
        self._words.append(_Words(end, text))
        self.at(start + 0.04, ev.SpeechMaybe(start + 0.04, start))
        self.at(start + ONSET_S, ev.SpeechStarted(start + ONSET_S, start))
        if partial is not None:
            for before in (2, 1, 0):
                self.at(partial - before * PARTIAL_S, lambda: self._partial(text))
        return self.at(end + STOP_S, ev.SpeechStopped(end + STOP_S, end))

    def keys(self, keys: str, start: float, every: float = 0.3) -> Talk:
        """Keys, one every `every` seconds."""
        for index, key in enumerate(keys):
            when = start + index * every
            self.at(when, ev.KeyPressed(when, key))
        return self

    def asked(
        self, when: float = 0.0, kind: Kind = Kind.TALK, prompt: bool = False, **settings: object
    ) -> Talk:
        """The plan asks."""
        return self.at(when, ev.Asked(when, Expect(kind, **settings), prompt))  # type: ignore[arg-type]

    def prompt(self, start: float, seconds: float, how: Interruptible = Interruptible.SPEECH) -> Talk:
        """The bot speaks for `seconds` of its own time: pauses put its end off, a stop takes it away."""
        self._utterances += 1
        number = self._utterances
        self.at(start, lambda: self._start_prompt(number, seconds, how))
        return self

    def hold(self, start: float, end: float) -> Talk:
        """The call is on hold."""
        self.at(start, ev.HoldChanged(start, True))
        return self.at(end, ev.HoldChanged(end, False))

    def until(self, when: float) -> Talk:
        """Live on until `when`."""
        while True:
            due = self.manager.deadline()
            next_at = self._coming[0][0] if self._coming else float("inf")
            if due is not None and due <= min(next_at, when):
                self._give(ev.Tick(max(due, self.now)))
            elif next_at <= when:
                at, _, event = heapq.heappop(self._coming)
                self.now = max(self.now, at)
                if callable(event):
                    event()
                else:
                    self._give(event)
            else:
                self.now = when
                return self

    # ---- what came of it --------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        return self.manager.state

    @property
    def outcomes(self) -> list[tuple[float, str, str]]:
        """(time, name, text or keys) of every outcome."""
        return [
            (
                round(d.at, 3),
                type(d.action).__name__,
                getattr(d.action, "text", getattr(d.action, "keys", "")),
            )
            for d in self.done
            if isinstance(d.action, OUTCOMES)
        ]

    def names(self, *kinds: type) -> list[str]:
        """The names of all actions in order, or of those of some kinds."""
        return [type(d.action).__name__ for d in self.done if not kinds or isinstance(d.action, kinds)]

    def when(self, kind: type) -> list[float]:
        """The times of all actions of a kind."""
        return [round(d.at, 3) for d in self.done if isinstance(d.action, kind)]

    @property
    def interjected(self) -> list[tuple[float, str]]:
        """(time, text) of all interjections."""
        return [(round(d.at, 2), d.action.text) for d in self.done if isinstance(d.action, act.Interject)]

    @property
    def voice(self) -> list[str]:
        """What was done to the bot's voice."""
        kinds = (act.Duck, act.Unduck, act.PausePlayout, act.ResumePlayout, act.StopSpeaking)
        return [name.removesuffix("Playout").removesuffix("Speaking") for name in self.names(*kinds)]

    def why(self) -> str:
        """The reason of the last commit."""
        return [d.action.why.reason for d in self.done if isinstance(d.action, act.Commit)][-1]

    # ---- inside -----------------------------------------------------------------------------------------

    def _give(self, event: ev.Event) -> None:
        self.now = event.at
        actions = self.manager.handle(event)
        self.lines.append(journal.line_of(event, actions))
        for action in actions:
            self.done.append(Done(event.at, action, event))
            self._perform(action)

    def _perform(self, action: act.Action) -> None:
        match action:
            case act.BeginSegment(segment, since):
                self._began[segment] = since
            case act.RequestFinal(segment, request):
                if self._final_s is not None:
                    self._answer(segment, request, self.now + self._final_s)
                if self._score is not None:
                    when = self.now + 0.05
                    self.at(when, ev.TurnScore(when, request, self._score))
            case act.Interject(text):
                self._utterances += 1
                number, seconds = self._utterances, len(text) * LETTER_S
                self.at(self.now + INTERJECTED_S, lambda: self._start_interjection(number, seconds))
            case act.PausePlayout():
                self._paused_at = self.now
            case act.ResumePlayout():
                self._ends += self.now - self._paused_at
                self._paused_at = None
                self._plan_end()
            case act.StopSpeaking():
                self._speaking = None

    def _answer(self, segment: int, request: int, when: float) -> None:
        text, now = self._text(segment), self.now
        self.at(when, lambda: self._give(ev.FinalText(max(when, now), segment, request, text, 0.9)))

    def _text(self, segment: int) -> str:
        since = self._began.get(segment, 0.0)
        return " ".join(w.text for w in self._words if since < w.until <= self.now and w.text)

    def _partial(self, text: str) -> None:
        segment = max(self._began, default=0)
        self._give(ev.PartialText(self.now, segment, text))

    # the bot's voice: `_ends` moves on while it is paused
    _speaking: int | None = None
    _ends = 0.0
    _paused_at: float | None = None
    _interjecting: int | None = None

    def _start_interjection(self, number: int, seconds: float) -> None:
        if self._speaking is None:
            self._speaking, self._ends, self._paused_at, self._interjecting = number, self.now + seconds, None, number
            self._give(ev.PromptStarted(self.now, number, Interruptible.SPEECH, True))
            self._plan_end()

    def _start_prompt(self, number: int, seconds: float, how: Interruptible) -> None:
        if self._speaking is not None and self._speaking == self._interjecting:
            self.at(self.now + 0.02, lambda: self._start_prompt(number, seconds, how))
            return
        self._speaking, self._ends, self._paused_at = number, self.now + seconds, None
        self._give(ev.PromptStarted(self.now, number, how))
        self._plan_end()

    def _plan_end(self) -> None:
        number, ends = self._speaking, self._ends
        if number is not None:
            self.at(ends, lambda: self._maybe_end(number, ends))

    def _maybe_end(self, number: int, ends: float) -> None:
        if self._speaking == number and self._paused_at is None and ends == self._ends:
            self._speaking = None
            self._give(ev.PromptEnded(self.now, number))
