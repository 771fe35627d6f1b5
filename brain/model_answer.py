"""The form of the language model's answer: its JSON schema, how it is read as it comes, and a guard on it.

An answer is {"say": "..."} or {"exit": "NAME"}; its first tokens say which. All pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from brain.tools import Tool

UNKNOWN = "unknown"
OFF_TOPIC = "off_topic"
"""Exits of our own: a question that what is known doesn't answer, and one about something else."""

SAY_BEGIN, ANY_BEGIN = '{"say":"', '{"'
"""How an answer in words begins, and one of either form."""

_NUMBER = re.compile(r"\d+")
_NUMBER_AT_END = re.compile(r"\d*$")


def answer_schema(names: tuple[str, ...], tools: Sequence[Tool] = ()) -> Mapping[str, Any]:
    """The JSON schema of an answer: words, one of the exits `names`, or one of `tools`, of what there is."""
    forms = [_object({"say": {"type": "string"}})]
    if names:
        forms.append(_object({"exit": {"type": "string", "enum": list(names)}}))
    for tool in tools:
        forms.append(_object({"tool": {"type": "string", "enum": [tool.name]}, "arguments": _object(tool.arguments)}))
    return {"anyOf": forms} if len(forms) > 1 else forms[0]


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    body = {"type": "object", "properties": dict(properties), "required": list(properties)}
    return body | {"additionalProperties": False}


def as_json(answer: Mapping[str, Any]) -> str:
    """`answer` as the model is to write it: without spaces, which is a token less before the first word."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def numbers_in(text: str) -> frozenset[str]:
    """Every run of digits in `text`."""
    return frozenset(_NUMBER.findall(text))


class NumberGuard:
    """Lets words pass up to a number that isn't one of `known`: an invented one is worse than no answer."""

    def __init__(self, known: frozenset[str]) -> None:
        self.invented = False
        self._known = known | {"00"}  # the minutes of "8 a.m."
        self._held = ""

    def feed(self, text: str, last: bool = False) -> str:
        """What may be said of the text so far. A number at its end waits for what follows, or for `last`."""
        if self.invented:
            return ""
        text = self._held + text
        end = len(text) if last else len(text) - len(_NUMBER_AT_END.findall(text)[0])
        self._held = text[end:]
        for number in _NUMBER.finditer(text, 0, end):
            if number[0] not in self._known:
                self.invented = True
                return text[: number.start()]
        return text[:end]


class AnswerReader:
    """Reads the JSON of an answer as it comes. `complete` once nothing more is of interest.

    Words that aren't JSON (from a server that knows no schemas) are taken as what to say.
    """

    def __init__(self) -> None:
        self.exit: str | None = None
        self.tool: tuple[str, dict[str, Any]] | None = None
        self.complete = False
        self._whole = ""
        self._head = ""
        self._key = ""
        self._raw = ""
        self._value = ""

    def feed(self, piece: str) -> str:
        """The words to say that `piece` brought."""
        if self.complete:
            return ""
        self._whole += piece
        if not self._key:
            self._head += piece
            head = self._head.lstrip()
            if head and not head.startswith("{"):
                self._key, piece = "plain", head
            else:
                parts = head.split('"', 3)  # {"say":"...
                if len(parts) < 4:
                    return ""
                self._key, piece = parts[1], parts[3]
        if self._key == "plain":
            return piece
        if self._key == "tool":
            self._read_tool()
            return ""
        text = self._unescape(piece)
        if self._key == "say":
            return text
        self._value += text
        if self.complete and self._key == "exit":
            self.exit = self._value
        return ""

    def _read_tool(self) -> None:
        """The name and arguments, once all of them are there."""
        try:
            wanted = json.loads(self._whole)
            self.tool = str(wanted["tool"]), dict(wanted.get("arguments") or {})
        except (ValueError, KeyError, TypeError):
            return  # the rest is to come, or it never makes sense: then the answer is empty
        self.complete = True

    def _unescape(self, piece: str) -> str:
        """JSON string characters (RFC 8259, section 7) up to the closing quote."""
        self._raw += piece
        out = ""
        while self._raw:
            char = self._raw[0]
            if char == '"':
                self.complete = True
                break
            size = 1 if char != "\\" else 6 if self._raw[1:2] == "u" else 2
            if len(self._raw) < size:
                break  # the rest of the escape comes with the next piece
            out += char if size == 1 else _unescaped(self._raw[:size])
            self._raw = self._raw[size:]
        return out


def _unescaped(escape: str) -> str:
    try:
        text = str(json.loads(f'"{escape}"'))
    except ValueError:
        return ""
    return "" if "\ud800" <= text <= "\udfff" else text  # half of a pictograph: can't be spoken
