"""The jitter buffer: pjmedia's scenarios, and what a network does to RTP."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from media.frame import Pcm, samples, silence
from media.jitter import JitterBuffer, JitterSettings
from tests.network_traces import TRACES

RATE = 8000
FRAME = 160
TICK_S = 0.020


def voice(count: int, seed: int = 1) -> Pcm:
    """`count` samples of something like a vowel whose pitch wanders about 120 Hz."""
    rng = np.random.default_rng(seed)
    drift = np.repeat(np.cumsum(rng.standard_normal(count // 800 + 1)), 800)[:count]
    phase = np.cumsum(2 * np.pi * (120 + 2 * drift) / RATE)
    signal = sum(np.sin(k * phase) / k for k in range(1, 12))
    return (signal * 3000).astype(np.int16)


def packets(pcm: Pcm, size: int = FRAME) -> list[Pcm]:
    return [pcm[at : at + size] for at in range(0, pcm.size - size + 1, size)]


# ---- pjmedia's scenarios ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scenario:
    name: str
    settings: JitterSettings
    limits: dict[str, int]
    events: str


def scenarios() -> Iterator[Scenario]:
    pieces: dict[str, str] = {}
    for line in Path(__file__).with_name("jitter_scenarios.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if "|" not in line:
            letter, piece = line.split(" = ")
            pieces[letter] = piece
            continue
        name, mode, limits, events = (part.strip() for part in line.split("|"))
        least, most = (20.0 * int(frames) for frames in mode.split()[1:])
        words = limits.split()
        events = "".join(pieces.get(letter, letter) for letter in events)
        while "(" in events:
            events = re.sub(r"(\d+)\(([^()]*)\)", lambda match: int(match[1]) * match[2], events)
        wanted = dict(zip(words[::2], map(int, words[1::2]), strict=True))
        yield Scenario(name, JitterSettings(least, most), wanted, events)


def play(scenario: Scenario) -> dict[str, float]:
    """What pjmedia's test counts, in frames of 20 ms."""
    buffer = JitterBuffer(RATE, scenario.settings)
    speech = packets(voice(FRAME * 500))
    rng = random.Random(7)
    number, offset, now = 1, 1000, 0.0
    levels, targets = [], []
    empty = lost = 0
    put_last = False

    def put(which: int) -> None:
        buffer.put(which & 0xFFFF, which * FRAME + offset & 0xFFFFFFFF, speech[which % len(speech)], now)

    for event in scenario.events:
        if event == "P":
            put(number)
            number += 1
        elif event == "L":
            number += 1
        elif event == "D":
            put(number - 1)
        elif event == "O":
            put(number - rng.randint(10, 49))
        elif event == "R":
            number, offset = 1, rng.getrandbits(32)  # RFC 3550: both begin anywhere
        else:
            before = buffer.report()
            if put_last:
                levels.append(before.depth_ms / 20)
            assert buffer.get(now).pcm.size == FRAME
            after = buffer.report()
            made = (after.concealed_samples - before.concealed_samples) / FRAME
            empty += (after.silent_samples - before.silent_samples) / FRAME
            if before.depth_ms:
                lost += made
            else:
                empty += made
            targets.append(after.target_ms / 20)
            now += TICK_S
        put_last = event != "G"
    report = buffer.report()
    assert report.received == sum(scenario.events.count(event) for event in "PDO")
    return {
        "target": float(np.mean(targets)),
        "discard": report.late + report.duplicate + report.overflowed + report.shortened_samples / FRAME,
        "lost": lost,
        "empty": empty,
        "delay": float(np.mean(levels)),
        "delay_min": min(levels),
    }


SCENARIOS = list(scenarios())


def test_there_are_fifteen_scenarios() -> None:
    assert len(SCENARIOS) == 15


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_scenarios_of_pjmedia(scenario: Scenario) -> None:
    result = play(scenario)
    # As pjmedia does, levels are compared in whole frames.
    over = {what: result[what] for what, limit in scenario.limits.items() if int(result[what]) > limit}
    assert not over, (scenario.limits, result)
