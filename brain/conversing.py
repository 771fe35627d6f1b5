"""A free conversation: turns in, replies out, until an exit, a limit or a failure.

Replies are begun on speculation, at the first likely end of a turn, and used only where the turn was
committed with the same words. The history holds what was heard, not what was meant to be said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from brain import actions as act
from brain import events as ev
from brain.agent import Agent, Speculator
from brain.conversation import Conversation, Turn
from brain.engines import EngineError, Llm, Tts
from brain.expect import Expect, Interruptible, Kind
from brain.floor import State
from brain.mouth import Source, closed, one
from brain.orchestrator import FAILED, MAX_TURNS, AgentExit, AgentSpec, Orchestrator
from brain.read_ahead import ReadAhead
from brain.reply import Reply

SILENCE, TURNS, UNHEARD, LANGUAGE = "silence", "turns", "unheard", "language"
"""How a conversation may end beside the plan's own exits and "failed"."""

READING_LIMIT_S = 1.5
"""The model is asked once it has read what it was given to read: asked meanwhile it would take longer, because
llama.cpp answers in another slot, which has read less. But it isn't waited for longer than this."""

_ENDINGS = {MAX_TURNS: TURNS, FAILED: FAILED}


class Replier:
    """Begins, drops and keeps the replies of one conversation."""

    def __init__(
        self,
        agent: Agent,
        llm: Llm,
        spec: AgentSpec,
        tts: Tts,
        rate_hz: int,
        report: Callable[[EngineError], None],
    ) -> None:
        self._agent, self._tts, self._rate, self._report = agent, tts, rate_hz, report
        self._orchestrator, self._placeholders = Orchestrator(spec, llm), spec.courtesy.placeholders
        self._conversation = Conversation()
        self._speculation: Reply | None = None
        self._awaited: Reply | None = None
        self._answer: Reply | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ahead = ReadAhead()
        self._asides: list[tuple[int, str]] = []
        self._noted = 0

    @property
    def history(self) -> tuple[Turn, ...]:
        """What was said so far, as both sides heard it."""
        return self._conversation.turns

    def begin(self, turn: int, text: str) -> None:
        """Prepare a reply to a turn that may be over."""
        self.drop(turn)
        self._note_spoken(turn)
        self._speculation = self._start(turn, text)

    def drop(self, turn: int) -> None:
        """The turn went on: forget what was prepared."""
        if self._speculation is not None:
            self._speculation.cancel()
            self._speculation = None

    def hear(self, text: str, state: State) -> None:
        """What of the caller's turn is known so far: have the model read it, where it has nothing else to do."""
        busy = any(reply is not None and reply.thinking for reply in (self._speculation, self._answer))
        said = self._agent.mouth.said
        if busy or (self._reading is not None and not self._reading.done()) or (said and not said[-1].over.is_set()):
            return
        if words := self._ahead.worth_reading(text, state):
            self._note_spoken(0)
            self._reading = self._agent.tasks.create_task(self._read(self._conversation, words))

    async def commit(self, turn: int, text: str) -> Reply:
        """The reply to a committed turn: the prepared one where the words are the same, else a new one.

        Returns once it has begun; the caller's words are in the history then.
        """
        self._ahead.turn_over()
        self._note_spoken(turn)
        reply, self._speculation = self._speculation, None
        trace = self._agent.traces[-1]
        if reply is None or reply.turn != turn or reply.text != text:
            if reply is not None:
                reply.cancel()
            reply = self._start(turn, text)
        else:
            trace.speculated = True
        reply.committed.set()
        self._awaited = self._answer = reply
        try:
            await reply.begun()
        except asyncio.CancelledError:
            reply.cancel()
            raise
        finally:
            self._awaited = None
        reply.note(trace)
        if reply.failed is not None:
            self._report(EngineError("llm", reply.failed))
        self._conversation.caller_said(text)
        if reply.exit is None:
            self._stop_reading()
            self._reading = self._agent.tasks.create_task(self._read_ahead(reply))
        return reply

    def give_up(self) -> None:
        """The caller wants something else than the reply that is being made: `commit` returns, without it."""
        if self._awaited is not None:
            self._awaited.cancel()

    def close(self) -> None:
        """Forget what is prepared."""
        self.drop(0)
        self._stop_reading()

    async def _read_ahead(self, reply: Reply) -> None:
        """While the bot speaks, have the model read what it says, so that only the caller's words are left.

        Wasted where the caller cuts the bot short.
        """
        said = await reply.thought()
        await self._read(self._conversation.ahead(said))

    async def _read(self, conversation: Conversation, words: str = "") -> None:
        try:
            await self._orchestrator.prefill(conversation, words)
        except EngineError as error:
            self._report(error)

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _start(self, turn: int, text: str) -> Reply:
        agent, reading = self._agent, self._reading

        async def ready() -> None:
            if reading is not None and not reading.done():
                await asyncio.wait((reading,), timeout=READING_LIMIT_S)
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

        reply = Reply(
            turn,
            text,
            self._conversation,
            self._orchestrator,
            self._tts,
            agent.tts_settings,
            self._rate,
            agent.now,
            ready,
            self._placeholders,
        )
        reply.start(agent.tasks)
        return reply

    def said_aside(self, turn: int, text: str) -> None:
        """The caller said something over the bot that wants no answer."""
        self._asides.append((turn, text))

    def _note_spoken(self, turn: int) -> None:
        """What the bot said last enters the history once it is over, cut to what was heard; then what was said over
        it, unless that is what `turn` is now answered to."""
        utterance = next((said for said in reversed(self._agent.mouth.said) if not said.interjection), None)
        if utterance is None or not utterance.over.is_set():
            return
        if utterance.text and utterance.number > self._noted:
            self._conversation.bot_said(utterance.number, utterance.text)
            if not utterance.complete:
                self._conversation.cut(utterance.number, utterance.heard)
        self._noted = utterance.number
        for number, text in self._asides:
            if number != turn:
                self._conversation.caller_said_aside(text)
        self._asides.clear()


async def converse(
    agent: Agent,
    replier: Replier,
    spec: AgentSpec,
    tts: Tts,
    rate_hz: int,
    bad_line: Callable[[], bool] = lambda: False,
    language: str = "",
) -> tuple[str, int]:
    """Talk until an exit. Returns its name and the caller's turns.

    Once, when `bad_line` says that speech can't be relied on, the caller is told of the exits' keys. It ends where
    the caller turns out to speak another language than `language`, if that is given.
    """
    talk = _Talk(agent, replier, spec, tts, rate_hz, language)
    agent.speculator, agent.on_key_waiting = _speculator(replier), talk.note_key
    agent.on_aside = replier.said_aside
    backchannel = agent.tasks.create_task(agent.render_backchannel()) if spec.courtesy.backchannels else None
    expect = Expect(Kind.TALK, silence_s=spec.silence_s, only_keys="".join(spec.keys), courtesy=spec.courtesy)
    of_keys = spec.keys_prompt
    try:
        while True:
            if of_keys and bad_line():
                talk.next = _followed(talk.next, talk.voiced(of_keys))
                of_keys = ""
            source, talk.next = talk.next, None
            outcome, _ = await agent.ask(source, expect, Interruptible.SPEECH)
            talk.drop_reply()
            if (ending := await talk.go_on(outcome)) is not None:
                return ending, talk.turns
    finally:
        agent.speculator = agent.on_key_waiting = agent.on_aside = None
        agent.post(ev.AskWithdrawn(agent.now()))  # also of the reply that was awaited
        if backchannel is not None:
            backchannel.cancel()
        replier.close()
        talk.drop_reply()


@dataclass(slots=True)
class _Talk:
    """How far a conversation has come. `next` is what the bot is to say, `pressed` that an exit's key was while it was
    thinking or saying its last sentence."""

    agent: Agent
    replier: Replier
    spec: AgentSpec
    tts: Tts
    rate_hz: int
    language: str
    turns: int = 0
    silences: int = 0
    next: Source | None = None
    pressed: bool = False
    reply: Reply | None = None

    def note_key(self, key: str) -> None:
        """A key was pressed while nobody asked: the next question has it."""
        if key in self.spec.keys:
            self.pressed = True
            self.replier.give_up()

    def voiced(self, text: str) -> Source:
        """A sentence of the plan's."""
        return self.tts.speak(one(text), self.agent.tts_settings, self.rate_hz)

    def drop_reply(self) -> None:
        """What the caller cut short is made no further."""
        if self.reply is not None:
            self.reply.cancel()
            self.reply = None

    async def go_on(self, outcome: act.Outcome) -> str | None:
        """What one question has come to: how the conversation ends, or None and `next`."""
        match outcome:
            case act.CannotHear():
                return UNHEARD
            case act.NoInput():
                return self._ask_again(self.spec.still_there)
            case act.Commit(text=""):
                return self._ask_again(self.spec.fallback[:1] * len(self.spec.still_there))
            case act.CommitKeys(keys=key):
                return await self._leave(self.spec.keys[key])
            case act.Commit(turn=turn, text=text):
                return await self._answer(turn, text)

    def _ask_again(self, asking: tuple[str, ...]) -> str | None:
        """Nothing was said, or nothing understood: both count as silence, as often as there is a text for it."""
        if self.silences == len(asking):
            return SILENCE
        self.next = self.voiced(asking[self.silences])
        self.silences += 1
        return None

    async def _leave(self, chosen: AgentExit) -> str:
        if chosen.say:
            await self.agent.say(self.voiced(chosen.say), Interruptible.SPEECH)
        return chosen.name

    async def _answer(self, turn: int, text: str) -> str | None:
        self.silences = 0
        self.turns += 1
        if self.language and self.agent.language != self.language:
            return LANGUAGE
        if self.pressed:
            return None
        self.reply = reply = await self.replier.commit(turn, text)
        if reply.exit is None or self.pressed:
            self.next = reply.audio()
            return None
        if await reply.thought():  # an exit may have no sentence of its own
            await self.agent.say(reply.audio(), Interruptible.SPEECH)
        return None if self.pressed else _ENDINGS.get(reply.exit, reply.exit)


def _speculator(replier: Replier) -> Speculator:
    return Speculator(replier.begin, replier.drop, replier.hear)


async def _followed(first: Source | None, then: Source) -> Source:
    """Two sources as one."""
    try:
        if first is not None:
            async for audio in first:
                yield audio
        async for audio in then:
            yield audio
    finally:
        if first is not None:
            await closed(first)
        await closed(then)
