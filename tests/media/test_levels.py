"""The gain finds its level and keeps it; noise neither pumps nor is touched on a clean line."""

from __future__ import annotations

import line_signals as line
import numpy as np
import pytest

from benchmarks.line_corpus import babble
from media.frame import Pcm, level_dbfs
from media.levels import TARGET_DBFS, Levels, active_level_dbfs
from media.vad import Activity

FRAME = 160


def speech(dbfs: float, seconds: float = 8.0, rate_hz: int = 8000, seed: int = 5) -> np.ndarray:
    """Syllables: bursts of a buzz of 120 Hz under a slow envelope, 60 % of the time; loud parts at `dbfs`."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    buzz = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 12))
    envelope = np.clip(np.sin(2 * np.pi * 2.3 * t) + 0.3, 0, 1)
    signal = buzz * envelope + 1e-4 * np.random.default_rng(seed).standard_normal(t.size)
    level = active_level_dbfs(line.to_int16(signal / np.abs(signal).max() * 20000), rate_hz)
    return signal / np.abs(signal).max() * 20000 * 10 ** ((dbfs - level) / 20)


def run(levels: Levels, pcm: Pcm, activity: Activity, size: int = FRAME) -> Pcm:
    return np.concatenate(
        [levels.process(pcm[at : at + size], activity) for at in range(0, pcm.size - size + 1, size)]
    )


def test_the_active_level_of_p56() -> None:
    half = np.concatenate((line.tones(5, -20, 1000), np.zeros(5 * line.RATE)))
    # What is active is the tone and 200 ms of hangover behind it.
    assert active_level_dbfs(line.to_int16(half), line.RATE) == pytest.approx(-20.2, abs=0.3)
    quieter = active_level_dbfs(line.to_int16(half / 10), line.RATE)
    assert quieter == pytest.approx(-40.2, abs=0.3)
    assert active_level_dbfs(np.zeros(8000, np.int16), line.RATE) == -100.0
    assert active_level_dbfs(np.zeros(0, np.int16), line.RATE) == -100.0


@pytest.mark.parametrize("rate_hz", [8000, 16000])
@pytest.mark.parametrize("dbfs", [-40.0, -33.0, -26.0, -20.0, -14.0, -10.0])
def test_speech_comes_to_the_target_within_a_second(dbfs: float, rate_hz: int) -> None:
    levels = Levels(rate_hz)
    size = rate_hz // 50
    out = run(levels, line.to_int16(speech(dbfs, rate_hz=rate_hz)), Activity.SPEECH, size)
    assert active_level_dbfs(out[rate_hz:], rate_hz) == pytest.approx(TARGET_DBFS, abs=3)
    assert np.abs(out.astype(int)).max() < 32000
    run(levels, np.zeros(rate_hz, np.int16), Activity.QUIET, size)
    again = run(levels, line.to_int16(speech(dbfs, 1.0, rate_hz)), Activity.SPEECH, size)
    assert active_level_dbfs(again, rate_hz) == pytest.approx(TARGET_DBFS, abs=3), "forgotten in the pause"


def test_noise_does_not_swell_in_pauses() -> None:
    levels = Levels(line.RATE)
    run(levels, line.to_int16(speech(-35)), Activity.SPEECH)
    before = levels.gain_db
    assert before > 8
    for activity in (Activity.QUIET, Activity.MAYBE):
        noise = line.to_int16(line.noise(5, -60))
        out = run(levels, noise, activity)
        assert levels.gain_db == before
        assert level_dbfs(out) - level_dbfs(noise) == pytest.approx(before, abs=0.5)


def test_the_gain_moves_without_steps() -> None:
    levels = Levels(line.RATE)
    tone = line.to_int16(line.tones(2, -38, 200))
    out = run(levels, tone, Activity.SPEECH).astype(float)
    bound = 2 * np.pi * 200 / line.RATE * np.abs(out).max() * 1.1
    assert np.abs(np.diff(out)).max() <= bound


def test_loud_peaks_bend_and_never_clip() -> None:
    levels = Levels(line.RATE)
    run(levels, line.to_int16(speech(-40)), Activity.SPEECH)
    assert levels.gain_db > 15
    shout = line.to_int16(line.tones(0.1, -6, 300))
    out = run(levels, shout, Activity.SPEECH).astype(int)
    assert 30000 < np.abs(out).max() < 31500


def test_a_clean_line_at_the_target_passes_bit_exactly() -> None:
    levels = Levels(line.RATE)
    quiet = line.to_int16(line.noise(3, -60))
    assert np.array_equal(run(levels, quiet, Activity.QUIET), quiet)
    run(levels, line.to_int16(speech(-20)), Activity.SPEECH)
    gain = levels.gain_db
    after = run(levels, quiet, Activity.QUIET).astype(float)
    assert np.abs(after - quiet * 10 ** (gain / 20)).max() <= 0.51


def test_a_line_is_noisy_only_where_there_is_much() -> None:
    for snr_db, expected in ((-2, True), (5, True), (9, True), (14, False), (25, False)):
        levels = Levels(line.RATE)
        voice = speech(-22)
        noise = line.noise(voice.size / line.RATE, -22 - snr_db, seed=8)
        run(levels, line.to_int16(noise), Activity.QUIET)
        run(levels, line.to_int16(voice + noise[: voice.size]), Activity.SPEECH)
        run(levels, line.to_int16(noise), Activity.QUIET)
        assert levels.noisy is expected, snr_db


def test_a_level_that_is_nearly_right_is_left_alone() -> None:
    levels = Levels(line.RATE)
    voice = line.to_int16(line.tones(4, -20.5, 300, 700))
    assert np.array_equal(run(levels, voice, Activity.SPEECH), voice)


def test_voices_in_the_room_are_noise_whatever_the_detector_takes_them_for() -> None:
    levels = Levels(line.RATE)
    run(levels, line.to_int16(babble(4, -27)), Activity.SPEECH)
    assert levels.noisy
    run(levels, line.to_int16(line.noise(2, -60)), Activity.QUIET)
    run(levels, line.to_int16(speech(-20)), Activity.SPEECH)
    assert not levels.noisy


def test_a_line_is_clear_when_the_noise_is_gone() -> None:
    levels = Levels(line.RATE)
    run(levels, line.to_int16(line.noise(2, -22)), Activity.QUIET)
    assert levels.noisy
    run(levels, line.to_int16(line.noise(4, -60)), Activity.QUIET)
    assert not levels.noisy


@pytest.mark.parametrize("size", [0, 80, 161, 320])
def test_bad_frames(size: int) -> None:
    with pytest.raises(ValueError, match="160 samples"):
        Levels(8000).process(np.zeros(size, np.int16), Activity.QUIET)


@pytest.mark.models
def test_words_are_kept_on_a_clean_line_and_more_are_heard_in_noise() -> None:
    """Human sentences through G.711 to whisper-base, as `benchmarks.levels` does it with more of them."""
    from benchmarks.levels import WordCount

    clean, noisy = WordCount("none", 40.0, clips=4), WordCount("white", 5.0, clips=6, seeds=3)
    voices = WordCount("babble", 5.0, clips=6, seeds=2)
    assert clean.levelled <= clean.raw
    assert noisy.levelled < noisy.raw
    assert voices.levelled < voices.raw + 0.05
    assert noisy.noisy == voices.noisy == 1.0 and clean.noisy == 0.0
