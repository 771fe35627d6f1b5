"""What a plan can have wrong although its form is right: each found at load, with its line.

Steps that nobody goes to, gotos to nowhere, holes that nothing fills, recordings that aren't there.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path

from dialplans.schema import PlanSpec
from dialplans.templates import parse
from dialplans.verb import Loc
from dialplans.yaml_source import Problem, Source, readable
from media.sound import read_wav

CALL_SLOTS = ("caller", "called", "caller_name")
"""Slots that every call fills: the user parts of From and of the request URI, and the display name."""

STT_MODELS = ("base", "tiny.en")
VOICES = ("hibari", "joe")


def problems(source: Source, spec: PlanSpec, folder: Path) -> list[Problem]:
    """All that is wrong with `spec`, which was read from `source`; its files are looked for in `folder`."""
    found = [
        *_engines(spec, folder),
        *_names(spec),
        *_gotos(spec),
        *_holes(spec),
        *_keys(spec),
        *_recordings(spec, folder),
        *_unreachable(spec),
    ]
    return [source.problem(loc, message) for loc, message in found]


Finding = tuple[Loc, str]


def is_path(name: str) -> bool:
    """Whether a voice or a model is given by path, not by name."""
    return "/" in name or name.endswith(".onnx")


def _engines(spec: PlanSpec, folder: Path) -> Iterator[Finding]:
    for key, name, known in (("voice", spec.voice, VOICES), ("stt", spec.stt, STT_MODELS)):
        if not is_path(name):
            if name not in known:
                yield (key,), f'unknown {key} "{name}"; {_hint(name, known)}'
            continue
        path = folder / Path(name).expanduser()
        if key == "voice" and not path.is_file():
            yield (key,), f"no such file: {path}"
        if key == "stt" and not (path / "model.bin").is_file():
            yield (key,), f"no model in {path}: a folder with a model.bin is expected"


def _names(spec: PlanSpec) -> Iterator[Finding]:
    """A name stands for one thing: a slot of the call, a fact, a header, or an answer."""
    taken = {name: "a slot of every call" for name in CALL_SLOTS}
    for key, names in (("facts", spec.facts), ("headers", spec.headers)):
        for name in names:
            if name in taken:
                yield (key, name), f'"{name}" is {taken[name]} already'
            taken.setdefault(name, f"one of the {key}")
    for loc, verb in spec.verbs():
        for inner, slot in verb.slots():
            if slot in taken:
                yield (*loc, *inner), f'"{slot}" is {taken[slot]} already'


def _gotos(spec: PlanSpec) -> Iterator[Finding]:
    if spec.start is not None and spec.start not in spec.steps:
        yield ("start",), f'no step "{spec.start}"; {_hint(spec.start, spec.steps)}'
    for loc, verb in spec.verbs():
        for inner, target in verb.targets():
            if target not in spec.steps:
                yield (*loc, *inner), f'no step "{target}"; {_hint(target, spec.steps)}'


def _holes(spec: PlanSpec) -> Iterator[Finding]:
    filled = {slot for _, verb in spec.verbs() for _, slot in verb.slots()}
    known = {*CALL_SLOTS, *spec.headers, *filled}
    for loc, verb in spec.verbs():
        for inner, text in dict.fromkeys(verb.texts()):
            for name in sorted(parse(text).names - known - spec.facts.keys()):
                yield (*loc, *inner), f'nothing fills "{{{name}}}"; {_hint(name, {*known, *spec.facts})}'
        for inner, text in verb.facts_only():
            for name in sorted(parse(text).names - spec.facts.keys()):
                why = "the caller's words may not get in here" if name in known else "there is no such fact"
                yield (*loc, *inner), f'"{{{name}}}" is not one of the facts: {why}'


def _keys(spec: PlanSpec) -> Iterator[Finding]:
    """A key has one meaning within a verb."""
    for loc, verb in spec.verbs():
        taken: dict[str, Loc] = {}
        for inner, key in verb.own_keys():
            first = taken.setdefault(key, inner)
            if first != inner:
                yield (*loc, *inner), f'the key "{key}" is that of {readable(first[:-1])} already'


def _recordings(spec: PlanSpec, folder: Path) -> Iterator[Finding]:
    for loc, path in spec.files():
        try:
            read_wav(folder / path)
        except (OSError, ValueError) as error:
            yield loc, str(error)


def _unreachable(spec: PlanSpec) -> Iterator[Finding]:
    reached: set[str] = set()
    waiting = [spec.first]
    while waiting:
        step = waiting.pop()
        if step in reached or step not in spec.steps:
            continue
        reached.add(step)
        for verb in spec.steps[step]:
            waiting += [target for _, target in verb.targets()]
            if not verb.goes_on():
                break
    for step in spec.steps:
        if step not in reached:
            yield ("steps", step), "no step goes here"
    ended: dict[str, int] = {}
    for loc, verb in spec.verbs():
        step, index = str(loc[1]), int(loc[2])
        if step in ended and index == ended[step] + 1:
            yield loc, "is never reached: the verb before it always goes elsewhere"
        if not verb.goes_on():
            ended.setdefault(step, index)


def _hint(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f'did you mean "{near[0]}"?' if near else f"there are {', '.join(names)}"
