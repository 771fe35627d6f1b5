import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.frame import Pcm
from media.resample import DELAY_MS, Resampler, resample

RATES = (8000, 16000, 22050, 24000, 48000)
PAIRS = [(a, b) for a in RATES for b in RATES if a != b]


def sine(hz: float, rate: int, seconds: float = 0.5, peak: float = 10000) -> Pcm:
    return np.rint(peak * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)).astype(np.int16)


def rms(signal: np.ndarray) -> float:
    return float(np.sqrt(np.mean(signal.astype(float) ** 2)))


@given(pair=st.sampled_from(PAIRS), cuts=st.lists(st.integers(0, 900), max_size=12), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=80)
def test_chunked_equals_whole(pair: tuple[int, int], cuts: list[int], seed: int) -> None:
    pcm = np.random.default_rng(seed).integers(-32768, 32768, 3000).astype(np.int16)
    whole, pieces = Resampler(*pair), Resampler(*pair)
    expected = np.concatenate((whole.process(pcm), whole.flush()))
    bounds = np.minimum(np.cumsum([0, *cuts]), pcm.size).tolist() + [pcm.size]
    got = [pieces.process(pcm[a:b]) for a, b in zip(bounds, bounds[1:], strict=False)]
    assert np.array_equal(np.concatenate([*got, pieces.flush()]), expected)


@pytest.mark.parametrize(("in_hz", "out_hz"), PAIRS)
def test_length_and_alignment_of_a_whole(in_hz: int, out_hz: int) -> None:
    pcm = sine(440, in_hz)
    out = resample(pcm, in_hz, out_hz)
    assert out.dtype == np.int16
    assert out.size == -(-pcm.size * out_hz // in_hz)
    ideal = sine(440, out_hz)
    inner = slice(out.size // 10, out.size * 9 // 10)
    assert rms(out[inner].astype(int) - ideal[inner]) < rms(ideal) / 300  # -50 dB: level and phase


@pytest.mark.parametrize(("in_hz", "out_hz"), PAIRS)
def test_passband(in_hz: int, out_hz: int) -> None:
    low = min(in_hz, out_hz)
    for share, ripple_db in ((0.05, 0.1), (0.3, 0.1), (0.41, 0.2), (0.425, 0.5)):
        pcm = sine(share * low, in_hz)
        out = resample(pcm, in_hz, out_hz)
        level = 20 * np.log10(rms(out[out.size // 10 : -out.size // 10]) / rms(pcm))
        assert abs(level) < ripple_db, (share, level)


@pytest.mark.parametrize(("in_hz", "out_hz"), [(a, b) for a, b in PAIRS if a > b])
def test_what_would_alias_is_60_db_down(in_hz: int, out_hz: int) -> None:
    for hz in np.linspace(0.575 * out_hz, 0.49 * in_hz, 9):
        out = resample(sine(hz, in_hz, peak=32000), in_hz, out_hz)
        assert rms(out[out.size // 10 : -out.size // 10]) < 32000 / np.sqrt(2) / 1000


@pytest.mark.parametrize(("in_hz", "out_hz"), [(8000, 16000), (8000, 24000), (8000, 48000), (16000, 48000)])
def test_images_are_60_db_down(in_hz: int, out_hz: int) -> None:
    out = resample(sine(0.4 * in_hz, in_hz, seconds=1, peak=30000), in_hz, out_hz)[: out_hz * 9 // 10]
    spectrum = np.abs(np.fft.rfft(out * np.hanning(out.size)))
    hz = np.fft.rfftfreq(out.size, 1 / out_hz)
    assert spectrum[hz > 0.575 * in_hz].max() < spectrum.max() / 1000


@pytest.mark.parametrize(("in_hz", "out_hz"), [(8000, 16000), (16000, 8000), (24000, 8000), (48000, 8000)])
def test_a_frame_in_is_a_frame_out_and_the_lag_is_as_documented(in_hz: int, out_hz: int) -> None:
    stream = Resampler(in_hz, out_hz)
    pcm = sine(440, in_hz)
    frames = [stream.process(pcm[i : i + in_hz // 50]) for i in range(0, pcm.size, in_hz // 50)]
    assert {frame.size for frame in frames} == {out_hz // 50}
    lag = round(DELAY_MS * out_hz / 1000)
    joined = np.concatenate([*frames, stream.flush()])
    assert joined.size == resample(pcm, in_hz, out_hz).size + lag
    assert np.array_equal(joined[lag:], resample(pcm, in_hz, out_hz))


def test_after_a_flush_it_is_as_new() -> None:
    stream, pcm = Resampler(22050, 8000), sine(500, 22050, 0.1)
    first = np.concatenate((stream.process(pcm), stream.flush()))
    assert np.array_equal(np.concatenate((stream.process(pcm), stream.flush())), first)


def test_equal_rates_pass_through() -> None:
    pcm = sine(440, 8000)
    assert np.array_equal(resample(pcm, 8000, 8000), pcm)
    stream = Resampler(8000, 8000)
    assert np.array_equal(stream.process(pcm), pcm) and stream.flush().size == 0


def test_full_scale_is_clipped_and_never_wraps() -> None:
    square = np.repeat(np.tile(np.array([32767, -32768], np.int16), 50), 40)
    out = resample(square, 8000, 16000).astype(int)
    middle_of_halves = out[40::80]
    assert (middle_of_halves[0::2] > 30000).all() and (middle_of_halves[1::2] < -30000).all()


def test_nothing_in_gives_nothing_out() -> None:
    assert resample(np.zeros(0, np.int16), 22050, 8000).size == 0
    assert Resampler(8000, 16000).process(np.zeros(0, np.int16)).size == 0


@pytest.mark.parametrize("rates", [(0, 8000), (8000, -1)])
def test_bad_rates(rates: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        Resampler(*rates)
