"""Keys taken out of audio: nothing that a detector finds is left, and nothing else is lost."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.dtmf_signals import ALL_KEYS, LINES, Burst, detect, keys, lose, sound, to_pcm, white_noise
from media.dtmf import DtmfDetector, KeyDown, Limits
from media.frame import AudioFrame, Pcm, level_dbfs
from media.keypresses import Way
from media.mask import HOLD_MS, Mask

RATE = 8000
FRAME = 160
PCMU = LINES[1]
SHARP = Limits(
    faintest_dbm0=-55, normal_twist_db=20, reverse_twist_db=20, deviation_hz=25, purity=0.5, windows=3
)
"""A detector that finds keys where ours doesn't: fainter, shorter, off pitch, under other sounds."""


def masked(pcm: Pcm, rate_hz: int = RATE) -> list[AudioFrame]:
    """What comes out where a detector tells a mask, as a call does it: frame by frame, detector first."""
    detector, mask, out = DtmfDetector(rate_hz), Mask(rate_hz), []
    step = rate_hz // 50
    for at in range(0, pcm.size - step + 1, step):
        frame = pcm[at : at + step]
        for event in detector.feed(frame, at):
            if isinstance(event, KeyDown):
                mask.down(Way.INBAND, event.onset)
            else:
                mask.up(Way.INBAND, event.end)
        out += mask.feed(frame, at)
    return out + mask.flush()


def joined(frames: list[AudioFrame]) -> Pcm:
    assert [f.position for f in frames] == list(np.cumsum([0, *(f.pcm.size for f in frames[:-1])]))
    return np.concatenate([f.pcm for f in frames])


def test_the_sharp_detector_is_sharper() -> None:
    signal, _ = sound([Burst("5", -50, -50), Burst("5", -10, -24), Burst("5", on_ms=24)], RATE)
    assert keys(detect(to_pcm(signal), RATE)) == "" and keys(detect(to_pcm(signal), RATE, SHARP)) == "555"


@pytest.mark.parametrize("line", LINES, ids=[line.name for line in LINES])
def test_no_key_is_left(line) -> None:
    bursts = [Burst(key, -8, -6, on_ms=on, off_ms=110.3) for on in (45, 80, 200, 700) for key in ALL_KEYS]
    pcm = line.carry(sound(bursts, line.made_hz)[0])
    out = joined(masked(pcm, line.heard_hz))
    assert keys(detect(pcm, line.heard_hz)) == ALL_KEYS * 4
    assert detect(out, line.heard_hz) == [] and detect(out, line.heard_hz, SHARP) == []
    assert level_dbfs(out) < -60


@pytest.mark.parametrize("filler", ["silence", "repeat", "faded"])
def test_no_key_is_left_on_a_bad_line(filler: str) -> None:
    """3 % of packets lost, noise 25 dB under the keys."""
    rng = np.random.default_rng(4)
    bursts = [Burst(ALL_KEYS[n], on_ms=120, off_ms=90.3) for n in rng.integers(0, 16, 200)]
    signal, _ = sound(bursts, RATE)
    pcm = lose(PCMU.carry(signal + white_noise(signal.size, -35, 2)), 0.03, filler, RATE, 6)
    out = joined(masked(pcm))
    assert len(keys(detect(pcm, RATE))) == 200
    assert detect(out, RATE) == [] and detect(out, RATE, SHARP) == []


def test_frames_are_held_back_and_keep_their_positions() -> None:
    mask, rng = Mask(RATE), np.random.default_rng(1)
    pcm = rng.integers(-3000, 3000, 50 * FRAME).astype(np.int16)
    out = []
    for at in range(0, pcm.size, FRAME):
        for frame in mask.feed(pcm[at : at + FRAME], 800 + at):
            assert 800 + at + FRAME - frame.end == HOLD_MS * RATE // 1000
            out.append(frame)
    assert len(out) == 50 - HOLD_MS // 20
    out += mask.flush()
    assert [f.position for f in out] == [800 + n * FRAME for n in range(50)]
    assert (np.concatenate([f.pcm for f in out]) == pcm).all()
    assert mask.flush() == []


def test_speech_around_a_key_is_left_alone() -> None:
    rng = np.random.default_rng(2)
    voice = rng.integers(-900, 900, 3 * RATE).astype(np.int16)
    key = PCMU.carry(sound([Burst("4", -6, -6, on_ms=100)], RATE)[0])[:800]
    voice[RATE : RATE + 800] = key
    out = joined(masked(voice))
    changed = np.flatnonzero(out != voice)
    assert RATE - 8 - 400 <= changed[0] <= RATE and RATE + 799 <= changed[-1] <= RATE + 800 + 400 + 16
    assert level_dbfs(out[changed[0] : changed[-1]]) < -60


def test_a_tone_that_leaks_beside_telephone_events() -> None:
    """A gateway passes 60 ms of the tone; its packets arrive before the audio, which waits 100 ms in a buffer."""
    pcm = PCMU.carry(np.concatenate((np.zeros(8000), sound([Burst("2", on_ms=60)], RATE)[0], np.zeros(4000))))
    packets = {8000 + 480 - 800: "down", 8000 + 480 - 800 + 1600: "up"}
    mask, out = Mask(RATE), []
    for at in range(0, pcm.size, FRAME):
        for position in range(at, at + FRAME):
            if position in packets:
                getattr(mask, packets[position])(Way.RFC4733, position)
        out += mask.feed(pcm[at : at + FRAME], at)
    assert keys(detect(pcm, RATE)) == "2"
    assert detect(joined(out + mask.flush()), RATE, SHARP) == []


def test_a_key_that_is_still_down_at_the_end() -> None:
    pcm = PCMU.carry(sound([Burst("6", on_ms=1000)], RATE)[0])[:4800]
    assert level_dbfs(joined(masked(pcm))) < -60


def test_what_comes_out_is_its_own() -> None:
    """The clock's buffers are used again: what is held must not change with them, nor they with what is masked."""
    mask, buffer = Mask(RATE), np.full(FRAME, 1000, np.int16)
    mask.feed(buffer, 0)
    mask.down(Way.INBAND, 800)
    buffer[:] = 2000
    mask.feed(buffer, 800)
    first, second = mask.flush()
    assert (first.pcm == 1000).all() and level_dbfs(second.pcm) < -60 and (buffer == 2000).all()


def test_info_tells_nothing_of_the_audio() -> None:
    with pytest.raises(ValueError, match="INFO"):
        Mask(RATE).down(Way.INFO, 0)


def test_an_up_without_a_down() -> None:
    mask = Mask(RATE)
    mask.up(Way.RFC4733, 1000)
    pcm = np.full(FRAME, 1000, np.int16)
    assert mask.feed(pcm, 960) == [] and (mask.flush()[0].pcm == pcm).all()


def test_memory_is_bounded() -> None:
    mask, sizes = Mask(RATE), []
    for n in range(3000):
        mask.down(Way.INBAND, n * FRAME)
        mask.up(Way.INBAND, n * FRAME + 80)
        mask.feed(np.zeros(FRAME, np.int16), n * FRAME)
        sizes.append(len(pickle.dumps(mask)))
    assert max(sizes[500:]) < 1.05 * max(sizes[:500])


@given(st.lists(st.tuples(st.sampled_from(ALL_KEYS), st.integers(50, 400), st.integers(60, 300)), max_size=6))
@settings(deadline=None, max_examples=40)
def test_any_keys(presses: list[tuple[str, int, int]]) -> None:
    bursts = [Burst(key, on_ms=on, off_ms=off) for key, on, off in presses]
    pcm = PCMU.carry(sound([*bursts, Burst("0", -90, -90)], RATE)[0])
    out = joined(masked(pcm))
    assert out.size == pcm.size // FRAME * FRAME and detect(out, RATE, SHARP) == []
