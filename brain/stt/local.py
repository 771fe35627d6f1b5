"""`Stt` in this process: Whisper behind the scheduler. The speech server serves it; tests use it direct.

While audio comes in, the window is decoded every 300 ms of it (200 ms with a tiny model), each time the
newest audio: under load there are fewer partials, not later ones. At a pause it is decoded at once, and
if no more is said until the final is asked for, that decode is the final.

An urgent segment, of a caller who speaks over the bot, is decoded as soon as there can be a word in it, and then back
to back, before everything but finals, for its first two seconds: by then it is known what it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from brain.engines import EngineError, Final, Partial, SttSettings, SttStream, Word
from brain.log_mel import RATE_HZ
from brain.resampling import resample
from brain.speech_scheduler import Kind, Scheduler
from brain.stt.local_agreement import LocalAgreement, stable_prefix
from brain.stt.pauses import Pauses
from brain.stt.second_look import second_look
from brain.stt.weights import model_folder
from brain.stt.whisper import Hypothesis, WhisperModel
from brain.stt.window import FULL_MS, ROLL_MS, Snapshot, Window, shifted, split
from media.frame import FULL_SCALE, Pcm
from media.noise import DenoiserMissing, Wave
from media.onnx import ModelError

PARTIAL_MS = 300
TINY_PARTIAL_MS = 200
URGENT_FROM_MS = 400
"""Audio before the first decode of an urgent segment: the run-up's 250 ms, and 150 in which a word may have begun."""
URGENT_UNTIL_MS = 2000
URGENT_PARTIAL_MS = 60
"""New audio for another decode of one: what comes in a batch."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One decode of a snapshot: `rest` is what was decoded last, `words` its words from its own start."""

    rest: Snapshot
    hypothesis: Hypothesis

    @property
    def text(self) -> str:
        """All of the segment."""
        return " ".join([*(w.text for w in self.rest.settled), self.hypothesis.text]).strip()

    @property
    def words(self) -> tuple[Word, ...]:
        """All of the segment's, in its time."""
        return (*self.rest.settled, *shifted(self.hypothesis.words, self.rest.origin_ms))


def decode(model: WhisperModel, settings: SttSettings, want_words: bool, snapshot: Snapshot) -> Heard:
    """The text of `snapshot`, in pieces where it is longer than Whisper hears. Runs on a thread. Raises EngineError.

    On a noisy line a decode with `want_words`, at a pause or for a final, looks twice where it is in doubt.
    """
    while True:
        piece = snapshot.pcm[: FULL_MS * snapshot.rate_hz // 1000]
        audio = resample(piece.astype(np.float32) / FULL_SCALE, snapshot.rate_hz, RATE_HZ)
        second = partial(_second_look, audio) if want_words and settings.noisy else None
        more = piece.size < snapshot.pcm.size
        others = settings.others if want_words else ()
        hypothesis = model.decode(audio, settings.language, settings.phrases, want_words or more, others, second)
        if not more:
            return Heard(snapshot, hypothesis)
        count, at_ms = split(hypothesis.words, 0, FULL_MS)
        snapshot = snapshot.cut(at_ms, hypothesis.words[:count])


def _second_look(audio: Wave) -> Wave:
    try:
        return second_look(audio)
    except (DenoiserMissing, ModelError) as error:
        raise EngineError("stt", str(error)) from error


@dataclass(eq=False, slots=True)
class _Decode:
    """A decode of a segment under way: `audio_ms` is what it covers, None until it starts.

    A `wanted` one is a final's, and isn't dropped for newer audio.
    """

    audio_ms: int | None = None
    wanted: bool = False
    result: asyncio.Future[Heard] = field(init=False)


@dataclass(eq=False, slots=True)
class _Segment:
    number: int
    settings: SttSettings
    window: Window
    pauses: Pauses
    agreement: LocalAgreement = field(default_factory=LocalAgreement)
    decoded_ms: int = 0
    shown_ms: int = 0
    partial: _Decode | None = None
    pause: _Decode | None = None

    @property
    def urgent(self) -> bool:
        """Whether words are waited for now."""
        return self.settings.urgent and self.window.audio_ms < URGENT_UNTIL_MS

    @property
    def due(self) -> bool:
        """Whether there is enough new audio for another partial."""
        return partial_due(self.settings, self.decoded_ms, self.window.audio_ms)


def partial_due(settings: SttSettings, decoded_ms: int, audio_ms: int) -> bool:
    """Whether a segment of `audio_ms`, decoded up to `decoded_ms`, is to be decoded again while audio comes in."""
    every = TINY_PARTIAL_MS if "tiny" in settings.model else PARTIAL_MS
    if settings.urgent and audio_ms < URGENT_UNTIL_MS:
        every = URGENT_PARTIAL_MS if decoded_ms else URGENT_FROM_MS
    return audio_ms - decoded_ms >= every


class WhisperStt:
    """See `brain.engines.Stt`. `threads` is what one decode uses; weights are loaded once each."""

    def __init__(self, scheduler: Scheduler, threads: int = 1, cache: Path | None = None) -> None:
        self._scheduler = scheduler
        self._threads = threads
        self._cache = cache
        self._models: dict[str, asyncio.Task[WhisperModel]] = {}

    async def warm(self, settings: SttSettings) -> None:
        """Load the weights and decode a second of silence, as on a noisy line. Raises EngineError."""
        model = await self.model(settings.model)
        model.check_language(settings.language)
        quiet = Snapshot(np.zeros(RATE_HZ, np.int16), RATE_HZ, 0, ())
        await self._scheduler.run(Kind.LOAD, partial(decode, model, replace(settings, noisy=True), True, quiet))

    async def open(self, call: str, rate_hz: int) -> SttStream:
        """A stream; `call` isn't needed here. Raises EngineError for a rate under 8 or over 48 kHz."""
        if not 8000 <= rate_hz <= 48000:
            raise EngineError("stt", f"cannot hear at {rate_hz} Hz")
        return WhisperStream(self, self._scheduler, rate_hz)

    async def model(self, name: str) -> WhisperModel:
        """The weights `name`, loaded on first use. Raises EngineError."""
        loading = self._models.get(name)
        if loading is None:
            loading = self._models[name] = asyncio.create_task(self._load(name))
        try:
            return await asyncio.shield(loading)
        except EngineError:
            self._models.pop(name, None)  # a path may be put right while the server runs
            raise

    def loaded(self, name: str) -> WhisperModel | None:
        """The weights `name` if they are here already."""
        loading = self._models.get(name)
        if loading is None or not loading.done() or loading.cancelled() or loading.exception() is not None:
            return None
        return loading.result()

    async def _load(self, name: str) -> WhisperModel:
        def work() -> WhisperModel:
            return WhisperModel(model_folder(name, self._cache), self._threads, self._scheduler.threads)

        return await self._scheduler.run(Kind.LOAD, work)


class WhisperStream:
    """See `brain.engines.SttStream`."""

    def __init__(self, stt: WhisperStt, scheduler: Scheduler, rate_hz: int) -> None:
        self._stt = stt
        self._scheduler = scheduler
        self._rate_hz = rate_hz
        self._segment: _Segment | None = None
        self._answers: asyncio.Queue[Partial | Final | EngineError | None] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def begin(self, segment: int, settings: SttSettings) -> None:
        """Forget the segment before; finals that were asked of it still come."""
        self._drop_decodes()
        self._segment = _Segment(segment, settings, Window(self._rate_hz), Pauses(self._rate_hz))
        if self._stt.loaded(settings.model) is None:
            self._spawn(partial(self._prepare, settings))

    def feed(self, pcm: Pcm) -> None:
        """Append audio; without a segment it is dropped."""
        segment = self._segment
        if segment is None:
            return
        segment.window.append(pcm)
        segment.pauses.feed(pcm)
        model = self._stt.loaded(segment.settings.model)
        if model is not None:
            self._decode_at_pause(segment, model)
            self._decode_at_interval(segment, model)

    def finalize(self, segment: int, request: int) -> None:
        """Answer with a `Final`; an empty one where `segment` is not the open one."""
        open_now = self._segment
        if open_now is None or open_now.number != segment:
            self._answers.put_nowait(Final(segment, request, "", (), 0.0, "", 0))
            return
        audio, heard_all = open_now.window.snapshot(), open_now.pause
        if heard_all is None or heard_all.audio_ms is None or heard_all.audio_ms < open_now.pauses.spoken_ms:
            heard_all = _Decode(audio.end_ms)
            heard_all.result = asyncio.ensure_future(self._decode_final(open_now.settings, audio))
        heard_all.wanted = True
        self._drop_decodes(under_way=False)  # what they would say, the final says better
        open_now.pause, open_now.decoded_ms = heard_all, open_now.window.audio_ms
        self._spawn(partial(self._final, open_now, request, heard_all.result, audio.end_ms))

    async def __aiter__(self) -> AsyncIterator[Partial | Final]:
        while (answer := await self._answers.get()) is not None:
            if isinstance(answer, EngineError):
                raise answer
            yield answer

    async def aclose(self) -> None:
        """Cancel what is under way and end the iteration. Twice is fine."""
        if self._closed:
            return
        self._closed = True
        self._drop_decodes()
        self._segment = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._answers.put_nowait(None)

    def _spawn(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        task = asyncio.create_task(self._report(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _report(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        try:
            await work()
        except EngineError as error:
            self._answers.put_nowait(error)

    async def _prepare(self, settings: SttSettings) -> None:
        (await self._stt.model(settings.model)).check_language(settings.language)

    async def _decode_final(self, settings: SttSettings, audio: Snapshot) -> Heard:
        model = await self._stt.model(settings.model)
        return await self._scheduler.submit(Kind.FINAL, lambda: audio, partial(decode, model, settings, True))

    async def _final(
        self, segment: _Segment, request: int, result: asyncio.Future[Heard], audio_ms: int
    ) -> None:
        heard = await asyncio.shield(result)
        segment.shown_ms = max(segment.shown_ms, audio_ms)
        words, language = heard.words, heard.hypothesis.language or segment.settings.language
        confidence = sum(w.confidence for w in words) / len(words) if words else 0.0
        self._answers.put_nowait(
            Final(segment.number, request, heard.text, words, confidence, language, audio_ms)
        )

    # ---- while audio comes in -----------------------------------------------------------------------------

    def _decode_at_interval(self, segment: _Segment, model: WhisperModel) -> None:
        if segment.partial is None and segment.pauses.spoken_ms > segment.decoded_ms and segment.due:
            segment.partial = self._decode(segment, model, Kind.OVER_BOT if segment.urgent else Kind.PARTIAL)

    def _decode_at_pause(self, segment: _Segment, model: WhisperModel) -> None:
        before = segment.pause
        if not segment.pauses.paused:
            return
        if before is not None and (before.audio_ms is None or before.audio_ms >= segment.pauses.spoken_ms):
            return  # it will hear, or has heard, all that was said
        kind = Kind.OVER_BOT if segment.urgent else Kind.PAUSE
        segment.pause = self._decode(segment, model, kind, want_words=True)

    def _decode(self, segment: _Segment, model: WhisperModel, kind: Kind, want_words: bool = False) -> _Decode:
        under_way = _Decode()

        def snapshot() -> Snapshot:
            under_way.audio_ms = segment.decoded_ms = segment.window.audio_ms
            return segment.window.snapshot()

        def work(audio: Snapshot) -> Heard:
            return decode(model, segment.settings, want_words or audio.duration_ms >= ROLL_MS, audio)

        under_way.result = self._scheduler.submit(kind, snapshot, work)
        self._spawn(partial(self._show, segment, model, under_way))
        return under_way

    async def _show(self, segment: _Segment, model: WhisperModel, under_way: _Decode) -> None:
        try:
            heard = await asyncio.shield(under_way.result)
        finally:
            if segment.partial is under_way:
                segment.partial = None
        if segment is not self._segment:
            return
        newer = heard.rest.end_ms > segment.shown_ms
        if newer and heard.rest.origin_ms >= segment.window.origin_ms:  # else another has overtaken it
            segment.shown_ms = heard.rest.end_ms
            self._answers.put_nowait(self._agree(segment, heard))
        self._decode_at_interval(segment, model)

    def _agree(self, segment: _Segment, heard: Heard) -> Partial:
        fresh = segment.agreement.update(heard.hypothesis.text)
        text, rest, words = heard.text, heard.rest, heard.hypothesis.words
        stable = stable_prefix(text, sum(len(w.text.split()) for w in rest.settled) + fresh)
        if len(words) == len(heard.hypothesis.text.split()):  # else the alignment saw other words
            count, at_ms = split(words, fresh, rest.duration_ms)
            if at_ms:
                rest = rest.cut(at_ms, words[:count])
                segment.agreement.forget(count)
        segment.window.roll(rest)
        return Partial(segment.number, text, stable, heard.rest.end_ms, heard.hypothesis.confidence)

    def _drop_decodes(self, under_way: bool = True) -> None:
        """Cancel what no final waits for; without `under_way`, only what hasn't begun: the rest is known sooner."""
        segment = self._segment
        if segment is None:
            return
        for guess in (segment.partial, segment.pause):
            if guess is not None and not guess.wanted and (under_way or guess.audio_ms is None):
                guess.result.cancel()
        segment.partial = segment.pause = None
