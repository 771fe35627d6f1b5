"""Levels: how loud somebody speaks, and a gain that brings it to one level for the recogniser."""

from __future__ import annotations

import numpy as np

from media.frame import FULL_SCALE, Pcm

_BLOCK_MS = 4
_TIME_CONSTANT_S = 0.03
_HANGOVER_S = 0.2
_MARGIN_DB = 15.9


def active_level_dbfs(pcm: Pcm, rate_hz: int) -> float:
    """Active speech level in dB relative to a full-scale square wave, -100 where nothing is active.

    Method B of ITU-T P.56 on blocks of 4 ms: an envelope of two one-pole filters of 30 ms, 200 ms of hangover,
    and the threshold that lies 15.9 dB under the level of what exceeds it.
    """
    size = _BLOCK_MS * rate_hz // 1000
    blocks = pcm[: pcm.size // size * size].reshape(-1, size).astype(np.float64) / FULL_SCALE
    if not blocks.size:
        return -100.0
    keep = float(np.exp(-_BLOCK_MS / 1000 / _TIME_CONSTANT_S))
    first = second = 0.0
    envelope = np.empty(len(blocks))
    for n, loudness in enumerate(np.abs(blocks).mean(axis=1).tolist()):
        first = keep * first + (1 - keep) * loudness
        second = keep * second + (1 - keep) * first
        envelope[n] = second
    energy = float((blocks**2).sum()) / size
    hangover = int(_HANGOVER_S * 1000 / _BLOCK_MS)
    number = np.arange(len(blocks))
    before: tuple[float, float] | None = None  # level and margin at the threshold above
    for threshold_db in np.arange(-3.0, -90.0, -1.5).tolist():
        loud = envelope >= 10 ** (threshold_db / 20)
        last = np.maximum.accumulate(np.where(loud, number, -hangover - 1))
        active = int((number - last <= hangover).sum())
        if not active or energy <= 0:
            continue
        level = float(10 * np.log10(energy / active))
        margin = level - threshold_db
        if margin >= _MARGIN_DB:
            if before is None or before[1] >= margin:
                return level
            share = (_MARGIN_DB - before[1]) / (margin - before[1])
            return before[0] + share * (level - before[0])
        before = level, margin
    return -100.0
