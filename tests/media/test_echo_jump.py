"""The expected echo at another delay: found, and not found where it isn't."""

import line_signals as line
import numpy as np
import pytest

from benchmarks.echo_paths import RATE, convolved, room
from media.echo_jump import Block, Jump, JumpSearch

TAPS = 1280
RESPONSE = room(3, 10, 0.16).astype(np.float32)[:TAPS]
FAR = line.recording(*line.RECORDINGS[0], seconds=10.0).astype(float)
ECHO = convolved(FAR, RESPONSE.astype(float))
VOICE = line.recording(*line.RECORDINGS[1], seconds=10.0).astype(float)
EARLY = 640
LONG = 1600


def ask(search: JumpSearch, heard: np.ndarray, at: int, frames: int = 12) -> Jump | None:
    """Look at `heard`, which ends at the far signal's sample `at` if the delay is as expected; after so many frames."""
    frame = np.zeros(160, np.float32)
    for _ in range(frames):
        search.is_strange(frame, frame, 1.0)
    return search.look(heard.astype(np.float32), far(at), RESPONSE, EARLY)


def far(at: int) -> Block:
    return FAR[: at + EARLY].astype(np.float32)


def heard(at: int, late: int, frames: int = 12, voice: float = 0.0, seed: int = 1) -> np.ndarray:
    """What the line brings up to then, the echo `late`."""
    noise = np.random.default_rng(seed).standard_normal(frames * 160) * 15
    span = slice(at - frames * 160, at)
    return ECHO[span.start - late : span.stop - late] + voice * VOICE[span] + noise


def loud(start: int) -> int:
    """The end of the next 40 ms in which the echo is loud."""
    at = start
    while np.sqrt(np.mean(ECHO[at - 320 : at] ** 2)) < 300:
        at += 160
    return at


@pytest.mark.parametrize("late", [-480, -320, -79, 40, 160, 333, 960])
def test_an_echo_alone_is_found_at_once_to_the_sample(late: int) -> None:
    at = loud(16000) + late
    assert ask(JumpSearch(RATE), heard(at, late), at) == Jump(late, alone=True)


@pytest.mark.parametrize("start", range(8000, 64000, 4000))
def test_an_echo_where_it_was_expected_is_no_jump(start: int) -> None:
    search, at = JumpSearch(RATE), loud(start)
    assert [ask(search, heard(at + n * 160, 0, voice=1.0), at + n * 160) for n in range(12)] == [None] * 12


def test_a_voice_without_echo_is_no_jump() -> None:
    search = JumpSearch(RATE)
    assert [ask(search, VOICE[at - LONG : at], at) for at in range(16000, 48000, 160)] == [None] * 200


def test_an_echo_under_a_voice_is_found_when_two_long_windows_agree() -> None:
    search, at = JumpSearch(RATE), loud(16000)
    found = [ask(search, heard(at + n * 160, 160, voice=0.5), at + n * 160) for n in range(12)]
    assert [jump for jump in found if jump is not None][:1] == [Jump(160, alone=False)]


def test_what_came_at_the_delay_before_is_left_out() -> None:
    search, at = JumpSearch(RATE), loud(16000)
    search.restart()
    assert ask(search, heard(at, 160), at, frames=1) is None
    assert ask(search, heard(at, 160), at, frames=1) == Jump(160, alone=True)
    search.restart()
    assert ask(search, heard(at, 160), at, frames=1) is None


def test_a_frame_is_strange_where_it_is_loud_and_left() -> None:
    frame = ECHO[loud(16000) - 160 : loud(16000)].astype(np.float32)
    power = float(np.mean(frame**2))
    search = JumpSearch(RATE)
    assert search.is_strange(frame, frame, power / 20)
    assert not search.is_strange(frame, frame / 4, power / 20)
    assert not search.is_strange(frame, frame, power / 2)


def test_silence_is_no_jump() -> None:
    with np.errstate(all="raise"):
        assert ask(JumpSearch(RATE), np.zeros(LONG), loud(16000)) is None
