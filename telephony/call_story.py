"""What happened in a call, read back from its folder: the two voices, the turns and the marks between them.

Pure but for `read_story`. Times are seconds of the recording.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brain import actions as act
from brain import events as ev
from brain import journal
from media.frame import Pcm, silence
from media.sound import SoundError, read_stereo

STAGES = ("final", "endpoint", "retrieval", "first_token", "first_clause", "first_audio", "first_heard")
"""Of a turn's waterfall, in the order in which they usually come."""

_MARKS: Mapping[str, str] = {
    act.Duck.__name__: "duck",
    act.PausePlayout.__name__: "pause",
    act.ResumePlayout.__name__: "resume",
    act.StopSpeaking.__name__: "stop",
    act.DropSpeculation.__name__: "dropped",
}


@dataclass(frozen=True, slots=True)
class Span:
    """Somebody spoke from `start` to `end`, and said `text`; `cut` where they were stopped."""

    start: float
    end: float
    text: str
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Something was done at `at`: "duck", "pause", "resume", "stop", "dropped", or a key."""

    at: float
    kind: str


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A turn that ended at `at` and was answered: milliseconds from there to each stage that it had."""

    at: float
    why: str
    ms: Mapping[str, int]


@dataclass(slots=True)
class Story:
    """One call. `caller` and `bot` are its two sides at `rate_hz`, empty where nothing was recorded."""

    title: str
    duration_s: float
    rate_hz: int
    caller: Pcm
    bot: Pcm
    heard: list[Span] = field(default_factory=list)
    said: list[Span] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    waterfalls: list[Waterfall] = field(default_factory=list)


class NoStory(ValueError):
    """A folder that holds no finished call; the message says why."""


def read_story(folder: Path) -> Story:
    """The call in `folder`. Raises NoStory."""
    record = _parsed(folder / "record.json", json.loads)
    events = _parsed(folder / "journal.jsonl", lambda text: list(journal.read(text.splitlines())) if text else [])
    try:
        caller, bot, rate = read_stereo(folder / "recording.wav")
    except SoundError:
        caller, bot, rate = None, None, 8000  # recordings are off, or the call was never answered
    told = [(event, done) for _, event, done in events if not isinstance(event, journal.Redacted)]
    return tell(record, told, caller, bot, rate)


def _parsed(path: Path, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NoStory(f"{path}: no such file; the call isn't over, or isn't one") from None
    except (OSError, ValueError) as error:
        raise NoStory(f"{path}: {error}") from error


def tell(
    record: Mapping[str, Any],
    events: Iterable[tuple[ev.Event, list[dict[str, Any]]]],
    caller: Pcm | None,
    bot: Pcm | None,
    rate_hz: int,
) -> Story:
    """A call's story from its record, its journal's events with their actions, and its recording."""
    shift = float(record.get("recording_offset_s") or 0.0)
    duration = float(record["duration_s"])
    if caller is not None:
        duration = max(duration, caller.size / rate_hz)
    empty = silence(0)
    story = Story(_title(record), duration, rate_hz, empty if caller is None else caller, empty if bot is None else bot)
    begun: list[float] = []
    ends: dict[int, float] = {}
    for event, actions in events:
        at = event.at + shift
        if isinstance(event, ev.KeyPressed):
            story.marks.append(Mark(at, event.key))
        if isinstance(event, ev.PromptEnded):
            ends[event.utterance] = at
        for action in actions:
            name = action["action"]
            if name == act.BeginSegment.__name__:
                begun.append(action["since"] + shift)
            elif name == act.Commit.__name__:
                end = action["ended"] + shift
                start = max((since for since in begun if since <= end), default=end)
                story.heard.append(Span(start, end, action["text"]))
            elif name == act.StopSpeaking.__name__:
                ends[action["utterance"]] = at
            if name in _MARKS:
                story.marks.append(Mark(at, _MARKS[name]))
    for number, item in enumerate(record["said"], start=1):
        if item["at"] is not None:
            start = item["at"] + shift
            end = max(start, ends.get(number, start))
            story.said.append(Span(start, end, item["text"], not item["complete"]))
    for turn in record["turns"]:
        stages = {name: ms for name in STAGES if (ms := turn["ms"].get(name)) is not None}
        if "first_heard" in stages:
            story.waterfalls.append(Waterfall(turn["at"] + shift, turn["why"], stages))
    return story


def _title(record: Mapping[str, Any]) -> str:
    quality = record.get("quality", {})
    parts = [
        str(record["call"]),
        f"plan {record['plan']}",
        f"{record['duration_s']:.1f} s",
        str(record.get("codec") or "no media"),
        f"{quality.get('rx_lost', 0)} packets lost",
        f"ended by {record['end']['by']}: {record['end']['reason']}",
    ]
    return ", ".join(parts)
