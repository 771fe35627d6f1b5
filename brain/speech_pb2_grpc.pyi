"""Types of the generated gRPC code, which has none of its own."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio

from brain import speech_pb2 as pb

class SpeechStub:
    Stt: grpc.aio.StreamStreamMultiCallable[pb.SttRequests, pb.SttReplies]
    Speak: grpc.aio.StreamStreamMultiCallable[pb.SpeakRequest, pb.SpeakReply]
    Score: grpc.aio.UnaryUnaryMultiCallable[pb.ScoreRequest, pb.ScoreReply]
    Warm: grpc.aio.UnaryUnaryMultiCallable[pb.WarmRequest, pb.WarmReply]
    Health: grpc.aio.UnaryUnaryMultiCallable[pb.HealthRequest, pb.HealthReply]
    def __init__(self, channel: grpc.aio.Channel) -> None: ...

class SpeechServicer:
    async def Stt(self, request_iterator: AsyncIterator[pb.SttRequests], context: Any) -> None: ...
    async def Speak(self, request_iterator: AsyncIterator[pb.SpeakRequest], context: Any) -> None: ...
    async def Score(self, request: pb.ScoreRequest, context: Any) -> pb.ScoreReply: ...
    async def Warm(self, request: pb.WarmRequest, context: Any) -> pb.WarmReply: ...
    async def Health(self, request: pb.HealthRequest, context: Any) -> pb.HealthReply: ...

def add_SpeechServicer_to_server(servicer: SpeechServicer, server: grpc.aio.Server) -> None: ...
