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

    `complete` where all of it was heard; `heard` is what was, once it is over.
    """

    number: int
    text: str = ""
    heard: str = ""
    complete: bool = False
    failed: bool = False
    first_audio: float | None = None
    first_heard: float | None = None
    ended: float | None = None
    noted: bool = False
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
        self._count = 0
        self._taken = 0
        self._current: Utterance | None = None
        self.said: list[Utterance] = []
        self.on_audio: Callable[[], None] = _nothing
        """Called when there is new audio to play, so that it need not wait for the next tick."""

    def next_utterance(self) -> Utterance:
        """A new utterance, for `speak`."""
        self._count += 1
        self.said.append(Utterance(self._count))
        return self.said[-1]

    async def speak(
        self, utterance: Utterance, source: AsyncIterator[SpeechAudio], how: Interruptible
    ) -> None:
        """Say all of `source`; returns when it has been heard, or was stopped. Cancelling stops it too.

        `source` is closed before this returns, whatever happened.
        """
        self._current = utterance
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
                await closed(source)
        finally:
            self._current = None

    async def _feed(
        self, utterance: Utterance, source: AsyncIterator[SpeechAudio], how: Interruptible
    ) -> None:
        number = utterance.number
        failed = False
        try:
            async for chunk in source:
                if utterance.first_audio is None:
                    utterance.first_audio = self._now()
                    self._playout.begin(number)
                    self._post(ev.PromptStarted(self._now(), number, how))
                if utterance.over.is_set():
                    return  # stopped, maybe by what has just been posted: nothing may follow a flush
                text = chunk.text if chunk.last else ""
                utterance.text = f"{utterance.text} {text}".strip()
                self._playout.put(number, chunk.pcm, text)
                self.on_audio()
        except EngineError as error:
            failed = True
            self._report(error)
        if utterance.over.is_set():
            return
        utterance.failed = failed
        if utterance.first_audio is not None:
            self._playout.end(number)  # it is over when the clock has taken the last of it: see `advance`
        else:
            self._finish(utterance)

    def _abandon(self, utterance: Utterance) -> None:
        """Whoever spoke it no longer wants it: the turn manager has to know."""
        if not utterance.over.is_set():
            self.stop(utterance.number)
            self._post(ev.PromptEnded(self._now(), utterance.number))

    def stop(self, number: int) -> None:
        """Fall silent at once; what was heard is noted in the utterance."""
        utterance = self._current
        if utterance is None or utterance.number != number or utterance.over.is_set():
            return
        if utterance.first_audio is not None:
            heard = self._playout.heard(self._taken)
            utterance.heard = heard.text_so_far if heard.utterance == number else ""
            self._playout.flush()
        utterance.ended = self._now()
        utterance.over.set()

    def newest_words(self) -> str:
        """What was said, or begun to be, by the last two utterances: an echo is of nothing older."""
        return " ".join(utterance.text for utterance in self.said[-2:])

    @property
    def silent(self) -> bool:
        """Nothing is being said: `advance` would do nothing."""
        return self._current is None

    def advance(self, taken_frames: int) -> None:
        """The clock has taken `taken_frames` of ours since the call began."""
        self._taken = taken_frames
        utterance = self._current
        if utterance is None or utterance.first_audio is None or utterance.over.is_set():
            return
        if utterance.first_heard is None:
            heard = self._playout.heard(taken_frames)
            if heard.utterance == utterance.number and heard.samples > 0:
                utterance.first_heard = self._now()
        for number in self._playout.finished(taken_frames):
            if number == utterance.number:
                self._finish(utterance)

    def _finish(self, utterance: Utterance) -> None:
        utterance.complete = not utterance.failed
        utterance.heard = utterance.text
        utterance.ended = self._now()
        utterance.over.set()
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
