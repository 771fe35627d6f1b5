"""A call that ends while the speech server is being reached is over."""

from __future__ import annotations

import asyncio

import pytest

from brain.speech_client import SpeechChannel
from brain.stt.remote import RemoteStt


class Gate:
    """A channel that is ready, and a call that is answered, once it is opened."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self.set = self._open.set

    async def channel_ready(self) -> None:
        await self._open.wait()

    async def initial_metadata(self) -> None:
        await self._open.wait()

    async def read(self) -> None:
        await asyncio.Event().wait()

    async def write(self, message: object) -> None:
        await asyncio.Event().wait()

    def Stt(self) -> Gate:
        return self

    def cancel(self) -> bool:
        return True


@pytest.mark.parametrize("steps", range(5))
async def test_a_caller_who_hangs_up_while_the_server_comes_back_is_gone(steps: int) -> None:
    """However near in time the two are, the cancellation isn't lost: a call that is over would listen for ever."""
    gate, ready = Gate(), Gate()
    ready.set()
    links = [SpeechChannel("unix:nobody") for _ in range(2)]
    unused = [link.channel for link in links]
    links[0].channel, links[1].channel, links[1].stub = gate, ready, gate  # type: ignore[assignment]
    stt = RemoteStt(links[1])
    tasks = [asyncio.create_task(what) for what in (links[0].ready(60.0, "stt"), stt.open("call", 8000))]
    for _ in range(5):
        await asyncio.sleep(0)
    gate.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    for task in tasks:
        if task.cancel():
            with pytest.raises(asyncio.CancelledError):
                await task
    await stt.aclose()
    await asyncio.gather(*(channel.close() for channel in unused))
