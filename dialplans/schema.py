"""The form of a plan: pydantic models, and the JSON schema that editors check plans with."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, create_model

from dialplans.verb import Loc, Name, Phrases, Strict, Verb
from dialplans.verbs.agent import Agent
from dialplans.verbs.echo import Echo
from dialplans.verbs.gather import Gather
from dialplans.verbs.goto import Goto
from dialplans.verbs.hangup import Hangup
from dialplans.verbs.menu import Menu
from dialplans.verbs.play import Play
from dialplans.verbs.press import Press
from dialplans.verbs.say import Say
from dialplans.verbs.transfer import Transfer

# name: (model, the key that a body of plain text stands for)
VERBS: Mapping[str, tuple[type[Verb], str | None]] = {
    "say": (Say, "text"),
    "play": (Play, "file"),
    "gather": (Gather, None),
    "menu": (Menu, None),
    "agent": (Agent, None),
    "press": (Press, "keys"),
    "transfer": (Transfer, "target"),
    "goto": (Goto, "step"),
    "hangup": (Hangup, "reason"),
    "echo": (Echo, None),
}
BARE = ("hangup", "echo")
"""Verbs that may stand alone, without a body."""


def _body(name: str, short: str | None) -> BeforeValidator:
    """Reads the short form of a verb's body."""
    model = VERBS[name][0]

    def expand(body: Any) -> Any:
        if body is None and name in BARE:
            return {}
        if short is not None and isinstance(body, (str, int, float)) and not isinstance(body, bool):
            return {short: body}
        return body

    if short is None:
        return BeforeValidator(expand)
    return BeforeValidator(expand, json_schema_input_type=str | model)


def _entry(name: str) -> Any:
    """One entry of a step, `{name: body}`, which validates to the verb itself."""
    model, short = VERBS[name]
    fields: dict[str, Any] = {name: (Annotated[model, _body(name, short)], ...)}
    entry = create_model(f"{name.capitalize()}Entry", __base__=Strict, **fields)
    return Annotated[entry, AfterValidator(lambda whole: getattr(whole, name)), Tag(name)]


def _read_entry(entry: Any) -> Any:
    """An entry as a mapping of one verb. Raises ValueError for anything else."""
    if isinstance(entry, Verb):
        return entry
    if isinstance(entry, str):
        if entry in BARE:
            return {entry: {}}
        if entry in VERBS:
            raise ValueError(f'"{entry}" needs more: "{entry}: ..."')
        raise ValueError(_unknown(entry))
    if not isinstance(entry, Mapping) or not entry:
        raise ValueError(f"should be a verb: {', '.join(VERBS)}")
    for key in entry:
        if key not in VERBS:
            raise ValueError(_unknown(key))
    if len(entry) > 1:
        raise ValueError(f"two verbs in one entry ({', '.join(entry)}): put a dash before each")
    return entry


def _unknown(verb: str) -> str:
    near = difflib.get_close_matches(verb, VERBS, n=1, cutoff=0.6)
    hint = f'did you mean "{near[0]}"?' if near else f"the verbs are {', '.join(VERBS)}"
    return f'unknown verb "{verb}"; {hint}'


def _tag(entry: Any) -> str:
    return str(next(iter(entry)))


_ANY_ENTRY: Any = reduce(or_, [_entry(name) for name in VERBS])
Entry = Annotated[
    _ANY_ENTRY,
    Discriminator(_tag),
    BeforeValidator(_read_entry, json_schema_input_type=_ANY_ENTRY | Literal["hangup", "echo"]),
]


def _one_step(steps: Any) -> Any:
    return {START: steps} if isinstance(steps, list) else steps


START = "start"
"""The name of the only step of a plan whose `steps` is a list."""

_Steps = dict[Name, Annotated[list[Entry], Field(min_length=1)]]


class Ambience(Strict):
    """A quiet loop under the whole call."""

    file: Path
    """A WAV file, from the plan's own folder on."""
    level_db: float = Field(-30.0, ge=-60, le=-10)
    """How loud it is against speech."""


class OtherLanguage(Strict):
    """Where callers go who speak another language."""

    voice: str
    """The voice: one of that language."""
    goto: Name
    """The step to go to, whose texts are in that language."""


def _by_file(body: Any) -> Any:
    return {"file": body} if isinstance(body, str) else body


class PlanSpec(Strict):
    """A plan: what the bot says and does in a call, step by step."""

    name: Annotated[str, Field(pattern=r"^$|^[A-Za-z0-9][A-Za-z0-9_.+-]*$")] = ""
    """The plan's name: who dials it gets this plan. Without it, the name of the file."""
    description: str = ""
    """What the plan is for."""
    voice: str = "hibari"
    """The voice: hibari, joe, espeak:LANGUAGE, or the path of a Piper voice (.onnx), from the plan's folder on."""
    speed: float = Field(1.0, ge=0.5, le=2.0)
    """How fast it speaks; 1 is the voice's own speed."""
    stt: str = "base"
    """The recogniser's model: base, tiny.en, or the path of a folder with a CTranslate2 Whisper model."""
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "en"
    """The language that callers speak, as ISO 639 writes it."""
    languages: dict[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], OtherLanguage] = {}
    """Other languages that callers may speak, each with a voice and the step to go to. Which one it is shows in
    what they say first; recogniser and voice change with it."""
    phrases: Phrases = []
    """Words that callers are likely to say: names, streets, products. The recogniser is told."""
    mask: bool = False
    """Take the sound of keys out of the recording and of what is recognised, which holds both back by 120 ms."""
    ambience: Annotated[
        Ambience | None, BeforeValidator(_by_file, json_schema_input_type=str | Ambience | None)
    ] = None
    """A sound that lies under the call, from its answer to its end: a room, an office."""
    facts: dict[Name, str] = {}
    """Texts to use as `{name}` anywhere, also in an agent's prompt: opening hours, an address."""
    headers: dict[Name, Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")]] = {}
    """Slots filled from headers of the INVITE: `customer: X-Customer-Id`."""
    start: Name | None = None
    """The first step; without it the first one written."""
    steps: Annotated[
        _Steps,
        BeforeValidator(_one_step, json_schema_input_type=_Steps | list[Entry]),
        Field(min_length=1),
    ]
    """The steps by name, each a list of verbs. A plan of one step may give its verbs as a list. A step that
    comes to its end ends the call."""

    @property
    def first(self) -> str:
        """The step that a call starts with."""
        return self.start or next(iter(self.steps))

    def files(self) -> Iterator[tuple[Loc, Path]]:
        """Every recording it may play, with its place in the file."""
        if self.ambience is not None:
            yield ("ambience", "file"), self.ambience.file
        for loc, verb in self.verbs():
            for inner, path in verb.files():
                yield (*loc, *inner), path

    def verbs(self) -> Iterator[tuple[Loc, Verb]]:
        """Every verb with its place in the file."""
        names = {model: name for name, (model, _) in VERBS.items()}
        for step, entries in self.steps.items():
            for index, verb in enumerate(entries):
                yield ("steps", step, index, names[type(verb)]), verb


def json_schema() -> str:
    """The JSON schema of plans (draft 2020-12), as text."""
    schema = PlanSpec.model_json_schema()
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Offhook plan"}
    return json.dumps(schema, indent=2, ensure_ascii=False)
