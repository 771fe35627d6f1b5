"""What tests of calls share: placing one, and sounds that can be found again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from e2e_bot import Bot

from brain import journal
from media.frame import Pcm
from telephony.caller.audible import audible_runs
from telephony.caller.call import Caller
from telephony.caller.media_clock import MediaClock
from telephony.caller.options import CallOptions
from telephony.caller.report import timelines_of

RATE = 8000


@asynccontextmanager
async def calling(bot: Bot, user: str, clock: MediaClock, **options: Any) -> AsyncIterator[Caller]:
    """A call that is up; hung up at the end, if the bot hasn't."""
    async with Caller(bot.uri(user), CallOptions(**options), clock) as caller:
        await caller.dial()
        yield caller


async def kept(bot: Bot, caller: Caller) -> dict[str, Any]:
    """The record of a call, whose other files are checked on the way: the journal replays."""
    record = await bot.record(caller.core.call_id)
    folder: Path = record["folder"]
    assert journal.replay((folder / "journal.jsonl").read_text().splitlines()) == []
    assert record["end"]["reason"] != "fault"
    return record


def chirp(rate_hz: int = RATE, seconds: float = 0.8) -> Pcm:
    """A sound that is like itself at no other delay; all below 2 kHz."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    return np.rint(9000 * np.sin(2 * np.pi * (300 * t + 500 * t**2))).astype(np.int16)


def correlation(sound: Pcm, line: Pcm) -> np.ndarray:
    """How well `sound` fits to `line` at each position."""
    size = 1 << int(sound.size + line.size - 1).bit_length()
    match = np.fft.irfft(np.fft.rfft(line, size) * np.conj(np.fft.rfft(sound, size)))
    return match[: line.size]


def position(sound: Pcm, line: Pcm) -> int:
    """Where in `line` a sound is."""
    return int(np.argmax(correlation(sound, line)))


def kept_blocks(sound: Pcm, line: Pcm) -> float:
    """The share of the 20 ms blocks of `sound` that stand in `line` with every sample as it was.

    On a busy machine a jitter buffer may have to conceal a packet that came late; nothing else may differ.
    """
    data, size = line.astype("<i2").tobytes(), 2 * RATE // 50
    blocks = [sound.astype("<i2").tobytes()[at : at + size] for at in range(0, 2 * sound.size - size + 1, size)]
    return sum(block in data for block in blocks) / len(blocks)


def likeness(sound: Pcm, line: Pcm) -> float:
    """1 where `line` holds `sound` as it is, 0 where there is nothing of it."""
    start = position(sound, line)
    here, there = line[start : start + sound.size].astype(float), sound.astype(float)
    there = there[: here.size]
    return float(here @ there / max(1.0, np.linalg.norm(here) * np.linalg.norm(sound.astype(float))))


def audible_s(caller: Caller, from_ns: int, until_ns: int) -> float:
    """For how long the bot could be heard between two times of the wall clock."""
    bot = timelines_of(caller)[2]
    heard = 0.0
    for run in audible_runs(bot.pcm, bot.rate_hz):
        start, end = max(bot.time_ns(run.start), from_ns), min(bot.end_ns(run.end), until_ns)
        heard += max(0, end - start) / 1e9
    return heard
