"""The canceller on made-up lines: G.168's tests, delays that jump, drift, double talk, and lines without echo."""

import line_signals as line
import numpy as np
import pytest

from benchmarks.echo_paths import FRAME, RATE, Path, css, dbm0, hybrid, pcm, peak_dbm0, room
from media.echo import EchoCanceller, EchoState
from media.frame import Pcm, level_dbfs
from media.near import NearTalk

LIMIT_DBM0 = -65.0


def cancel(near: Pcm, far: Pcm, canceller: EchoCanceller) -> Pcm:
    size = canceller.rate_hz // 50
    frames = range(0, near.size, size)
    return np.concatenate([canceller.process(near[at : at + size], far[at : at + size]) for at in frames])


def speech(which: int, seconds: float) -> Pcm:
    said = line.recording(*line.RECORDINGS[which], seconds=seconds)
    return pcm(np.resize(said, int(seconds * RATE)).astype(float))


def after(signal: Pcm, second: float) -> Pcm:
    return signal[int(second * RATE) :]


# ---- G.168, as spandsp's echo_tests.c states it -----------------------------------------------------------


@pytest.mark.parametrize("law", [None, "u", "a"])
def test_2a_the_echo_is_gone_within_a_second_and_again_when_the_hybrid_changes(law: str | None) -> None:
    far = pcm(css(8, -20))
    first, second = (Path(hybrid(n, 12), law=law, noise_dbm0=-80) for n in (1, 2))
    near = np.concatenate((first.near(far)[: 4 * RATE], second.near(far)[4 * RATE :]))
    out = cancel(near, far, EchoCanceller(RATE))
    assert peak_dbm0(near) > -30
    assert peak_dbm0(out[RATE : 4 * RATE]) <= LIMIT_DBM0
    assert peak_dbm0(after(out, 5)) <= LIMIT_DBM0


@pytest.mark.parametrize("level_dbm0", [-20, -10])
def test_2b_the_filter_alone_converges(level_dbm0: int) -> None:
    far = pcm(css(18, level_dbm0))
    near = Path(hybrid(1, 12), law=None, noise_dbm0=-80).near(far)
    out = cancel(near, far, EchoCanceller(RATE, suppress=False))
    assert peak_dbm0(after(out, 12)) <= LIMIT_DBM0


def test_3a_double_talk_does_not_make_it_diverge() -> None:
    far = pcm(css(8, -10))
    caller = np.concatenate((css(5, -30, double_talk=True), np.zeros(3 * RATE)))
    near = Path(hybrid(1, 12), law=None, noise_dbm0=-80).near(far, caller)
    out = cancel(near, far, EchoCanceller(RATE, suppress=False))
    assert peak_dbm0(after(out, 5.5)) < peak_dbm0(caller)
    assert peak_dbm0(after(out, 5.5)) < peak_dbm0(after(near, 5.5)) - 25


# ---- telephones -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delay_ms", [0, 60, 180, 300, 480])
def test_the_delay_is_found_and_the_echo_goes(delay_ms: int) -> None:
    far = speech(0, 8)
    near = Path(room(1, 10), ((0, delay_ms),)).near(far)
    canceller = EchoCanceller(RATE)
    out = cancel(near, far, canceller)
    assert canceller.state is EchoState.CONVERGED
    assert canceller.delay_ms == pytest.approx(delay_ms, abs=4)
    assert canceller.erle_db is not None and canceller.erle_db > 15
    assert dbm0(after(out, 1)) < -55 < -35 < dbm0(after(near, 1))


def test_a_jump_of_the_delay_is_followed_without_learning_the_path_anew() -> None:
    far = speech(0, 12)
    near = Path(room(1, 10), ((0, 160), (6, 220))).near(far)
    canceller = EchoCanceller(RATE)
    out = cancel(near, far, canceller)
    assert canceller.state is EchoState.CONVERGED
    assert canceller.delay_ms == pytest.approx(220, abs=4)
    assert dbm0(out[7 * RATE :]) < -55


@pytest.mark.parametrize("jump_ms", [-120, -60, -20, 10, 20, 80])
def test_the_echo_is_no_voice_while_the_delay_jumps(jump_ms: int) -> None:
    far = speech(0, 12)
    jumps = tuple((second, 160 + jump_ms * (second // 2 % 2)) for second in range(6, 12, 2))
    near = Path(room(1, 10), ((0, 160), *jumps)).near(far)
    out = cancel(near, far, EchoCanceller(RATE))
    assert peak_dbm0(after(near, 5)) > -25
    assert peak_dbm0(after(out, 5)) < -50


def test_a_jump_under_a_voice_is_followed() -> None:
    far = speech(0, 14)
    caller = np.concatenate((np.zeros(6 * RATE), speech(1, 8)))
    near = Path(room(1, 10), ((0, 160), (8, 180))).near(far, caller)
    canceller = EchoCanceller(RATE)
    known = []
    for at in range(0, near.size, FRAME):
        canceller.process(near[at : at + FRAME], far[at : at + FRAME])
        if at >= 8 * RATE:
            known.append(canceller.delay_ms == pytest.approx(180, abs=4) and canceller.state is not EchoState.LOST)
    assert known.index(True) <= 50 and all(known[known.index(True) :])


def test_a_caller_louder_than_an_echo_can_be_is_let_through_while_the_path_is_lost() -> None:
    """Path and delay change as he begins. Unless it is told of him, 11 of these 27 frames are silenced."""
    far, begins = speech(0, 12), 59 * RATE // 10
    voice = speech(1, 2).astype(float)
    voice *= 32768 * 10 ** (-15 / 20) / np.sqrt(np.mean(voice[np.abs(voice) > 300] ** 2))
    caller = np.zeros(far.size)
    caller[begins : begins + voice.size] = voice
    before, then = (Path(room(1, 10), ((0, delay_ms),)).near(far, caller) for delay_ms in (160, 400))
    near = np.concatenate((before[:begins], then[begins:]))
    canceller, talk, out, states = EchoCanceller(RATE), NearTalk(), [], set()
    for at in range(0, near.size, FRAME):
        heard = near[at : at + FRAME]
        talk.hears(heard)
        out.append(canceller.process(heard, far[at : at + FRAME], talk.loud))
        talk.sent(canceller.sent_dbfs)
        states.add(canceller.state)
    assert EchoState.LOST in states
    frames = range(begins // FRAME, begins // FRAME + 50)
    said = {at: level_dbfs(pcm(caller[at * FRAME : (at + 1) * FRAME])) for at in frames}
    loud = [at for at in frames if said[at] > -25]
    assert len(loud) > 20
    lost = [at for at in loud if level_dbfs(out[at]) < said[at] - 12]
    assert len(lost) <= 3  # the first two


def test_a_drift_of_200_ppm_is_followed() -> None:
    far = pcm(css(16, -20))
    near = Path(room(3, 10, 0.1), ((0, 100),), drift_ppm=200).near(far)
    canceller = EchoCanceller(RATE)
    cancel(near, far, canceller)
    assert canceller.drift_ppm == pytest.approx(200, abs=30)
    assert canceller.state is EchoState.CONVERGED


def test_a_clipping_loudspeaker_stays_shut_out() -> None:
    far = speech(0, 12)
    near = Path(room(5, 6, 0.3, 3), ((0, 160),), clip=0.1).near(far)
    assert dbm0(after(cancel(near, far, EchoCanceller(RATE)), 1)) < -55


def test_a_caller_over_the_bot_is_heard() -> None:
    far, voice = speech(0, 12), speech(1, 4)
    caller = np.concatenate((np.zeros(6 * RATE), voice, np.zeros(2 * RATE)))
    near = Path(room(1, 10), ((0, 160),)).near(far, caller)
    canceller = EchoCanceller(RATE)
    out = cancel(near, far, canceller)
    there = slice(6 * RATE, 10 * RATE)
    error = out[there].astype(float) - voice
    assert dbm0(error) < dbm0(voice) - 15
    assert canceller.state is EchoState.CONVERGED  # and it didn't lose its way
    assert dbm0(after(out, 11)) < -55


def test_a_line_without_echo_is_left_alone() -> None:
    far, voice = speech(0, 8), speech(1, 4)
    near = Path(np.zeros(4)).near(far, np.concatenate((np.zeros(4 * RATE), voice)))
    canceller = EchoCanceller(RATE)
    out = cancel(near, far, canceller)
    assert canceller.state is EchoState.CLEAR and canceller.delay_ms is None and canceller.erle_db is None
    np.testing.assert_array_equal(out[3 * RATE :], near[3 * RATE :])


def test_an_echo_that_ends_leaves_a_clear_line() -> None:
    far = speech(0, 16)
    echoing, plain = Path(room(1, 10), ((0, 160),)).near(far), Path(np.zeros(4)).near(far)
    near = np.concatenate((echoing[: 5 * RATE], plain[5 * RATE :]))
    canceller = EchoCanceller(RATE)
    out = cancel(near, far, canceller)
    assert canceller.state is EchoState.CLEAR and canceller.delay_ms is None
    np.testing.assert_array_equal(out[15 * RATE :], near[15 * RATE :])


def test_16_khz() -> None:
    far = np.repeat(speech(0, 8), 2)
    near = (np.concatenate((np.zeros(3200), far[:-3200])) * 0.3).astype(np.int16)
    canceller = EchoCanceller(16000)
    out = cancel(near, far, canceller)
    assert canceller.delay_ms == pytest.approx(200, abs=1)
    assert level_dbfs(out[-48000:]) < level_dbfs(near[-48000:]) - 25


# ---- resting ----------------------------------------------------------------------------------------------


def test_it_rests_while_nothing_is_played() -> None:
    canceller, frame = EchoCanceller(RATE), speech(1, 2)[-FRAME:]
    assert canceller.process(frame, np.zeros(FRAME, np.int16)) is frame
    assert not canceller.active and canceller.state is EchoState.UNKNOWN
    assert canceller.report.echo_share == 0.0


def test_what_was_learnt_outlasts_a_rest() -> None:
    far = np.concatenate((speech(0, 6), np.zeros(10 * RATE, np.int16), speech(0, 3)))
    near = Path(room(1, 10), ((0, 160),)).near(far)
    canceller = EchoCanceller(RATE)
    out = cancel(near, far, canceller)
    np.testing.assert_array_equal(out[8 * RATE : 16 * RATE], near[8 * RATE : 16 * RATE])
    assert dbm0(near[16 * RATE :]) > -35 and dbm0(out[16 * RATE :]) < -55


def test_opening_closing_and_resting_make_no_click() -> None:
    tone = line.tones(6, -25, 200)
    far = np.concatenate((np.zeros(RATE, np.int16), speech(0, 3), np.zeros(2 * RATE, np.int16)))
    out = cancel(pcm(tone), far, EchoCanceller(RATE))
    # The steepest step of the tone itself is 2 pi 200 / 8000 of its peak.
    assert np.abs(np.diff(out.astype(float))).max() < 1.5 * np.abs(np.diff(tone)).max()


def test_silence_in_is_silence_out_and_nothing_is_undefined() -> None:
    canceller = EchoCanceller(RATE)
    zero = np.zeros(2 * RATE, np.int16)
    with np.errstate(all="raise"):
        out = cancel(zero, speech(0, 2), canceller)
    assert np.abs(out).max() < 100


def test_the_same_input_gives_the_same_output() -> None:
    far = speech(0, 4)
    near = Path(room(1, 10), ((0, 160),)).near(far)
    np.testing.assert_array_equal(cancel(near, far, EchoCanceller(RATE)), cancel(near, far, EchoCanceller(RATE)))


def test_the_report_says_it_all() -> None:
    far = speech(0, 6)
    near = Path(room(1, 10), ((0, 160),)).near(far)
    canceller = EchoCanceller(RATE)
    cancel(near, far, canceller)
    report = canceller.report
    assert report.active and report.state is canceller.state
    assert report.delay_ms == canceller.delay_ms and report.erle_db == canceller.erle_db
    assert 0.5 < report.echo_share <= 1.0  # nobody speaks: what is left is echo


@pytest.mark.parametrize("rate_hz", [0, 44100])
def test_a_rate_it_cannot_do_is_refused(rate_hz: int) -> None:
    with pytest.raises(ValueError):
        EchoCanceller(rate_hz)


@pytest.mark.parametrize(("near", "far"), [(160, 80), (80, 160), (320, 320)])
def test_a_wrong_frame_is_refused(near: int, far: int) -> None:
    with pytest.raises(ValueError):
        EchoCanceller(RATE).process(np.zeros(near, np.int16), np.zeros(far, np.int16))
