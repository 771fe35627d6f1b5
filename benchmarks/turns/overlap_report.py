"""The benchmark of overlaps: who stops for a caller who wants the floor, and who stops for nothing.

Beside ours: a bot that stops as soon as our voice detector says speech, and one that does so on pipecat's, which is
what pipecat's default does (it has no echo canceller, so it hears the line as it comes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.turns.hearing import listened
from benchmarks.turns.items import FRAME_S, RATE, Half, Overlap
from benchmarks.turns.models import Models
from benchmarks.turns.over_bot import AHEAD, open_loop, talked_over
from benchmarks.turns.pipecat_turns import spans
from brain import events as ev

LONGEST_PAUSE_S = 0.4
KNOWN = "ours, caller known"
"""Ours, in a call in which the caller has had a turn: then it is known how loud they are."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy did with one overlap. `stop_ms`: onset to last bot sample, None where it didn't stop.

    `pause_ms` is the longest pause that was taken back; `stuck` says that the bot held its place until the end.
    """

    name: str
    kind: str
    human: bool
    interrupts: bool
    stop_ms: float | None
    pause_ms: float = 0.0
    stuck: bool = False


def run(overlaps: Sequence[Overlap], models: Models) -> dict[str, list[Outcome]]:
    """Every policy over `overlaps`."""
    found: dict[str, list[Outcome]] = {"ours": [], KNOWN: [], "our voice detector": [], "pipecat's voice detector": []}
    for overlap in overlaps:
        found["ours"].append(ours(overlap, models))
        found[KNOWN].append(ours(overlap, models, known=True))
        heard, sent = open_loop(overlap)
        known = listened(heard, models.memo, sent)
        started = [e.at for events in known.events.values() for e in events if isinstance(e, ev.SpeechStarted)]
        found["our voice detector"].append(_at_once(overlap, started))
        theirs = [span.started for span in spans(heard, models, scored=False)]
        found["pipecat's voice detector"].append(_at_once(overlap, theirs))
    return found


def ours(overlap: Overlap, models: Models, known: bool = False) -> Outcome:
    """Our turn manager's; `known`: where the caller has been heard before."""
    heard = talked_over(overlap, models, known)
    onset = overlap.onset / RATE
    stop = None if heard.stopped is None or heard.silent is None else 1000 * (heard.silent - onset)
    pause = max((1000 * (b - a) for a, b in heard.pauses), default=0.0)
    return Outcome(overlap.name, overlap.kind, overlap.human, overlap.interrupts, stop, pause, heard.held)


def _at_once(overlap: Overlap, started: Sequence[float]) -> Outcome:
    """Stops at the first start while the prompt plays; what was written before is still heard."""
    lasts = overlap.prompt.size / RATE
    first = min((at for at in started if at < lasts), default=None)
    stop = None if first is None else 1000 * (first + AHEAD * FRAME_S - overlap.onset / RATE)
    return Outcome(overlap.name, overlap.kind, overlap.human, overlap.interrupts, stop)


def table(half: Half, found: dict[str, list[Outcome]]) -> dict[str, Any]:
    """Print the tables of a half; returns their figures."""
    one = found["ours"]
    wanted, rest = [o for o in one if o.interrupts], [o for o in one if not o.interrupts]
    print(f"\noverlaps, {half.value} half: {len(wanted)} interruptions, {len(rest)} that are none")
    rows: dict[str, Any] = {}
    for name, outcomes in found.items():
        rows[name] = {"all": _row(name, outcomes)}
        for group, human in (("people", True), ("synthetic", False)):
            rows[name][group] = _row(f"  {name}, {group}", [o for o in outcomes if o.human is human])
    for name in (name for name in ("ours", KNOWN) if name in found):
        print(f"  {name}, by kind:")
        rows[name]["kinds"] = {}
        for kind in dict.fromkeys(o.kind for o in one):
            rows[name]["kinds"][kind] = _row(f"  {kind}", [o for o in found[name] if o.kind == kind])
    return rows


def items(found: dict[str, list[Outcome]]) -> None:
    """Print every overlap that didn't go as it should."""
    for name in (name for name in ("ours", KNOWN) if name in found):
        print(f"\n{name}, overlaps: what was missed, late, stopped for nothing, or paused")
        _items(found[name])


def _items(outcomes: Sequence[Outcome]) -> None:
    for o in outcomes:
        if o.interrupts and (o.stop_ms is None or o.stop_ms > 200):
            print(f"  {'missed' if o.stop_ms is None else f'late: {o.stop_ms:.0f} ms':18} {o.kind:18} {o.name}")
        if not o.interrupts and (o.stop_ms is not None or o.pause_ms > 0 or o.stuck):
            what = "stopped" if o.stop_ms is not None else f"paused {o.pause_ms:.0f} ms"
            print(f"  {'stuck' if o.stuck else what:18} {o.kind:18} {o.name}")


def _row(name: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    wanted = [o for o in outcomes if o.interrupts]
    rest = [o for o in outcomes if not o.interrupts]
    figures: dict[str, Any] = {"interruptions": len(wanted), "others": len(rest)}
    words = []
    if wanted:
        times = [o.stop_ms for o in wanted if o.stop_ms is not None and o.stop_ms >= 0]
        caught = sum(o.stop_ms is not None for o in wanted)
        early = caught - len(times)  # the prompt had a pause of its own at the onset: nothing was left to stop
        figures |= {"caught": caught, "silent_at_onset": early}
        words.append(f"caught {caught}/{len(wanted)}")
        if early:
            words.append(f"of these {early} silent at the onset")
        if times:
            figures["stop_ms"] = [round(float(np.percentile(times, p))) for p in (50, 95)]
            words.append("onset to last sample p50 {} p95 {} ms".format(*figures["stop_ms"]))
    if rest:
        stops = sum(o.stop_ms is not None for o in rest)
        pauses = [o.pause_ms for o in rest if o.pause_ms > 0 and o.stop_ms is None]
        resumed = sum(not o.stuck for o in rest if o.pause_ms > 0 and o.stop_ms is None)
        stuck = sum(o.stuck for o in rest)
        figures |= {
            "false_stops": stops, "false_pauses": len(pauses), "resumed": resumed, "stuck": stuck,
            "longest_pause_ms": round(max(pauses, default=0.0)),
            "pauses_too_long": sum(p > 1000 * LONGEST_PAUSE_S for p in pauses),
        }  # fmt: skip
        words.append(f"false stops {stops}/{len(rest)}, pauses {len(pauses)}")
        if pauses:
            words.append(f"(longest {max(pauses):.0f} ms, {figures['pauses_too_long']} over 400, {resumed} resumed)")
        if stuck:
            words.append(f"stuck {stuck}")
    print(f"  {name:38} {'; '.join(words)}")
    return figures
