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
VOICE_FAMILIES = ("hibari:", "espeak:")
"""What may stand before the name of a voice that is installed beside ours."""


def problems(source: Source, spec: PlanSpec, folder: Path) -> list[Problem]:
    """All that is wrong with `spec`, which was read from `source`; its files are looked for in `folder`."""
    found = [
        *_engines(spec, folder),
        *_languages(spec),
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
    others: list[tuple[Loc, str]] = [
        (("languages", language, "voice"), other.voice) for language, other in spec.languages.items()
    ]
    for loc, voice in [(("voice",), spec.voice), *others]:
        if not is_path(voice):
            if voice not in VOICES and not voice.startswith(VOICE_FAMILIES):
                yield loc, f'unknown voice "{voice}"; {_hint(voice, VOICES)}'
        elif not (path := folder / Path(voice).expanduser()).is_file():
            yield loc, f"no such file: {path}"
    if not is_path(spec.stt):
        if spec.stt not in STT_MODELS:
            yield ("stt",), f'unknown stt "{spec.stt}"; {_hint(spec.stt, STT_MODELS)}'
    elif not ((path := folder / Path(spec.stt).expanduser()) / "model.bin").is_file():
        yield ("stt",), f"no model in {path}: a folder with a model.bin is expected"


def _languages(spec: PlanSpec) -> Iterator[Finding]:
    if spec.stt.endswith(".en") and (spec.language != "en" or spec.languages):
        key = "language" if spec.language != "en" else "languages"
        yield (key,), f"{spec.stt} knows English only; use stt: base"
    for language in spec.languages:
        if language == spec.language:
            yield ("languages", language), "is the plan's own language"


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
    for language, other in spec.languages.items():
        if other.goto not in spec.steps:
            yield ("languages", language, "goto"), f'no step "{other.goto}"; {_hint(other.goto, spec.steps)}'
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


def reachable(spec: PlanSpec, *first: str) -> set[str]:
    """The steps that a call may come to that starts with one of `first`."""
    reached: set[str] = set()
    waiting = list(first)
    while waiting:
        step = waiting.pop()
        if step in reached or step not in spec.steps:
            continue
        reached.add(step)
        for verb in spec.steps[step]:
            waiting += [target for _, target in verb.targets()]
            if not verb.goes_on():
                break
    return reached


def _unreachable(spec: PlanSpec) -> Iterator[Finding]:
    reached = reachable(spec, spec.first, *(other.goto for other in spec.languages.values()))
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
