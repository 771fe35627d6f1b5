"""A call in virtual time: an `Agent` with fake engines, a loop whose clock is moved by hand, a line.

Nothing sleeps. `Line.pass_time` moves the clock frame by frame and lets every task run in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from no_echo import NoEcho

from brain import actions as act
from brain import ear, journal
from brain import events as ev
from brain.actions import Outcome
from brain.agent import Agent, Engines
from brain.engines import EngineError, Eot, SpeechAudio, Stt, Tts
from brain.expect import Expect, Interruptible
from brain.mouth import Source, Utterance
from brain.stt.fake import ScriptedStt
from brain.tts.fake import ToneTts
from media.frame import Pcm, level_dbfs
from media.vad import Activity, SpeechMaybe, SpeechStarted, SpeechStopped, VadEvent

RATE = 8000
FRAME = 160
FRAME_S = 0.02
LOUD = 8000
SPEECH = Interruptible.SPEECH
_TURNS_OF_THE_LOOP = 12


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time stands still until `frames` is raised."""

    frames = 0

    def time(self) -> float:
        return round(self.frames * FRAME_S, 6)


class LoudVad:
    """Speech is what is loud. It starts with the second loud frame and stops after six quiet ones."""

    def __init__(self, rate_hz: int) -> None:
        self._loud = self._quiet = 0
        self._began = self._ended = 0
        self.level_dbfs = -100.0

    noise_dbfs = -70.0

    @property
    def activity(self) -> Activity:
        return Activity.QUIET

    def feed(self, frame: Pcm, position: int) -> tuple[VadEvent, ...]:
        self.level_dbfs = level_dbfs(frame)
        if np.abs(frame).max(initial=0) > 1000:
            self._loud, self._quiet, self._ended = self._loud + 1, 0, position + frame.size
            if self._loud == 1:
                self._began = position
                return (SpeechMaybe(position),)
            return (SpeechStarted(self._began),) if self._loud == 2 else ()
        self._quiet += 1
        if self._loud >= 2 and self._quiet == 6:
            self._loud = 0
            return (SpeechStopped(self._ended),)
        return ()


QUIET = np.zeros(FRAME, np.int16)
CHUNK = np.full(RATE // 10, 3000, np.int16)


class Voice:
    """A source of `chunks` tenths of a second that tells what became of it."""

    def __init__(self, chunks: int, fails_at: int | None = None) -> None:
        self.chunks, self.fails_at = chunks, fails_at
        self.made = 0
        self.closed = False

    def __aiter__(self) -> AsyncIterator[SpeechAudio]:
        return self

    async def __anext__(self) -> SpeechAudio:
        await asyncio.sleep(0)
        if self.made == self.fails_at:
            raise EngineError("tts", "gone")
        if self.made == self.chunks:
            raise StopAsyncIteration
        self.made += 1
        return SpeechAudio(self.made - 1, f"word{self.made}", CHUNK, True)

    async def aclose(self) -> None:
        self.closed = True


class Stuck(Voice):
    """A source that never comes with anything."""

    async def __anext__(self) -> SpeechAudio:
        await asyncio.Event().wait()
        raise AssertionError


@dataclass(slots=True)
class Line:
    """The call's two directions, and what became of them."""

    agent: Agent
    lines: list[str]
    reports: list[EngineError]
    tasks: asyncio.TaskGroup
    sent: list[Pcm] = field(default_factory=list)
    position: int = 0

    async def pass_time(self, seconds: float, loud: bool = False, held: bool = False) -> None:
        """So many seconds of the caller's silence, or of their voice."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        for _ in range(round(seconds / FRAME_S)):
            loop.frames += 1
            if not held:
                pcm = np.full(FRAME, LOUD if loud else 0, np.int16)
                self.agent.hear(pcm, QUIET, self.position, self.position + pcm.size)
                self.sent.append(self.agent.playout.take(FRAME))
                self.agent.advance(len(self.sent))
            self.position += FRAME
            for _ in range(_TURNS_OF_THE_LOOP):
                await asyncio.sleep(0)

    async def settle(self) -> None:
        """Let every task run as far as it can at this moment."""
        for _ in range(3 * _TURNS_OF_THE_LOOP):
            await asyncio.sleep(0)

    def speaking(self, seconds: float = 0.1) -> bool:
        """Whether the bot was to be heard in the last `seconds`."""
        newest = self.sent[-round(seconds / FRAME_S) :]
        return any(np.abs(frame).max() > 500 for frame in newest)

    def post(self, make: Callable[[float], ev.Event]) -> None:
        """An event of the session's."""
        self.agent.post(make(self.agent.now()))


def asking(
    line: Line, source: Source | None, expect: Expect | None = None, how: Interruptible = SPEECH
) -> asyncio.Task[tuple[Outcome, Utterance | None]]:
    """The plan asks, as a task of the call."""
    return line.tasks.create_task(line.agent.ask(source, expect or Expect(), how))


def call(
    scene: Callable[[Line], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
    stt: Stt | None = None,
    tts: Tts | None = None,
    eot: Eot | None = None,
    voice: bool = True,
) -> Line:
    """Live `scene` in one call and hang up. Nothing may be left over, and the journal must replay."""
    monkeypatch.setattr(ear, "Vad", LoudVad)
    monkeypatch.setattr(ear, "EchoCanceller", NoEcho)

    async def live() -> Line:
        lines, reports = [journal.HEADER], list[EngineError]()
        engines = Engines(stt or ScriptedStt([]), tts or ToneTts(), eot)

        def note(event: ev.Event, actions: tuple[act.Action, ...]) -> None:
            lines.append(journal.line_of(event, actions))

        async with asyncio.TaskGroup() as tasks:
            agent = Agent("call", RATE, engines, _LoopClock(), tasks, note, reports.append, voice)
            line = Line(agent, lines, reports, tasks)
            await line.settle()
            try:
                await scene(line)
            finally:
                agent.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        assert not rest, f"tasks outlived the call: {rest}"
        return line

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        line = runner.run(live())
    assert journal.replay(line.lines) == []
    return line


class _LoopClock:
    def now(self) -> float:
        return asyncio.get_running_loop().time()
