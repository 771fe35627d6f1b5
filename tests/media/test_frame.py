import numpy as np
import pytest

from media.frame import AudioFrame, level_dbfs, samples, silence


def test_samples_of_a_time() -> None:
    assert samples(20, 8000) == 160 and samples(2.5, 16000) == 40 and samples(20, 22050) == 441


def test_levels() -> None:
    assert level_dbfs(silence(160)) == -100.0 and level_dbfs(silence(0)) == -100.0
    assert level_dbfs(np.full(160, -32768, np.int16)) == pytest.approx(0.0)
    assert level_dbfs(np.full(160, 3277, np.int16)) == pytest.approx(-20.0, abs=0.01)


def test_a_frame_knows_where_it_ends() -> None:
    assert AudioFrame(silence(160), 8000, 320).end == 480


@pytest.mark.parametrize(
    ("pcm", "rate_hz", "position"),
    [
        (np.zeros(160), 8000, 0),
        (np.zeros((160, 2), np.int16), 8000, 0),
        (silence(160), 0, 0),
        (silence(160), 8000, -1),
    ],
)
def test_what_is_not_a_frame(pcm: np.ndarray, rate_hz: int, position: int) -> None:
    with pytest.raises(ValueError):
        AudioFrame(pcm, rate_hz, position)
