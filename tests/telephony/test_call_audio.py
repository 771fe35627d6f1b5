"""How far ahead of the clock a call's audio is written."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from fake_line import FRAME, RATE, FakeLines

from media.playout import Playout
from telephony.call_audio import AHEAD, DUCKED_AHEAD, CallAudio
from telephony.call_keys import CallKeys
from telephony.state import CallState


def speaking(lines: FakeLines) -> tuple[CallAudio, Playout]:
    """A call that is in the middle of a long utterance."""
    keys = CallKeys(RATE, lambda symbol: None, lambda: 0.0)
    audio = CallAudio(lines, 0, True, keys, lambda: CallState.UP, lambda: False, lambda what: None)
    playout = Playout(RATE)
    playout.begin(0)
    playout.put(0, np.full(RATE, 3000, np.int16))
    audio.agent = SimpleNamespace(playout=playout, mouth=SimpleNamespace(silent=True), hear=lambda *heard: None)  # type: ignore[assignment]
    return audio, playout


def test_while_it_may_have_to_stop_it_stays_near_the_clock() -> None:
    lines = FakeLines()
    audio, playout = speaking(lines)
    quiet = np.zeros(FRAME, np.int16)
    waiting = []
    for tick in range(12):
        if tick == 4:
            playout.duck()
        if tick == 8:
            playout.unduck()
        audio.tick(quiet, lines.tick())
        waiting.append(lines.waiting)
    assert waiting == [AHEAD] * 4 + [DUCKED_AHEAD] * 4 + [AHEAD] * 4
    assert audio.underruns == 0
    assert all(frame.any() for frame in lines.heard[1:])  # and nothing is missing in between


def test_a_pause_is_heard_with_the_second_frame() -> None:
    lines = FakeLines()
    audio, playout = speaking(lines)
    quiet = np.zeros(FRAME, np.int16)
    for tick in range(10):
        if tick == 4:
            playout.duck()
        if tick == 6:
            playout.unduck()
            playout.pause()
        audio.tick(quiet, lines.tick())
    loud = [bool(np.abs(frame).max() > 100) for frame in lines.heard]
    assert loud == [False] + [True] * 7 + [False] * 2  # the frame that waited, and the one that fades out
