"""`Eot` by the speech server."""

from __future__ import annotations

import grpc.aio

from brain import speech_pb2 as pb
from brain.speech_client import SpeechChannel, failure
from media.frame import Pcm

MAX_SECONDS = 8
"""The model hears no more."""

TIMEOUT_S = 1.0
"""Later than this, the answer is no evidence any more."""


class RemoteEot:
    """See `brain.engines.Eot`."""

    def __init__(self, link: SpeechChannel, timeout_s: float = TIMEOUT_S) -> None:
        self._link = link
        self._timeout_s = timeout_s

    async def warm(self) -> None:
        """Have the server load the model. Raises EngineError."""
        await self._link.warm("eot", pb.WarmRequest(eot=pb.WarmRequest.Eot()))

    async def score(self, pcm: Pcm, rate_hz: int) -> float:
        """Probability that the turn is complete. Raises EngineError, at once where no server is there."""
        recent = pcm[-MAX_SECONDS * rate_hz :]
        request = pb.ScoreRequest(audio=recent.astype("<i2", copy=False).tobytes(), rate_hz=rate_hz)
        try:
            reply = await self._link.stub.Score(request, timeout=self._timeout_s)
        except grpc.aio.AioRpcError as error:
            raise failure("eot", error) from error
        return reply.complete
