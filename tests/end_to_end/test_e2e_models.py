"""Calls to the bot with the real recogniser, language model and voices, over real SIP and RTP.

The caller is synthesised by another voice than the bot's, or a recording of a person. What the bot said is
transcribed from its RTP.
"""

from __future__ import annotations

import os
import signal
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from e2e_bot import Bot, serving, until
from e2e_calls import RATE, calling, kept

from benchmarks.human_clips import spoken_sample
from brain import journal
from dialplans.routes import SHIPPED
from media.frame import FULL_SCALE
from telephony.caller.media_clock import MediaClock
from telephony.caller.options import CallOptions
from telephony.caller.report import Report, timelines_of
from telephony.caller.runner import place_call
from telephony.caller.script_file import parse
from telephony.caller.transcribe import Whisper, contains
from telephony.caller.voice import write_wav

pytestmark = [pytest.mark.models, pytest.mark.sip]


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """As `make run` starts it, but for the port and the folders."""
    with serving(tmp_path_factory.mktemp("real"), {}) as bot:
        yield bot


@pytest.fixture(scope="module")
def ear() -> Whisper:
    """Reads what the bot said from its RTP."""
    return Whisper()


async def call(
    bot: Bot, clock: MediaClock, ear: Whisper | None, script: str, folder: Path, errors: tuple[int, ...] = (0,)
) -> tuple[Report, Any]:
    """Perform `script` on a call to the reception; its report and its record, both checked."""
    steps = parse(script, folder / "script.yaml")
    report = await place_call(bot.uri("reception"), steps, CallOptions(), transcriber=ear, clock=clock)
    record = await bot.record(report.call_id)
    assert journal.replay((record["folder"] / "journal.jsonl").read_text().splitlines()) == []
    assert len(record["errors"]) in errors and record["end"]["reason"] != "fault", record
    return report, record


def story(report: Report, record: dict[str, Any]) -> str:
    """Both sides' account of a call, for the message of an assertion."""
    lines = [f"{report.outcome}"]
    lines += [f"{heard.from_ms:7} bot (heard): {heard.text}" for heard in report.transcript]
    lines += [f"{turn['at']:7.2f} caller: {turn['caller']!r} bot: {turn['bot']!r}" for turn in record["turns"]]
    lines += [f"line {e.line}: wanted {e.wanted}: {e.outcome}, heard {e.heard!r}" for e in report.expectations]
    return "\n".join(lines)


CLINIC = """
name: clinic
noise_dbfs: -60
steps:
  - wait_for: bot
  - say: "What are your opening hours?"
  - expect: ["Monday to Friday", "8|eight", "6|six"]
    silence_ms: 1500
    within_s: 30
  - say: "Could someone call me back, please?"
  - expect: ["name"]
  - say: "John Smith."
  - expect: ["John Smith"]
  - say: "Yes."
  - expect: ["number"]
  - say: "Five, five, five, zero, one, two, three."
  - expect: ["5550123|five five five oh one two three|five five five zero one two three"]
  - say: "Yes, that's right."
  - expect: ["goodbye|bye"]
    silence_ms: 1500
  - wait_for: hangup
"""


async def test_a_caller_is_answered_and_called_back(
    bot: Bot, clock: MediaClock, ear: Whisper, tmp_path: Path
) -> None:
    report, record = await call(bot, clock, ear, CLINIC, tmp_path)
    assert report.exit_status == 0, story(report, record)
    assert record["slots"] == {"name": "John Smith", "number": "5550123"}
    assert record["end"]["by"] == "bot"
    # The answer comes from the plan's facts, and what was recorded is what was heard.
    hours = yaml.safe_load((SHIPPED / "reception.yaml").read_text())["facts"]["hours"]
    assert "Monday to Friday" in hours
    with wave.open(str(record["folder"] / "recording.wav")) as wav:
        assert (wav.getnchannels(), wav.getframerate()) == (2, RATE)
        assert abs(wav.getnframes() / RATE - record["duration_s"]) < 0.5
        both = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)
    assert contains(ear.text(np.ascontiguousarray(both[: 5 * RATE, 1]), RATE), "clinic")


KEYS = """
name: keys
noise_dbfs: -60
steps:
  - wait_for: bot
  - say: "Could someone call me back, please?"
  - wait_for: bot
  - {press: "#", method: METHOD}       # no name
  - wait_for: bot_starts
  - {press: "5550123#", method: METHOD}
  - expect: ["5550123"]
    silence_ms: 1500
  - {press: "1", method: METHOD}
  - wait_for: hangup
"""


@pytest.mark.parametrize("method", ["rfc4733", "info"])
async def test_the_same_by_keys(
    bot: Bot, clock: MediaClock, ear: Whisper, tmp_path: Path, method: str
) -> None:
    report, record = await call(bot, clock, ear, KEYS.replace("METHOD", method), tmp_path)
    assert report.exit_status == 0, story(report, record)
    assert record["slots"]["number"] == "5550123" and record["end"]["by"] == "bot"


INTERRUPT = """
name: interrupt
noise_dbfs: -60
steps:
  - say_over: "Excuse me, what are your opening hours?"
    after_ms: 900
  - expect: ["Monday to Friday"]
    silence_ms: 1500
    within_s: 30
  - hangup
"""


async def test_who_speaks_over_the_bot_is_heard(
    bot: Bot, clock: MediaClock, ear: Whisper, tmp_path: Path
) -> None:
    report, record = await call(bot, clock, ear, INTERRUPT, tmp_path)
    assert report.exit_status == 0, story(report, record)
    [interruption] = report.interruptions
    assert not interruption.caller_still_speaking
    greeting = record["said"][0]
    assert not greeting["complete"] and "How can I help" not in greeting["text"]
    assert "opening hours" in record["turns"][0]["caller"]


async def test_a_cough_does_not_stop_the_bot(bot: Bot, clock: MediaClock, ear: Whisper) -> None:
    async with calling(bot, "reception", clock) as caller:
        await caller.say_over(cough(), after_ms=900)
        await caller.wait_for_bot_silence(1000)
        await caller.hangup()
    record = await kept(bot, caller)
    greeting = record["said"][0]
    assert greeting["complete"] and record["turns"] == [], record
    heard = timelines_of(caller)[2]
    said = ear.text(heard.pcm, heard.rate_hz)
    assert contains(said, "Street Clinic") and contains(said, "How can I help you"), said


def cough() -> np.ndarray:
    """A burst of coloured noise of 250 ms, as loud as speech (synthetic)."""
    rng = np.random.default_rng(4)
    burst = np.convolve(rng.standard_normal(RATE // 4), np.ones(4) / 4, "same")
    burst *= np.exp(-np.arange(burst.size) / (0.08 * RATE))
    return np.clip(burst / np.abs(burst).max() * 0.5 * FULL_SCALE, -32768, 32767).astype(np.int16)


HUMAN = """
name: human
noise_dbfs: -60
steps:
  - wait_for: bot
  - say: {file: fox.wav}
  - wait_for: bot
    silence_ms: 1500
  - hangup
"""


async def test_a_recorded_person_is_understood(bot: Bot, clock: MediaClock, tmp_path: Path) -> None:
    try:
        fox = spoken_sample("quick_brown_fox")
    except FileNotFoundError as error:
        pytest.skip(str(error))
    write_wav(tmp_path / "fox.wav", fox.telephone(), RATE)
    report, record = await call(bot, clock, None, HUMAN, tmp_path)
    assert report.exit_status == 0, story(report, record)
    first = record["turns"][0]
    assert contains(first["caller"], "the quick brown fox"), story(report, record)
    assert first["bot"]


BUS = """
name: bus
noise_dbfs: -60
steps:
  - wait_for: bot
  - say: "Which bus goes to you?"
  - expect: ["WANTED"]
    silence_ms: 1500
    within_s: 30
  - hangup
"""


async def test_a_dead_model_is_replaced(bot: Bot, clock: MediaClock, ear: Whisper, tmp_path: Path) -> None:
    dead = bot.child("brain.llm.llama_server")
    assert dead is not None
    os.kill(dead, signal.SIGKILL)
    # While the greeting is said it may be back already, but it has to read the prompt anew: the bot makes excuses.
    asks = BUS.replace("silence_ms: 1500", "silence_ms: 3000")
    report, record = await call(bot, clock, ear, asks.replace("WANTED", "Sorry|7|seven"), tmp_path, errors=(0, 1, 2))
    assert report.exit_status == 0, story(report, record)
    assert record["end"]["by"] == "caller"  # a bot without a model doesn't hang up
    await until(lambda: "the language model is warm again" in bot.output)
    report, record = await call(bot, clock, ear, BUS.replace("WANTED", "7|seven"), tmp_path)
    assert report.exit_status == 0, story(report, record)
    assert bot.child("brain.llm.llama_server") not in (None, dead)
