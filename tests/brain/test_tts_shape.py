"""Levels, silences and sampling rates of synthesised speech."""

from __future__ import annotations

import numpy as np
import pytest

from brain.resampling import resample
from brain.tts.shape import PEAK, gain_for, pause_ms, shape
from media.loudness import SPEECH_LUFS, integrated_lufs


def burst(level_dbfs: float, lead_s: float = 0.3, rate_hz: int = 24000, frequency: float = 400) -> np.ndarray:
    """Silence, half a second of a sine, silence."""
    time = np.arange(rate_hz // 2) / rate_hz
    sine = np.sqrt(2) * 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * frequency * time)
    quiet = np.zeros(int(lead_s * rate_hz))
    return np.concatenate([quiet, sine, quiet]).astype(np.float32)


@pytest.mark.parametrize("level", [-35.0, -25.0, -14.0])
def test_the_gain_brings_a_voice_to_the_loudness_of_speech(level: float) -> None:
    audio = burst(level)
    loud = resample(audio * np.float32(gain_for(audio, 24000)), 24000, 8000)
    assert integrated_lufs(loud, 8000) == pytest.approx(SPEECH_LUFS, abs=0.3)


def test_silence_has_no_gain_and_no_audio() -> None:
    quiet = np.zeros(24000, np.float32)
    assert gain_for(quiet, 24000) == 1.0
    assert shape(quiet, 24000, 8000, 1.0, 100).size == 0
    assert shape(np.zeros(0, np.float32), 24000, 8000, 1.0, 100).size == 0


@pytest.mark.parametrize("out_hz", [8000, 16000])
def test_sound_begins_within_30_ms_and_the_pause_is_exact(out_hz: int) -> None:
    pcm = shape(burst(-20.0), 24000, out_hz, 1.0, 120)
    loud = np.nonzero(np.abs(pcm) > 500)[0]
    assert loud[0] <= out_hz * 30 // 1000
    assert not pcm[-out_hz * 120 // 1000 :].any()
    assert pcm.size == pytest.approx(out_hz * (0.5 + 0.04 + 0.12), rel=0.02)


def test_a_beginning_too_faint_to_be_heard_is_left_out() -> None:
    breath, word = burst(-46.0, lead_s=0.0), burst(-20.0, lead_s=0.0)
    pcm = shape(np.concatenate([breath, word]), 24000, 8000, 1.0, 0)
    assert np.nonzero(np.abs(pcm) > 500)[0][0] <= 8000 * 30 // 1000
    assert shape(np.concatenate([word, breath]), 24000, 8000, 1.0, 0).size > pcm.size + 3000  # its end is kept


def test_nothing_clips_however_loud() -> None:
    pcm = shape(burst(-3.0), 24000, 8000, 4.0, 0)
    assert np.abs(pcm.astype(np.int32)).max() <= PEAK * 32768 + 1


def test_what_is_not_loud_is_not_bent() -> None:
    audio = burst(-20.0)
    pcm = shape(audio, 24000, 8000, 1.0, 0).astype(np.float32) / 32768
    middle = pcm[1000:3000]
    assert np.abs(middle).max() == pytest.approx(np.sqrt(2) * 0.1, rel=0.02)


def test_the_pause_follows_the_mark() -> None:
    assert pause_ms("Yes.") > pause_ms("Yes,") > pause_ms("Yes")
    assert pause_ms('He said "Yes."') == pause_ms("Yes.")


# ---- resampling ----------------------------------------------------------------------------------------

RATES = [(8000, 16000), (22050, 8000), (22050, 16000), (24000, 8000), (24000, 16000), (16000, 8000)]


@pytest.mark.parametrize(("in_hz", "out_hz"), RATES)
@pytest.mark.parametrize("frequency", [100, 1000, 3300])
def test_a_tone_in_the_band_stays_what_it_is(in_hz: int, out_hz: int, frequency: int) -> None:
    tone = np.sin(2 * np.pi * frequency * np.arange(in_hz) / in_hz).astype(np.float32)
    wanted = np.sin(2 * np.pi * frequency * np.arange(out_hz) / out_hz)
    got = resample(tone, in_hz, out_hz)
    assert got.size == out_hz
    inner = slice(out_hz // 20, -out_hz // 20)
    assert np.abs(got[inner] - wanted[inner]).max() < 1e-3


@pytest.mark.parametrize(("in_hz", "out_hz"), [(22050, 8000), (24000, 8000), (16000, 8000)])
@pytest.mark.parametrize("frequency", [4200, 5000, 7000])
def test_a_tone_above_the_band_does_not_fold_back(in_hz: int, out_hz: int, frequency: int) -> None:
    tone = np.sin(2 * np.pi * frequency * np.arange(in_hz) / in_hz).astype(np.float32)
    assert np.abs(resample(tone, in_hz, out_hz)[400:-400]).max() < 10 ** (-60 / 20)


def test_rates_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="bad rates"):
        resample(np.zeros(8, np.float32), 0, 8000)
