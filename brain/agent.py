"""The shell around one call's turn manager: gives it events and time, performs its actions.

It decides nothing. `post` hands an event in and performs what comes back; a timer is re-armed from
`deadline()` after every event. `say` and `ask` are what a plan's verbs come down to.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from brain import actions as act
from brain import events as ev
from brain.caller_language import CallerLanguage
from brain.courtesy import BACKCHANNEL
from brain.ear import Ear
from brain.engines import EngineError, Eot, Stt, SttSettings, Tts, TtsSettings
from brain.expect import Expect, Interruptible
from brain.floor import State
from brain.mouth import Mouth, Source, Utterance, closed, one
from brain.trace import TurnTrace
from brain.turns import TurnManager
from media.clock import Clock
from media.echo import EchoReport
from media.frame import Pcm
from media.playout import Playout

BACKCHANNEL_DB = -9.0
"""A backchannel of ours against our speech."""

Journal = Callable[[ev.Event, tuple[act.Action, ...]], None]


@dataclass(frozen=True, slots=True)
class Engines:
    """The models a call uses."""

    stt: Stt
    tts: Tts
    eot: Eot | None = None


@dataclass(slots=True)
class Speculator:
    """Who prepares answers before the turn is committed: `begin` and `drop` by turn number.

    `hear` is told what is known of a turn's words, and in which state.
    """

    begin: Callable[[int, str], None]
    drop: Callable[[int], None]
    hear: Callable[[str, State], None] = lambda text, state: None


@dataclass(slots=True)
class _Asked:
    answer: asyncio.Future[act.Outcome] = field(default_factory=asyncio.Future)


class Agent:
    """One call's turns. All methods are for the loop's thread.

    `tasks` is the call's TaskGroup: it owns all that is started here. `voice` says whether the plan ever
    listens to speech; where it doesn't, no detector and no recogniser runs.
    """

    def __init__(
        self,
        call: str,
        rate_hz: int,
        engines: Engines,
        clock: Clock,
        tasks: asyncio.TaskGroup,
        journal: Journal,
        report: Callable[[EngineError], None],
        voice: bool = True,
    ) -> None:
        self._started = clock.now()
        self._clock, self.tasks, self._journal = clock, tasks, journal
        self._rate = rate_hz
        self._tts = engines.tts
        self.turns = TurnManager()
        self._inbox: deque[ev.Event] = deque()
        self._busy = False
        self._closed = False
        self._final_at: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._asked: _Asked | None = None
        self.playout = Playout(rate_hz)
        self.mouth = Mouth(self.playout, self.post, self.now, report)
        self._ear = (
            Ear(call, rate_hz, engines.stt, engines.eot, self.post, self.now, self.mouth.newest_words)
            if voice
            else None
        )
        self.tts_settings = TtsSettings()
        self.traces: list[TurnTrace] = []
        self.speculated = 0
        """How many answers were begun before their turn was committed."""
        self.speculator: Speculator | None = None
        self.on_key_waiting: Callable[[str], None] | None = None
        """Told of a key that was pressed while nobody asked; the next `ask` has it."""
        self.on_aside: Callable[[int, str], None] | None = None
        """Told of what was said over the bot, which went on: the turn's number, and the words."""
        self._report = report
        self._backchannel: Pcm | None = None
        self._interjecting: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        if self._ear is not None:
            self._listening = tasks.create_task(self._ear.listen(report))

    def now(self) -> float:
        """Seconds since the call was answered."""
        return round(self._clock.now() - self._started, 4)

    def settings(self, stt: SttSettings, tts: TtsSettings) -> None:
        """Choose models and voice from here on."""
        self.tts_settings = tts
        if self._ear is not None:
            self._ear.settings = stt
            if self._ear.language.current != stt.language or set(self._ear.language.others) != set(stt.others):
                self._ear.language = CallerLanguage(stt.language, stt.others)

    @property
    def language(self) -> str:
        """What the caller's language is taken for; empty where nobody listens."""
        return self._ear.language.current if self._ear is not None else ""

    # ---- audio, once a tick ---------------------------------------------------------------------------

    def hear(self, heard: Pcm, sent: Pcm, position: int, newest: int) -> None:
        """New audio of the caller, and what the bot sent meanwhile: see `brain.ear.Ear.hear`."""
        if self._ear is not None and not self._closed:
            self._ear.hear(heard, sent, position, newest)

    @property
    def echo(self) -> EchoReport | None:
        """What is known of the line's echo; None where nobody listens."""
        return self._ear.echo if self._ear is not None else None

    def advance(self, taken_frames: int) -> None:
        """The clock took `taken_frames` of ours so far."""
        self.mouth.advance(taken_frames)

    # ---- what verbs use -------------------------------------------------------------------------------

    async def say(self, source: Source, how: Interruptible) -> Utterance:
        """Speak `source`; returns when it was heard or stopped."""
        utterance = self.mouth.next_utterance()
        await self._speak(utterance, source, how)
        return utterance

    async def ask(
        self, source: Source | None, expect: Expect, how: Interruptible
    ) -> tuple[act.Outcome, Utterance | None]:
        """Speak `source`, if any, and wait for one answer; the caller may answer into it."""
        asked = self._asked = _Asked()
        utterance: Utterance | None = None
        speaking: asyncio.Task[None] | None = None
        if self._ear is not None:
            self._ear.expect = expect
        try:
            self.post(ev.Asked(self.now(), expect, source is not None))
            if source is not None and not asked.answer.done():
                utterance = self.mouth.next_utterance()
                speaking = asyncio.ensure_future(self._speak(utterance, source, how))
                await asyncio.wait((speaking, asked.answer), return_when=asyncio.FIRST_COMPLETED)
                if speaking.done():
                    speaking.result()
            return await asked.answer, utterance
        finally:
            # Also when the plan is cancelled: nobody waits any more, so the prompt's end must not be taken
            # for the caller's cue. Then the prompt falls silent, and its engine stops.
            if not asked.answer.done() or asked.answer.cancelled():
                self.post(ev.AskWithdrawn(self.now()))
            self._asked = None
            if speaking is not None:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)
            if utterance is not None:
                self.mouth.forgo(utterance)  # where it was answered before it could begin
            if source is not None:
                await closed(source)

    async def _speak(self, utterance: Utterance, source: Source, how: Interruptible) -> None:
        trace = self.traces[-1] if self.traces else None
        try:
            await self.mouth.speak(utterance, source, how)
        finally:
            # An exit without a sentence says nothing: what follows is the answer.
            if trace is not None and trace.utterance is None and utterance.first_audio is not None:
                trace.answered_by(utterance)

    async def render_backchannel(self) -> None:
        """Have the sound of a backchannel at hand; without it there are none."""
        try:
            parts = [a.pcm async for a in self._tts.speak(one(BACKCHANNEL), self.tts_settings, self._rate)]
        except EngineError as error:
            self._report(error)
        else:
            self._backchannel = np.rint(np.concatenate(parts) * 10 ** (BACKCHANNEL_DB / 20)).astype(np.int16)

    def _interject(self, text: str) -> None:
        if self._interjecting is None or self._interjecting.done():
            self._interjecting = self.tasks.create_task(self._say_beside(text))

    async def _say_beside(self, text: str) -> None:
        trace = self.traces[-1] if self.traces else None
        utterance = await self.mouth.interject(self._tts.speak(one(text), self.tts_settings, self._rate))
        if trace is not None and utterance is not None and trace.acknowledged is None and trace.first_heard is None:
            trace.acknowledged = utterance.first_heard

    # ---- the turn manager -----------------------------------------------------------------------------

    def post(self, event: ev.Event) -> None:
        """Hand `event` to the turn manager and do what it says. Actions may post events: they queue."""
        if self._closed:
            return
        self._inbox.append(event)
        if self._busy:
            return
        self._busy = True
        try:
            while self._inbox:
                item = self._inbox.popleft()
                actions = self.turns.handle(item)
                self._journal(item, actions)
                if isinstance(item, ev.FinalText):
                    self._final_at = item.at
                elif isinstance(item, ev.PartialText) and self.speculator is not None:
                    self.speculator.hear(item.text, self.turns.state)
                elif isinstance(item, ev.HoldChanged) and not item.held and self._ear is not None:
                    self._ear.rest()  # only now: the end of what was said before is still being judged
                for action in actions:
                    self._perform(action)
        finally:
            self._busy = False
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.turns.deadline()
        if due is not None:
            delay = max(0.0, due - self.now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick, due)

    def _tick(self, due: float) -> None:
        self._timer = None
        # The loop's clock may be a hair early against ours; the manager is told that its time has come.
        self.post(ev.Tick(max(self.now(), due)))

    def _perform(self, action: act.Action) -> None:
        match action:
            case act.Duck():
                self.playout.duck()
            case act.Unduck():
                self.playout.unduck()
            case act.Interject(text):
                self._interject(text)
            case act.Backchannel():
                if self._backchannel is not None:
                    self.playout.beside(self._backchannel)
                    self.mouth.on_audio()
            case act.Aside(turn, text):
                if self.on_aside is not None:
                    self.on_aside(turn, text)
            case act.PausePlayout():
                self.playout.pause()
            case act.ResumePlayout():
                self.playout.resume()
            case act.StopSpeaking(utterance):
                self.mouth.stop(utterance)
            case act.BeginSegment(segment, since, urgent):
                if self._ear is not None:
                    self._ear.begin(segment, since, urgent)
            case act.EndSegment(segment):
                if self._ear is not None:
                    self._ear.end(segment)
            case act.RequestFinal(segment, request):
                if self._ear is not None:
                    self._ear.finalize(segment, request)
            case act.Speculate(turn, text):
                if self.speculator is not None:
                    self.speculated += 1
                    self.speculator.begin(turn, text)
            case act.DropSpeculation(turn):
                if self.speculator is not None:
                    self.speculator.drop(turn)
            case act.KeyWaits(key):
                if self.on_key_waiting is not None:
                    self.on_key_waiting(key)
            case act.Weighed():
                pass  # it is said in the journal
            case act.Commit() | act.CommitKeys() | act.NoInput() | act.CannotHear():
                self._deliver(action)

    def _deliver(self, outcome: act.Outcome) -> None:
        now = self.now()
        if isinstance(outcome, act.Commit):
            why = outcome.why.reason
            trace = TurnTrace(outcome.turn, outcome.text, outcome.confidence, outcome.ended, now, why)
            if self._final_at is not None and self._final_at >= outcome.ended:
                trace.final = self._final_at
            self.traces.append(trace)
        elif isinstance(outcome, act.CommitKeys):
            self.traces.append(TurnTrace(outcome.turn, "", 1.0, now, now, "keys"))
        if self._asked is not None and not self._asked.answer.done():
            self._asked.answer.set_result(outcome)

    def close(self) -> None:
        """Hear nothing more, do nothing more. Has to be called before the call's TaskGroup can end."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for task in (self._listening, self._interjecting):
            if task is not None:
                task.cancel()
