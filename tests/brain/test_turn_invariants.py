"""What holds for every sequence of events, sensible or not."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain import actions as act
from brain import dead_air, journal
from brain import events as ev
from brain.courtesy import Courtesy
from brain.expect import Expect, Interruptible, Kind
from brain.turns import State, TurnManager

OUTCOMES = act.Commit | act.CommitKeys | act.NoInput | act.CannotHear
TEXTS = [
    "",
    "Yes.",
    "okay",
    "um",
    "5 5 5",
    "I want a doctor and",
    "Hold on a second.",
    "Are you there?",
    "When do you open?",
    "billing",
    "...",
    "Да, конечно",
]
MOVES = [
    "maybe", "start", "stop", "partial", "final", "stale final", "score", "key", "#", "prompt", "prompt end",
    "ask", "ask with prompt", "withdraw", "stt fails", "stt recovers", "hold", "unhold", "wait",
    "echo", "no echo", "far", "near", "interjection", "interjection fails",
]  # fmt: skip


@dataclass(slots=True)
class World:
    """A call in which anything may happen, in an order that the shell keeps: see `move`."""

    manager: TurnManager = field(default_factory=TurnManager)
    now: float = 0.0
    lines: list[str] = field(default_factory=lambda: [journal.HEADER])
    open_questions: int = 0
    utterances: int = 0
    speaking: int | None = None
    paused: bool = False
    ducked: bool = False
    speech: bool = False
    held: bool = False
    segment: int | None = None
    request: tuple[int, int] | None = None
    speculation: tuple[int, str] | None = None
    heard: list[str] = field(default_factory=list)
    interjected: list[float] = field(default_factory=list)
    unsaid: int = 0
    backchannels: list[float] = field(default_factory=list)

    def give(self, event: ev.Event) -> None:
        self.now = event.at
        actions = self.manager.handle(event)
        self.keep(event, actions)
        for action in actions:
            self.check(action)
        due = self.manager.deadline()
        if isinstance(event, ev.Tick):
            assert due is None or due > event.at, "a Tick that moves nothing would come back at once"
        assert not (
            self.speaking is None
            and self.manager.state in (State.SPEAKING, State.DUCKED, State.DOUBTING, State.PAUSED, State.OVERHEARING)
        )
        if self.open_questions and self.speaking is None and not self.held:
            assert due is not None, f"an open question and no deadline: {self.manager.state}"

    def keep(self, event: ev.Event, actions: tuple[act.Action, ...]) -> None:
        self.lines.append(journal.line_of(event, actions))

    def check(self, action: act.Action) -> None:
        match action:
            case act.Commit() | act.CommitKeys() | act.NoInput() | act.CannotHear():
                assert self.open_questions == 1, "an outcome that nobody asked for"
                self.open_questions = 0
                if isinstance(action, act.Commit):
                    assert any(c.isalnum() for c in action.text)
                    self.heard.append(action.text)
                    assert self.speculation is None or self.speculation == (action.turn, action.text)
                assert self.speculation is None or isinstance(action, act.Commit)
                self.speculation = None
            case act.Interject(text):
                assert text and not self.held and self.speaking is None
                assert not self.interjected or self.now >= self.interjected[-1] + dead_air.APART_S, "two at once"
                self.interjected.append(self.now)
                self.unsaid = 1
            case act.Backchannel():
                assert self.segment is not None and self.speaking is None and not self.speech
                assert not self.backchannels or self.now >= self.backchannels[-1] + dead_air.BACKCHANNELS_APART_S
                self.backchannels.append(self.now)
            case act.Aside(text=text):
                assert any(c.isalnum() for c in text)
            case act.KeyWaits():
                assert not self.open_questions, "a key for the question waits for another"
            case act.Duck():
                assert self.speaking and not self.ducked and not self.paused
                self.ducked = True
            case act.Unduck():
                assert self.ducked
                self.ducked = False
            case act.PausePlayout():
                assert self.speaking and not self.paused and not self.ducked
                self.paused = True
            case act.ResumePlayout():
                assert self.speaking and self.paused
                self.paused = False
            case act.StopSpeaking(utterance):
                assert utterance == self.speaking
                self.speaking, self.paused = None, False
            case act.BeginSegment(segment, since):
                assert self.segment is None, "the segment before is still open"
                assert since <= self.now
                self.segment = segment
            case act.EndSegment(segment):
                assert segment == self.segment
                self.segment = None
            case act.RequestFinal(segment, request):
                assert segment == self.segment
                self.request = (segment, request)
            case act.Speculate(turn, text):
                assert self.speculation is None and self.open_questions
                self.speculation = (turn, text)
            case act.DropSpeculation(turn):
                assert self.speculation is not None and self.speculation[0] == turn
                self.speculation = None

    def ticks_until(self, when: float) -> None:
        while (due := self.manager.deadline()) is not None and due <= when:
            self.give(ev.Tick(max(due, self.now)))
        self.now = max(self.now, when)

    def move(self, name: str, text: str, expect: Expect, how: Interruptible) -> None:
        """One event of those that a shell could send now; nothing where it couldn't."""
        at = self.now
        match name:
            case "maybe" if not self.speech:
                self.give(ev.SpeechMaybe(at, at - 0.05))
            case "echo" | "no echo":
                self.give(ev.EchoChanged(at, name == "echo"))
            case "far" | "near":
                self.give(ev.DistanceChanged(at, name == "far"))
            case "start" if not self.speech:
                self.speech = True
                self.give(ev.SpeechStarted(at, at - 0.1))
            case "stop" if self.speech:
                self.speech = False
                self.give(ev.SpeechStopped(at, at - 0.12))
            case "partial" if self.segment is not None:
                self.give(ev.PartialText(at, self.segment, text, at - 0.05))
            case "final" if self.request is not None:
                (segment, request), self.request = self.request, None
                self.give(ev.FinalText(at, segment, request, text, 0.5))
            case "stale final":
                self.give(ev.FinalText(at, 1, 1, text, 0.5))
            case "score" if self.request is not None:
                self.give(ev.TurnScore(at, self.request[1], 0.75))
            case "key" | "#":
                self.give(ev.KeyPressed(at, "5" if name == "key" else "#"))
            case "prompt" if self.speaking is None:
                self.utterances += 1
                self.speaking = self.utterances
                self.give(ev.PromptStarted(at, self.utterances, how))
            case "interjection" if self.unsaid and self.speaking is None:
                self.unsaid = 0
                self.utterances += 1
                self.speaking = self.utterances
                self.give(ev.PromptStarted(at, self.utterances, Interruptible.SPEECH, True))
            case "interjection fails":
                self.unsaid = 0
            case "prompt end" if self.speaking is not None:
                number, self.speaking, self.paused = self.speaking, None, False
                self.give(ev.PromptEnded(at, number))
            case "ask" | "ask with prompt" if not self.open_questions:
                self.open_questions = 1
                self.give(ev.Asked(at, expect, name == "ask with prompt"))
            case "withdraw" if self.open_questions:
                self.open_questions = 0
                self.give(ev.AskWithdrawn(at))
            case "stt fails":
                self.give(ev.SttFailed(at))
            case "stt recovers":
                self.give(ev.SttRecovered(at))
            case "hold" if not self.held:
                self.held, self.speech = True, False  # the voice detector begins anew after it
                self.give(ev.HoldChanged(at, True))
            case "unhold" if self.held:
                self.held = False
                self.give(ev.HoldChanged(at, False))


COURTESY = Courtesy(("One moment.", "Let me see."), ("Still looking.",), "Take your time.", 20.0, "I'm here.", True)

expects = st.builds(
    Expect,
    kind=st.sampled_from(Kind),
    min_digits=st.just(3),
    max_digits=st.sampled_from([3, 5]),
    phrases=st.just(("billing", "sales")),
    voice=st.just(True),
    keys=st.booleans(),
    only_keys=st.sampled_from([None, "", "5"]),
    courtesy=st.sampled_from([None, COURTESY]),
) | st.builds(Expect, kind=st.just(Kind.DIGITS), voice=st.just(False))

steps = st.tuples(
    st.sampled_from([0.0, 0.02, 0.1, 0.25, 0.7, 1.3, 4.0, 12.0]),
    st.sampled_from(MOVES),
    st.sampled_from(TEXTS),
    expects,
    st.sampled_from(Interruptible),
)


def live(script: list[tuple[float, str, str, Expect, Interruptible]]) -> World:
    world = World()
    for wait, name, text, expect, how in script:
        world.ticks_until(world.now + wait)
        world.move(name, text, expect, how)
    return world


@settings(max_examples=400, deadline=None)
@given(st.lists(steps, max_size=60))
def test_every_promise_holds_at_every_step(
    script: list[tuple[float, str, str, Expect, Interruptible]],
) -> None:
    live(script)


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, max_size=40))
def test_left_alone_every_question_ends(script: list[tuple[float, str, str, Expect, Interruptible]]) -> None:
    """Whatever was before: once the prompt is over and the caller is silent, one outcome comes."""
    world = live(script)
    for name in ("unhold", "stop", "prompt end"):
        world.move(name, "", Expect(), Interruptible.NO)
    world.ticks_until(world.now + 60.0)
    assert world.open_questions == 0
    assert world.segment is None and world.speculation is None
    assert world.manager.deadline() is None


@settings(max_examples=200, deadline=None)
@given(st.lists(steps, max_size=40), st.sampled_from([0.3, 0.9, 1.9]))
def test_noise_and_a_dead_recogniser_cannot_keep_a_question_open(
    script: list[tuple[float, str, str, Expect, Interruptible]], every: float
) -> None:
    world = live(script)
    for name in ("unhold", "prompt end"):
        world.move(name, "", Expect(), Interruptible.NO)
    for turn in range(int(90 / every)):
        world.ticks_until(world.now + every)
        world.move("stop" if world.speech else ("maybe", "start")[turn % 2], "", Expect(), Interruptible.NO)
    assert world.open_questions == 0


holds = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.1, 0.4, 3.0, 200.0]),
        st.sampled_from(["stop", "start", "final", "score", "maybe", "hold", "unhold", "stt fails", "stt recovers"]),
    ),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(holds, st.sampled_from(["stop", "final", "wait"]))
def test_no_hold_loses_what_was_said_before_it(script: list[tuple[float, str]], then: str) -> None:
    """Whenever it comes, however long it lasts, and whatever else there is to it."""
    world, said = World(), "I want a doctor and"
    for name in ("ask", "start", "partial", then, "hold"):
        world.ticks_until(world.now + 0.1)
        world.move(name, said, Expect(), Interruptible.SPEECH)
    for wait, name in [*script, (0.1, "unhold"), (0.1, "stop"), (0.1, "partial")]:
        world.ticks_until(world.now + wait)
        world.move(name, said, Expect(), Interruptible.SPEECH)
    world.ticks_until(world.now + 60.0)
    assert world.heard == [said]


@pytest.mark.parametrize("words", ["Hmm.", "Yeah."])
def test_a_sound_over_the_bot_that_goes_on_is_waited_for_and_not_asked_about_without_end(words: str) -> None:
    """It isn't over, so there is no request and no final to wait for: their limit lies in the past."""
    world = World()
    for name, wait in [("ask", 1.0), ("prompt", 1.0), ("start", 0.5), ("partial", 0.1), ("partial", 8.0)]:
        world.move(name, words, Expect(), Interruptible.SPEECH)
        world.ticks_until(world.now + wait)  # every Tick moves the deadline: see `World.give`
    assert world.speech and world.speaking and not world.paused  # by now the bot has gone on


@settings(max_examples=200, deadline=None)
@given(st.lists(steps, max_size=60))
def test_the_journal_replays_to_the_same_actions(
    script: list[tuple[float, str, str, Expect, Interruptible]],
) -> None:
    assert journal.replay(live(script).lines) == []


ANY = st.sampled_from(
    [
        lambda at: ev.SpeechMaybe(at, at), lambda at: ev.SpeechStarted(at, at),
        lambda at: ev.SpeechStopped(at, at),
        lambda at: ev.PartialText(at, 1, "hello there"), lambda at: ev.PartialText(at, 2, ""),
        lambda at: ev.FinalText(at, 1, 1, "hello", 0.5), lambda at: ev.FinalText(at, 2, 2, "", 0.5),
        lambda at: ev.TurnScore(at, 1, 0.9), lambda at: ev.KeyPressed(at, "1"), lambda at: ev.Tick(at),
        lambda at: ev.PromptStarted(at, 1, Interruptible.SPEECH), lambda at: ev.PromptEnded(at, 1),
        lambda at: ev.PromptStarted(at, 2, Interruptible.NO), lambda at: ev.Asked(at, Expect()),
        lambda at: ev.Asked(at, Expect(Kind.DIGITS), True), lambda at: ev.AskWithdrawn(at),
        lambda at: ev.SttFailed(at), lambda at: ev.SttRecovered(at), lambda at: ev.HoldChanged(at, True),
        lambda at: ev.HoldChanged(at, False), lambda at: ev.DistanceChanged(at, True),
        lambda at: ev.DistanceChanged(at, False),
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.1, 1.0, 9.0]), ANY), max_size=80))
def test_no_order_of_events_is_an_error(events: list[tuple[float, object]]) -> None:
    """Also such as no shell would send."""
    manager, now = TurnManager(), 0.0
    for wait, make in events:
        now += wait
        manager.handle(make(now))  # type: ignore[operator]
