"""The journal without its private stretches: nothing of them is in it, and all else replays."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_turn_invariants import World, steps

from brain import actions as act
from brain import events as ev
from brain import journal
from brain.expect import Expect, Interruptible, Kind
from brain.journal import JournalError
from brain.redaction import Keeping, Redactor

SECRET = "secret 4 8 2"
PIN = Expect(Kind.DIGITS, 3, 3)


@dataclass(slots=True)
class Private(World):
    """A world with private questions. What is said in them, or in a turn that reaches into them, is SECRET."""

    redactor: Redactor = field(default_factory=lambda: Redactor(print))
    segments: set[int] = field(default_factory=set)
    open: int = 0
    ahead: bool = True

    def __post_init__(self) -> None:
        self.redactor = Redactor(self.lines.append, self.ahead)

    def keep(self, event: ev.Event, actions: tuple[act.Action, ...]) -> None:
        left_out = self.redactor.note(event, actions, self.manager.floor)
        begun = {action.segment for action in actions if isinstance(action, act.BeginSegment)}
        if left_out:
            self.segments |= begun | ({self.segment} if self.segment is not None else set())

    def move(self, name: str, text: str, expect: Expect, how: Interruptible) -> None:
        if name == "cover":
            self.open += 1
            self.redactor.cover()
            if self.segment is not None:
                self.segments.add(self.segment)
        elif name == "uncover" and self.open:
            self.open -= 1
            self.redactor.uncover(self.manager.floor)
        else:
            segment = {"final": self.request and self.request[0], "stale final": 1}.get(name, self.segment)
            World.move(self, name, SECRET if segment in self.segments else text, expect, how)

    def do(self, *moves: str, text: str = SECRET, expect: Expect = PIN) -> Private:
        for name in moves:
            self.ticks_until(self.now + 0.05)
            World.move(self, name, text, expect, Interruptible.SPEECH)
        return self

    def private(self, *moves: str) -> Private:
        self.redactor.cover()
        self.do(*moves)
        self.redactor.uncover(self.manager.floor)
        return self

    @property
    def rows(self) -> list[dict[str, object]]:
        assert journal.replay(self.lines) == []
        return [json.loads(line) for line in self.lines[1:]]

    @property
    def names(self) -> list[object]:
        return [row.get("event", "redacted") for row in self.rows]


private_steps = steps | st.tuples(
    st.sampled_from([0.0, 0.3, 2.0]), st.sampled_from(["cover", "uncover"]), st.just(""), st.just(PIN),
    st.just(Interruptible.SPEECH),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(private_steps, max_size=60))
def test_whatever_happens_the_rest_replays_and_nothing_private_is_in_it(
    script: list[tuple[float, str, str, Expect, Interruptible]],
) -> None:
    world = Private()
    for wait, name, text, expect, how in script:
        world.ticks_until(world.now + wait)
        world.move(name, text, expect, how)
    world.redactor.close()
    assert "secret" not in "".join(world.lines)
    assert journal.replay(world.lines) == []
    for _, event, _ in journal.read(world.lines):
        if isinstance(event, journal.Redacted) and event.floor is not None:
            floor = event.floor
            assert (floor.keys, floor.turn, floor.pending, floor.backchannel) == ("", None, None, None)


@pytest.fixture
def kept() -> Private:
    return Private()


def test_keys_from_before_a_private_question_are_its_own(kept: Private) -> None:
    kept.do("key", "key", "key")
    assert kept.names == []  # nobody knows yet what they are for
    kept.private("ask")
    kept.do("ask", "key", expect=Expect(Kind.CHOICE))
    assert kept.names == ["redacted", "Asked", "KeyPressed"]
    assert kept.rows[0]["redacted"] == 4


def test_keys_from_before_another_question_are_written(kept: Private) -> None:
    kept.do("key", "ask", expect=Expect(Kind.CHOICE))
    assert kept.names == ["KeyPressed", "Asked"]


def test_keys_beyond_what_the_question_before_takes_are_the_private_ones(kept: Private) -> None:
    kept.do("key", "key", "key", "key", "ask", expect=Expect(Kind.CHOICE)).private("ask")
    assert kept.names == ["redacted"]
    assert kept.open_questions == 0


def test_words_from_before_a_private_question(kept: Private) -> None:
    kept.do("start", "partial", "stop", "final").private("ask", "wait")
    kept.ticks_until(9.0)
    assert "4" not in "".join(str(row.get("text", "")) for row in kept.rows)


def test_what_is_left_of_a_private_answer_is_private_too(kept: Private) -> None:
    kept.private("ask", "key", "key", "key", "key")  # one too many
    assert kept.redactor.keeping is Keeping.LEFT_OUT and kept.names == []
    kept.do("ask", expect=Expect(Kind.CHOICE)).do("ask", expect=Expect(Kind.CHOICE))
    assert kept.names == ["redacted", "Asked"]


def test_words_that_come_late_are_left_out(kept: Private) -> None:
    kept.private("ask", "start", "partial", "key", "key", "key").do("stale final", text=SECRET)
    assert kept.names == ["redacted", "FinalText"] and kept.rows[1]["text"] == ""


def test_a_call_that_ends_in_private(kept: Private) -> None:
    kept.do("ask", "withdraw", expect=Expect())
    kept.redactor.cover()
    kept.do("ask", "key")
    kept.redactor.close()
    assert kept.names == ["Asked", "AskWithdrawn", "redacted"] and "floor" not in kept.rows[-1]
    with pytest.raises(JournalError, match="line 5: the call ended in a private stretch"):
        journal.replay([*kept.lines, kept.lines[1]])


def test_a_call_that_ends_before_its_private_question(kept: Private) -> None:
    kept.do("key", "key").redactor.close()
    assert kept.names == ["redacted"]


def test_a_plan_without_private_questions_waits_for_nothing() -> None:
    kept = Private(ahead=False).do("key", "start", "partial")
    assert kept.names == ["KeyPressed", "SpeechStarted", "PartialText"]


def test_nothing_happened_in_private(kept: Private) -> None:
    assert kept.private().names == []


def test_within_one_another(kept: Private) -> None:
    kept.redactor.cover()
    kept.private("ask", "key", "key", "key").do("ask")
    assert kept.lines == [journal.HEADER]
    kept.redactor.uncover(kept.manager.floor)
    assert kept.names == ["redacted"]


@pytest.mark.parametrize(
    "line",
    [
        '{"redacted": 3}', '{"redacted": "x", "from": 1.0, "to": 2.0}',
        '{"redacted": 1, "from": 1.0, "to": 2.0, "floor": 3}',
        '{"redacted": 1, "from": 1.0, "to": 2.0, "floor": {"state": "asleep"}}',
    ],
)  # fmt: skip
def test_what_cannot_be_read(line: str) -> None:
    with pytest.raises(JournalError, match="line 2"):
        journal.replay([journal.HEADER, line])
