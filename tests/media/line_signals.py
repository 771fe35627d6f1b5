"""What a telephone line carries: people, tones and noise, as int16 at 8 kHz that went through G.711."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from media.frame import FULL_SCALE, Pcm
from media.g711 import decode_ulaw, encode_ulaw
from media.resample import resample
from media.sound import read_wav

RATE = 8000

# Recordings of people, as packages carry them (see DEPENDENCIES in docs): (package, path inside it).
RECORDINGS = (
    ("moonshine_voice", "assets/two_cities.wav"),
    ("moonshine_voice", "assets/beckett.wav"),
    ("pytest_audioeval", "samples/audio/en/counting.wav"),
    ("pytest_audioeval", "samples/audio/en/quick_brown_fox.wav"),
    ("pytest_audioeval", "samples/audio/en/hello_world.wav"),
)


def recording(package: str, path: str, seconds: float = 12.0, rms_dbfs: float = -22.0) -> Pcm:
    """The first `seconds` of a recording at 8 kHz, its loud parts brought to `rms_dbfs`."""
    spec = find_spec(package)
    assert spec is not None and spec.submodule_search_locations, f"{package} isn't installed"
    pcm, rate = read_wav(Path(spec.submodule_search_locations[0]) / path)
    signal = resample(pcm, rate, RATE)[: int(seconds * RATE)].astype(float)
    loud = signal[np.abs(signal) > 300]
    return to_int16(signal * gain(rms_dbfs) / np.sqrt(np.mean(loud**2)))


def gain(dbfs: float) -> float:
    """RMS of a signal at `dbfs`, in the scale of int16."""
    return float(10 ** (dbfs / 20) * FULL_SCALE)


def to_int16(signal: np.ndarray) -> Pcm:
    return np.clip(np.rint(signal), -32768, 32767).astype(np.int16)


def noise(seconds: float, dbfs: float, seed: int = 1) -> np.ndarray:
    """White noise."""
    return np.random.default_rng(seed).standard_normal(int(seconds * RATE)) * gain(dbfs)


def tones(seconds: float, dbfs: float, *hz: float) -> np.ndarray:
    """The sum of sines at `hz`, `dbfs` together."""
    t = np.arange(int(seconds * RATE)) / RATE
    return np.sum([np.sin(2 * np.pi * f * t) for f in hz], axis=0) * gain(dbfs) * np.sqrt(2 / len(hz))


def hum(seconds: float, dbfs: float, mains_hz: float, seed: int = 1) -> np.ndarray:
    """Mains hum with ten harmonics of falling strength and any phase."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE)) / RATE
    signal = sum(
        np.sin(2 * np.pi * mains_hz * k * t + rng.uniform(0, 7)) * 10 ** (-rng.uniform(2, 4) * k / 20)
        for k in range(1, 11)
    )
    return signal / np.sqrt(np.mean(signal**2)) * gain(dbfs)


def keys(symbols: str, dbfs: float = -10.0, on_s: float = 0.1, off_s: float = 0.1) -> np.ndarray:
    """The tones of DTMF keys (ITU-T Q.23)."""
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
    pieces = []
    for symbol in symbols:
        row, column = divmod("123A456B789C*0#D".index(symbol), 4)
        pieces += [tones(on_s, dbfs, rows[row], columns[column]), np.zeros(int(off_s * RATE))]
    return np.concatenate(pieces)


def on_the_line(signal: np.ndarray, noise_dbfs: float = -65.0, seed: int = 3) -> Pcm:
    """`signal` with a little noise, through PCMU."""
    line = signal + np.random.default_rng(seed).standard_normal(signal.size) * gain(noise_dbfs)
    return decode_ulaw(encode_ulaw(to_int16(line)))


def utterances(signal: Pcm, edge_dbfs: float = -35.0, pause_s: float = 0.25) -> list[Pcm]:
    """The stretches of speech in a recording, cut where its 10 ms frames first and last exceed `edge_dbfs`.

    Pauses shorter than `pause_s` don't cut; what is shorter than 0.2 s is left out.
    """
    step = RATE // 100
    frames = signal[: signal.size // step * step].reshape(-1, step).astype(float)
    loud = np.flatnonzero(np.sqrt(np.mean(frames**2, axis=1)) > gain(edge_dbfs))
    parts = np.split(loud, np.flatnonzero(np.diff(loud) > pause_s * 100) + 1)
    return [signal[p[0] * step : (p[-1] + 1) * step] for p in parts if p.size and p[-1] - p[0] >= 20]
