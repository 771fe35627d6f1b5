"""`Stt` by the speech server: all calls of a worker in one RPC.

Audio goes out in batches of 60 ms, and at once where it falls quiet: the words may be complete, and the server
decodes them at the first sign of a pause. When the server is lost, every stream raises `EngineError` at once;
the segment it was in is kept, and the stream that the call opens next begins with it, so that a
sentence survives a restart of the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import grpc.aio
import numpy as np

from brain import speech_pb2 as pb
from brain.engines import EngineError, Final, Partial, SttSettings, SttStream, Word
from brain.speech_client import SpeechChannel, failure, waiting
from media.frame import Pcm

BATCH_MS = 60
QUIET = 0.1
"""A frame with no sample above this share of the segment's loudest falls quiet."""
OPEN_TIMEOUT_S = 5.0
RETRY_S = 0.1
KEEP_MS = 60_000
"""Of a segment, for a server that comes back."""

KEEP_LOST_S = 30.0
"""A call that hasn't come back by then has ended."""

UNREAD_S = 5.0
"""A server that doesn't take a message for so long is taken for dead."""


def wire_settings(settings: SttSettings) -> pb.SttSettings:
    """`settings` as a message."""
    return pb.SttSettings(
        model=settings.model,
        language=settings.language,
        phrases=settings.phrases,
        others=settings.others,
        urgent=settings.urgent,
        noisy=settings.noisy,
    )


@dataclass(slots=True)
class _Kept:
    """The open segment: its audio so far, little-endian int16."""

    segment: int
    settings: SttSettings
    audio: bytearray = field(default_factory=bytearray)


class RemoteStt:
    """See `brain.engines.Stt`."""

    def __init__(self, link: SpeechChannel, open_timeout_s: float = OPEN_TIMEOUT_S) -> None:
        self._link = link
        self._open_timeout_s = open_timeout_s
        self._session: _Session | None = None
        self._connecting = asyncio.Lock()
        self._lost: dict[str, tuple[float, _Kept]] = {}

    async def warm(self, settings: SttSettings) -> None:
        """Have the server load the weights. Raises EngineError."""
        await self._link.warm("stt", pb.WarmRequest(stt=wire_settings(settings)))

    async def open(self, call: str, rate_hz: int) -> SttStream:
        """A stream; waits `open_timeout_s` for a server that isn't there. Raises EngineError.

        Where the call's last stream was lost inside a segment, that segment is open again, with its audio;
        `begin` with its number leaves it so.
        """
        session = await self._connected()
        _, kept = self._lost.pop(call, (0.0, None))
        return session.add(RemoteStream(self, session, call, rate_hz, kept))

    async def aclose(self) -> None:
        """End the RPC; streams that are open are lost."""
        if self._session is not None:
            await self._session.aclose()
            self._session = None

    def keep(self, call: str, kept: _Kept) -> None:
        """Remember the segment of a lost stream, for a while."""
        now = asyncio.get_running_loop().time()
        self._lost = {c: (t, k) for c, (t, k) in self._lost.items() if now - t < KEEP_LOST_S}
        self._lost[call] = (now, kept)

    async def _connected(self) -> _Session:
        async with self._connecting:
            if self._session is not None and self._session.alive:
                return self._session
            loop = asyncio.get_running_loop()
            deadline = loop.time() + self._open_timeout_s
            while True:
                await self._link.ready(max(0.05, deadline - loop.time()), "stt")
                session = _Session(self._link)
                try:
                    async with asyncio.timeout_at(max(loop.time() + 0.05, deadline)):
                        await session.start()
                except (EngineError, TimeoutError) as error:
                    await session.aclose()
                    if loop.time() + RETRY_S >= deadline:
                        raise EngineError("stt", f"no speech server: {error}") from error
                    await asyncio.sleep(RETRY_S)
                    continue
                self._session = session
                return session


class _Session:
    """One RPC with its streams; dead for good once it fails."""

    def __init__(self, link: SpeechChannel) -> None:
        self._call = link.stub.Stt()
        self._out: asyncio.Queue[pb.SttRequest] = asyncio.Queue()
        self._streams: dict[int, RemoteStream] = {}
        self._last = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: EngineError | None = None

    @property
    def alive(self) -> bool:
        """Whether new streams may be added."""
        return self._failure is None

    async def start(self) -> None:
        """Wait for the server's first sign. Raises EngineError."""
        try:
            await self._call.initial_metadata()
        except grpc.aio.AioRpcError as error:
            raise failure("stt", error) from error
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]

    def add(self, stream: RemoteStream) -> RemoteStream:
        """Number a stream and open it at the server."""
        self._last += 1
        self._streams[self._last] = stream
        stream.opened(self._last)
        return stream

    def remove(self, number: int) -> None:
        """No more of this stream."""
        self._streams.pop(number, None)

    def send(self, request: pb.SttRequest) -> None:
        """Queue a message; dropped once the session has failed."""
        if self._failure is None:
            self._out.put_nowait(request)

    async def aclose(self) -> None:
        """End the RPC and its tasks."""
        self._fail(EngineError("stt", "closed"))
        self._call.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self) -> None:
        try:
            while isinstance(message := await self._call.read(), pb.SttReplies):
                for reply in message.replies:
                    if (stream := self._streams.get(reply.stream)) is not None:
                        stream.answered(reply)
            details = await self._call.details() or "ended the stream"
            self._fail(EngineError("stt", f"speech server: {details}"))
        except grpc.aio.AioRpcError as error:
            self._fail(failure("stt", error))

    async def _write(self) -> None:
        try:
            while True:
                message = pb.SttRequests()
                message.requests.extend(await waiting(self._out))
                async with asyncio.timeout(UNREAD_S):
                    await self._call.write(message)
        except TimeoutError:
            self._fail(EngineError("stt", "the speech server doesn't read"))
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
            self._fail(EngineError("stt", f"speech server lost: {type(error).__name__}"))

    def _fail(self, reason: EngineError) -> None:
        if self._failure is not None:
            return
        self._failure = reason
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            stream.lost(reason)


class RemoteStream:
    """See `brain.engines.SttStream`."""

    def __init__(
        self, stt: RemoteStt, session: _Session, call: str, rate_hz: int, kept: _Kept | None
    ) -> None:
        self._stt = stt
        self._session = session
        self._call = call
        self._rate_hz = rate_hz
        self._number = 0
        self._kept = kept
        self._resumed = kept is not None
        self._batch = bytearray()
        self._loudest = 0.0
        self._answers: asyncio.Queue[Partial | Final | EngineError | None] = asyncio.Queue()

    # ---- the port -----------------------------------------------------------------------------------------

    def begin(self, segment: int, settings: SttSettings) -> None:
        """Open a segment; the one that `open` has brought back stays as it is."""
        if self._resumed and self._kept is not None and self._kept.segment == segment:
            self._resumed = False
            return
        self._resumed = False
        self._kept = _Kept(segment, settings)
        self._batch.clear()
        self._loudest = 0.0
        self._send_begin(self._kept)

    def feed(self, pcm: Pcm) -> None:
        """Append audio, sent in batches; without a segment it is dropped."""
        if self._kept is None:
            return
        data = pcm.astype("<i2", copy=False).tobytes()
        self._kept.audio += data
        excess = len(self._kept.audio) - self._bytes(KEEP_MS)
        if excess > 0:
            del self._kept.audio[:excess]
        self._batch += data
        peak = max(float(np.maximum.reduce(pcm, initial=0)), -float(np.minimum.reduce(pcm, initial=0)))
        self._loudest = max(self._loudest, peak)
        if peak < QUIET * self._loudest or len(self._batch) >= self._bytes(BATCH_MS):
            self._flush()

    def finalize(self, segment: int, request: int) -> None:
        """Send what is left and ask."""
        self._flush()
        ask = pb.SttRequest.Finalize(segment=segment, request=request)
        self._session.send(pb.SttRequest(stream=self._number, finalize=ask))

    async def __aiter__(self) -> AsyncIterator[Partial | Final]:
        while (answer := await self._answers.get()) is not None:
            if isinstance(answer, EngineError):
                raise answer
            yield answer

    async def aclose(self) -> None:
        """End the stream at the server and the iteration here."""
        self._session.remove(self._number)
        self._session.send(pb.SttRequest(stream=self._number, close=pb.SttRequest.Close()))
        self._kept = None
        self._answers.put_nowait(None)

    # ---- for the session ----------------------------------------------------------------------------------

    def opened(self, number: int) -> None:
        """The session has numbered us: open, and send what was kept."""
        self._number = number
        start = pb.SttRequest.Open(call=self._call, rate_hz=self._rate_hz)
        self._session.send(pb.SttRequest(stream=number, open=start))
        if self._kept is not None:
            self._send_begin(self._kept)
            self._session.send(pb.SttRequest(stream=number, audio=bytes(self._kept.audio)))

    def answered(self, reply: pb.SttReply) -> None:
        """A message from the server."""
        what = reply.WhichOneof("what")
        if what == "partial":
            p = reply.partial
            self._answers.put_nowait(Partial(p.segment, p.text, p.stable, p.audio_ms, p.confidence))
        elif what == "final":
            f = reply.final
            words = tuple(Word(w.text, w.start_ms, w.end_ms, w.confidence) for w in f.words)
            self._answers.put_nowait(
                Final(f.segment, f.request, f.text, words, f.confidence, f.language, f.audio_ms)
            )
        elif what == "failed":
            self._session.remove(self._number)
            self._answers.put_nowait(EngineError("stt", reply.failed.reason))

    def lost(self, reason: EngineError) -> None:
        """The server is gone: keep the segment for the call's next stream."""
        if self._kept is not None:
            self._stt.keep(self._call, self._kept)
        self._answers.put_nowait(reason)

    # ---- private ------------------------------------------------------------------------------------------

    def _send_begin(self, kept: _Kept) -> None:
        begin = pb.SttRequest.Begin(segment=kept.segment, settings=wire_settings(kept.settings))
        self._session.send(pb.SttRequest(stream=self._number, begin=begin))

    def _flush(self) -> None:
        if self._batch:
            self._session.send(pb.SttRequest(stream=self._number, audio=bytes(self._batch)))
            self._batch.clear()

    def _bytes(self, ms: int) -> int:
        return self._rate_hz * ms // 1000 * 2
