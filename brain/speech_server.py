"""The speech server: engines of this process, served over gRPC to the call workers of a host.

    python -m brain.speech_server --listen 127.0.0.1:7070 --stt base --voice hibari --voice joe

It speaks no TLS and asks for no token: listen on loopback or on a unix socket (unix:/PATH).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import numpy as np

from brain import speech_pb2 as pb
from brain.engines import EngineError, Final, Partial, Stt, SttSettings, SttStream, TtsSettings
from brain.speech_client import SERVER_OPTIONS, waiting
from brain.speech_engines import Engines, SpeechConfig, build
from brain.speech_pb2_grpc import SpeechServicer, add_SpeechServicer_to_server
from brain.speech_scheduler import Kind
from media.frame import Pcm

log = logging.getLogger(__name__)

STOP_GRACE_S = 1.0


def pcm_of(data: bytes) -> Pcm:
    """Audio of a message."""
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16, copy=False)


def settings_of(wire: pb.SttSettings) -> SttSettings:
    """A message's settings; what is empty keeps its default."""
    default = SttSettings()
    model, language = wire.model or default.model, wire.language or default.language
    return SttSettings(model, language, tuple(wire.phrases), tuple(wire.others), wire.urgent, wire.noisy)


def voice_of(wire: pb.TtsSettings) -> TtsSettings:
    """A message's settings; what is empty keeps its default."""
    default = TtsSettings()
    return TtsSettings(wire.voice or default.voice, wire.speed or default.speed)


class _Hearing:
    """One worker's `Stt` call: its streams, and the one queue that is written to it."""

    def __init__(self, stt: Stt) -> None:
        self._stt = stt
        self._streams: dict[int, tuple[SttStream, asyncio.Task[None]]] = {}
        self.replies: asyncio.Queue[pb.SttReply] = asyncio.Queue()

    async def take(self, request: pb.SttRequest) -> None:
        """Do what a message says; messages for streams that don't exist are late, not wrong."""
        number, what = request.stream, request.WhichOneof("what")
        if what == "open":
            await self._open(number, request.open)
        elif number not in self._streams:
            return
        elif what == "begin":
            self._streams[number][0].begin(request.begin.segment, settings_of(request.begin.settings))
        elif what == "audio":
            self._streams[number][0].feed(pcm_of(request.audio))
        elif what == "finalize":
            self._streams[number][0].finalize(request.finalize.segment, request.finalize.request)
        elif what == "close":
            await self._close(number)

    async def aclose(self) -> None:
        """Close every stream."""
        for number in list(self._streams):
            await self._close(number)

    async def _open(self, number: int, request: pb.SttRequest.Open) -> None:
        await self._close(number)
        try:
            stream = await self._stt.open(request.call, request.rate_hz)
        except EngineError as error:
            self._fail(number, error)
            return
        self._streams[number] = (stream, asyncio.create_task(self._pump(number, stream)))

    async def _close(self, number: int) -> None:
        if (found := self._streams.pop(number, None)) is not None:
            stream, pump = found
            await stream.aclose()
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)

    async def _pump(self, number: int, stream: SttStream) -> None:
        try:
            async for answer in stream:
                self.replies.put_nowait(_reply(number, answer))
        except EngineError as error:
            self._fail(number, error)

    def _fail(self, number: int, error: EngineError) -> None:
        self.replies.put_nowait(pb.SttReply(stream=number, failed=pb.SttReply.Failed(reason=error.reason)))


def _reply(number: int, answer: Partial | Final) -> pb.SttReply:
    if isinstance(answer, Partial):
        heard = pb.SttReply.Partial(
            segment=answer.segment,
            text=answer.text,
            stable=answer.stable,
            audio_ms=answer.audio_ms,
            confidence=answer.confidence,
        )
        return pb.SttReply(stream=number, partial=heard)
    final = pb.SttReply.Final(
        segment=answer.segment,
        request=answer.request,
        text=answer.text,
        words=[
            pb.SttReply.Word(
                text=w.text, start_ms=max(0, w.start_ms), end_ms=max(0, w.end_ms), confidence=w.confidence
            )
            for w in answer.words
        ],
        confidence=answer.confidence,
        language=answer.language,
        audio_ms=answer.audio_ms,
    )
    return pb.SttReply(stream=number, final=final)


class SpeechService(SpeechServicer):
    """The RPCs. An engine's failure is FAILED_PRECONDITION with its reason."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End the streams of all workers: they would never end by themselves."""
        self._stopping.set()

    async def _wait_for_stop(self) -> None:
        await self._stopping.wait()

    async def Stt(self, request_iterator: AsyncIterator[pb.SttRequests], context: Any) -> None:
        """Many streams of a worker."""
        hearing = _Hearing(self._engines.stt)
        await context.send_initial_metadata(())  # the worker's sign that somebody is there

        async def read() -> None:
            async for message in request_iterator:
                for request in message.requests:
                    await hearing.take(request)

        async def write() -> None:
            while True:
                message = pb.SttReplies()
                message.replies.extend(await waiting(hearing.replies))
                await context.write(message)

        tasks = [asyncio.create_task(work) for work in (read(), write(), self._wait_for_stop())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await hearing.aclose()

    async def Speak(self, request_iterator: AsyncIterator[pb.SpeakRequest], context: Any) -> None:
        """One reply."""
        first = await anext(request_iterator, None)
        if first is None or first.WhichOneof("what") != "start":
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the first message is the start")
            return

        async def clauses() -> AsyncGenerator[str, None]:
            async for request in request_iterator:
                if request.WhichOneof("what") == "clause":
                    yield request.clause

        settings, rate_hz = voice_of(first.start.settings), first.start.rate_hz or 8000
        try:
            async with aclosing(self._engines.tts.speak(clauses(), settings, rate_hz)) as speech:
                async for audio in speech:
                    data = audio.pcm.astype("<i2", copy=False).tobytes()
                    await context.write(pb.SpeakReply(clause=audio.clause, audio=data, last=audio.last))
        except EngineError as error:
            await _refuse(context, error)

    async def Score(self, request: pb.ScoreRequest, context: Any) -> pb.ScoreReply:
        """End of turn."""
        if self._engines.eot is None:
            await _refuse(context, EngineError("eot", "no end-of-turn model is configured"))
            return pb.ScoreReply()
        try:
            complete = await self._engines.eot.score(pcm_of(request.audio), request.rate_hz)
            return pb.ScoreReply(complete=complete)
        except EngineError as error:
            await _refuse(context, error)
            return pb.ScoreReply()

    async def Warm(self, request: pb.WarmRequest, context: Any) -> pb.WarmReply:
        """Load an engine for a plan."""
        what = request.WhichOneof("what")
        try:
            if what == "stt":
                await self._engines.stt.warm(settings_of(request.stt))
            elif what == "tts":
                await self._engines.tts.warm(voice_of(request.tts))
            elif self._engines.eot is not None:
                await self._engines.eot.warm()
            else:
                raise EngineError("eot", "no end-of-turn model is configured")
        except EngineError as error:
            await _refuse(context, error)
        return pb.WarmReply()

    async def Health(self, request: pb.HealthRequest, context: Any) -> pb.HealthReply:
        """Readiness, and how much waits."""
        states = self._engines.states
        engines = [
            pb.HealthReply.Engine(name=name, warm=state == "", failure=state or "")
            for name, state in states.items()
        ]
        ready = bool(states) and all(state == "" for state in states.values())
        waiting = {kind.name.lower(): self._engines.scheduler.waiting(kind) for kind in Kind}
        return pb.HealthReply(engines=engines, ready=ready, waiting=waiting)


async def _refuse(context: Any, error: EngineError) -> None:
    await context.abort(grpc.StatusCode.FAILED_PRECONDITION, error.reason)


@asynccontextmanager
async def serving(engines: Engines, listen: str) -> AsyncGenerator[str, None]:
    """Serve `engines` at `listen`; yields the target for clients (port 0 gets a free one). Raises OSError."""
    server = grpc.aio.server(options=SERVER_OPTIONS)
    service = SpeechService(engines)
    add_SpeechServicer_to_server(service, server)
    try:
        port = server.add_insecure_port(listen)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {listen}: {error}") from error
    await server.start()
    try:
        yield listen if listen.startswith("unix:") else f"{listen.rpartition(':')[0]}:{port}"
    finally:
        service.stop()
        await server.stop(STOP_GRACE_S)
        await engines.scheduler.aclose()


async def serve(config: SpeechConfig) -> None:
    """Serve until cancelled. Raises EngineError for what isn't installed, OSError for a port in use."""
    engines = build(config)
    async with serving(engines, config.listen) as target:
        log.info("listening on %s", target)
        await engines.warm(config)
        gc.collect()
        gc.freeze()  # models are millions of objects that a full collection needn't visit
        await asyncio.get_running_loop().create_future()


async def _until_signal(config: SpeechConfig) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(serve(config))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        log.info("stopped")


def main(arguments: list[str] | None = None) -> int:
    """The command line; 2 for a configuration that can't work, said in one line."""
    parser = argparse.ArgumentParser(prog="brain.speech_server", description="Offhook's speech server")
    parser.add_argument("--listen", default=SpeechConfig().listen, help="HOST:PORT or unix:/PATH")
    parser.add_argument("--stt", action="append", metavar="MODEL", help="base, tiny.en or a folder")
    parser.add_argument("--language", default="en")
    parser.add_argument("--voice", action="append", metavar="VOICE", help="hibari, joe or a Piper .onnx")
    parser.add_argument("--no-eot", action="store_true", help="no end-of-turn model")
    parser.add_argument("--threads", type=int, help="cores to use (all)")
    parser.add_argument("--decode-threads", type=int, default=1, help="threads of one STT decode")
    parser.add_argument("--script", action="append", help="no models: hear this line (again for the next)")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    config = SpeechConfig(
        listen=given.listen,
        stt=tuple(SttSettings(model, given.language) for model in given.stt or ["base"]),
        tts=tuple(TtsSettings(voice) for voice in given.voice or ["hibari"]),
        eot=not given.no_eot,
        threads=given.threads,
        decode_threads=given.decode_threads,
        script=None if given.script is None else tuple(given.script),
    )
    try:
        asyncio.run(_until_signal(config))
    except (EngineError, OSError, ValueError) as error:
        print(f"speech server: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
