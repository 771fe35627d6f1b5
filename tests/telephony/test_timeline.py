"""A call's story, read back from what it left, and its picture."""

from __future__ import annotations

import argparse
import json
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media.recorder import Recorder
from telephony import timeline
from telephony.call_story import NoStory, Span, read_story

RATE = 8000
JOURNAL = [
    {"journal": 3},
    {"event": "SpeechStarted", "at": 2.2, "since": 2.0, "actions": [{"action": "Duck"}, {"action": "Unduck"},
     {"action": "PausePlayout"}, {"action": "BeginSegment", "segment": 1, "since": 2.0}]},
    {"redacted": 3, "from": 2.3, "to": 2.4},
    {"event": "KeyPressed", "at": 2.5, "key": "5"},
    {"event": "FinalText", "at": 2.9, "segment": 1, "request": 1, "text": "Stop.", "confidence": 0.9,
     "actions": [{"action": "StopSpeaking", "utterance": 1}]},
    {"event": "Tick", "at": 3.4, "actions": [{"action": "Commit", "turn": 1, "text": "Stop.", "confidence": 0.9,
     "ended": 2.8, "why": {"wait_s": 0.5, "reason": "voice", "score": 0.9}}]},
    {"event": "PromptEnded", "at": 5.0, "utterance": 2},
]  # fmt: skip
RECORD: dict[str, Any] = {
    "call": "20261125-1", "plan": "reception", "duration_s": 36.0, "codec": "PCMU", "recording_offset_s": 0.5,
    "quality": {"rx_lost": 3}, "end": {"by": "bot", "reason": "done"},
    "said": [{"at": 1.0, "text": "Hello, this is", "complete": False}, {"at": 3.9, "text": "Sure.", "complete": True},
             {"at": None, "text": "", "complete": False}],
    "turns": [{"at": 2.8, "why": "voice", "ms": {"final": 100, "endpoint": 600, "first_token": None,
               "first_audio": 1000, "first_heard": 1100}},
              {"at": 4.0, "why": "keys", "ms": {"final": None, "endpoint": 0, "first_token": None,
               "first_audio": None, "first_heard": None}}],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    call = tmp_path / "calls" / "20261125-1"
    call.mkdir(parents=True)
    (call / "record.json").write_text(json.dumps(RECORD))
    (call / "journal.jsonl").write_text("\n".join(json.dumps(row) for row in JOURNAL) + "\n")
    with Recorder((call / "recording.wav").open("wb"), RATE) as recorder:
        for at in range(0, 36 * RATE, RATE):
            recorder.caller(at, np.full(RATE, 1000, np.int16))
            recorder.bot(at, np.full(RATE, -2000, np.int16))
    return call


def args(folder: Path, out: Path | None = None) -> argparse.Namespace:
    return argparse.Namespace(call=folder.name, data=folder.parent.parent, out=out)


def test_the_story_is_told_in_seconds_of_the_recording(folder: Path) -> None:
    story = read_story(folder)
    assert story.heard == [Span(2.5, 3.3, "Stop.")]
    assert story.said == [Span(1.5, 3.4, "Hello, this is", cut=True), Span(4.4, 5.5, "Sure.")]
    assert [(mark.at, mark.kind) for mark in story.marks] == [
        (2.7, "duck"), (2.7, "pause"), (3.0, "5"), (3.4, "stop"),
    ]  # fmt: skip
    (fall,) = story.waterfalls
    assert (fall.at, fall.ms) == (3.3, {"final": 100, "endpoint": 600, "first_audio": 1000, "first_heard": 1100})
    assert story.caller[0] == 1000 and story.bot[0] == -2000 and story.duration_s == 36.0
    assert "3 packets lost" in story.title and "caller" not in story.title


def test_a_call_without_recording_or_journal_has_a_story(folder: Path) -> None:
    (folder / "recording.wav").unlink()
    (folder / "journal.jsonl").write_text("")
    story = read_story(folder)
    assert story.caller.size == 0 and story.heard == [] and len(story.said) == 2


@pytest.mark.parametrize("broken", ["record.json", "journal.jsonl"])
def test_what_is_no_call_is_said(folder: Path, broken: str) -> None:
    (folder / broken).write_text("{\n{")
    with pytest.raises(NoStory, match=f"{broken}: "):
        read_story(folder)
    (folder / broken).unlink()
    with pytest.raises(NoStory, match="no such file"):
        read_story(folder)


def test_both_pictures_are_drawn_readable_by_their_owner_only(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    assert timeline.run(args(folder)) == 0
    png, svg = folder / "timeline.png", folder / "timeline.svg"
    assert capsys.readouterr().out.split() == [str(png), str(svg)]
    assert png.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert "<svg" in svg.read_text()
    assert stat.S_IMODE(png.stat().st_mode) == stat.S_IMODE(svg.stat().st_mode) == 0o600


def test_the_rows_hold_what_happened_in_their_half_minute(folder: Path) -> None:
    pytest.importorskip("matplotlib")
    first, second = timeline.draw(read_story(folder)).axes
    texts = [text.get_text() for text in first.texts]
    assert "Stop." in texts and "1100 ms" in texts and "5" in texts
    assert any("[cut]" in text for text in texts)
    assert not second.texts


def test_no_call_and_no_place_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert timeline.run(argparse.Namespace(call="other", data=folder.parent.parent, out=None)) == 2
    assert timeline.run(args(folder, folder / "nowhere" / "x.png")) == 2
    assert timeline.run(args(folder, folder / "x.moo")) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 3 and err.count("offhook: ") == 3
