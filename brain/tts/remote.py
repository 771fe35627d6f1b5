"""`Tts` by the speech server: one RPC a reply, clauses up and audio down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import grpc.aio
import numpy as np

from brain import speech_pb2 as pb
from brain.engines import EngineError, SpeechAudio, TtsSettings
from brain.speech_client import SpeechChannel, failure


def wire_settings(settings: TtsSettings) -> pb.TtsSettings:
    """`settings` as a message."""
    return pb.TtsSettings(voice=settings.voice, speed=settings.speed)


class RemoteTts:
    """See `brain.engines.Tts`. Without a server `speak` fails at once: the backup is the caller's to find."""

    def __init__(self, link: SpeechChannel) -> None:
        self._link = link

    async def warm(self, settings: TtsSettings) -> None:
        """Have the server load the voice. Raises EngineError."""
        await self._link.warm("tts", pb.WarmRequest(tts=wire_settings(settings)))

    async def speak(
        self, clauses: AsyncIterator[str], settings: TtsSettings, rate_hz: int
    ) -> AsyncGenerator[SpeechAudio, None]:
        """See `brain.engines.Tts.speak`. What `clauses` raises is raised here."""
        call = self._link.stub.Speak()
        texts: list[str] = []

        async def send() -> None:
            try:
                start = pb.SpeakRequest.Start(settings=wire_settings(settings), rate_hz=rate_hz)
                await call.write(pb.SpeakRequest(start=start))
                async for clause in clauses:
                    texts.append(clause)
                    await call.write(pb.SpeakRequest(clause=clause))
                await call.done_writing()
            except BaseException:
                call.cancel()  # else the reader below would wait for clauses that never come
                raise

        sender = asyncio.create_task(send())
        try:
            while isinstance(reply := await call.read(), pb.SpeakReply):  # else the end
                pcm = np.frombuffer(reply.audio, "<i2").astype(np.int16, copy=False)
                yield SpeechAudio(reply.clause, texts[reply.clause], pcm, reply.last)
            await sender
            if (status := await call.code()) is not grpc.StatusCode.OK:
                raise EngineError("tts", f"speech server: {status.name.lower()}: {await call.details()}")
        except grpc.aio.AioRpcError as error:
            raise failure("tts", error) from error
        except asyncio.CancelledError:
            broken = sender.exception() if sender.done() and not sender.cancelled() else None
            if broken is None:
                raise  # our own task is cancelled, not the RPC by its sender
            raise _cause(broken) from broken
        finally:
            call.cancel()
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)


def _cause(error: BaseException) -> BaseException:
    return failure("tts", error) if isinstance(error, grpc.aio.AioRpcError) else error
