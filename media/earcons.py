"""Earcons: short sounds that say something without a word. Made, not recorded, so they fit every rate."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from media.frame import FULL_SCALE, Pcm, samples

_NOTE_MS = {"beep": 200}
_OTHER_NOTES_MS = 90
_EDGE_MS = 10
_DBFS = -22.0

EARCONS: Mapping[str, tuple[int, ...]] = {
    "beep": (1000,),
    "ready": (660, 880),
    "done": (880, 660),
    "sorry": (440, 330),
}
"""By name: the notes in Hz. `beep` speak after it; `ready` your turn; `done` understood; `sorry` not understood."""


@lru_cache(maxsize=16)
def earcon(name: str, rate_hz: int) -> Pcm:
    """The sound, read-only, 180 to 200 ms at `rate_hz`. Raises KeyError for a name that isn't one."""
    notes = EARCONS[name]
    count = samples(_NOTE_MS.get(name, _OTHER_NOTES_MS), rate_hz)
    edge = samples(_EDGE_MS, rate_hz)
    envelope = np.ones(count)
    envelope[:edge] = np.linspace(0, 1, edge, endpoint=False)
    envelope[-edge:] = np.linspace(1, 0, edge)
    peak = FULL_SCALE * 10 ** (_DBFS / 20) * np.sqrt(2)
    time = np.arange(count) / rate_hz
    pcm: Pcm = np.concatenate([np.rint(peak * envelope * np.sin(2 * np.pi * hz * time)) for hz in notes]).astype(
        np.int16
    )
    pcm.setflags(write=False)
    return pcm
