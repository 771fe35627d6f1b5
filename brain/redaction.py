"""Which of a call's events are kept: the journal, with its private stretches left out.

What a caller answers to a private question must not stand in the journal. Words or keys put in its place
would not do: the turn manager looks at them, and would be seen to act on others. So the whole stretch is
left out. In its place stands how many events it had and, at its end, what the floor is then, from which a
replay goes on.

A stretch begins with the first word or key that the private question may find, which may be from before it
is asked: such lines wait until it is known who takes them. It ends when the question is settled and nothing
that was said or pressed in it is left on the floor. So the floor, as it is written, holds no word and no key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum

from brain import events as ev
from brain.actions import Action
from brain.floor import Floor, State
from brain.journal import Redacted, line_of, redacted_line


class Keeping(Enum):
    """What becomes of events."""

    WRITTEN = "written at once"
    WAITING = "written once a question has taken what was said and pressed"
    LEFT_OUT = "counted"


class Redactor:
    """Writes one call's journal, line by line. `write` takes a line without its line feed.

    `ahead` says that private questions may come: only then need anything wait for them.
    """

    def __init__(self, write: Callable[[str], None], ahead: bool = False) -> None:
        self._write, self.ahead = write, ahead
        self.keeping = Keeping.WRITTEN
        self._open = 0
        self._waiting: list[tuple[float, str]] = []
        self._left_out: Redacted | None = None
        self._last_private = 0

    def note(self, event: ev.Event, actions: tuple[Action, ...], floor: Floor) -> bool:
        """What happened, and the floor after it. Returns whether it was left out."""
        if self.keeping is Keeping.LEFT_OUT:
            self._leave_out(event.at)
            self._end_if_clear(floor)
            return True
        if isinstance(event, (ev.PartialText, ev.FinalText)) and event.segment <= self._last_private:
            event = replace(event, text="")  # too late to matter, and what it says is private
        self._waiting.append((event.at, line_of(event, actions)))
        self.keeping = Keeping.WAITING if self.ahead and _unclaimed(floor) else Keeping.WRITTEN
        if self.keeping is Keeping.WRITTEN:
            for _, line in self._waiting:
                self._write(line)
            self._waiting.clear()
        return False

    def cover(self) -> None:
        """A private question begins. They may be nested."""
        self._open += 1
        self.keeping = Keeping.LEFT_OUT
        for at, _ in self._waiting:
            self._leave_out(at)
        self._waiting.clear()

    def uncover(self, floor: Floor) -> None:
        """It is settled, with `floor` as it is now."""
        self._open -= 1
        self._end_if_clear(floor)

    def close(self) -> None:
        """The call is over: what still waited was answered to nothing that may be kept."""
        for at, _ in self._waiting:
            self._leave_out(at)
        self._waiting.clear()
        if self._left_out is not None:
            self._write(redacted_line(self._left_out))
            self._left_out = None

    def _leave_out(self, at: float) -> None:
        stretch = self._left_out or Redacted(0, at, at)
        self._left_out = replace(stretch, events=stretch.events + 1, until=at)

    def _end_if_clear(self, floor: Floor) -> None:
        if self._open or not _clear(floor):
            return
        self.keeping = Keeping.WRITTEN
        self._last_private = floor.turns
        if self._left_out is not None:
            self._write(redacted_line(replace(self._left_out, floor=floor)))
            self._left_out = None


def _unclaimed(floor: Floor) -> bool:
    """Whether there are words or keys that a question to come may find."""
    keys = floor.keys and floor.state is not State.KEYING
    return bool(keys) or floor.pending is not None or (floor.turn is not None and floor.expect is None)


def _clear(floor: Floor) -> bool:
    """Whether nothing that was said or pressed is left."""
    return not floor.keys and floor.turn is None and floor.pending is None and floor.backchannel is None
