"""The caller's side of a call: echo, voice activity, and the audio that the recogniser gets.

Frames come in once a tick, each with what the bot sent meanwhile, whose echo is taken out of it. While a segment
is open they go to the recogniser, at one level; before that they are kept, so that a segment
begins a little before the voice detector was sure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from brain import events as ev
from brain.caller_language import CallerLanguage
from brain.engines import EngineError, Eot, Final, Partial, Stt, SttSettings, SttStream
from brain.expect import Expect, likely_phrases
from brain.interruption import without_own
from brain.phrases import corrected
from media.distance import Distance
from media.echo import EchoCanceller, EchoReport, EchoState
from media.frame import FRAME_MS, Pcm, samples
from media.levels import Levels
from media.near import NearTalk
from media.prosody import SPAN_S, measure
from media.vad import SpeechMaybe, SpeechStarted, SpeechStopped, Vad

RUN_UP_S = 0.25
"""Audio before the detected onset that the recogniser gets too: soft first consonants."""
KEPT_S = 16.0
"""Audio kept per call: what a new recogniser is given when the old one dies in a turn."""
SCORED_S = 8.0
"""What the end-of-turn model looks at."""
SCORE_LIMIT_S = 1.0
"""A score later than this is of no use."""
RETRY_S = (0.2, 0.5, 1.0, 2.0)
HEALTHY_S = 5.0
"""A recogniser that was lost right after it came back is believed after so long, or with its first word."""
VOICE_DBFS = -50.0
"""What was sent is a voice of ours above this, comfort noise or ambience below."""
DOUBTED = (EchoState.UNKNOWN, EchoState.LEARNING, EchoState.LOST)
"""What is heard over the bot may be the bot."""

Post = Callable[[ev.Event], None]


@dataclass(slots=True)
class _Segment:
    """The open segment: its first sample, and the request that the recogniser has still to answer.

    `urgent` where words are waited for."""

    number: int
    first: int
    urgent: bool
    request: int = 0


class Ear:
    """Hears one caller. `post` takes the events; `now` reads the call's clock; `own` tells what the bot said last."""

    def __init__(
        self,
        call: str,
        rate_hz: int,
        stt: Stt,
        eot: Eot | None,
        post: Post,
        now: Callable[[], float],
        own: Callable[[], str],
    ) -> None:
        self.settings = SttSettings()
        self.language = CallerLanguage("en")
        self.expect = Expect()
        """What is awaited: it says which phrases are likely."""
        self._call, self._rate = call, rate_hz
        self._stt, self._eot, self._post, self._now, self._own = stt, eot, post, now, own
        self._frame = samples(FRAME_MS, rate_hz)
        self._vad = Vad(rate_hz)
        self._echo = EchoCanceller(rate_hz)
        self._levels = Levels(rate_hz)
        self._near = NearTalk()
        self._doubted = False
        self._distance = Distance()
        self._kept = np.zeros(int(KEPT_S * rate_hz), np.int16)
        self._end = 0
        self._newest = (0, 0.0)
        self._stream: SttStream | None = None
        self._segment: _Segment | None = None
        self._likely: tuple[str, ...] = ()
        self._to_score: asyncio.Queue[int] = asyncio.Queue()

    def hear(self, heard: Pcm, sent: Pcm, position: int, newest: int) -> None:
        """New audio of the caller, whole frames, whose first sample is number `position`, and what was sent
        meanwhile. `newest` is the end of all that the line has brought: audio that is held back comes later.
        """
        for at in range(0, heard.size, self._frame):
            near = heard[at : at + self._frame]
            certain = self._near.hears(near, self._vad.noise_dbfs)  # by what was sent before: an echo comes later
            clean = self._echo.process(near, sent[at : at + self._frame], self._near.loud)
            sent_dbfs = self._echo.sent_dbfs
            self._vad.over_voice = sent_dbfs > VOICE_DBFS
            self._near.sent(sent_dbfs)
            self._doubt(self._echo.state in DOUBTED and not certain)
            self._hear(clean, position + at, newest)

    def _doubt(self, doubted: bool) -> None:
        if doubted is not self._doubted:
            self._doubted = doubted
            self._post(ev.EchoChanged(self._now(), doubted))

    def _measure(self) -> None:
        """How far away the newest sound is."""
        vad, before = self._vad, self._distance.far
        if self._distance.hear(vad.level_dbfs, vad.noise_dbfs, vad.activity, vad.over_voice) is not before:
            self._post(ev.DistanceChanged(self._now(), not before))

    def _hear(self, frame: Pcm, position: int, newest: int) -> None:
        events = self._vad.feed(frame, position)
        self._measure()
        levelled = self._levels.process(frame, self._vad.activity)
        self._keep(levelled, position)
        if self._segment is not None and self._stream is not None:
            self._tell(lambda stream: stream.feed(levelled))
        if events or self._segment is not None:  # only then it is asked when something came
            self._newest = newest, self._now()
        for event in events:
            now = self._newest[1]
            since = self._when(event.position)
            if isinstance(event, SpeechMaybe):
                self._post(ev.SpeechMaybe(now, since))
            elif isinstance(event, SpeechStarted):
                self._post(ev.SpeechStarted(now, since))
            elif isinstance(event, SpeechStopped):
                self._post_prosody(now, event.position)
                self._post(ev.SpeechStopped(now, since))

    def _when(self, position: int) -> float:
        """When sample `position` came, on the call's clock."""
        newest, at = self._newest
        return round(at - (newest - position) / self._rate, 4)

    def _post_prosody(self, now: float, ended: int) -> None:
        """How the voice sounded up to sample `ended`, the last before a pause."""
        pause = self._end - ended
        contour = measure(self._last(pause + int(SPAN_S * self._rate))[: -pause or None], self._rate)
        if contour is not None:
            self._post(ev.Prosody(now, contour))

    @property
    def echo(self) -> EchoReport:
        """What the canceller knows of the line."""
        return self._echo.report

    def rest(self) -> None:
        """The call was put on hold, or taken off: what is heard next has no past."""
        self._vad = Vad(self._rate)
        self._kept[:] = 0

    def begin(self, segment: int, since: float, urgent: bool = False) -> None:
        """Open a segment with the audio since `since`, less the run-up; `urgent`: its first words are waited for."""
        wanted = min(int((self._now() - since + RUN_UP_S) * self._rate), len(self._kept), self._end)
        self._segment = _Segment(segment, self._end - max(0, wanted), urgent)
        self._give()

    def end(self, segment: int) -> None:
        """Feed no more of `segment`."""
        if self._segment is not None and self._segment.number == segment:
            self._segment = None

    def finalize(self, segment: int, request: int) -> None:
        """Ask for the words so far, and for the end-of-turn score; both are posted when they come."""
        if self._segment is not None and self._segment.number == segment:
            self._segment.request = request
        self._tell(lambda stream: stream.finalize(segment, request))
        if self._eot is not None:
            self._to_score.put_nowait(request)

    def _give(self) -> None:
        """Give the open segment, as far as it goes, to a recogniser that hasn't heard of it."""
        segment = self._segment
        if segment is None:
            return
        self._likely = likely_phrases(self.settings.phrases, self.expect)
        settings = replace(self.settings, phrases=self._likely, urgent=segment.urgent, noisy=self._levels.noisy)
        self._tell(lambda stream: stream.begin(segment.number, settings))
        self._tell(lambda stream: stream.feed(self._last(self._end - segment.first)))
        if segment.request:
            self._tell(lambda stream: stream.finalize(segment.number, segment.request))

    def _tell(self, what: Callable[[SttStream], None]) -> None:
        """Do it to the stream, if there is one."""
        if self._stream is not None:
            try:
                what(self._stream)
            except EngineError:
                self._stream = None  # its iteration raises the same, and that is where it is reported

    # ---- tasks ----------------------------------------------------------------------------------------

    async def listen(self, report: Callable[[EngineError], None]) -> None:
        """Keep the engines at work and post what they say, until cancelled.

        A recogniser that is lost is reported, posted as `SttFailed`, and tried again. The new one is given
        the open segment from its beginning, and asked what the old one left unanswered.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recognise(report))
            if self._eot is not None:
                tasks.create_task(self._score(self._eot, report))

    async def _recognise(self, report: Callable[[EngineError], None]) -> None:
        outage = _Outage(self._post, self._now, report)
        while True:
            try:
                stream = await self._stt.open(self._call, self._rate)
            except EngineError as error:
                outage.failed(error)
            else:
                healthy = asyncio.get_running_loop().call_later(HEALTHY_S, outage.works)
                try:
                    self._stream = stream
                    if outage.flaps <= 1:
                        outage.over()
                    self._give()
                    async for item in stream:
                        outage.works()
                        self._heard(item)
                    raise EngineError("stt", "the stream ended")
                except EngineError as error:
                    outage.flaps += 1
                    outage.failed(error)
                finally:
                    healthy.cancel()
                    self._stream = None
                    await _close(stream, report)
            await asyncio.sleep(RETRY_S[min(outage.failures, len(RETRY_S)) - 1])

    def _heard(self, item: Partial | Final) -> None:
        text = without_own(item.text, self._own()) if self._echo.state in DOUBTED else item.text
        text = corrected(text, self._likely)
        if isinstance(item, Partial):
            segment, until = self._segment, None
            if segment is not None and segment.number == item.segment:
                until = self._when(segment.first + item.audio_ms * self._rate // 1000)
            self._post(ev.PartialText(self._now(), item.segment, text, until, item.confidence))
            return
        self.language.heard(item.segment, item.language, item.audio_ms)
        if self._segment is not None and self._segment.request == item.request:
            self._segment.request = 0
        self._post(ev.FinalText(self._now(), item.segment, item.request, text, item.confidence))

    async def _score(self, eot: Eot, report: Callable[[EngineError], None]) -> None:
        """Score the newest request; one that another has overtaken is skipped."""
        failing = False
        while True:
            request = await self._to_score.get()
            while not self._to_score.empty():
                request = self._to_score.get_nowait()
            try:
                async with asyncio.timeout(SCORE_LIMIT_S):
                    probability = await eot.score(self._last(int(SCORED_S * self._rate)), self._rate)
            except (EngineError, TimeoutError) as error:
                # One piece of evidence less: the policy knows how to do without, and the log learns it once.
                if not failing:
                    report(error if isinstance(error, EngineError) else EngineError("eot", "too slow"))
                failing = True
            else:
                failing = False
                self._post(ev.TurnScore(self._now(), request, probability))

    def _keep(self, pcm: Pcm, position: int) -> None:
        size = len(self._kept)
        piece = pcm[-size:]
        at = (position + pcm.size - piece.size) % size
        first = min(piece.size, size - at)
        self._kept[at : at + first] = piece[:first]
        if first < piece.size:
            self._kept[: piece.size - first] = piece[first:]
        self._end = position + pcm.size

    def _last(self, count: int) -> Pcm:
        size = len(self._kept)
        count = max(0, min(count, size, self._end))
        start = (self._end - count) % size
        if start + count <= size:
            return self._kept[start : start + count].copy()
        return np.concatenate((self._kept[start:], self._kept[: start + count - size]))


@dataclass(slots=True)
class _Outage:
    """Whether the recogniser is lost; told once each way. One that opens and fails again and again is one outage:
    the first time it is back it is believed at once, so that a restart costs no turn, then it has to prove itself.
    """

    post: Post
    now: Callable[[], float]
    report: Callable[[EngineError], None]
    failures: int = 0
    flaps: int = 0
    lost: bool = False

    def failed(self, error: EngineError) -> None:
        """It can't be opened, or its stream has ended."""
        self.failures += 1
        if not self.lost:
            self.lost = True
            self.report(error)
            self.post(ev.SttFailed(self.now()))

    def over(self) -> None:
        """It seems to be back."""
        if self.lost:
            self.lost = False
            self.post(ev.SttRecovered(self.now()))

    def works(self) -> None:
        """It hears, or has lasted."""
        self.failures = self.flaps = 0
        self.over()


async def _close(stream: SttStream, report: Callable[[EngineError], None]) -> None:
    try:
        await stream.aclose()
    except EngineError as error:
        report(error)
