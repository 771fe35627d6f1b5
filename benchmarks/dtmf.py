"""In-band DTMF: the criteria of receiver tests, lost packets, talk-off and cost.

    python -m benchmarks.dtmf             half a minute: tables and one JSON line
    python -m benchmarks.dtmf --more      with talk-off on synthetic voices and melodies too, another hour
    python -m benchmarks.dtmf --pjproject DIR     with lost packets concealed by pjmedia itself (see docs/media.md)
    python -m benchmarks.dtmf --keys 8000         more keys with lost packets than 1000

The numbered tests are those of the Mitel CM7291 tape as spandsp's dtmf_rx_tests.c states them; levels are dBm0
for each tone. The recordings of the tape's second side, and Bellcore's, aren't to be had: talk-off is on what
`benchmarks/talk_off.py` finds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import talk_off
from benchmarks.cpu_time import microseconds
from benchmarks.dtmf_signals import (
    ALL_KEYS,
    FILLERS,
    FRAME_S,
    LINES,
    Burst,
    Line,
    Signal,
    detect,
    keys,
    lose,
    lost_packets,
    mistakes,
    sound,
    to_pcm,
    tone,
    white_noise,
)
from benchmarks.jitter import build, play_pjmedia
from media.dtmf import DtmfDetector, KeyDown, KeyUp
from media.frame import Pcm
from media.mask import Mask

DIAGONAL = "159D"
PLC_DELAY_MS = 5
"""What pjmedia's concealment holds back, to cross-fade with (PJMEDIA_WSOLA_DELAY_MSEC)."""


def heard(line: Line, bursts: list[Burst], onto: Callable[[int], Signal] | None = None) -> str:
    """The keys found in `bursts` over `line`; `onto` makes what is on the line besides."""
    signal, _ = sound(bursts, line.made_hz)
    return keys(detect(line.carry(signal + onto(signal.size) if onto else signal), line.heard_hz))


def decode_check(line: Line) -> int:
    """T2: each key ten times, 50 ms on and off; how many of 160 came through."""
    return sum(heard(line, [Burst(key, -4, -4)] * 10).count(key) for key in ALL_KEYS)


def bandwidth(line: Line) -> tuple[float, float]:
    """T3: the least and the greatest deviation, in percent, up to which a tone is recognised."""
    found = []
    for key in DIAGONAL:
        for sign in (1, -1):
            for low in (True, False):
                sweep = [
                    Burst(key, -17, -17, low_off=off if low else 0, high_off=0 if low else off)
                    for off in (sign * step / 1000 for step in range(1, 61))
                ]
                found.append(len(heard(line, sweep)) / 10)
    return min(found), max(found)


def twist(line: Line, steps_db: Signal) -> tuple[float, float]:
    """T4: the twist in dB, normal (high tone weaker) and reverse, up to which all four keys are recognised, as
    the tape counts it: responses by the size of a step."""
    step = float(steps_db[1] - steps_db[0])
    normal = min(len(heard(line, [Burst(key, -3, -3 - db) for db in steps_db])) for key in DIAGONAL)
    reverse = min(len(heard(line, [Burst(key, -3 - db, -3) for db in steps_db])) for key in DIAGONAL)
    return normal * step, reverse * step


def dynamic_range(line: Line) -> int:
    """T5: from +3 dBm0 (clipped) downwards, how many steps of 1 dB are recognised."""
    return len(heard(line, [Burst("1", level, level) for level in range(3, -51, -1)]))


def durations(line: Line) -> tuple[int, int]:
    """The longest tone in ms never taken, and the shortest always taken, wherever frames begin."""
    never, always = 0, 0
    for ms in range(15, 46):
        # The period isn't a multiple of 20 ms: bursts begin everywhere in a frame.
        count = len(heard(line, [Burst("1", -3, -3, on_ms=ms, off_ms=151 - ms)] * 40))
        never = ms if count == 0 else never
        always = always or ms if count == 40 else 0
    return never, always


def lengths(line: Line) -> dict[str, float]:
    """50 ms on and off: lengths as measured, onset errors, and when a key is told, all in ms."""
    bursts = [Burst("5", off_ms=50.7)] * 400
    signal, starts = sound(bursts, line.made_hz)
    told = detect(line.carry(signal), line.heard_hz)
    downs = [t for t in told if isinstance(t.event, KeyDown)]
    ups = [t for t in told if isinstance(t.event, KeyUp)]
    ms = 1000 / line.heard_hz
    onsets = [t.event.onset * ms for t in downs if isinstance(t.event, KeyDown)]
    ends = [t.event.end * ms for t in ups if isinstance(t.event, KeyUp)]
    off = [a - s * 1000 / line.made_hz for a, s in zip(onsets, starts, strict=True)]
    on_ms = np.subtract(ends, onsets)
    off_ms = np.subtract(onsets[1:], ends[:-1])
    return {
        "shortest": float(min(on_ms.min(), off_ms.min())),
        "longest": float(max(on_ms.max(), off_ms.max())),
        "onset_error": float(np.abs(off).max()),
        "told_after": max(t.at * ms - onset for t, onset in zip(downs, onsets, strict=True)),
    }


def noise_limit(line: Line, count: int) -> int:
    """T7: the lowest S/N in dB (a tone to the noise of the whole band) at which all `count` bursts are found
    exactly once, from 15 dB down; 99 if not even there."""
    reached = 99
    for ratio in range(15, -1, -3):
        found = heard(line, [Burst("1", -4, -4)] * count, lambda size, r=ratio: white_noise(size, -4 - r, 7 + r))
        if found != "1" * count:
            break
        reached = ratio
    return reached


def dial_tone_limit(line: Line) -> int:
    """The lowest ratio in dB of key to dial tone (350 and 440 Hz), tone to tone, at which all keys are found."""
    reached = 99
    for level in range(-30, -3):

        def dial_tone(size: int, dbm0: int = level) -> Signal:
            return tone(350, dbm0, size, line.made_hz) + tone(440, dbm0, size, line.made_hz)

        if heard(line, [Burst(key, -15, -15) for key in ALL_KEYS * 10], dial_tone) != ALL_KEYS * 10:
            break
        reached = -15 - level
    return reached


LOSS = 0.03


def random_keys(on_ms: float, off_ms: float, count: int, seed: int) -> list[Burst]:
    rng = np.random.default_rng(seed)
    return [Burst(ALL_KEYS[n], on_ms=on_ms, off_ms=off_ms + 0.7) for n in rng.integers(0, 16, count)]


def lossy(line: Line, filler: str, on_ms: float, off_ms: float, count: int, seed: int = 3) -> dict[str, int]:
    """Random keys over a line that loses 3 % of its packets."""
    bursts = random_keys(on_ms, off_ms, count, seed)
    signal, starts = sound(bursts, line.made_hz)
    pcm = lose(line.carry(signal), LOSS, filler, line.heard_hz, seed)
    at_bridge = [start * line.heard_hz // line.made_hz for start in starts]
    return mistakes(detect(pcm, line.heard_hz), bursts, at_bridge, line.heard_hz)


def lossy_pjmedia(program: Path, on_ms: float, off_ms: float, count: int, seed: int = 3) -> dict[str, int]:
    """The same over PCMU with the same packets lost, through pjmedia's jitter buffer and concealment."""
    bursts = random_keys(on_ms, off_ms, count, seed)
    signal, starts = sound(bursts, 8000)
    pcm = to_pcm(signal)
    lost = lost_packets(pcm.size // 160, LOSS, seed)
    arrivals = [((n - 0.5) * FRAME_S, n) for n in range(len(lost)) if not lost[n]]
    played, delay_ms = play_pjmedia(program, pcm, arrivals, len(lost) + 10)
    late = round((delay_ms - 10 + PLC_DELAY_MS) * 8)  # a packet comes 10 ms before the tick at which it could be played
    return mistakes(detect(played[late:], 8000), bursts, starts, 8000)


def in_pieces(on_ms: float, off_ms: float, count: int, seed: int = 3) -> dict[str, int]:
    """How many of the same keys have no 25 ms left, less than which isn't a key by itself: in one piece, and in all."""
    bursts = random_keys(on_ms, off_ms, count, seed)
    signal, starts = sound(bursts, 8000)
    marks = "".join("." * 160 if lost else "x" * 160 for lost in lost_packets(to_pcm(signal).size // 160, LOSS, seed))
    size = round(on_ms * 8)
    left = [[len(piece) for piece in marks[at : at + size].split(".")] for at in starts]
    return {
        "pieces under 25 ms": sum(max(pieces) < 25 * 8 for pieces in left),
        "under 25 ms in all": sum(sum(pieces) < 25 * 8 for pieces in left),
    }


def cost(pcm: Pcm, rate_hz: int) -> float:
    """Microseconds a frame of 20 ms."""
    step = round(FRAME_S * rate_hz)

    def make() -> Callable[[int], object]:
        detector = DtmfDetector(rate_hz)
        return lambda n: detector.feed(pcm[n * step : (n + 1) * step], n * step)

    return microseconds(make, pcm.size // step)


def batched_cost(calls: int) -> float:
    """The first look at many calls in one piece, a call: what batching could save of `cost`."""
    rng = np.random.default_rng(0)
    basis, weight = rng.random((160, 16), np.float32), rng.random(160, np.float32)
    frames = rng.integers(-3000, 3000, (calls, 160)).astype(np.int16)

    def look(_: int) -> object:
        x = frames.astype(np.float32)
        squares = x * x
        parts = (x @ basis).reshape(calls, 2, 2, 4)
        found = (parts * parts).sum(axis=1).max(axis=2).sum(axis=1)
        return found >= squares @ weight

    return microseconds(lambda: look, 200) / calls


def mask_cost() -> float:
    frame = np.zeros(160, np.int16)

    def make() -> Callable[[int], object]:
        mask = Mask(8000)
        return lambda n: mask.feed(frame, n * 160)

    return microseconds(make, 2000)


def costs() -> dict[str, float]:
    speech = talk_off.reading(8000)[: 40 * 8000]
    held, _ = sound([Burst("5", on_ms=10_000)], 8000)
    dialled, _ = sound([Burst(key, on_ms=100, off_ms=100) for key in ALL_KEYS * 3], 8000)
    idle = white_noise(20 * 8000, -62, 1)
    plain = LINES[0]
    return {
        "idle line": cost(plain.carry(idle), 8000),
        "reading": cost(speech, 8000),
        "reading, 16 kHz": cost(talk_off.reading(16000)[: 40 * 16000], 16000),
        "dialling": cost(plain.carry(dialled), 8000),
        "a key held": cost(plain.carry(held), 8000),
        "mask, no key": mask_cost(),
        "first look, batch of 100": batched_cost(100),
    }


def criteria(line: Line) -> dict[str, float]:
    """All of the table's figures for one line."""
    lowest, highest = bandwidth(line)
    normal, reverse = twist(line, np.arange(0, 20, 0.1))
    never, always = durations(line)
    return {
        "T2 of 160": decode_check(line),
        "T3 accepted, %": lowest,
        "T3 most, %": highest,
        "T4 normal, dB": round(normal, 1),
        "T4 reverse, dB": round(reverse, 1),
        "T5 range, dB": dynamic_range(line),
        "tone never taken, ms": never,
        "tone always taken, ms": always,
        "T7 S/N, dB": noise_limit(line, 1000),
        "over dial tone, dB": dial_tone_limit(line),
    } | {f"50 ms: {name}": round(value, 1) for name, value in lengths(line).items()}


WANTED = {
    "T2 of 160": "160", "T3 accepted, %": ">= 1.5", "T3 most, %": "< 3.5", "T4 normal, dB": ">= 8",
    "T4 reverse, dB": ">= 4", "T5 range, dB": ">= 35", "tone never taken, ms": ">= 23",
    "tone always taken, ms": "<= 40", "T7 S/N, dB": "<= 15", "over dial tone, dB": "<= 10",
    "50 ms: shortest": ">= 40", "50 ms: longest": "<= 60", "50 ms: onset_error": "", "50 ms: told_after": "",
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dtmf", description=__doc__)
    parser.add_argument("--more", action="store_true", help="talk-off on synthetic voices and melodies too")
    parser.add_argument("--seed", type=int, default=0, help="of those: other sentences and melodies")
    parser.add_argument("--pjproject", type=Path, help="source tree of pjproject in which `make lib` was run")
    parser.add_argument("--keys", type=int, default=1000, help="of each kind over the line that loses packets")
    options = parser.parse_args()
    table = {line.name: criteria(line) for line in LINES}
    print(f"{'':24}{'wanted':>8}" + "".join(f"{name:>16}" for name in table))
    for row, wanted in WANTED.items():
        print(f"{row:24}{wanted:>8}" + "".join(f"{figures[row]:>16}" for figures in table.values()))
    print(f"3 % of packets lost, {options.keys} keys, PCMU: missed / doubled / wrong")
    lost: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        program = build(options.pjproject, Path(folder)) if options.pjproject else None
        for on_ms, off_ms in ((200, 100), (100, 100), (80, 80), (60, 60), (50, 50)):
            ways = {filler: lossy(LINES[1], filler, on_ms, off_ms, options.keys) for filler in FILLERS}
            if program:
                ways["pjmedia"] = lossy_pjmedia(program, on_ms, off_ms, options.keys)
            pieces = lost[f"{on_ms}/{off_ms} ms, left"] = in_pieces(on_ms, off_ms, options.keys)
            left = ", ".join(f"{number} {name}" for name, number in pieces.items())
            print(f"  {on_ms:>3} ms on, {off_ms:>3} off, left: {left}")
            for way, found in ways.items():
                lost[f"{on_ms}/{off_ms} ms, {way}"] = found
                print(f"  {on_ms:>3} ms on, {off_ms:>3} off, {way:9} {' / '.join(map(str, found.values()))}")
    print("talk-off, through PCMU and at 16 kHz: minutes, hits at 8 kHz, at 16 kHz")
    spoken = {}
    for source in talk_off.sources(options.more, options.seed):
        spoken[source.name] = found_in = talk_off.listen(source)
        print(f"  {source.name:36} {found_in['minutes']:6.1f} {found_in['hits']:4} {found_in['hits_16k']:4}")
    total = {name: round(sum(f[name] for f in spoken.values()), 1) for name in ("minutes", "hits", "hits_16k")}
    print(f"  {'all':36} {total['minutes']:6.1f} {total['hits']:4.0f} {total['hits_16k']:4.0f}")
    cpu = {name: round(value, 2) for name, value in costs().items()}
    print("microseconds of CPU for each 20 ms frame, a call (8 kHz unless said)")
    for name, value in cpu.items():
        print(f"  {name:28} {value:8.2f}")
    print(json.dumps({"benchmark": "dtmf", "criteria": table, "lost": lost, "talk_off": spoken, "us_per_frame": cpu}))


if __name__ == "__main__":
    main()
