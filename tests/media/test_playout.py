from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.frame import Pcm, level_dbfs
from media.playout import DUCK_DB, Heard, Playout

RATE = 8000
FRAME = 160
FADE = 80


def speech(count: int, seed: int = 1, peak: int = 8000) -> Pcm:
    """Something whose every sample can be told apart from silence and from its neighbours."""
    pcm = np.random.default_rng(seed).integers(1000, peak, count) * np.where(np.arange(count) % 2, -1, 1)
    return pcm.astype(np.int16)


def quiet(rate: int = RATE) -> Playout:
    return Playout(rate, comfort_noise_dbfs=None)


def take(playout: Playout, frames: int) -> Pcm:
    taken = [playout.take(FRAME).copy() for _ in range(frames)]
    assert all(frame.size == FRAME and frame.dtype == np.int16 for frame in taken)
    return np.concatenate(taken)


def say(playout: Playout, utterance: int, pcm: Pcm, text: str = "") -> None:
    playout.begin(utterance)
    playout.put(utterance, pcm, text)
    playout.end(utterance)


# ---- what is heard ----------------------------------------------------------------------------------------


def test_a_line_on_which_nobody_speaks_has_low_noise() -> None:
    line = take(Playout(RATE), 500)
    assert -70 < level_dbfs(line) <= -60
    frames = line.reshape(-1, FRAME)
    assert max(level_dbfs(frame) for frame in frames) <= -60
    assert not any(np.array_equal(a, b) for a, b in zip(frames, frames[1:], strict=False))


@given(
    chunks=st.lists(st.integers(0, 700), max_size=12),
    sizes=st.lists(st.sampled_from([80, 160, 240]), min_size=40, max_size=40),
)
@settings(deadline=None)
def test_audio_comes_out_as_it_went_in_without_a_gap(chunks: list[int], sizes: list[int]) -> None:
    playout = quiet()
    pcm = speech(sum(chunks))
    playout.begin(0)
    at = 0
    for count in chunks:
        playout.put(0, pcm[at : at + count])
        at += count
    playout.end(0)
    out = np.concatenate([playout.take(size) for size in sizes])
    heard = min(out.size, pcm.size)
    assert np.array_equal(out[:heard], pcm[:heard]) and not out[heard:].any()


def test_utterances_follow_each_other_without_a_gap() -> None:
    playout = quiet()
    first, second = speech(250, 1), speech(300, 2)
    say(playout, 1, first)
    say(playout, 2, second)
    assert np.array_equal(take(playout, 4)[:550], np.concatenate((first, second)))


def test_a_ring_may_be_written_again_after_put() -> None:
    playout = quiet()
    ring = speech(FRAME)
    kept = ring.copy()
    say(playout, 0, ring)
    ring[:] = 0
    assert np.array_equal(take(playout, 1), kept)


def test_frames_cannot_be_changed_into_the_prompt() -> None:
    prompt = speech(2 * FRAME)
    prompt.setflags(write=False)  # a prompt that many calls share
    playout = quiet()
    say(playout, 0, prompt)
    with pytest.raises(ValueError, match="read-only"):
        playout.take(FRAME)[:] = 0


def test_comfort_noise_fills_a_frame_that_speech_does_not() -> None:
    playout = Playout(RATE)
    pcm = speech(100)
    say(playout, 0, pcm)
    frame = take(playout, 1)
    assert np.array_equal(frame[:100], pcm)
    assert frame[100:].any() and level_dbfs(frame[100:]) < -58


# ---- louder and quieter -----------------------------------------------------------------------------------


def test_duck_and_unduck_ramp_in_10_ms() -> None:
    playout = quiet()
    pcm = speech(6 * FRAME)
    say(playout, 0, pcm)
    low = 10 ** (DUCK_DB / 20)
    take(playout, 1)
    playout.duck()
    ducked = take(playout, 2) / pcm[FRAME : 3 * FRAME]
    assert (np.abs(np.diff(ducked[:FADE])) < 0.03).all() and ducked[0] > 0.95
    assert ducked[FADE:] == pytest.approx(low, abs=0.001)
    playout.unduck()
    back = take(playout, 1) / pcm[3 * FRAME : 4 * FRAME]
    assert (np.abs(np.diff(back[:FADE])) < 0.03).all() and back[0] < low + 0.03
    assert back[FADE:] == pytest.approx(1.0, abs=0.001)
    assert np.array_equal(take(playout, 2), pcm[4 * FRAME :])


def test_ducked_speech_goes_on() -> None:
    playout = quiet()
    say(playout, 0, speech(4 * FRAME))
    playout.duck()
    take(playout, 3)
    assert playout.heard(3) == Heard(0, 3 * FRAME, "", False)


def test_a_pause_fades_stands_still_and_goes_on_from_its_sample() -> None:
    playout = quiet()
    pcm = speech(6 * FRAME)
    say(playout, 0, pcm)
    take(playout, 2)
    playout.pause()
    fading = take(playout, 1)
    gains = fading[:FADE] / pcm[2 * FRAME : 2 * FRAME + FADE]
    assert (np.diff(gains) < 0.005).all() and gains[0] > 0.95 and abs(gains[-1]) < 0.03
    assert not fading[FADE:].any()
    assert not take(playout, 5).any()
    assert playout.heard(8) == Heard(0, 2 * FRAME, "", False)
    playout.resume()
    back = take(playout, 4)
    gains = back[:FADE] / pcm[2 * FRAME : 2 * FRAME + FADE]
    assert (np.diff(gains) > -0.005).all() and gains[0] < 0.03 and gains[-1] > 0.95
    assert np.array_equal(back[FADE:], pcm[2 * FRAME + FADE :])
    assert playout.finished(12) == [0]


def test_a_fade_goes_on_over_the_end_of_a_chunk() -> None:
    playout = quiet()
    pcm = speech(4 * FRAME)
    playout.begin(0)
    for at in range(0, pcm.size, 50):
        playout.put(0, pcm[at : at + 50])
    take(playout, 1)
    playout.pause()
    gains = take(playout, 1)[:FADE] / pcm[FRAME : FRAME + FADE]
    assert gains == pytest.approx(np.linspace(1, 0, FADE + 2)[1:-1], abs=0.002)


def test_pause_and_resume_between_two_frames_change_nothing() -> None:
    playout = quiet()
    pcm = speech(4 * FRAME)
    say(playout, 0, pcm)
    first = take(playout, 1)
    playout.pause()
    playout.resume()
    assert np.array_equal(np.concatenate((first, take(playout, 3))), pcm)


def test_pause_resume_pause_stands_still() -> None:
    playout = quiet()
    say(playout, 0, speech(4 * FRAME))
    take(playout, 1)
    playout.pause()
    take(playout, 1)
    playout.resume()
    playout.pause()
    assert not take(playout, 2).any()
    assert playout.heard(4).samples == FRAME


def test_what_has_not_begun_is_not_heard_when_paused_or_flushed() -> None:
    for stop in (Playout.pause, Playout.flush):
        playout = quiet()
        say(playout, 0, speech(4 * FRAME))
        stop(playout)
        assert not take(playout, 2).any()


# ---- stopping ---------------------------------------------------------------------------------------------


def test_a_flush_fades_in_10_ms_and_forgets_the_rest() -> None:
    playout = quiet()
    pcm = speech(9 * FRAME)
    say(playout, 0, pcm, "one two three four five six seven eight nine")
    say(playout, 1, speech(FRAME, 2), "more")
    take(playout, 3)
    playout.flush()
    out = take(playout, 3)
    gains = out[:FADE] / pcm[3 * FRAME : 3 * FRAME + FADE]
    assert (np.diff(gains) < 0.005).all() and gains[0] > 0.95 and abs(gains[-1]) < 0.03
    assert not out[FADE:].any()
    assert playout.heard(6) == Heard(0, 3 * FRAME, "one two three", False)
    assert playout.finished(6) == []


def test_after_a_flush_the_next_utterance_is_loud_and_runs() -> None:
    playout = quiet()
    say(playout, 0, speech(9 * FRAME))
    take(playout, 1)
    playout.duck()
    take(playout, 1)
    playout.pause()
    take(playout, 1)
    playout.flush()
    answer = speech(2 * FRAME, 5)
    say(playout, 1, answer)
    assert np.array_equal(take(playout, 2), answer)


def test_the_tail_of_a_flush_is_mixed_into_what_follows_without_clipping() -> None:
    playout = quiet()
    loud = np.full(4 * FRAME, 30000, np.int16)
    say(playout, 0, loud)
    take(playout, 1)
    playout.flush()
    say(playout, 1, loud)
    mixed = take(playout, 1).astype(int)
    assert mixed.min() > 0 and mixed.max() <= 32767
    assert (np.abs(np.diff(mixed)) < 500).all()  # no wrap, no step
    assert (mixed[FADE:] == 30000).all() or (np.diff(mixed[FADE:]) == 0).all()


def test_audio_that_comes_after_a_flush_is_dropped() -> None:
    playout = quiet()
    playout.begin(0)
    playout.put(0, speech(FRAME))
    take(playout, 1)
    playout.flush()
    take(playout, 1)
    playout.put(0, speech(FRAME))
    playout.end(0)
    assert not take(playout, 2).any() and not playout.underrun
    assert playout.finished(4) == [] and not playout.heard(4).complete


def test_what_was_given_before_a_flush_is_still_heard_to_its_end() -> None:
    playout = quiet()
    say(playout, 0, speech(2 * FRAME), "all of it")
    take(playout, 2)
    playout.flush()  # the clock is two frames behind: it takes them all the same
    assert playout.heard(1) == Heard(0, FRAME, "all", False)
    assert playout.finished(1) == []
    assert playout.heard(2) == Heard(0, 2 * FRAME, "all of it", True)
    assert playout.finished(2) == [0]


# ---- how far it has been heard ----------------------------------------------------------------------------


def test_heard_follows_the_clock_not_the_playout() -> None:
    playout = quiet()
    assert playout.heard(0) == Heard(-1, 0, "", False)
    say(playout, 3, speech(250), "good morning")
    say(playout, 4, speech(330), "how are you")
    take(playout, 6)
    heard = [playout.heard(n) for n in range(8)]
    assert heard[0] == Heard(-1, 0, "", False)
    assert heard[1] == Heard(3, 160, "good", False)
    # Frame 2 ends utterance 3 and begins utterance 4.
    assert heard[2] == Heard(4, 70, "", False)
    assert heard[3] == Heard(4, 230, "how are", False)
    assert heard[4] == Heard(4, 330, "how are you", True)
    assert heard[5] == heard[6] == heard[7] == heard[4]
    assert playout.finished(1) == [] and playout.finished(2) == [3]
    assert playout.finished(3) == [] and playout.finished(9) == [4] and playout.finished(9) == []


def test_words_of_a_clause_that_comes_in_pieces_are_given_with_its_last() -> None:
    playout = quiet()
    playout.begin(0)
    for text in ("", "", "one two three", "", "four five"):
        playout.put(0, speech(FRAME), text)
    take(playout, 5)
    said = [playout.heard(n).text_so_far for n in range(6)]
    assert said == ["", "one", "one two", "one two three", "one two three four", "one two three four five"]


def test_an_utterance_is_complete_only_when_it_was_ended() -> None:
    playout = quiet()
    playout.begin(0)
    playout.put(0, speech(FRAME), "hello")
    take(playout, 3)
    assert not playout.heard(3).complete and playout.underrun and playout.finished(3) == []
    playout.end(0)
    assert playout.heard(3).complete and not playout.underrun and playout.finished(3) == [0]


def test_the_ledger_reaches_far_enough_back() -> None:
    playout = quiet()
    say(playout, 0, speech(400 * FRAME))
    take(playout, 400)
    assert playout.heard(200).samples == 200 * FRAME
    assert playout.heard(399).samples == 399 * FRAME
    assert playout.heard(10**9).samples == 400 * FRAME


def test_underrun_is_an_open_utterance_without_audio() -> None:
    playout = quiet()
    assert not playout.underrun
    playout.begin(0)
    assert playout.underrun
    playout.put(0, speech(200))
    take(playout, 1)
    assert not playout.underrun
    take(playout, 1)
    assert playout.underrun
    more = speech(FRAME, 7)
    playout.put(0, more)
    assert np.array_equal(take(playout, 1), more)


def test_an_utterance_without_audio_is_finished_at_once() -> None:
    playout = quiet()
    take(playout, 2)
    playout.begin(0)
    playout.end(0)
    assert playout.finished(2) == [0]


def test_beginning_the_next_ends_the_one_before() -> None:
    playout = quiet()
    playout.begin(0)
    playout.put(0, speech(FRAME))
    playout.begin(1)
    take(playout, 1)
    assert playout.finished(1) == [0] and playout.heard(1) == Heard(0, FRAME, "", True)
    with pytest.raises(ValueError, match="has ended"):
        playout.put(0, speech(FRAME))


def test_wrong_numbers() -> None:
    playout = quiet()
    playout.begin(5)
    with pytest.raises(ValueError, match="begun after 5"):
        playout.begin(5)
    with pytest.raises(ValueError, match="never begun"):
        playout.put(6, speech(1))
    with pytest.raises(ValueError, match="never begun"):
        playout.end(6)


def test_a_long_call_of_many_utterances() -> None:
    playout = quiet()
    finished: list[int] = []
    for number in range(300):
        say(playout, number, speech(100, number), f"number {number}")
        take(playout, 2)
        finished += playout.finished(playout.frames_given - 1)
    assert finished == list(range(300))
    playout.put(3, speech(10))  # long forgotten, and no error
    assert playout.heard(600) == Heard(299, 100, "number 299", True)


@given(st.lists(st.sampled_from("tttpPdufbe"), max_size=60), st.integers(0, 3))
@settings(deadline=None)
def test_any_sequence_keeps_the_promises(commands: list[str], lag: int) -> None:
    """Frames have their size, heard never runs back within an utterance nor past its audio."""
    playout = Playout(RATE)
    number, last = -1, Heard(-1, 0, "", False)
    finished: list[int] = []
    for command in commands:
        if command == "t":
            assert playout.take(FRAME).size == FRAME
            heard = playout.heard(playout.frames_given - lag)
            assert (heard.utterance, heard.samples) >= (last.utterance, last.samples)
            assert heard.samples <= 500
            last = heard
            finished += playout.finished(playout.frames_given - lag)
        elif command == "b":
            number += 1
            playout.begin(number)
            playout.put(number, speech(500), "some words")
        elif command == "e" and number >= 0:
            playout.end(number)
        elif command in "pPduf":
            steps = {"p": Playout.pause, "P": Playout.resume, "d": Playout.duck}
            (steps | {"u": Playout.unduck, "f": Playout.flush})[command](playout)
    assert finished == sorted(set(finished))
