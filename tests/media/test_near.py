from __future__ import annotations

import numpy as np

from media.frame import Pcm, level_dbfs
from media.near import HOLD_FRAMES, LEAST_LOSS_DB, NearTalk

FRAME = 160


def noise(dbfs: float, seed: int = 1) -> Pcm:
    rng = np.random.default_rng(seed)
    return np.rint(rng.standard_normal(FRAME) * 32768 * 10 ** (dbfs / 20)).astype(np.int16)


def feed(near: NearTalk, heard: Pcm, sent: Pcm) -> bool:
    near.sent(level_dbfs(sent))
    return near.hears(heard)


def test_what_is_as_loud_as_what_was_sent_is_the_callers() -> None:
    near = NearTalk()
    assert [feed(near, noise(-20), noise(-20)) for _ in range(3)] == [False, True, True]
    assert near.loud
    assert feed(near, noise(-40), noise(-20)) and not near.loud


def test_an_echo_never_is_however_late_it_comes() -> None:
    near, sent = NearTalk(), [noise(-15, n) for n in range(100)]
    for number in range(100):
        echo = noise(-15 - LEAST_LOSS_DB - 0.5, max(0, number - 20)) if number >= 20 else noise(-70)
        assert not feed(near, echo, sent[number] if number < 60 else noise(-66))
        if number == 79:
            break


def test_one_loud_frame_is_a_click() -> None:
    near = NearTalk()
    assert not any(feed(near, noise(-10 if n % 2 else -60), noise(-20)) for n in range(20))


def test_it_holds_over_the_soft_sounds_of_a_voice() -> None:
    near = NearTalk()
    for _ in range(2):
        feed(near, noise(-15), noise(-20))
    kept = [feed(near, noise(-50), noise(-20)) for _ in range(HOLD_FRAMES + 1)]
    assert kept == [True] * (HOLD_FRAMES - 1) + [False, False]


def test_what_was_heard_before_our_first_word_proves_nothing() -> None:
    near = NearTalk()
    assert not any(feed(near, noise(-30, n), noise(-66, n)) for n in range(20))
    assert not any(feed(near, noise(-32, n), noise(-20, n)) for n in range(20))


def test_the_lines_noise_is_no_caller_where_a_word_of_ours_begins_softly() -> None:
    near = NearTalk()
    for n in range(20):
        sent = noise(min(-50 + 2 * n, -20), n)
        near.sent(level_dbfs(sent))
        assert not near.hears(noise(-45, n), noise_dbfs=-45.0)
    for n in range(20):
        near.sent(-20.0)
        assert near.hears(noise(-15, n), noise_dbfs=-45.0) == (n > 0)
