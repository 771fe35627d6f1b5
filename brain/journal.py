"""The journal of a call's turns: one JSON line an event, with the actions it led to.

Written by the session as the call goes on, read by `replay`, which gives the same events to a fresh
`TurnManager` and compares what it does. Floats are written with `repr`, which Python reads back bit for
bit, so equal means equal. What is private is left out (`brain.redaction`): a replay can't compare it, says
so, and goes on from the floor that stands in its place.

    {"journal": 3}
    {"event": "SpeechStarted", "at": 3.2, "since": 3.04, "actions": [{"action": "BeginSegment", ...}]}
    {"redacted": 37, "from": 12.3, "to": 20.1, "floor": {"state": "thinking", "turns": 5, ...}}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from brain.actions import Action
from brain.events import Event, Tick
from brain.floor import Floor
from brain.turns import TurnManager

VERSION = 3
LATE_S = 0.2
"""A Tick that came no later than this after its time is that time's: the loop was busy."""
HEADER = json.dumps({"journal": VERSION})

_EVENTS: dict[str, type[Any]] = {cls.__name__: cls for cls in get_args(Event)}


class JournalError(ValueError):
    """A journal that can't be read; the message holds the line's number."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Line `line` of a journal: what was done then, and what is done now."""

    line: int
    event: str
    recorded: list[dict[str, Any]]
    replayed: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Redacted:
    """A private stretch of so many events, from the first to the last. `floor` is how it left the floor;
    None where the call ended in it."""

    events: int
    since: float
    until: float
    floor: Floor | None = None


def redacted_line(stretch: Redacted) -> str:
    """What stands for a private stretch, without the line feed. Of the floor, what isn't as at the beginning."""
    row: dict[str, Any] = {"redacted": stretch.events, "from": stretch.since, "to": stretch.until}
    if stretch.floor is not None:
        fresh, now = _plain(Floor()), _plain(stretch.floor)
        row["floor"] = {name: value for name, value in now.items() if name != "out" and value != fresh[name]}
    return json.dumps(row, ensure_ascii=False)


def line_of(event: Event, actions: Iterable[Action]) -> str:
    """One event and its actions as a line of the journal, without the line feed."""
    row = {"event": type(event).__name__, **_plain(event)}
    done = [{"action": type(action).__name__, **_plain(action)} for action in actions]
    if done:
        row["actions"] = done
    return json.dumps(row, ensure_ascii=False)


def read(lines: Iterable[str]) -> Iterator[tuple[int, Event | Redacted, list[dict[str, Any]]]]:
    """Line number, event and recorded actions of every line. Raises JournalError."""
    number = 0
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            if number == 1:
                if row.get("journal") != VERSION:
                    raise JournalError(f"line 1: not a journal of version {VERSION}")
                continue
            actions = row.pop("actions", [])
            event = _redacted(row) if "redacted" in row else _build(_EVENTS[row.pop("event")], row)
        except JournalError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise JournalError(f"line {number}: {type(error).__name__}: {error}") from error
        yield number, event, actions
    if number == 0:
        raise JournalError("line 1: the journal is empty")


def replay(lines: Iterable[str]) -> list[Difference]:
    """Where a fresh turn manager does something else than the journal says; empty when nowhere.

    After a private stretch it goes on from the floor that the journal has of it.
    """
    manager: TurnManager | None = TurnManager()
    differences = []
    for number, event, recorded in read(lines):
        if manager is None:
            raise JournalError(f"line {number}: the call ended in a private stretch, and here it goes on")
        if isinstance(event, Redacted):
            manager = TurnManager(event.floor) if event.floor is not None else None
            continue
        done = [{"action": type(action).__name__, **_plain(action)} for action in manager.handle(event)]
        replayed = json.loads(json.dumps(done))
        if replayed != recorded:
            differences.append(Difference(number, type(event).__name__, recorded, replayed))
    return differences


def rerun(lines: Iterable[str]) -> list[str]:
    """The journal as it is under today's policy: what came from outside as recorded, timers where they fall now.

    What engines said stands, also to questions that aren't asked any more. Raises JournalError.
    """
    manager = TurnManager()
    out = [HEADER]
    for _, event, _ in read(lines):
        if isinstance(event, Redacted):
            out.append(redacted_line(event))
            manager = TurnManager(event.floor)
            continue
        grace = LATE_S if isinstance(event, Tick) else 0.0
        while (due := manager.deadline()) is not None and due + grace < event.at:
            tick = Tick(due)
            out.append(line_of(tick, manager.handle(tick)))
        if not isinstance(event, Tick) or (due is not None and due <= event.at):
            out.append(line_of(event, manager.handle(event)))
    return out


def told(line: str) -> str:
    """A line of the journal for people: when, what, and what was done about it."""
    row = json.loads(line)
    actions = row.pop("actions", [])
    parts = [f"{row.pop('at'):9.3f}" if "at" in row else " " * 9, str(row.pop("event", "")), _fields(row)]
    done = [f"{action.pop('action')}({_fields(action)})" for action in actions]
    return " ".join(part for part in parts if part) + (f"  ->  {', '.join(done)}" if done else "")


def _fields(row: dict[str, Any]) -> str:
    return " ".join(
        f"{name}=({_fields(value)})" if isinstance(value, dict) else f"{name}={json.dumps(value, ensure_ascii=False)}"
        for name, value in row.items()
    )


def _redacted(row: dict[str, Any]) -> Redacted:
    floor = _build(Floor, row["floor"]) if "floor" in row else None
    return Redacted(_typed(int, row["redacted"]), _typed(float, row["from"]), _typed(float, row["to"]), floor)


def _plain(value: Any) -> dict[str, Any]:
    return {item.name: _value(getattr(value, item.name)) for item in fields(value)}


def _value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(value)
    if isinstance(value, tuple):
        return [_value(item) for item in value]
    return value


@cache
def _hints(cls: type[Any]) -> dict[str, Any]:
    return get_type_hints(cls)


def _build(cls: type[Any], row: Any) -> Any:
    if not isinstance(row, dict):
        raise TypeError(f"expected an object for {cls.__name__}, got {row!r}")
    hints = _hints(cls)  # type: ignore[arg-type]
    known = {item.name for item in fields(cls)}
    if unknown := set(row) - known:
        raise KeyError(f"unknown field {sorted(unknown)[0]}")
    needed = [f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING]
    missing = [name for name in needed if name not in row]
    if missing:
        raise KeyError(f"missing field {missing[0]}")
    return cls(**{name: _typed(hints[name], value) for name, value in row.items()})


def _typed(hint: Any, value: Any) -> Any:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return (
            None if value is None else _typed(next(a for a in get_args(hint) if a is not type(None)), value)
        )
    if origin is tuple:
        return tuple(_typed(get_args(hint)[0], item) for item in value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if is_dataclass(hint):
        return _build(hint, value)  # type: ignore[arg-type]
    wanted = (int, float) if hint is float else hint
    if not isinstance(value, wanted) or (isinstance(value, bool) and hint is not bool):
        raise TypeError(f"expected {hint.__name__}, got {value!r}")
    return float(value) if hint is float else value
