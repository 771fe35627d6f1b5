"""Tones that are sent through a bot, and what is wrong with what arrives."""

from __future__ import annotations

import numpy as np

from media.frame import Pcm

RATE = 8000
CLICK_FROM_HZ = 2000.0


def tone(hz: float, seconds: float, amplitude: float = 4000.0, rate_hz: int = RATE) -> Pcm:
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)).astype(np.int16)


def dbfs(level: float) -> float:
    return float(20 * np.log10(max(level, 1e-3) / 32768))


def between(pcm: Pcm, skip_ms: int = 200) -> Pcm:
    """What lies between the first and the last loud sample, without `skip_ms` at either end."""
    loud = np.flatnonzero(np.abs(pcm.astype(int)) > 1000)
    assert loud.size, "nothing was heard"
    skip = skip_ms * RATE // 1000
    inner = pcm[loud[0] + skip : loud[-1] - skip]
    assert inner.size > RATE // 4, "hardly anything was heard"
    return inner


def loudest_click_dbfs(pcm: Pcm) -> float:
    """RMS of the loudest 5 ms of what is above 2 kHz, where a low tone has nothing and a click its energy."""
    spectrum = np.fft.rfft(pcm.astype(float))
    spectrum[np.fft.rfftfreq(pcm.size, 1 / RATE) < CLICK_FROM_HZ] = 0
    high = np.fft.irfft(spectrum, pcm.size)
    high = high[40:-40]  # a tone that doesn't fit the block rings at its ends
    blocks = high[: high.size // 40 * 40].reshape(-1, 40)
    return dbfs(float(np.sqrt((blocks**2).mean(axis=1)).max()))


def loudest_dbfs(pcm: Pcm, hz: float) -> float:
    """The amplitude of the loudest 20 ms of a tone."""
    window = np.hanning(160)
    probe = window * np.exp(-2j * np.pi * hz * np.arange(160) / RATE)
    blocks = np.lib.stride_tricks.sliding_window_view(pcm.astype(float), 160)[::40]
    return dbfs(float(np.abs(blocks @ probe).max()) * 2 / window.sum())


def strongest_hz(pcm: Pcm) -> float:
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(pcm.size)))
    return float(np.argmax(spectrum)) * RATE / pcm.size
