import line_signals as line
import numpy as np
import pytest

from media.frame import level_dbfs
from media.webrtc_apm import WebrtcApm


@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_it_gives_as_much_as_it_takes(rate_hz: int) -> None:
    apm = WebrtcApm(rate_hz, echo=True, ns_level=2, agc=True)
    frame = np.zeros(rate_hz // 50, np.int16)
    assert apm.process(frame, frame).size == frame.size


def test_noise_suppression_takes_noise() -> None:
    noise = line.to_int16(line.noise(4, -40))
    quiet = WebrtcApm(line.RATE, ns_level=2).process(noise)
    assert level_dbfs(quiet[-8000:]) < level_dbfs(noise[-8000:]) - 10


def test_gain_lifts_a_faint_voice() -> None:
    faint = line.recording(*line.RECORDINGS[0], seconds=8, rms_dbfs=-40)
    faint = faint[: faint.size // 80 * 80]
    assert level_dbfs(WebrtcApm(line.RATE, agc=True).process(faint)[-16000:]) > level_dbfs(faint[-16000:]) + 3


def test_an_echo_is_cancelled() -> None:
    far = line.recording(*line.RECORDINGS[0], seconds=8)
    far = far[: far.size // 80 * 80]
    near = line.to_int16(np.concatenate((np.zeros(800), far[:-800] * 0.3)))
    out = WebrtcApm(line.RATE, echo=True).process(near, far)
    assert level_dbfs(out[-16000:]) < level_dbfs(near[-16000:]) - 20


@pytest.mark.parametrize(("rate_hz", "ns_level"), [(44100, None), (8000, 4)])
def test_what_it_cannot_do_it_refuses(rate_hz: int, ns_level: int | None) -> None:
    with pytest.raises(ValueError):
        WebrtcApm(rate_hz, ns_level=ns_level)


def test_a_part_of_a_block_is_refused() -> None:
    with pytest.raises(ValueError):
        WebrtcApm(8000).process(np.zeros(81, np.int16))
    with pytest.raises(ValueError):
        WebrtcApm(8000, echo=True).process(np.zeros(160, np.int16), np.zeros(80, np.int16))
