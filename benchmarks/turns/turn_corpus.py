"""The corpus of turns: every script by one or two voices of its half, every person, each over a line of its own."""

from __future__ import annotations

import numpy as np

from benchmarks.line_corpus import Signal
from benchmarks.turns import people, voices
from benchmarks.turns.items import FRAME, RATE, Half, Turn, rng_of
from benchmarks.turns.line import Line, bed, brought_to, carried, drawn
from benchmarks.turns.scripts import EXPECTS, LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS, Script, scripts
from benchmarks.turns.shaping import Shaped, marks, trimmed, with_pauses

VERSION = 1
"""Raised when the corpus changes: figures of different versions can't be compared."""
LEAD_S = (0.8, 1.4)
"""The line before the caller speaks."""
TAIL_S = 4.2
"""The line after it: longer than any policy waits."""
VOICES_A_SCRIPT = 2
_SPEEDS = (0.88, 1.18)
_NO_DIGITS = ("espeak:en-us", "espeak:en-gb")
_SPOKEN_DIGITS = ("digits in groups", "spelled name", "date")


def turns(half: Half) -> list[Turn]:
    """The half's turns, people first. Raises FileNotFoundError or what a voice raises where something is missing."""
    found = [
        _turn(half, said.name, said.kind, said.name.split()[0], True, said.text, said.expects, said.speech)
        for said in people.said(half)
    ]
    names = voices.TUNING if half is Half.TUNING else voices.SCORED
    for number, script in enumerate(scripts(half)):
        able = [name for name in names if script.kind not in _SPOKEN_DIGITS or name not in _NO_DIGITS]
        order = [able[(number + 2 * step + step // ((len(able) + 1) // 2)) % len(able)] for step in range(len(able))]
        taken = 0
        for voice in dict.fromkeys([*order, *able]):
            name = f"{voice} {script.expects} {script.text}"
            speech = spoken(script, voice, rng_of(f"speech {name}"))
            if speech is not None:
                found.append(_turn(half, name, script.kind, voice, False, script.text, script.expects, speech))
                taken += 1
            if taken == VOICES_A_SCRIPT:
                break
    return found


def spoken(script: Script, voice: str, rng: np.random.Generator) -> Shaped | None:
    """A script by a voice; None where the voice makes no gap where the pause should be."""
    speed = round(float(rng.uniform(*_SPEEDS)), 2)
    whole = trimmed(voices.say(voice, script.text, speed))
    pauses = tuple(
        int(rng.integers(SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS)) if ms is None else ms for ms in script.pauses_ms
    )
    return with_pauses(whole, script.places, pauses)


def _turn(half: Half, name: str, kind: str, source: str, human: bool, text: str, expects: str, speech: Shaped) -> Turn:
    rng = rng_of(f"line {name}")
    line: Line = drawn(rng)
    lead = int(rng.uniform(*LEAD_S) * RATE)
    signal: Signal = brought_to(speech.signal, line.level_dbfs)
    begins, ends = marks(signal)
    size = (lead + signal.size + int(TAIL_S * RATE)) // FRAME * FRAME
    total = bed(line, size, rng)
    total[lead : lead + signal.size] += signal
    return Turn(
        name=name,
        half=half,
        kind=kind,
        source=source,
        human=human,
        text=text,
        expect=EXPECTS[expects],
        line=str(line),
        audio=carried(line, total, rng),
        begins=lead + begins,
        ends=lead + ends,
        pauses=tuple((lead + a, lead + b) for a, b in speech.pauses),
    )
