"""The recogniser's idea of a pause."""

from __future__ import annotations

import numpy as np
import pytest

from brain.stt.pauses import PAUSE_MS, Pauses
from media.frame import Pcm


def sound(ms: int, dbfs: float, seed: int = 1) -> Pcm:
    noise = np.random.default_rng(seed).standard_normal(ms * 8)
    return np.clip(noise * 32768 * 10 ** (dbfs / 20), -32768, 32767).astype(np.int16)


def fed(*stretches: tuple[int, float]) -> Pauses:
    pauses = Pauses(8000)
    for ms, dbfs in stretches:
        pauses.feed(sound(ms, dbfs))
    return pauses


@pytest.mark.parametrize("floor_db", [-90.0, -60.0, -45.0])
def test_quiet_after_speech_is_a_pause(floor_db: float) -> None:
    assert not fed((200, floor_db), (600, -20), (PAUSE_MS - 20, floor_db)).paused
    pauses = fed((200, floor_db), (600, -20), (PAUSE_MS, floor_db))
    assert pauses.paused
    assert (pauses.spoken_ms, pauses.quiet_ms) == (800, PAUSE_MS)


def test_speech_after_a_pause_ends_it() -> None:
    pauses = fed((200, -60), (600, -20), (200, -60), (40, -22))
    assert not pauses.paused
    assert pauses.spoken_ms == 1040


def test_speech_in_loud_noise_is_never_quiet() -> None:
    pauses = fed((200, -30), (600, -20), (400, -30))
    assert not pauses.paused
    assert pauses.spoken_ms == 1200


def test_before_anybody_speaks_nothing_is_a_pause() -> None:
    assert not fed().paused
    assert not fed((1000, -60)).paused
    assert not fed((1000, -100)).paused


def test_audio_may_come_in_any_pieces() -> None:
    audio = np.concatenate([sound(200, -60), sound(600, -20), sound(120, -60)])
    whole, pieces = Pauses(8000), Pauses(8000)
    whole.feed(audio)
    for at in range(0, audio.size, 77):
        pieces.feed(audio[at : at + 77])
    assert (whole.paused, whole.spoken_ms, whole.quiet_ms) == (
        pieces.paused,
        pieces.spoken_ms,
        pieces.quiet_ms,
    )
