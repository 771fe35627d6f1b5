"""The benchmark of turns: every policy over every turn of a half, and the tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.turns.hearing import listened
from benchmarks.turns.items import RATE, Half, Turn
from benchmarks.turns.models import Models
from benchmarks.turns.policies import (
    BIASES,
    FALLBACKS_S,
    PIPECAT_FALLBACK_S,
    PIPECAT_THRESHOLD,
    SILENCES_S,
    THRESHOLDS,
    biased,
    ours,
    pipecat_spans,
    silence,
    smart_turn,
)
from benchmarks.turns.scoring import Decision, Figures, cut_at_latency, figures, latency_at_cut


@dataclass(slots=True)
class Policy:
    """One row: its decisions as it ships, and the figures of its sweep by setting."""

    name: str
    decisions: list[Decision]
    sweep: dict[str, Figures] = field(default_factory=dict)


def run(turns: Sequence[Turn], models: Models) -> list[Policy]:
    """All policies over `turns`."""
    known = [listened(turn.audio, models.memo) for turn in turns]
    heard = [pipecat_spans(models, turn) for turn in turns]
    lasts = [turn.audio.size / RATE for turn in turns]

    def by(decide: Callable[[int], float | None]) -> list[Decision]:
        return [
            Decision(turn.name, turn.kind, turn.human, decide(number), turn.ends_s) for number, turn in enumerate(turns)
        ]

    def ours_at(bias: float) -> list[Decision]:
        with biased(bias):
            return by(lambda n: ours(models, turns[n])[0])

    own = {bias: ours_at(bias) for bias in BIASES}
    silences = {s: figures(by(lambda n, s=s: silence(known[n], s))) for s in SILENCES_S}  # type: ignore[misc]
    smart = {
        (t, f): figures(by(lambda n, t=t, f=f: smart_turn(heard[n], t, f, lasts[n])))  # type: ignore[misc]
        for t in THRESHOLDS
        for f in FALLBACKS_S
    }
    vad = {f"{s:.2f} s": found for s, found in silences.items()}
    return [
        Policy("ours", own[0.0], {f"{bias:+.2f}": figures(found) for bias, found in own.items()}),
        Policy("silence 500 ms", by(lambda n: silence(known[n], 0.5)), vad),
        Policy("silence 700 ms", by(lambda n: silence(known[n], 0.7)), vad),
        Policy(
            "smart-turn as pipecat",
            by(lambda n: smart_turn(heard[n], PIPECAT_THRESHOLD, PIPECAT_FALLBACK_S, lasts[n])),
            {f"{t} / {f} s": found for (t, f), found in smart.items()},
        ),
        Policy("silence 3 s (never too early)", by(lambda n: silence(known[n], 3.0))),
        Policy("at once (always too early)", by(lambda n: silence(known[n], 0.0))),
    ]


def table(half: Half, policies: Sequence[Policy]) -> dict[str, Any]:
    """Print the tables of a half; returns their figures."""
    count = len(policies[0].decisions)
    people = sum(d.human for d in policies[0].decisions)
    print(f"\nturns, {half.value} half: {count}, of them {people} by people")
    heads = f"{'cut off':>8} {'p50':>6} {'p90':>6} {'p95 ms':>7} {'never':>6} {'cut at 300 ms':>14} {'ms at 5 %':>10}"
    print(f"  {'policy':30} {heads}")
    rows: dict[str, Any] = {}
    for policy in policies:
        rows[policy.name] = _row(policy)
    base, own = rows.get("silence 500 ms", {}), rows[policies[0].name]
    for name in ("cut_at_300_ms", "latency_at_5_pct_ms"):
        if own[name] is not None and base.get(name):
            own[f"{name}_of_vad"] = round(own[name] / base[name], 3)
            print(f"  ours / silence, {name.replace('_', ' ')}: {own[f'{name}_of_vad']:.2f}")
    for group, chosen in (("people", True), ("synthetic", False)):
        print(f"  {group}:")
        for policy in policies[:4]:
            found = [d for d in policy.decisions if d.human is chosen]
            if found:
                rows[policy.name][group] = _part(policy.name, found)
    shown = [policies[number] for number in (0, 2, 3) if number < len(policies)]
    print(f"  by kind of turn: cut off, p50, p95 ms ({'; '.join(policy.name for policy in shown)})")
    for kind in dict.fromkeys(d.kind for d in policies[0].decisions):
        cells = []
        for policy in shown:
            f = figures([d for d in policy.decisions if d.kind == kind])
            rows[policy.name].setdefault("kinds", {})[kind] = _rounded(f)
            cells.append(f"{f.cut:4.0%} {_ms(f.p50_ms)} {_ms(f.p95_ms)}")
        print(f"    {kind:26} {f.turns:4}   {'   '.join(cells)}")
    return rows


def items(policy: Policy) -> None:
    """Print every turn of a policy, the worst first."""
    order = sorted(policy.decisions, key=lambda d: (not d.cut, -(d.latency_s or 0.0)))
    print(f"\n{policy.name}, turn by turn")
    for d in order:
        what = f"cut off {d.ends - (d.at or 0.0):.2f} s early" if d.cut else f"{1000 * (d.latency_s or 0.0):5.0f} ms"
        print(f"  {what:22} {d.kind:24} {d.name}")


def _row(policy: Policy) -> dict[str, Any]:
    f = figures(policy.decisions)
    cut = cut_at_latency(policy.sweep.values())
    late = latency_at_cut(policy.sweep.values())
    shown = f"{cut:13.1%}" if cut is not None else f"{'-':>13}"
    times = f"{_ms(f.p50_ms)} {_ms(f.p90_ms)} {_ms(f.p95_ms):>7}"
    print(f"  {policy.name:30} {f.cut:8.1%} {times} {f.never:6} {shown:>14} {_ms(late):>10}")
    swept = {name: [round(s.cut, 4), s.mean_ms and round(s.mean_ms)] for name, s in policy.sweep.items()}
    return {
        **_rounded(f),
        "cut_at_300_ms": None if cut is None else round(cut, 4),
        "latency_at_5_pct_ms": None if late is None else round(late),
        "sweep": swept if policy.name == "ours" else None,
    }


def _part(name: str, found: list[Decision]) -> dict[str, Any]:
    f = figures(found)
    print(f"    {name:28} {f.cut:8.1%} {_ms(f.p50_ms)} {_ms(f.p90_ms)} {_ms(f.p95_ms):>7}   of {f.turns}")
    return _rounded(f)


def _rounded(f: Figures) -> dict[str, Any]:
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(f).items()}


def _ms(value: float | None) -> str:
    return f"{'-':>6}" if value is None else f"{value:6.0f}"
