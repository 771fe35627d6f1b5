"""`ScriptedStt`: a recogniser that hears what a script says, for tests without models.

Words appear as audio is fed, one every `WORD_MS`; a final holds those that fit into the audio, all of
them with `whole=True`. The same audio always gives the same partials and finals.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from brain.engines import EngineError, Final, Partial, SttSettings, SttStream, Word
from brain.stt.local_agreement import stable_prefix
from media.frame import Pcm

WORD_MS = 300


@dataclass(slots=True)
class _Open:
    number: int
    text: str
    settings: SttSettings
    samples: int = 0
    shown: int = 0


class ScriptedStt:
    """The nth segment that is begun, over all streams, is heard as `script[n]`; past its end as ""."""

    def __init__(self, script: Sequence[str], whole: bool = False) -> None:
        self._script = list(script)
        self._whole = whole
        self._streams: list[ScriptedStream] = []
        self.warmed: list[SttSettings] = []
        self.failure: str | None = None
        """While set, nothing can be warmed or opened."""

    async def warm(self, settings: SttSettings) -> None:
        self._check()
        self.warmed.append(settings)

    async def open(self, call: str, rate_hz: int) -> SttStream:
        self._check()
        if not 8000 <= rate_hz <= 48000:
            raise EngineError("stt", f"cannot hear at {rate_hz} Hz")
        stream = ScriptedStream(self, rate_hz, self._whole)
        self._streams.append(stream)
        return stream

    def fail(self, reason: str) -> None:
        """Every open stream is lost."""
        for stream in self._streams:
            stream.fail(reason)
        self._streams.clear()

    def next_text(self) -> str:
        """The script's next line."""
        return self._script.pop(0) if self._script else ""

    def _check(self) -> None:
        if self.failure is not None:
            raise EngineError("stt", self.failure)


class ScriptedStream:
    """See `brain.engines.SttStream`."""

    def __init__(self, stt: ScriptedStt, rate_hz: int, whole: bool) -> None:
        self._stt = stt
        self._rate_hz = rate_hz
        self._whole = whole
        self._segment: _Open | None = None
        self._answers: asyncio.Queue[Partial | Final | EngineError | None] = asyncio.Queue()

    def begin(self, segment: int, settings: SttSettings) -> None:
        self._segment = _Open(segment, self._stt.next_text(), settings)

    def feed(self, pcm: Pcm) -> None:
        segment = self._segment
        if segment is None:
            return
        segment.samples += pcm.size
        count = self._audio_ms(segment) // WORD_MS
        words = segment.text.split()[:count]
        if len(words) > segment.shown:
            text = " ".join(words)
            agreed = stable_prefix(text, segment.shown)
            segment.shown = len(words)
            self._answers.put_nowait(Partial(segment.number, text, agreed, self._audio_ms(segment), 1.0))

    def finalize(self, segment: int, request: int) -> None:
        open_now = self._segment
        if open_now is None or open_now.number != segment:
            self._answers.put_nowait(Final(segment, request, "", (), 0.0, "", 0))
            return
        audio_ms = self._audio_ms(open_now)
        texts = open_now.text.split()
        texts = texts if self._whole else texts[: audio_ms // WORD_MS]
        words = tuple(Word(t, i * WORD_MS, (i + 1) * WORD_MS, 1.0) for i, t in enumerate(texts))
        confidence, language = (1.0 if words else 0.0), open_now.settings.language
        self._answers.put_nowait(
            Final(segment, request, " ".join(texts), words, confidence, language, audio_ms)
        )

    def fail(self, reason: str) -> None:
        """Iteration raises EngineError."""
        self._answers.put_nowait(EngineError("stt", reason))

    async def __aiter__(self) -> AsyncIterator[Partial | Final]:
        while (answer := await self._answers.get()) is not None:
            if isinstance(answer, EngineError):
                raise answer
            yield answer

    async def aclose(self) -> None:
        self._segment = None
        self._answers.put_nowait(None)

    def _audio_ms(self, segment: _Open) -> int:
        return segment.samples * 1000 // self._rate_hz
