"""One answer of the language model, from the caller's words to audio, and how it may be given up.

A reply is begun when a turn is likely to be over and committed, or dropped, when that is known. It pushes:
words, clauses and audio are made as fast as the engines go, and wait here until the mouth takes them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from brain.clauses import ClauseSplitter
from brain.conversation import Conversation
from brain.dead_air import PLACEHOLDER_S
from brain.engines import EngineError, SpeechAudio, Tts, TtsSettings
from brain.orchestrator import Done, Exit, Failed, Orchestrator, Say, Source
from brain.tools import Gate, at_once
from brain.trace import TurnTrace

_END = None


class Reply:
    """The answer to `text`, in the making. Times are the call's clock, None until they come.

    `exit` is the named intent that the caller's words came to, `failed` why the fallback is said instead. Tools with
    side effects wait for `committed`. `placeholders` are said where nothing follows an opening: to the turn manager the
    bot is speaking then, so it doesn't fill the silence.
    """

    def __init__(
        self,
        turn: int,
        text: str,
        conversation: Conversation,
        orchestrator: Orchestrator,
        tts: Tts,
        voice: TtsSettings,
        rate_hz: int,
        now: Callable[[], float],
        ready: Gate = at_once,
        placeholders: tuple[str, ...] = (),
    ) -> None:
        self.turn, self.text = turn, text
        self.exit: str | None = None
        self.failed: str | None = None
        self.committed = asyncio.Event()
        self.began = now()
        self.retrieved: float | None = None
        self.first_token: float | None = None
        self.first_clause: float | None = None
        self.first_audio: float | None = None
        self.opening_s = 0.0
        self.answer_audio: float | None = None
        self._conversation, self._orchestrator = conversation, orchestrator
        self._tts, self._voice, self._rate, self._now = tts, voice, rate_hz, now
        self._ready, self._placeholders = ready, placeholders
        self._placeholders_said = self._clauses_said = 0
        self._clauses: asyncio.Queue[str | None] = asyncio.Queue()
        self._audio: asyncio.Queue[SpeechAudio | EngineError | None] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._begun = asyncio.Event()
        self._thought = asyncio.Event()
        self._words: list[str] = []
        self._opening = ""
        self._trace: TurnTrace | None = None

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Begin. `tasks` is the call's TaskGroup."""
        self._tasks = [tasks.create_task(self._think()), tasks.create_task(self._voice_it())]

    def cancel(self) -> None:
        """Give it up: the engines stop, nothing of it is left."""
        for task in self._tasks:
            task.cancel()
        self._audio.put_nowait(_END)
        self._begun.set()
        self._thought.set()

    @property
    def thinking(self) -> bool:
        """Whether the model still has to do with it."""
        return not self._thought.is_set()

    async def begun(self) -> None:
        """Wait until there is audio of it, or nothing more to think: then `exit` is known, if it has one.

        An exit comes with its words at once, never after a streamed answer.
        """
        await self._begun.wait()

    async def thought(self) -> str:
        """Wait until the model has nothing more to say; returns all of its words, as they will be heard."""
        await self._thought.wait()
        return " ".join(self._words)

    def note(self, trace: TurnTrace) -> None:
        """Write down when its stages came; those that are still to come are noted when they do."""
        self._trace = trace
        trace.retrieved = self.retrieved if self.retrieved is not None else self.first_token
        trace.first_token, trace.first_clause = self.first_token, self.first_clause
        trace.opening_s, trace.answer_audio = self.opening_s, self.answer_audio
        if trace.speculated:
            done = trace.committed if self.first_audio is None else min(trace.committed, self.first_audio)
            trace.saved_s = max(0.0, done - self.began)

    async def audio(self) -> AsyncGenerator[SpeechAudio, None]:
        """Its audio, as it comes. Closing this gives the reply up, unless all has been said."""
        ended = False
        try:
            while not ended:
                item = await self._audio.get()
                if isinstance(item, EngineError):
                    raise item
                if item is _END:
                    ended = True
                else:
                    yield item
        finally:
            if not ended:
                self.cancel()

    async def _think(self) -> None:
        splitter = ClauseSplitter()
        try:
            async for part in self._orchestrator.reply(
                self._conversation, self.text, self._before_the_model, self._until_committed
            ):
                match part:
                    case Say(text, Source.OPENING):
                        self._opening = text
                        self._speak([text])
                    case Say(text, source):
                        # A sentence of the plan's own is whole, and as such it was rendered beforehand.
                        whole = source is not Source.LLM and self.first_token is None
                        if self.first_token is None:
                            self.first_token = self._now()
                        self._speak([text] if whole else splitter.feed(text))
                    case Failed(reason):
                        self.failed = reason
                    case Exit(name):
                        self.exit = name
                        self._all_said(splitter)
                    case Done():
                        self._all_said(splitter)
        finally:
            self._all_said(splitter)
            self._thought.set()

    async def _before_the_model(self) -> None:
        self.retrieved = self._now()
        await self._ready()

    async def _until_committed(self) -> None:
        await self.committed.wait()

    def _all_said(self, splitter: ClauseSplitter) -> None:
        self._speak(splitter.finish())
        self._clauses.put_nowait(_END)
        self._begun.set()

    def _speak(self, clauses: list[str]) -> None:
        if clauses and self.first_clause is None and self.first_token is not None:
            self.first_clause = self._now()
        self._words += clauses
        for clause in clauses:
            self._clauses.put_nowait(clause)

    async def _voice_it(self) -> None:
        try:
            async for chunk in self._tts.speak(self._spoken_clauses(), self._voice, self._rate):
                self._heard_from(chunk)
                self._audio.put_nowait(chunk)
                self._begun.set()
        except EngineError as error:
            self._audio.put_nowait(error)
        self._audio.put_nowait(_END)

    def _heard_from(self, chunk: SpeechAudio) -> None:
        if self.first_audio is None:
            self.first_audio = self._now()
        if self._opening and chunk.clause <= self._placeholders_said:
            self.opening_s += chunk.pcm.size / self._rate
        elif self.answer_audio is None:
            self.answer_audio = self._now()
            if self._trace is not None:
                self.note(self._trace)

    async def _spoken_clauses(self) -> AsyncIterator[str]:
        while True:
            try:
                async with asyncio.timeout(self._patience_s()):
                    clause = await self._clauses.get()
            except TimeoutError:
                self._placeholders_said += 1
                yield self._placeholders[self._placeholders_said - 1]
                continue
            if clause is None:
                return
            self._clauses_said += 1
            yield clause

    def _patience_s(self) -> float | None:
        """How long to wait for the next clause before a placeholder; None where none is due any more."""
        if not self._opening or self._clauses_said != 1 or self._placeholders_said >= len(self._placeholders):
            return None
        return PLACEHOLDER_S[min(self._placeholders_said, 1)]
