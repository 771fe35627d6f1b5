"""YAML files with line numbers: every mistake in a file is told as `file:line: path: message`, all at once.

Plans and the configuration are read by the same loader. It takes the part of YAML that people mean: only
`true` and `false` are booleans (so `interruptible: no` and the key `on` are text), a number with a leading
zero is text, keys are text, keys may not repeat, and there are no tags and no merge keys (YAML 1.2.2,
core schema, section 10.3, less octal and hexadecimal).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from dialplans.model_fields import fields_at

Model = TypeVar("Model", bound=BaseModel)
Loc = tuple[str | int, ...]

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""YAML 1.1, section 4.2: what ends a line there."""
_UNQUOTED = re.compile(
    r"got '[?{\[:,\-]|mapping (?:keys|values) are not allowed|cannot start any token"
    r"|expected <block end>, but found '(?:,|<scalar>)'"
)
"""What PyYAML says where a sign in a text means something to it."""
_BRACE_FIRST = re.compile(r"(?:^|[:\-])\s+\{")
_GOES_ON = re.compile(r"expected <block end>|mapping keys are")
"""What it says where something follows a mapping in braces: the line holds a text that begins with a slot."""
_TAG = "tag:yaml.org,2002:"
_TEXT = _TAG + "str"
_RESOLVED = frozenset("str int float bool null timestamp value merge map seq".split())
"""The tags that PyYAML gives by itself; any other was written in the file."""
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)?\.[0-9]+")
_WORDS = {"": None, "~": None, "null": None, "true": True, "True": True, "false": False, "False": False}
_MAX_DEPTH = 40
_MAX_NODES = 50_000
"""More than any plan has; a file of aliases to aliases would grow without end."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `line` counts from 1; None where it concerns the whole file."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.message}"


class SourceError(Exception):
    """A file that can't be used, with all that is wrong in it, in the order of its lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.file, problem.line or 0))
        super().__init__("\n".join(map(str, self.problems)))


class Mistakes(ValueError):
    """All that a model's own validator finds wrong: where in the model, and what."""

    def __init__(self, found: Sequence[tuple[Loc, str]]) -> None:
        super().__init__("; ".join(message for _, message in found))
        self.found = tuple(found)


def refuse(found: Iterable[tuple[Loc, str]]) -> None:
    """For a model's validator. Raises Mistakes where there are some."""
    if mistakes := list(found):
        raise Mistakes(mistakes)


@dataclass(slots=True)
class Source:
    """A file as data, with the line of every key and value."""

    file: str
    data: Any
    _lines: dict[Loc, int] = field(default_factory=dict)

    def line(self, loc: Sequence[str | int]) -> int:
        """The line of `loc`; of the deepest part of it that is written where not all is.

        Parts that stand in no file (names of a model's alternatives) are passed over.
        """
        return self._lines.get(self.written(loc), 1)

    def written(self, loc: Sequence[str | int]) -> Loc:
        """The part of `loc` that stands in the file."""
        here: Loc = ()
        for part in loc:
            if (*here, part) in self._lines:
                here = (*here, part)
        return here

    def problem(self, loc: Sequence[str | int], message: str) -> Problem:
        """A mistake at `loc`."""
        path = readable(self.written(loc))
        return Problem(self.file, self.line(loc), f"{path}: {message}" if path else message)

    def validate(self, model: type[Model]) -> Model:
        """The data as `model`. Raises SourceError with every mistake."""
        if self.data is None:
            raise SourceError([Problem(self.file, None, "the file is empty")])
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            raise SourceError(problem for one in found for problem in self._problems_of(model, one)) from None

    def _problems_of(self, model: type[BaseModel], error: Any) -> Iterator[Problem]:
        loc: Loc = tuple(error["loc"])
        kind, why = error["type"], error.get("ctx", {}).get("error")
        if isinstance(why, Mistakes):
            yield from (self.problem((*loc, *inner), message) for inner, message in why.found)
        elif kind == "missing":
            yield self.problem(loc[:-1], f'the key "{loc[-1]}" is missing{self._braces_hint(loc[:-1])}')
        elif kind == "extra_forbidden":
            near = difflib.get_close_matches(str(loc[-1]), fields_at(model, loc[:-1]), n=1, cutoff=0.6)
            hint = f'; did you mean "{near[0]}"?' if near else self._braces_hint(loc[:-1])
            path = self.written(loc[:-1])
            where = f"{readable(path)}: " if path else ""
            yield Problem(self.file, self.line(loc), f'{where}unknown key "{loc[-1]}"{hint}')
        else:
            yield self.problem(loc, _plain_words(error) + self._braces_hint(loc))

    def _braces_hint(self, loc: Sequence[str | int]) -> str:
        """What to say of `{name}` without quotes, which is a mapping to YAML."""
        value = self.data
        for part in self.written(loc):
            value = value[part]
        if not isinstance(value, dict) or not value or any(inner is not None for inner in value.values()):
            return ""
        return f'; a text that begins with a brace needs quotes: "{{{", ".join(value)}}}"'


def readable(loc: Sequence[str | int]) -> str:
    """`("steps", "start", 0, "say")` as "steps.start[0].say"."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _plain_words(error: Any) -> str:
    message: str = error["msg"]
    message = message.removeprefix("Value error, ").replace("Input should be ", "should be ")
    message = message.replace("a valid dictionary", "a mapping").replace("a valid list", "a list")
    message = re.sub(
        r"a valid dictionary or instance of \w+|a mapping or instance of \w+", "a mapping", message
    )
    return message.replace("a valid string", "text").replace("a valid ", "a ")


def load(path: Path, model: type[Model]) -> Model:
    """The file at `path` as `model`. Raises SourceError."""
    return read(path).validate(model)


def read(path: Path) -> Source:
    """The file at `path`, parsed. Raises SourceError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceError([Problem(str(path), None, error.strerror or "can't be read")]) from None
    except UnicodeDecodeError as error:
        raise SourceError([Problem(str(path), None, f"is not UTF-8 text ({error.reason})")]) from None
    return parse(text, str(path))


def parse(text: str, file: str) -> Source:
    """`text` as YAML; `file` names it in messages. Raises SourceError."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = error.problem or error.context or "not YAML"
        wrong = _BREAK.split(text)[mark.line] if mark else ""
        if _GOES_ON.search(why) and _BRACE_FIRST.search(wrong):
            why += "; a text that begins with a brace needs quotes around all of it"
        elif _UNQUOTED.search(why):
            why += "; is it in a text that needs quotes?"
        raise SourceError([Problem(file, mark.line + 1 if mark else None, why)]) from None
    except yaml.reader.ReaderError as error:
        line = len(_BREAK.split(text[: error.position]))
        raise SourceError([Problem(file, line, f"a character that YAML forbids: {error.reason}")]) from None
    except RecursionError:
        raise SourceError([Problem(file, None, "is nested too deep")]) from None
    builder = _Builder(file)
    data = builder.build(node, (), ()) if node is not None else None
    if builder.problems:
        raise SourceError(builder.problems)
    return Source(file, data, builder.lines)


class _Builder:
    """Turns composed nodes into data and notes where everything stands."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Loc, int] = {}
        self.problems: list[Problem] = []
        self.nodes = 0
        self.full = False

    def build(self, node: yaml.Node, loc: Loc, above: tuple[int, ...]) -> Any:
        self.lines.setdefault(loc, _line(node))
        self.nodes += 1
        if id(node) in above or len(above) > _MAX_DEPTH or self.nodes > _MAX_NODES:
            if not self.full:
                # An alias stands where its anchor does; the key before it is the place to name.
                message = "is nested too deep, or contains itself"
                self.problems.append(Problem(self.file, self.lines[loc], message))
                self.full = True
            return None
        if node.tag.removeprefix(_TAG) not in _RESOLVED:
            self._bad(node, f"the tag {node.tag} is not supported")
            return None
        inside = (*above, id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc, inside)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*loc, index), inside) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)  # the third and last kind
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, loc: Loc, inside: tuple[int, ...]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._bad(key_node, "a key must be text")
                continue
            key = str(key_node.value)
            if key in data:
                first = self.lines[(*loc, key)]
                self._bad(key_node, f'the key "{key}" is here twice (first in line {first})')
                continue
            self.lines[(*loc, key)] = _line(key_node)
            data[key] = self.build(value_node, (*loc, key), inside)
        return data

    def _bad(self, node: yaml.Node, message: str) -> None:
        self.problems.append(Problem(self.file, _line(node), message))


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line
    return line + 1


def _scalar(node: yaml.ScalarNode) -> Any:
    """A scalar by the core schema; what is quoted is text."""
    text: str = node.value
    if node.style is not None or node.tag == _TEXT:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
