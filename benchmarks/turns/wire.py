"""The same items through real calls: a bot with a plan for what each item expects, and a caller that plays the item.

One call an item. A turn's latency is from its true end, as the caller's packets have it, to the bot's first audible
sample by the kernel's receive stamps; so it holds jitter buffer, endpointing, the plan and the first prompt. Whether
the bot stopped is what its journal says, when is what the packets say.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from benchmarks.bot import Bot, bot
from benchmarks.turns.items import RATE, Overlap, Turn, seed_of
from benchmarks.turns.overlap_corpus import BOT
from benchmarks.turns.overlap_report import Outcome
from benchmarks.turns.scoring import Decision
from brain.expect import Expect, Kind
from media.frame import Pcm
from telephony.caller.audible import SPEECH_GAP_MS, Timeline, audible_runs
from telephony.caller.call import Caller
from telephony.caller.options import CallOptions
from telephony.caller.report import timelines_of
from telephony.caller.runner import place_and_keep
from telephony.caller.script import Hangup, Say, SayOver, Script, Sound, Step, WaitFor
from telephony.caller.speakerphone import EchoSettings
from telephony.caller.voice import write_wav

LEAD_S = 0.3
"""Of the line's noise before the caller speaks."""
TAIL_S = 2.5
NOISE_DBFS = -62.0
TYPES = {Kind.TALK: "text", Kind.TEXT: "text", Kind.DIGITS: "digits", Kind.YES_NO: "yes_no", Kind.NAME: "name"}
QUESTION = "Yes, please?"
"""What is asked before a turn: the shorter, the more calls a minute."""
THANKS = "Thank you very much, that is all I wanted to know."


async def turns_on_the_wire(turns: Sequence[Turn]) -> list[Decision]:
    """Each turn in a call of its own. Raises RuntimeError where the bot doesn't start."""
    found = []
    async with _running([(turn.expect, QUESTION) for turn in turns]) as (running, plans, folder):
        for number, turn in enumerate(turns):
            first = max(0, turn.begins - round(LEAD_S * RATE))
            sound = _file(folder, number, turn.audio[first : turn.ends + round(TAIL_S * RATE)])
            steps = (WaitFor(0, "bot"), Say(0, sound), Hangup(0))
            caller = await _called(running, plans[number], steps, turn.name, None)
            speech, bot_sound = _both(caller)
            place = caller.diary.utterances[0].start + turn.ends - first
            begins = speech.time_ns(caller.diary.utterances[0].start)
            answers = [ns for ns, _ in _spoken(bot_sound) if ns > begins]
            at = (answers[0] - speech.time_ns(place)) / 1e9 + turn.ends_s if answers else None
            found.append(Decision(turn.name, turn.kind, turn.human, at, turn.ends_s))
    return found


async def overlaps_on_the_wire(overlaps: Sequence[Overlap]) -> list[Outcome]:
    """Each overlap in a call of its own."""
    found = []
    async with _running([(o.expect, o.prompt_text) for o in overlaps]) as (running, plans, folder):
        for number, item in enumerate(overlaps):
            first = item.onset - round(LEAD_S * RATE)
            sound = _file(folder, number, item.audio[first : item.ends + round(TAIL_S * RATE)])
            steps = (SayOver(0, sound, 1000 * first / RATE), WaitFor(0, "bot", within_s=15.0), Hangup(0))
            echo = EchoSettings(*item.echo) if item.echo else None
            caller = await _called(running, plans[number], steps, item.name, echo)
            speech, bot_sound = _both(caller)
            onset = speech.time_ns(caller.diary.utterances[0].start + round(LEAD_S * RATE))
            found.append(_outcome(item, _spoken(bot_sound), onset, await _stopped(running, caller)))
    return found


def _outcome(item: Overlap, spoken: list[tuple[int, int]], onset_ns: int, stopped: bool) -> Outcome:
    over = [index for index, (begins, ends) in enumerate(spoken) if begins < onset_ns <= ends]
    if not over:
        return Outcome(item.name, item.kind, item.human, item.interrupts, None)
    ends_ns = spoken[over[0]][1]
    if stopped:
        return Outcome(item.name, item.kind, item.human, item.interrupts, (ends_ns - onset_ns) / 1e6)
    goes_on = spoken[over[0] + 1][0] if over[0] + 1 < len(spoken) else None
    within = goes_on is not None and ends_ns < onset_ns + (item.ends - item.onset) / RATE * 1e9 + 5e8
    pause = (goes_on - ends_ns) / 1e6 if within and goes_on is not None else 0.0
    return Outcome(item.name, item.kind, item.human, item.interrupts, None, pause)


@asynccontextmanager
async def _running(asked: Sequence[tuple[Expect, str]]) -> AsyncIterator[tuple[Bot, list[str], Path]]:
    """A bot with a plan for each (expectation, question), the plans' names, and a folder for sounds."""
    with tempfile.TemporaryDirectory(prefix="offhook-turns-") as name:
        folder = Path(name)
        names: dict[tuple[Expect, str], str] = {}
        for key in asked:
            if key not in names:
                names[key] = f"plan{len(names)}"
                (folder / f"{names[key]}.yaml").write_text(yaml.safe_dump(plan(names[key], *key), sort_keys=False))
        plans = [names[key] for key in asked]
        config = {"plans": {"default": plans[0], "folder": name}, "speech": {"voices": [BOT]}}
        async with bot(config) as running:
            yield running, plans, folder


def plan(name: str, expect: Expect, question: str) -> dict[str, Any]:
    """A plan that asks once and says that it heard; then it listens until the caller hangs up."""
    gather: dict[str, Any] = {"slot": "answer", "type": TYPES[expect.kind], "prompt": question, "silence_s": 20}
    if expect.kind is Kind.DIGITS:
        gather |= {"min_digits": expect.min_digits, "max_digits": expect.max_digits}
        gather["usual_digits"] = list(expect.usual_digits)
    gather |= {"retries": 0, "max_pause_s": expect.max_pause_s, "on_fail": "done"}
    more = {"slot": "more", "type": "text", "by": "voice", "prompt": THANKS, "silence_s": 20, "retries": 0}
    done = [{"gather": more}, "hangup"]
    return {"name": name, "steps": {"ask": [{"gather": gather}, {"goto": "done"}], "done": done}}


async def _called(
    running: Bot, plan_name: str, steps: tuple[Step, ...], name: str, echo: EchoSettings | None
) -> Caller:
    options = replace(CallOptions(seed=seed_of(name) % (1 << 31), max_s=60.0), echo=echo)
    script = Script(name, steps, NOISE_DBFS)
    report, caller = await place_and_keep(running.uri(plan_name), script, options)
    if not caller.diary.utterances:
        raise RuntimeError(f"{name}: the caller said nothing ({report.outcome}, {report.status} {report.reason})")
    return caller


async def _stopped(running: Bot, caller: Caller) -> bool:
    async with asyncio.timeout(15):
        while caller.core.call_id not in running.records():
            await asyncio.sleep(0.1)
    folders = [
        path.parent for path in running.data.glob("calls/*/record.json") if caller.core.call_id in path.read_text()
    ]
    return '"StopSpeaking"' in (folders[0] / "journal.jsonl").read_text()


def _file(folder: Path, number: int, pcm: Pcm) -> Sound:
    path = folder / f"item{number}.wav"
    write_wav(path, pcm, RATE)
    return Sound(file=path)


def _both(caller: Caller) -> tuple[Timeline, Timeline]:
    speech, _, bot_sound = timelines_of(caller)
    return speech, bot_sound


def _spoken(bot_sound: Timeline) -> list[tuple[int, int]]:
    """When the bot was to be heard, in ns of the wall clock; pauses between words are part of it."""
    if not bot_sound.positions.size:
        return []
    runs = audible_runs(bot_sound.pcm, bot_sound.rate_hz, SPEECH_GAP_MS)
    return [(bot_sound.time_ns(run.start), bot_sound.end_ns(run.end)) for run in runs]
