"""The bot's side of a call: one utterance at a time, from a source of audio into the playout."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from brain import events as ev
from brain.engines import EngineError, SpeechAudio
from brain.expect import Interruptible
from media.frame import Pcm
from media.playout import Playout

Source = AsyncIterator[SpeechAudio]
"""Audio of one utterance as it is made; closing it stops the making."""


@dataclass(slots=True)
class Utterance:
    """One thing the bot says, while it says it; times are the call's clock, None until they come.

    `complete` where all of it was heard; `heard` is what was, once it is over. `interjection`: it is beside the
    conversation. `slot` is its number in the playout, which counts in the order in which they are heard.
    """

    number: int
    interjection: bool = False
    slot: int = -1
    text: str = ""
    heard: str = ""
    complete: bool = False
    failed: bool = False
    first_audio: float | None = None
    first_heard: float | None = None
    ended: float | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Mouth:
    """Speaks for one call. What the clock took comes back through `advance`, once a tick."""

    def __init__(
        self,
        playout: Playout,
        post: Callable[[ev.Event], None],
        now: Callable[[], float],
        report: Callable[[EngineError], None],
    ) -> None:
        self._playout, self._post, self._now, self._report = playout, post, now, report
        self._count = self._slots = 0
        self._taken = 0
        self._current: Utterance | None = None
        self._interjection: Utterance | None = None
        self.said: list[Utterance] = []
        self.on_audio: Callable[[], None] = _nothing
        """Called when there is new audio to play, so that it need not wait for the next tick."""

    def next_utterance(self, interjection: bool = False) -> Utterance:
        """A new utterance, for `speak`."""
        self._count += 1
        self.said.append(Utterance(self._count, interjection))
        return self.said[-1]

    async def speak(
        self, utterance: Utterance, source: AsyncIterator[SpeechAudio], how: Interruptible
    ) -> None:
        """Say all of `source`; returns when it has been heard, or was stopped. Cancelling stops it too.

        `source` is closed before this returns, whatever happened. It waits for an interjection that is being said.
        """
        self._current = utterance
        try:
            await self._say(utterance, source, how)
        finally:
            self._current = None

    def forgo(self, utterance: Utterance) -> None:
        """It isn't to be said any more: one that was never begun is over now, too."""
        utterance.over.set()

    async def interject(self, source: AsyncIterator[SpeechAudio]) -> Utterance | None:
        """Say `source` while nothing else is to be heard; returns when it was. None where something is.

        One that isn't to be heard yet when an utterance has its first audio is dropped.
        """
        speaking = self._current is not None and self._current.first_audio is not None
        if speaking or self._interjection is not None:
            await closed(source)
            return None
        utterance = self._interjection = self.next_utterance(interjection=True)
        try:
            await self._say(utterance, source, Interruptible.SPEECH)
        finally:
            self._interjection = None
        return utterance

    async def _say(self, utterance: Utterance, source: AsyncIterator[SpeechAudio], how: Interruptible) -> None:
        try:
            feeding = asyncio.ensure_future(self._feed(utterance, source, how))
            over = asyncio.ensure_future(utterance.over.wait())
            try:
                await asyncio.wait((feeding, over), return_when=asyncio.FIRST_COMPLETED)
                if feeding.done():
                    feeding.result()
                    await over
            finally:
                # Silence first: the engine that makes `source` may take its time to let go.
                self._abandon(utterance)
                for task in (feeding, over):
                    task.cancel()
                await asyncio.gather(feeding, over, return_exceptions=True)
        finally:
            await closed(source)

    async def _after_interjection(self) -> None:
        interjection = self._interjection
        if interjection is not None:
            if interjection.first_audio is None:
                interjection.over.set()
            await interjection.over.wait()

    async def _feed(
        self, utterance: Utterance, source: AsyncIterator[SpeechAudio], how: Interruptible
    ) -> None:
        number = utterance.number
        failed = False
        try:
            async for chunk in source:
                if utterance.first_audio is None:
                    if not utterance.interjection:
                        await self._after_interjection()
                    if utterance.over.is_set():
                        return
                    utterance.first_audio = self._now()
                    utterance.slot, self._slots = self._slots, self._slots + 1
                    self._playout.begin(utterance.slot)
                    self._post(ev.PromptStarted(self._now(), number, how, utterance.interjection))
                if utterance.over.is_set():
                    return  # stopped, maybe by what has just been posted: nothing may follow a flush
                text = chunk.text if chunk.last else ""
                utterance.text = f"{utterance.text} {text}".strip()
                self._playout.put(utterance.slot, chunk.pcm, text)
                self.on_audio()
        except EngineError as error:
            failed = True
            self._report(error)
        if utterance.over.is_set():
            return
        utterance.failed = failed
        if utterance.first_audio is not None:
            self._playout.end(utterance.slot)  # it is over when the clock has taken the last of it: see `advance`
        else:
            self._finish(utterance)

    def _abandon(self, utterance: Utterance) -> None:
        """Whoever spoke it no longer wants it: the turn manager has to know."""
        if not utterance.over.is_set():
            self.stop(utterance.number)
            self._tell_end(utterance)

    def stop(self, number: int) -> None:
        """Fall silent at once; what was heard is noted in the utterance."""
        utterance = next((u for u in (self._current, self._interjection) if u is not None and u.number == number), None)
        if utterance is None or utterance.over.is_set():
            return
        if utterance.first_audio is not None:
            heard = self._playout.heard(self._taken)
            utterance.heard = heard.text_so_far if heard.utterance == utterance.slot else ""
            self._playout.flush()
        utterance.ended = self._now()
        utterance.over.set()

    def newest_words(self) -> str:
        """What was said, or begun to be, by the last two utterances: an echo is of nothing older."""
        return " ".join(utterance.text for utterance in self.said[-2:])

    @property
    def silent(self) -> bool:
        """Nothing is being said: `advance` would do nothing."""
        return self._current is None and self._interjection is None

    def advance(self, taken_frames: int) -> None:
        """The clock has taken `taken_frames` of ours since the call began."""
        self._taken = taken_frames
        for utterance in (self._interjection, self._current):  # only one of them has been begun and isn't over
            if utterance is None or utterance.first_audio is None or utterance.over.is_set():
                continue
            if utterance.first_heard is None:
                heard = self._playout.heard(taken_frames)
                if heard.utterance == utterance.slot and heard.samples > 0:
                    utterance.first_heard = self._now()
            if utterance.slot in self._playout.finished(taken_frames):
                self._finish(utterance)

    def _finish(self, utterance: Utterance) -> None:
        utterance.complete = not utterance.failed
        utterance.heard = utterance.text
        utterance.ended = self._now()
        utterance.over.set()
        self._tell_end(utterance)

    def _tell_end(self, utterance: Utterance) -> None:
        """An interjection that was never begun is nobody's end: a prompt that is awaited comes all the same."""
        if not utterance.interjection or utterance.first_audio is not None:
            self._post(ev.PromptEnded(self._now(), utterance.number))


async def recorded(pcm: Pcm, text: str = "") -> Source:
    """A recording as a source."""
    yield SpeechAudio(0, text, pcm, True)


async def closed(source: AsyncIterator[SpeechAudio]) -> None:
    """Close a source, also one that was never begun, so that its engine stops. Twice is fine."""
    close = getattr(source, "aclose", None)
    if close is not None:
        await close()


def _nothing() -> None:
    pass


async def one(text: str) -> AsyncIterator[str]:
    """A text as the only clause of a reply."""
    yield text
