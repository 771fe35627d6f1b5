"""A call in virtual time over the real turn manager: the real events in, the real actions out.

Nothing sleeps and no clock is read. The order within a frame is that of `brain.ear` and `brain.agent`: answers and
ticks that are due come first, then the frame is heard, then its events are handled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.turns.hearing import SILENT, Hearing
from benchmarks.turns.items import FRAME, FRAME_S, Turn
from benchmarks.turns.recogniser import Recogniser
from brain import actions as act
from brain import events as ev
from brain.turns import TurnManager
from media.frame import Pcm


@dataclass(slots=True)
class Journal:
    """What happened, event by event."""

    lines: list[tuple[ev.Event, tuple[act.Action, ...]]] = field(default_factory=list)

    def actions(self, *kinds: type[act.Action]) -> list[tuple[float, act.Action]]:
        """Every action of `kinds`, with its time."""
        return [(event.at, action) for event, actions in self.lines for action in actions if isinstance(action, kinds)]


class Conversation:
    """The turn manager, the recogniser and a hearing, moved frame by frame."""

    def __init__(
        self, manager: TurnManager, recogniser: Recogniser, perform: Callable[[float, act.Action], None]
    ) -> None:
        self.manager, self.recogniser, self._perform = manager, recogniser, perform
        self.journal = Journal()
        self.outcome: tuple[float, act.Outcome] | None = None

    def post(self, event: ev.Event) -> None:
        """Hand an event in and perform what comes back."""
        actions = self.manager.handle(event)
        self.journal.lines.append((event, actions))
        for action in actions:
            match action:
                case act.BeginSegment(segment, since, urgent):
                    self.recogniser.begin(segment, since, event.at, urgent)
                case act.EndSegment(segment):
                    self.recogniser.end(segment)
                case act.RequestFinal(segment, request):
                    self.recogniser.finalize(segment, request, event.at)
                case act.Commit() | act.CommitKeys() | act.NoInput() | act.CannotHear():
                    self.outcome = self.outcome or (event.at, action)
                case _:
                    self._perform(event.at, action)

    def until(self, now: float) -> None:
        """Everything that is due up to `now`."""
        while True:
            answer, tick = self.recogniser.next_at(), self.manager.deadline()
            due = min((at for at in (answer, tick) if at is not None), default=None)
            if due is None or due > now:
                return
            if answer is not None and answer <= due:
                self.post(self.recogniser.take())
            else:
                self.post(ev.Tick(due))

    def hear(self, hearing: Hearing, frame: int, audio: Pcm, sent: Pcm) -> None:
        """Frame number `frame` of the caller."""
        now = round((frame + 1) * FRAME_S, 4)
        self.until(now)
        events = hearing.hear(audio, sent)
        self.recogniser.heard(now)
        for event in events:
            self.post(event)


def committed(
    turn: Turn, hearing: Hearing, recogniser: Recogniser, manager: TurnManager
) -> tuple[float | None, Journal]:
    """When the turn manager takes `turn` as over, None where it doesn't; the caller was asked, and no prompt plays."""
    call = Conversation(manager, recogniser, lambda at, action: None)
    call.post(ev.Asked(0.0, turn.expect))
    for frame in range(turn.audio.size // FRAME):
        call.hear(hearing, frame, turn.audio[frame * FRAME : (frame + 1) * FRAME], SILENT)
        if call.outcome is not None:
            at, outcome = call.outcome
            return (at if isinstance(outcome, act.Commit) else None), call.journal
    return None, call.journal
