import line_signals as line
import numpy as np
import pytest

from media.webrtc_vad import WebrtcVad


def share(signal: np.ndarray, aggressiveness: int = 2) -> float:
    pcm, detector = line.on_the_line(signal), WebrtcVad(line.RATE, aggressiveness)
    return float(np.mean([detector.is_speech(pcm[at : at + 160]) for at in range(0, pcm.size - 159, 160)]))


def test_it_tells_speech_from_faint_noise() -> None:
    assert share(line.recording(*line.RECORDINGS[0], seconds=5)) > 0.5
    assert share(line.noise(5, -50)) < 0.1


def test_soft_speech_is_speech() -> None:
    assert share(line.recording(*line.RECORDINGS[0], seconds=5, rms_dbfs=-45)) > 0.5


def test_an_aggressive_detector_says_yes_less_often() -> None:
    noise = line.noise(5, -40)
    assert share(noise, 3) < share(noise, 0)


@pytest.mark.parametrize(("rate_hz", "aggressiveness"), [(44100, 2), (8000, 4), (8000, -1)])
def test_bad_settings(rate_hz: int, aggressiveness: int) -> None:
    with pytest.raises(ValueError, match="no such detector"):
        WebrtcVad(rate_hz, aggressiveness)
