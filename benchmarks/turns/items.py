"""What the benchmark asks: one item, its audio and its truth. All audio is the caller's, at 8 kHz, off the line.

Times are samples of that audio. A turn's `ends` is where the caller's last word ends; the pauses inside are where
they fall silent and go on. An overlap is a sound over the bot's prompt, from `onset` to `ends`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from brain.cache import cache_folder
from brain.expect import Expect
from media.frame import Pcm

RATE = 8000
FRAME = 160
FRAME_S = 0.02


class Half(Enum):
    """Which half of the corpus: `SCORED` is never looked at in detail while anything is chosen."""

    TUNING = "tuning"
    SCORED = "scored"


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """One turn of a caller, in whole frames; the line's noise goes on for some seconds behind it."""

    name: str
    half: Half
    kind: str
    source: str
    human: bool
    text: str
    expect: Expect
    line: str
    audio: Pcm
    begins: int
    ends: int
    pauses: tuple[tuple[int, int], ...]

    @property
    def ends_s(self) -> float:
        """Where the turn really ends."""
        return self.ends / RATE


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """What the caller's line brings while the bot speaks `prompt`, from the first sample of both on.

    `echo` (delay in ms, loss in dB) is that of a speakerphone, None where there is none. `interrupts`: the caller
    wants the floor; anything else is to be talked through. `caller_dbfs` is how loud the caller was in earlier turns,
    for a bot that has heard some.
    """

    name: str
    half: Half
    kind: str
    source: str
    human: bool
    interrupts: bool
    text: str
    expect: Expect
    line: str
    audio: Pcm
    onset: int
    ends: int
    prompt: Pcm
    prompt_text: str
    echo: tuple[float, float] | None = None
    caller_dbfs: float | None = None


def half_of(key: str) -> Half:
    """The half of what has no voice or sentence of its own: by its name's hash, so that it never moves."""
    return Half.SCORED if hashlib.sha256(key.encode()).digest()[0] & 1 else Half.TUNING


def seed_of(key: str) -> int:
    """A seed that belongs to a name."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:6], "big")


def rng_of(key: str) -> np.random.Generator:
    """Random numbers that belong to a name: another item more or less changes no other."""
    return np.random.default_rng(seed_of(key))


def folder() -> Path:
    """Where this benchmark keeps what is expensive to make again."""
    found = cache_folder() / "turns"
    found.mkdir(parents=True, exist_ok=True)
    return found
