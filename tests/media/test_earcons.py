import numpy as np
import pytest

from media.earcons import EARCONS, earcon
from media.frame import level_dbfs


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("name", EARCONS)
def test_an_earcon_is_short_quiet_and_starts_and_ends_in_silence(name: str, rate: int) -> None:
    pcm = earcon(name, rate)
    assert 0.15 <= pcm.size / rate <= 0.25
    assert -26 < level_dbfs(pcm) < -18
    assert abs(int(pcm[0])) < 50 and abs(int(pcm[-1])) < 50
    steps = np.abs(np.diff(pcm.astype(int)))
    assert steps.max() < 2 * np.pi * max(EARCONS[name]) / rate * np.abs(pcm.astype(int)).max() + 2  # no click


def test_the_notes_are_the_ones_it_is_made_of() -> None:
    pcm = earcon("ready", 8000)
    for half, hz in zip(np.split(pcm, 2), EARCONS["ready"], strict=True):
        spectrum = np.abs(np.fft.rfft(half, 8000))
        assert int(spectrum.argmax()) == pytest.approx(hz, abs=3)


def test_others_are_not_there() -> None:
    with pytest.raises(KeyError):
        earcon("moo", 8000)
