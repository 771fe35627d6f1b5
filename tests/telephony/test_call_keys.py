"""Keys of a call in their three ways, each once, and out of the audio where that is asked for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from media.clock import ManualClock
from media.dtmf import DtmfDetector, KeyDown
from media.dtmf_send import tones
from media.frame import Pcm, silence
from media.keypresses import Way
from media.mask import HOLD_MS
from telephony.call_keys import CallKeys

RATE, FRAME = 8000, 160


class Line:
    """A line whose audio is fed in time; `pressed` is what came of it."""

    def __init__(self, mask: bool = False) -> None:
        self.clock = ManualClock()
        self.pressed: list[str] = []
        self.keys = CallKeys(RATE, self.pressed.append, self.clock.now)
        if mask:
            self.keys.mask()
        self.position = 0
        self.out: list[tuple[int, Pcm, Pcm]] = []

    def hear(self, *pieces: Pcm) -> None:
        pcm = np.concatenate([*pieces, silence(-sum(map(len, pieces)) % FRAME)])
        for at in range(0, pcm.size, FRAME):
            self.clock.advance(0.02)
            sent = np.full(FRAME, self.position // FRAME, np.int16)
            kept = self.keys.hear(pcm[at : at + FRAME], sent, self.position)
            self.out += [(p, heard.copy(), beside.copy()) for p, heard, beside in kept]
            self.position += FRAME

    @property
    def heard(self) -> Pcm:
        return np.concatenate([pcm for _, pcm, _ in self.out])


def found(frames: Iterable[Pcm]) -> str:
    detector = DtmfDetector(RATE)
    events = [e for n, frame in enumerate(frames) for e in detector.feed(frame, n * FRAME)]
    return "".join(e.symbol for e in events if isinstance(e, KeyDown))


def test_tones_are_keys_each_once() -> None:
    line = Line()
    line.hear(silence(800), tones("55#0", RATE), silence(1600))
    assert line.pressed == list("55#0")
    assert [p for p, _, _ in line.out] == list(range(0, line.position, FRAME))


@pytest.mark.parametrize("method", [Way.RFC4733, Way.INFO])
def test_a_key_that_comes_twice_is_one(method: Way) -> None:
    line = Line()
    for key in "41":
        line.hear(silence(1600))
        if method is Way.INFO:
            line.hear(tones(key, RATE))
            line.keys.reported(method, key)
        else:
            line.keys.reported(method, key)
            line.hear(tones(key, RATE))
    line.hear(silence(4000))
    assert line.pressed == ["4", "1"]


def test_once_telephone_events_come_tones_are_not_looked_for_until_the_stream_changes() -> None:
    line = Line()
    line.keys.reported(Way.RFC4733, "1")
    line.hear(silence(8000), tones("2", RATE), silence(1600))
    assert line.pressed == ["1"]
    line.keys.stream_changed()
    line.hear(silence(8000), tones("3", RATE), silence(1600))
    assert line.pressed == ["1", "3"]


def test_what_comes_back_of_our_own_tones_is_no_key() -> None:
    line = Line()
    ours = tones("9", RATE)
    line.keys.sent_tones(ours.size)
    line.hear(silence(2400), ours // 4, silence(8000), tones("8", RATE), silence(1600))
    assert line.pressed == ["8"]


def test_masked_keys_are_pressed_and_leave_no_tone() -> None:
    line = Line(mask=True)
    talk = (np.random.default_rng(1).standard_normal(1600) * 500).astype(np.int16)
    line.hear(talk, tones("1590", RATE), talk, silence(2400))
    assert line.pressed == list("1590")
    assert found(np.split(line.heard, line.heard.size // FRAME)) == ""
    assert np.array_equal(line.heard[:1200], talk[:1200])  # all but what lies just before the first tone
    held = RATE * HOLD_MS // 1000
    assert line.position - held - FRAME <= line.heard.size <= line.position - held + FRAME


def test_masked_audio_keeps_its_place_and_its_reference() -> None:
    line = Line(mask=True)
    line.hear(silence(8000))
    assert [position for position, _, _ in line.out] == [n * FRAME for n in range(len(line.out))]
    assert all((sent == position // FRAME).all() for position, _, sent in line.out)
    rest = line.keys.flush()
    assert rest[0][0] == line.out[-1][0] + FRAME
    assert rest[-1][0] == line.position - FRAME


def test_a_telephone_event_masks_the_tone_that_leaks_beside_it() -> None:
    line = Line(mask=True)
    line.hear(silence(1600), tones("7", RATE, tone_ms=40)[:320])
    line.keys.reported(Way.RFC4733, "7")
    line.hear(silence(4000))
    assert line.pressed == ["7"]
    assert np.abs(line.heard.astype(int)).max() < 200
