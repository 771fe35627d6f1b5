"""A worker's connection to the speech server: one channel, which its three engines share."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import grpc
import grpc.aio

from brain import speech_pb2 as pb
from brain.engines import EngineError
from brain.speech_pb2_grpc import SpeechStub

T = TypeVar("T")

WARM_TIMEOUT_S = 120.0
MESSAGES_AT_ONCE = 256
"""So many at most go in one, which keeps a burst well under the size limit."""

OPTIONS: list[tuple[str, int]] = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # A server that is stopped dead, or a host that is gone, sends no end of stream.
    ("grpc.keepalive_time_ms", 5000),
    ("grpc.keepalive_timeout_ms", 2000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    ("grpc.max_send_message_length", 16 * 1024 * 1024),
    ("grpc.enable_http_proxy", 0),
]

SERVER_OPTIONS: list[tuple[str, int]] = [
    *OPTIONS,
    ("grpc.http2.min_ping_interval_without_data_ms", 1000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.so_reuseport", 0),  # two servers on one port would share the calls at random
]


class SpeechChannel:
    """`target` is HOST:PORT or unix:/PATH. Belongs to one event loop; connects when it is first used."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.channel = grpc.aio.insecure_channel(target, options=OPTIONS)
        self.stub = SpeechStub(self.channel)

    async def ready(self, timeout_s: float, engine: str) -> None:
        """Wait until the server can be reached. Raises EngineError of `engine` after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self.channel.channel_ready()
        except TimeoutError:
            raise EngineError(engine, f"no speech server at {self.target} in {timeout_s:g} s") from None

    async def warm(self, engine: str, request: pb.WarmRequest) -> None:
        """Have the server load an engine. Raises EngineError."""
        try:
            await self.stub.Warm(request, timeout=WARM_TIMEOUT_S, wait_for_ready=True)
        except grpc.aio.AioRpcError as error:
            raise failure(engine, error) from error

    async def health(self, timeout_s: float = 1.0) -> pb.HealthReply:
        """Which engines are warm. Raises EngineError("speech", ...) where there is no answer."""
        try:
            return await self.stub.Health(pb.HealthRequest(), timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            raise failure("speech", error) from error

    async def close(self) -> None:
        """Close the channel; calls under way fail."""
        await self.channel.close()


def failure(engine: str, error: grpc.aio.AioRpcError) -> EngineError:
    """An RPC's error as the engine's: its own words where the engine failed, else the status."""
    if error.code() is grpc.StatusCode.FAILED_PRECONDITION:
        return EngineError(engine, error.details() or "failed")
    return EngineError(engine, f"speech server: {error.code().name.lower()}: {error.details()}")


async def waiting(queue: asyncio.Queue[T]) -> list[T]:
    """All that waits in `queue`, in its order; at least one."""
    found = [await queue.get()]
    while len(found) < MESSAGES_AT_ONCE and not queue.empty():
        found.append(queue.get_nowait())
    return found
