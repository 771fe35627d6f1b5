"""Calls to the bot with the real recogniser, language model and voices, over real SIP and RTP.

The caller is synthesised by another voice than the bot's, or a recording of a person. What the bot said is
transcribed from its RTP.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from e2e_bot import Bot, serving
from e2e_calls import RATE

from brain import journal
from dialplans.routes import SHIPPED
from media.frame import FULL_SCALE
from telephony.caller.media_clock import MediaClock
from telephony.caller.options import CallOptions
from telephony.caller.report import Report
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


async def call(bot: Bot, clock: MediaClock, ear: Whisper | None, script: str, folder: Path) -> tuple[Report, Any]:
    """Perform `script` on a call to the reception; its report and its record, both checked."""
    steps = parse(script, folder / "script.yaml")
    report = await place_call(
        bot.uri("reception"), steps, CallOptions(), transcriber=ear, clock=clock
    )
    record = await bot.record(report.call_id)
    assert journal.replay((record["folder"] / "journal.jsonl").read_text().splitlines()) == []
    assert record["errors"] == [] and record["end"]["reason"] != "fault", record
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
  - say: "Five five five, oh one two three."
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
