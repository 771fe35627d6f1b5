"""Ear-to-mouth of the reception plan, on the wire: python -m benchmarks.ear_to_mouth [--turns N] [--seed S]

Real calls with the real models. Each asks questions about a clinic whose facts are drawn from the seed, then
leaves a name and a number. A turn counts only if the transcript of the bot's RTP holds the fact (a name may be
spelled with one letter wrong); those that don't are printed. The caller's voice is not the bot's and its silence is
line noise. The clock runs from the caller's last audible sample to the bot's first (kernel receive stamps); the
stages are those of the call's record.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.bot import Bot, bot
from benchmarks.clinic import Question, draw, holds, questions, spelled
from media.frame import Pcm
from telephony.caller.options import CallOptions
from telephony.caller.report import Report
from telephony.caller.runner import place_and_keep
from telephony.caller.script_file import parse
from telephony.caller.transcribe import Whisper, said_between

RECEPTION = Path(__file__).parent.parent / "dialplans" / "reception.yaml"
QUESTIONS_A_CALL = 5
NOISE_DBFS = -58
SILENCE_MS = 1200
"""The caller takes the bot as done after this much silence: more than it leaves between two clauses."""
STAGES = tuple("final endpoint retrieval first_token first_clause first_audio first_heard answer_heard".split())

SLOTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("slot: call back", "Could somebody call me back, please?", ("name",)),
    ("slot: name", "{name}", ("{last}",)),
    ("slot: yes to the name", "Yes, that's right.", ("number",)),
    ("slot: number", "{spoken}", ("right|correct",)),
    ("slot: yes to the number", "Yes.", ("call you|bye|thank",)),
)
NAMES = ("John Smith", "Mary Jones", "Peter Brown", "Susan Taylor", "David Miller", "Laura Wilson")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True)
class Asked:
    """One turn of a call, and what its answer must hold."""

    kind: str
    text: str
    facts: tuple[str, ...]
    held_out: bool = False


@dataclass(frozen=True, slots=True)
class Scored:
    """A turn as it came out. `understood` is what the bot heard, `wire_ms` None where it said nothing."""

    asked: Asked
    understood: str
    heard: str
    counts: bool
    wire_ms: float | None
    stages: dict[str, int | None]

    @property
    def answer_ms(self) -> float | None:
        """On the wire, the first word that answers: behind the first sound by what the record says."""
        first, answer = self.stages.get("first_heard"), self.stages.get("answer_heard")
        if self.wire_ms is None or first is None or answer is None:
            return None
        return self.wire_ms + answer - first

    @property
    def worded(self) -> bool:
        """Whether the language model words the answer."""
        return not self.asked.kind.startswith("slot")

    def line(self) -> str:
        """The turn in a line."""
        wire = "   no answer" if self.wire_ms is None else f"{self.wire_ms:9.0f} ms"
        stages = ", ".join(f"{stage} {self.stages[stage]}" for stage in STAGES if self.stages.get(stage))
        mark = " " if self.counts else "x"
        said = "" if self.understood == self.asked.text else f" (understood {self.understood!r})"
        return f"{mark} {wire} [{self.asked.kind}] {self.asked.text!r}{said} -> {self.heard!r} ({stages})"


class Judge:
    """Hears each stretch with silence around it: without, Whisper wrote "Dr" for "Doctor Walker sees children"."""

    def __init__(self) -> None:
        self._whisper = Whisper("base")

    def text(self, pcm: Pcm, rate_hz: int) -> str:
        """The words of at most 25 s of audio."""
        return self._whisper.text(np.pad(pcm, rate_hz // 2), rate_hz)


def plan_of(facts: dict[str, str], openings: str = "") -> str:
    """The reception plan with other facts, and other `openings` of the agent's, as YAML writes a list."""
    text = RECEPTION.read_text()
    for name, fact in facts.items():
        text, found = re.subn(rf"^  {name}: .*$", f"  {name}: {fact}", text, count=1, flags=re.MULTILINE)
        if not found:
            raise ValueError(f"{RECEPTION} has no fact {name!r}")
    # Every answer is to be worded by the model: none is said by heart, and no "one moment" stops the clock.
    for key, texts in (("acknowledgements", "[]"), ("openings", openings)):
        if texts:
            text = re.sub(rf"(?m)^( +{key}): .*$", rf"\1: {texts}", text)
    return text.replace("        max_turns:", "        by_heart: false\n        max_turns:", 1)


def call_of(asked: list[Asked]) -> str:
    """A call script: the greeting, then each turn when the bot has finished."""
    steps: list[Any] = [{"wait_for": "bot"}]
    for turn in asked:
        steps += [{"say": turn.text}, {"wait_for": "bot", "within_s": 20, "silence_ms": SILENCE_MS}]
    steps.append("hangup")
    return yaml.safe_dump({"name": "bench", "voice": "joe", "noise_dbfs": NOISE_DBFS, "steps": steps}, sort_keys=False)


def calls_of(asked: list[Question], rng: random.Random, slots: bool) -> list[list[Asked]]:
    """The questions in calls, each with the slots behind them, or twice as many questions."""
    calls = []
    a_call = QUESTIONS_A_CALL if slots else QUESTIONS_A_CALL + len(SLOTS)
    for start in range(0, len(asked), a_call):
        turns = [Asked(q.topic, q.text, q.facts, q.held_out) for q in asked[start : start + a_call]]
        if not slots:
            calls.append(turns)
            continue
        name = rng.choice(NAMES)
        digits = [rng.randint(1, 9), *(rng.randint(0, 9) for _ in range(6))]
        spoken = " ".join(DIGITS[d] for d in digits[:3]) + ", " + " ".join(DIGITS[d] for d in digits[3:]) + "."
        words = {"name": f"{name}.", "last": spelled(name.split()[1]), "spoken": spoken}
        turns += [Asked(k, t.format(**words), tuple(f.format(**words) for f in facts)) for k, t, facts in SLOTS]
        calls.append(turns)
    return calls


def score(asked: list[Asked], report: Report, invited_ns: int, record: dict[str, Any]) -> list[Scored]:
    """Each turn against the transcript of what the bot said between it and the next."""
    scored = []
    rows = record["turns"]
    for index, turn in enumerate(report.turns[: len(asked)]):
        until_ms = (turn.caller_until_ns - invited_ns) / 1e6
        later = report.turns[index + 1 :]
        next_ms = (later[0].caller_from_ns - invited_ns) / 1e6 if later else report.duration_ms
        heard = said_between(report.transcript, until_ms, next_ms)
        counts = turn.ear_to_mouth_ms is not None and not turn.cut_in and holds(heard, asked[index].facts)
        # Where the bot saw more or fewer turns than were spoken, its stages can't be told apart.
        row = rows[index] if len(rows) == len(asked) else {"caller": "", "ms": {}}
        scored.append(Scored(asked[index], row["caller"], heard, counts, turn.ear_to_mouth_ms, row["ms"]))
    return scored + [Scored(missing, "", "", False, None, {}) for missing in asked[len(report.turns) :]]


async def measure(
    turns: int, seed: int, config: dict[str, Any], slots: bool, openings: str
) -> tuple[list[Scored], list[Report], list[dict[str, Any]]]:
    """Make calls until `turns` turns were asked. Returns them, the caller's reports and the bot's records."""
    rng = random.Random(seed)
    clinic = draw(rng)
    asked = questions(clinic, rng)
    judge = Judge()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "reception.yaml").write_text(plan_of(clinic.facts, openings))
        config = {**config, "plans": {"default": "reception", "folder": folder}}
        scored: list[Scored] = []
        reports: list[Report] = []
        records: list[dict[str, Any]] = []
        async with bot(config) as running:
            for number, call in enumerate(calls_of(asked, rng, slots)):
                if len(scored) >= turns:
                    break
                script = parse(call_of(call), Path(f"call-{number}"))
                report, caller = await place_and_keep(
                    running.uri("reception"), script, CallOptions(seed=seed + number), transcriber=judge
                )
                record = await _record(running, report.call_id)
                scored += score(call, report, caller.diary.invited_ns, record)
                reports.append(report)
                records.append(record)
                print(f"call {number + 1}:", flush=True)
                for s in scored[-len(call) :]:
                    print(f"  {s.line()}", flush=True)
            return scored, reports, records


async def _record(running: Bot, call_id: str) -> dict[str, Any]:
    async with asyncio.timeout(15):
        while call_id not in (records := running.records()):
            await asyncio.sleep(0.1)
    return records[call_id]


def table(title: str, scored: list[Scored]) -> dict[str, Any]:
    """Print one table; returns its figures."""
    good = [s for s in scored if s.counts and s.wire_ms is not None]
    row: dict[str, Any] = {"turns": len(scored), "count": len(good)}
    print(f"\n{title}: {len(good)} of {len(scored)} turns count")
    print(f"  {'stage (ms after the last audible sample)':42} {'p50':>6} {'p95':>6}")
    for stage in STAGES:
        values = [s.stages[stage] for s in good if s.stages.get(stage) is not None]
        if values:
            row[stage] = _percentiles(stage.replace("_", " "), values)
    if good:
        row["wire"] = _percentiles("wire: ear to mouth", [s.wire_ms for s in good])
    answers = [s.answer_ms for s in good if s.answer_ms is not None]
    if answers and answers != [s.wire_ms for s in good]:
        row["answer"] = _percentiles("wire: first word that answers", answers)
    return row


def speculations(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Print how often an answer was begun before its turn was over, and what that saved."""
    counts = {key: sum(r["speculations"][key] for r in records) for key in ("begun", "used", "dropped")}
    saved = [turn["saved_ms"] for r in records for turn in r["turns"] if turn["speculated"]]
    print(f"\nanswers begun before the turn was over: {counts}")
    return {**counts, "saved_ms": _percentiles("  saved by those that were used", saved) if saved else None}


def _percentiles(name: str, values: list[Any]) -> list[int]:
    p50, p95 = (round(float(v)) for v in np.percentile(values, [50, 95]))
    print(f"  {name:42} {p50:6} {p95:6}")
    return [p50, p95]


def main() -> None:
    """Measure, print tables, and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--llm", default="qwen2.5-1.5b", help="llm.model")
    parser.add_argument("--voice", default="hibari")
    parser.add_argument("--openings", default="", help="in place of the plan's, as YAML: '[]' for none")
    parser.add_argument("--no-slots", action="store_true", help="only questions that the model words")
    args = parser.parse_args()
    config = {"llm": {"model": args.llm}, "speech": {"voices": [args.voice]}}
    scored, reports, records = asyncio.run(
        measure(args.turns, args.seed, config, not args.no_slots, args.openings)
    )
    figures: dict[str, Any] = {"benchmark": "ear_to_mouth", "seed": args.seed, "llm": args.llm}
    figures["worded"] = table("answers that the language model words", [s for s in scored if s.worded])
    figures["held_out"] = table("  of these, never used while developing", [s for s in scored if s.asked.held_out])
    figures["slots"] = table("prompts and slots", [s for s in scored if not s.worded])
    figures["speculations"] = speculations(records)
    gaps = [r.media.gaps for r in reports if r.media is not None and r.media.gaps is not None]
    figures["rtp_gap_ms"] = [max(g.p99_ms for g in gaps), max(g.max_ms for g in gaps)] if gaps else None
    print(f"\nbot's RTP gap, worst call: p99 and max {figures['rtp_gap_ms']} ms")
    for s in scored:
        if not s.counts:
            print(f"does not count: {s.line()} (wanted {s.asked.facts})")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
