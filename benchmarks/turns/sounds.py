"""Sounds that callers make without wanting the floor, synthesised: no package holds recordings of them.

Each is 8 kHz, an active level of about -20 dBFS, and as different as its seed. Sources and filters are those of
the textbook: noise and pulses through resonances, with the envelopes that such sounds have.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.line_corpus import Signal, amplitude
from benchmarks.turns.items import RATE

LEVEL_DBFS = -20.0


def cough(rng: np.random.Generator) -> Signal:
    """One to three bursts: an explosion of noise, a weaker noise behind it, sometimes a voiced end (300 to 450 ms)."""
    bursts = []
    for _ in range(int(rng.integers(1, 4))):
        t = _time(rng.uniform(0.30, 0.45))
        noise = _resonated(rng.standard_normal(t.size), (rng.uniform(500, 800), 200), (rng.uniform(1300, 1900), 400))
        shape = np.exp(-t / 0.035) + 0.35 * np.exp(-t / 0.12)
        voice = _pulses(t, rng.uniform(110, 220), rng.uniform(-0.5, -0.2), rng) * rng.uniform(0.0, 0.35)
        burst = noise * shape + _resonated(voice, (600, 150), (1200, 300)) * np.exp(-(((t - 0.22) / 0.07) ** 2))
        bursts += [burst, np.zeros(int(rng.uniform(0.05, 0.2) * RATE))]
    return _levelled(np.concatenate(bursts))


def throat(rng: np.random.Generator) -> Signal:
    """A throat that is cleared: a creak of irregular pulses, 0.4 to 0.7 s."""
    t = _time(rng.uniform(0.4, 0.7))
    creak = _pulses(t, rng.uniform(55, 80), -0.2, rng, jitter=0.25) + 0.4 * rng.standard_normal(t.size)
    return _levelled(_resonated(creak, (550, 150), (1500, 350)) * np.sin(np.pi * t / t[-1]) ** 0.5)


def laughter(rng: np.random.Generator) -> Signal:
    """Four to eight breathy calls, five a second, falling in pitch and strength."""
    pitch, calls = rng.uniform(150, 320), int(rng.integers(4, 9))
    pieces = []
    for number in range(calls):
        t = _time(rng.uniform(0.09, 0.13))
        fall = 0.94**number
        voice = _pulses(t, pitch * fall, -0.15, rng) * np.sin(np.pi * t / t[-1])
        breath = rng.standard_normal(t.size) * 0.25
        formants = ((rng.uniform(600, 800), 120), (rng.uniform(1200, 1500), 200), (2500, 300))
        pieces += [_resonated(voice + breath, *formants) * fall, 0.05 * rng.standard_normal(int(0.08 * RATE)) * fall]
    return _levelled(np.concatenate(pieces))


def keyboard(rng: np.random.Generator) -> Signal:
    """Somebody types for one to three seconds: two clicks a key, five to nine keys a second."""
    total = np.zeros(int(rng.uniform(1.0, 3.0) * RATE))
    at = 0.02
    while at < total.size / RATE - 0.1:
        for offset, strength in ((0.0, 1.0), (rng.uniform(0.05, 0.09), 0.5)):
            t = _time(0.02)
            click = rng.standard_normal(t.size) * np.exp(-t / rng.uniform(0.0015, 0.004)) * strength
            start = int((at + offset) * RATE)
            total[start : start + t.size] += _resonated(click, (rng.uniform(1500, 3200), 500))[: total.size - start]
        at += rng.uniform(0.11, 0.2)
    return total / np.abs(total).max() * amplitude(LEVEL_DBFS + 9)


def breath(rng: np.random.Generator) -> Signal:
    """One or two breaths into the microphone: noise that swells and fades."""
    pieces = []
    for _ in range(int(rng.integers(1, 3))):
        t = _time(rng.uniform(0.4, 0.9))
        noise = _resonated(rng.standard_normal(t.size), (rng.uniform(400, 700), 500), (rng.uniform(1200, 2200), 900))
        pieces += [noise * np.sin(np.pi * t / t[-1]) ** 2, np.zeros(int(rng.uniform(0.2, 0.5) * RATE))]
    return _levelled(np.concatenate(pieces)) * 10 ** (-8 / 20)


def knocks(rng: np.random.Generator) -> Signal:
    """A handset put down, a door: two to four dull blows."""
    pieces = []
    for _ in range(int(rng.integers(2, 5))):
        t = _time(0.09)
        blow = np.sin(2 * np.pi * rng.uniform(90, 240) * t) + 0.5 * rng.standard_normal(t.size)
        pieces += [blow * np.exp(-t / 0.02), np.zeros(int(rng.uniform(0.05, 0.3) * RATE))]
    return _levelled(np.concatenate(pieces))


def hum(rng: np.random.Generator) -> Signal:
    """A hummed "mm", or "mm-hm": nasal voice, the second part higher."""
    pitch = rng.uniform(95, 230)
    parts = [(rng.uniform(0.18, 0.28), pitch, rng.uniform(-0.1, 0.05))]
    if rng.random() < 0.7:
        parts.append((rng.uniform(0.2, 0.32), pitch * rng.uniform(1.1, 1.35), rng.uniform(-0.2, 0.1)))
    pieces = []
    for number, (seconds, hz, slide) in enumerate(parts):
        if number:
            pieces.append(0.08 * _resonated(rng.standard_normal(int(0.06 * RATE)), (1000, 800)))
        t = _time(seconds)
        edge = np.minimum(np.minimum(t, t[-1] - t) / 0.04, 1.0)
        pieces.append(_resonated(_pulses(t, hz, slide, rng), (260, 80), (1100, 300), (2200, 400)) * edge)
    return _levelled(np.concatenate(pieces))


SOUNDS: dict[str, Callable[[np.random.Generator], Signal]] = {
    "cough": cough,
    "throat": throat,
    "laughter": laughter,
    "keyboard": keyboard,
    "breathing": breath,
    "knocks": knocks,
    "mm-hm": hum,
}


def _time(seconds: float) -> Signal:
    return np.arange(1, int(seconds * RATE) + 1) / RATE


def _pulses(t: Signal, hz: float, slide: float, rng: np.random.Generator, jitter: float = 0.015) -> Signal:
    """A glottis: a pulse a period, the pitch moving by `slide` of itself, falling by 12 dB an octave."""
    pulses, at = np.zeros(t.size), 0.0
    while at < t.size:
        pulses[int(at)] = 1.0
        pitch = hz * (1 + slide * at / t.size) * (1 + jitter * rng.standard_normal())
        at += RATE / max(pitch, 40.0)
    freq = np.fft.rfftfreq(t.size, 1 / RATE)
    shaped = np.fft.irfft(np.fft.rfft(pulses) / (1 + (freq / 350) ** 2), t.size)
    return shaped / np.std(shaped)


def _resonated(signal: Signal, *formants: tuple[float, float]) -> Signal:
    """Through resonances in parallel, (Hz, bandwidth in Hz), each weaker than the one before."""
    freq = np.fft.rfftfreq(2 * signal.size, 1 / RATE)
    gain = np.zeros(freq.size, complex)
    for number, (hz, width) in enumerate(formants):
        gain += 0.6**number * hz**2 / (hz**2 - freq**2 + 1j * freq * width)
    gain *= np.minimum(freq / 120, 1.0)
    out = np.fft.irfft(np.fft.rfft(signal, 2 * signal.size) * gain)[: signal.size]
    return out / np.std(out)


def _levelled(signal: Signal) -> Signal:
    """So that its louder half has `LEVEL_DBFS`."""
    power = signal**2
    loud = power[power > np.percentile(power, 50)]
    return signal / np.sqrt(np.mean(loud)) * amplitude(LEVEL_DBFS)
