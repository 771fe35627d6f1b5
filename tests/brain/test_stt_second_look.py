import numpy as np
import pytest
from recordings import two_cities

import brain.stt.second_look as second_look_module
from brain.resampling import resample
from brain.stt.second_look import DRY, Cleaned, second_look
from brain.stt.window import Snapshot, Window
from media.frame import FULL_SCALE, Pcm
from media.noise import RATE_HZ, Wave
from media.resample import resample as resampled


def voice(rate_hz: int, seconds: float = 3.0) -> Pcm:
    return resampled(two_cities()[: int(seconds * 8000)], 8000, rate_hz)


def clean(snapshot: Snapshot) -> Wave:
    assert snapshot.cleaned is not None
    return snapshot.cleaned.since(snapshot.origin_ms)


@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_what_is_cleaned_lies_over_the_line_to_the_sample(rate_hz: int) -> None:
    pcm = voice(rate_hz)
    cleaned = Cleaned(rate_hz)
    for at in range(0, pcm.size, rate_hz // 50):
        cleaned.append(pcm[at : at + rate_hz // 50])
    line = resample(pcm.astype(np.float32) / FULL_SCALE, rate_hz, RATE_HZ)
    clean = cleaned.since(0)
    assert 0.02 * RATE_HZ < line.size - clean.size < 0.036 * RATE_HZ
    lags = range(-40, 41)
    middle = slice(1000, clean.size - 1000)
    likeness = [float(clean[middle].dot(np.roll(line, lag)[: clean.size][middle])) for lag in lags]
    assert lags[int(np.argmax(likeness))] == 0


def test_what_leaves_the_window_leaves_the_clean_audio_too() -> None:
    window = Window(8000, noisy=True)
    window.append(voice(8000))
    before = window.snapshot()
    whole = clean(before)
    window.roll(before.cut(1500, ()))
    after = window.snapshot()
    assert after.origin_ms == 1500 and np.array_equal(clean(after), whole[24000:])
    assert np.array_equal(clean(before.cut(700, ())), whole[11200:])
    window.append(voice(8000)[:8000])
    assert clean(window.snapshot()).size + 24000 - whole.size == pytest.approx(16000, abs=128)


def test_a_long_segment_keeps_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_look_module, "KEPT_S", 2)
    pcm = voice(8000, 4.0)
    short, whole = Cleaned(8000), Cleaned(8000)
    whole.append(pcm)
    expected = whole.since(0)[-2 * RATE_HZ :]
    for piece in np.split(pcm, 4):
        short.append(piece)
        assert short.since(0).size <= 2 * RATE_HZ
    monkeypatch.undo()
    whole = Cleaned(8000)
    whole.append(pcm)
    everything = whole.since(0)
    assert np.array_equal(short.since(0), everything[-2 * RATE_HZ :]) and expected.size == 2 * RATE_HZ
    assert np.array_equal(short.since(3000), everything[3 * RATE_HZ :])


def test_a_clear_line_is_looked_at_once() -> None:
    window = Window(8000)
    window.append(voice(8000))
    assert window.snapshot().cleaned is None is window.snapshot().cut(500, ()).cleaned


def test_some_of_the_line_stays_in_and_what_was_not_cleaned_yet_stays_as_it_is() -> None:
    line, clean = np.full(1000, 0.5, np.float32), np.zeros(900, np.float32)
    mixed = second_look(line, clean)
    assert np.allclose(mixed[:900], 0.5 * DRY) and np.array_equal(mixed[900:], line[900:])
    assert np.array_equal(second_look(line[:100], clean), np.float32(0.5) * DRY * np.ones(100, np.float32))
    assert line[0] == 0.5
