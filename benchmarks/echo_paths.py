"""Echo paths made up for tests: line hybrids, handsets and speakerphones, behind G.711, jitter buffers and drift.

The composite source signals have the form of ITU-T P.501 (a voiced sound, pseudo noise, a pause, then the same
with its sign changed) with a voiced sound of our own; the hybrids have that of ITU-T G.168's models: 6 to 12 ms
of decaying oscillation. All is seeded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from media.frame import FULL_SCALE, Pcm
from media.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw

RATE = 8000
FRAME = 160
Signal = npt.NDArray[np.float64]
DBM0_OF_FULL_SCALE = 6.18
"""A square wave of full scale in dBm0: a sine of full scale is 3.17 (ITU-T G.711, mu-law)."""


def amplitude(dbm0: float) -> float:
    """RMS of a signal at `dbm0`, in the scale of int16."""
    return float(FULL_SCALE * 10 ** ((dbm0 - DBM0_OF_FULL_SCALE) / 20))


def dbm0(signal: npt.NDArray[np.generic]) -> float:
    """Level of a signal in dBm0."""
    power = float(np.mean(np.square(signal.astype(float)))) if signal.size else 0.0
    return 10 * float(np.log10(power / FULL_SCALE**2 + 1e-12)) + DBM0_OF_FULL_SCALE


def peak_dbm0(signal: npt.NDArray[np.generic], time_s: float = 0.035) -> float:
    """The highest level that a meter of one pole and 35 ms shows (ITU-T G.168, 6.4.1.2.1)."""
    keep = float(np.exp(-1 / (RATE * time_s)))
    pole = (1 - keep) * keep ** np.arange(int(10 * time_s * RATE))
    power = convolved(np.square(signal.astype(float)), pole)
    return 10 * float(np.log10(power.max() / FULL_SCALE**2 + 1e-12)) + DBM0_OF_FULL_SCALE


def convolved(signal: Signal, response: Signal) -> Signal:
    """`signal` through a filter, as long as it was."""
    size = 1 << (signal.size + response.size).bit_length()
    spectrum = np.fft.rfft(signal, size) * np.fft.rfft(response, size)
    return np.fft.irfft(spectrum, size)[: signal.size]


def css(seconds: float, level_dbm0: float, double_talk: bool = False) -> Signal:
    """A composite source signal: single talk, or the one of other lengths for double talk."""
    voiced_s, pause_s = (0.07269, 0.12731) if double_talk else (0.04862, 0.10138)
    pitch_hz, seed = (250.0, 3) if double_talk else (125.0, 1)
    rng = np.random.default_rng(seed)
    time = np.arange(round(voiced_s * RATE)) / RATE
    formants = ((500, 1.0), (1500, 0.5), (2500, 0.3))
    voiced = np.zeros(time.size)
    for k in range(1, int(3500 / pitch_hz)):
        strength = sum(a / (1 + ((k * pitch_hz - f) / 150) ** 2) for f, a in formants)
        voiced += strength * np.cos(2 * np.pi * k * pitch_hz * time + rng.uniform(0, 2 * np.pi))
    count = round(0.2 * RATE)
    spectrum = np.exp(1j * np.pi * rng.integers(0, 2, 4097))
    freq = np.arange(4097) * RATE / 8192
    spectrum[(freq < 200) | (freq > 3600)] = 0
    noise = np.fft.irfft(spectrum)[:count]
    one = np.concatenate((voiced / np.std(voiced), noise / np.std(noise), np.zeros(round(pause_s * RATE))))
    both = np.concatenate((one, -one))
    total = np.resize(both, int(seconds * RATE))
    return total * amplitude(level_dbm0) / np.sqrt(np.mean(total**2))


def hybrid(number: int, erl_db: float) -> Signal:
    """The impulse response of a two-to-four-wire hybrid, 12 ms long, of echo return loss `erl_db`."""
    rng = np.random.default_rng(1680 + number)
    time = np.arange(96)
    response = np.zeros(96)
    start = int(rng.integers(2, 12))
    for _ in range(4):
        hz, decay = rng.uniform(300, 3300), rng.uniform(4, 14)
        t = time[start:] - start
        response[start:] += rng.normal() * np.exp(-t / decay) * np.cos(2 * np.pi * hz * t / RATE + rng.uniform(0, 7))
    return response * 10 ** (-erl_db / 20) / np.sqrt(np.sum(response**2))


def room(number: int, loss_db: float, rt60_s: float = 0.25, direct_db: float = 6.0) -> Signal:
    """A loudspeaker in a room heard by its microphone: direct sound, then an exponential tail, band-limited."""
    rng = np.random.default_rng(340 + number)
    count = int(rt60_s * RATE)
    response = rng.standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
    response *= 10 ** (-direct_db / 20) / np.sqrt(np.sum(response**2))
    response[int(rng.integers(3, 20))] += 1.0
    spectrum = np.fft.rfft(response, 2 * count)
    freq = np.fft.rfftfreq(2 * count, 1 / RATE)
    spectrum *= 1 / (1 + (250 / np.maximum(freq, 1)) ** 4) / (1 + (freq / 3400) ** 8)
    response = np.fft.irfft(spectrum)[:count]
    return response * 10 ** (-loss_db / 20) / np.sqrt(np.sum(response**2))


@dataclass(frozen=True, slots=True)
class Path:
    """From our voice to its echo in the caller's audio.

    `delays_ms`: (from second, delay), in ascending order. `clip`: the loudspeaker's ceiling as a share of full
    scale, None where it is linear. `law`: None for a line without codecs.
    """

    response: Signal
    delays_ms: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    clip: float | None = None
    drift_ppm: float = 0.0
    law: Literal["u", "a"] | None = "u"
    noise_dbm0: float = -60.0
    seed: int = 1

    def coded(self, pcm: Pcm) -> Pcm:
        if self.law == "u":
            return decode_ulaw(encode_ulaw(pcm))
        return decode_alaw(encode_alaw(pcm)) if self.law == "a" else pcm

    def near(self, far: Pcm, caller: Signal | None = None) -> Pcm:
        """What the line brings while `far` is played and `caller` (as long) speaks."""
        played = self.coded(far).astype(float)
        if self.clip is not None:
            ceiling = self.clip * FULL_SCALE
            played = ceiling * np.tanh(played / ceiling)
        echo = convolved(played, self.response)
        if self.drift_ppm:
            at = np.arange(far.size) * (1 - self.drift_ppm * 1e-6)
            fine = np.fft.irfft(np.fft.rfft(echo), 8 * far.size) * 8
            echo = np.interp(at, np.arange(fine.size) / 8, fine)
        late = np.zeros(far.size)
        ends = [start for start, _ in self.delays_ms[1:]] + [far.size / RATE]
        for (start, delay), end in zip(self.delays_ms, ends, strict=True):
            begin, stop, lag = int(start * RATE), min(int(end * RATE), far.size), round(delay * RATE / 1000)
            first = max(begin, lag)
            late[first:stop] = echo[first - lag : max(first, stop) - lag]
        noise = np.random.default_rng(self.seed).standard_normal(far.size) * amplitude(self.noise_dbm0)
        line = late + noise + (caller if caller is not None else 0.0)
        return self.coded(np.clip(np.rint(line), -32768, 32767).astype(np.int16))


def pcm(signal: Signal) -> Pcm:
    """Rounded, in whole frames."""
    return np.clip(np.rint(signal[: signal.size // FRAME * FRAME]), -32768, 32767).astype(np.int16)
