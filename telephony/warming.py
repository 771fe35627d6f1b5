"""A worker's engines made ready: before its first call, and anew when a server of theirs was started again.

A server that comes back has lost all that its predecessor had read and loaded. A prompt would be read while the first
caller waits for it (8 to 10 s on two cores), a voice loaded before it says its first word. Calls are taken meanwhile:
an engine that is away is a fault that a call gets over, and a refused call is none at all.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from brain.engines import EngineError, Eot, Llm, Stt
from brain.orchestrator import Orchestrator
from brain.tts.prompts import CachedTts
from dialplans.plan import Plan
from media.sound import Sounds

log = logging.getLogger("offhook.warming")

RETRY_S = 0.3


class Warming:
    """Makes ready whatever one of `plans` needs; `llm` and `eot` are None where there are none."""

    def __init__(
        self,
        plans: Sequence[Plan],
        stt: Stt,
        tts: CachedTts,
        eot: Eot | None,
        llm: Llm | None,
        sounds: Sounds,
        rate_hz: int,
    ) -> None:
        self._plans, self._stt, self._tts, self._eot, self._llm = plans, stt, tts, eot, llm
        self._sounds, self._rate = sounds, rate_hz
        self.speech_restarted, self.model_restarted = asyncio.Event(), asyncio.Event()
        """To be set when the server in question was started again."""

    async def first(self) -> None:
        """Returns once every engine is ready."""
        await _until_done(self._warm_speech)
        await _until_done(self._warm_model)

    async def again(self) -> None:
        """Make ready what a server has lost that was started again; until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_whenever(self.speech_restarted, "speech server", self._warm_speech))
            tasks.create_task(_whenever(self.model_restarted, "language model", self._warm_model))

    async def _warm_speech(self) -> None:
        for plan in self._plans:
            if plan.listens:
                await self._stt.warm(plan.stt)
        if self._eot is not None:
            await self._eot.warm()
        for plan in self._plans:
            for path in plan.recordings():
                await asyncio.to_thread(self._sounds.get, path)
            for language, voice in plan.voices.items():
                if texts := plan.fixed_texts(language):
                    await self._tts.warm(voice)  # prompts that are kept need no voice, what follows them does
                    await self._tts.render(texts, voice, self._rate)

    async def _warm_model(self) -> None:
        if self._llm is None:
            return
        for plan in self._plans:
            for spec in plan.agents():
                await Orchestrator(spec, self._llm).warm()


async def _whenever(restarted: asyncio.Event, server: str, warm: Callable[[], Awaitable[None]]) -> None:
    while True:
        await restarted.wait()
        restarted.clear()
        started = time.monotonic()
        await _until_done(warm)
        log.info("the %s is warm again after %.1f s", server, time.monotonic() - started)


async def _until_done(warm: Callable[[], Awaitable[None]]) -> None:
    failures = 0
    while True:
        try:
            await warm()
            return
        except EngineError as error:
            failures += 1
            if failures % 50 == 1:
                log.info("waiting for %s", error)
        except Exception:
            failures += 1
            if failures % 50 == 1:
                log.exception("warming the engines failed; it is tried again")
        await asyncio.sleep(RETRY_S)
