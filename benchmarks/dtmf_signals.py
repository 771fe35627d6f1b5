"""Keys on telephone lines: tones as test tapes for receivers have them, lines they go through, and a count."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from media.conceal import Concealer
from media.dtmf import FREQUENCIES_HZ, FULL_SCALE_DBM0, DtmfDetector, KeyDown, KeyEvent, Limits
from media.frame import FULL_SCALE, Pcm
from media.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw
from media.resample import resample

Signal = npt.NDArray[np.float64]
ALL_KEYS = "123A456B789C*0#D"
FRAME_S = 0.02


@dataclass(frozen=True, slots=True)
class Burst:
    """One key as a generator sends it; levels in dBm0 a tone, frequencies off by a share of themselves."""

    key: str
    low_dbm0: float = -10.0
    high_dbm0: float = -10.0
    on_ms: float = 50.0
    off_ms: float = 50.0
    low_off: float = 0.0
    high_off: float = 0.0


def amplitude(dbm0: float) -> float:
    return float(FULL_SCALE * 10 ** ((dbm0 - FULL_SCALE_DBM0) / 20))


def tone(hz: float, dbm0: float, count: int, rate_hz: int) -> Signal:
    return amplitude(dbm0) * np.sin(2 * np.pi * hz * np.arange(count) / rate_hz)


def white_noise(count: int, dbm0: float, seed: int) -> Signal:
    return np.random.default_rng(seed).standard_normal(count) * amplitude(dbm0) / np.sqrt(2)


def sound(bursts: Iterable[Burst], rate_hz: int) -> tuple[Signal, list[int]]:
    """The bursts one after the other, and the sample at which each begins. Half a second of silence behind."""
    parts, starts, at = [], [], 0
    for burst in bursts:
        on, off = round(burst.on_ms * rate_hz / 1000), round(burst.off_ms * rate_hz / 1000)
        low, high = FREQUENCIES_HZ[burst.key]
        parts += [
            tone(low * (1 + burst.low_off), burst.low_dbm0, on, rate_hz)
            + tone(high * (1 + burst.high_off), burst.high_dbm0, on, rate_hz),
            np.zeros(off),
        ]
        starts.append(at)
        at += on + off
    return np.concatenate([*parts, np.zeros(rate_hz // 2)]), starts


def to_pcm(signal: Signal) -> Pcm:
    """Rounded, clipped, and filled up to whole frames of 20 ms at any rate."""
    pcm = np.clip(np.rint(signal), -32768, 32767).astype(np.int16)
    return np.concatenate((pcm, np.zeros(-pcm.size % 320, np.int16)))


@dataclass(frozen=True, slots=True)
class Line:
    """What lies between the key and the detector: signals are made at `made_hz`, heard at `heard_hz`."""

    name: str
    made_hz: int
    heard_hz: int
    code: Callable[[Pcm], Pcm]

    def carry(self, signal: Signal) -> Pcm:
        return self.at_bridge(self.code(to_pcm(signal)))

    def at_bridge(self, pcm: Pcm) -> Pcm:
        return pcm if self.made_hz == self.heard_hz else resample(pcm, self.made_hz, self.heard_hz)


def _plain(pcm: Pcm) -> Pcm:
    return pcm


def _ulaw(pcm: Pcm) -> Pcm:
    return decode_ulaw(encode_ulaw(pcm))


def _alaw(pcm: Pcm) -> Pcm:
    return decode_alaw(encode_alaw(pcm))


LINES = (
    Line("8 kHz", 8000, 8000, _plain),
    Line("PCMU", 8000, 8000, _ulaw),
    Line("PCMA", 8000, 8000, _alaw),
    Line("16 kHz", 16000, 16000, _plain),
    Line("PCMU at 16 kHz", 8000, 16000, _ulaw),
)


FILLERS = ("silence", "repeat", "faded", "concealed")


def lost_packets(count: int, share: float, seed: int) -> list[bool]:
    """Which of `count` packets are lost at random; the first never is."""
    rng = np.random.default_rng(seed)
    return [False, *(bool(rng.random() < share) for _ in range(count - 1))]


def lose(pcm: Pcm, share: float, filler: str, rate_hz: int, seed: int) -> Pcm:
    """Packets of 20 ms lost at random.

    They are filled with "silence", a "repeat" of the last, the last "faded", or "concealed" by `media/conceal.py`.
    """
    step = round(FRAME_S * rate_hz)
    fade = np.linspace(1.0, 0.5, step)
    concealer = Concealer(rate_hz)
    out = pcm.copy()
    for n, is_lost in enumerate(lost_packets(pcm.size // step, share, seed)):
        at = n * step
        if is_lost:
            last = out[at - step : at]
            if filler == "silence":
                fill = last * 0
            elif filler == "repeat":
                fill = last
            elif filler == "faded":
                fill = (last * fade).astype(np.int16)
            else:
                fill = concealer.extend(step)
            out[at : at + step] = fill
        elif filler == "concealed":
            if concealer.made:
                out[at : at + step] = concealer.join(out[at : at + step])
            concealer.heard(out[at : at + step])
    return out


@dataclass(frozen=True, slots=True)
class Told:
    """An event, and the sample at which the frame ended with which it was told."""

    event: KeyEvent
    at: int


def detect(pcm: Pcm, rate_hz: int, limits: Limits | None = None) -> list[Told]:
    """What a detector says of `pcm`, fed frame by frame. What is no whole frame at the end is left out."""
    detector, step = DtmfDetector(rate_hz, limits), round(FRAME_S * rate_hz)
    return [
        Told(event, at + step)
        for at in range(0, pcm.size - step + 1, step)
        for event in detector.feed(pcm[at : at + step], at)
    ]


def keys(told: Iterable[Told]) -> str:
    return "".join(t.event.symbol for t in told if isinstance(t.event, KeyDown))


def mistakes(told: list[Told], bursts: list[Burst], starts: list[int], rate_hz: int) -> dict[str, int]:
    """By burst: missed, told more than once, told as another key. Onsets may be 30 ms early."""
    slack = round(0.03 * rate_hz)
    edges = np.array(starts) - slack
    heard: list[list[str]] = [[] for _ in bursts]
    for t in told:
        if isinstance(t.event, KeyDown):
            heard[max(0, int(np.searchsorted(edges, t.event.onset, "right")) - 1)].append(t.event.symbol)
    return {
        "missed": sum(not h for h in heard),
        "doubled": sum(len(h) > 1 for h in heard),
        "wrong": sum(any(s != b.key for s in h) for h, b in zip(heard, bursts, strict=True)),
    }
