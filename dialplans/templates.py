"""Texts with holes: "Thank you, {name}. We will call {number:digits}."

A hole is `{name}` or `{name:form}`, and that is all there is: no attributes, no expressions. What fills a
hole is never read as a template again, so a caller's words stay words. `{{` and `}}` are braces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from brain.tts.aloud import code_aloud, date_aloud, email_aloud, money_aloud, time_aloud

MAX_VALUE_CHARS = 200
"""More than anybody wants read back."""

_HOLE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_DIGIT_WORDS = dict(
    zip("0123456789", "zero one two three four five six seven eight nine".split(), strict=True)
)
_GROUPS = {7: (3, 4), 8: (4, 4), 10: (3, 3, 4), 11: (5, 3, 3)}


class TemplateError(ValueError):
    """A text with a hole that can't be filled; the message says which."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A place for the value of `name`, spoken in `form`."""

    name: str
    form: str


@dataclass(frozen=True, slots=True)
class Template:
    """A text as its literal parts and holes."""

    parts: tuple[str | Hole, ...]

    @property
    def names(self) -> frozenset[str]:
        """What must be known to fill it."""
        return frozenset(part.name for part in self.parts if isinstance(part, Hole))

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with `values` in its holes; one that has no value yet stays empty."""
        text = "".join(
            part if isinstance(part, str) else FORMS[part.form](tidy(values.get(part.name, "")))
            for part in self.parts
        )
        return " ".join(text.split())


def parse(text: str) -> Template:
    """`text` as a template. Raises TemplateError."""
    parts: list[str | Hole] = []
    at = 0
    for found in _HOLE.finditer(text):
        parts.append(text[at : found.start()])
        at = found.end()
        if found.group() in ("{{", "}}"):
            parts.append(found.group()[0])
            continue
        if found.group(1) is None:
            raise TemplateError(f'a lone "{found.group()}"; write it twice for a brace')
        name, _, form = found.group(1).partition(":")
        if not _NAME.fullmatch(name):
            raise TemplateError(f'"{found.group()}" is not {{name}} or {{name:form}}')
        if form not in FORMS:
            raise TemplateError(f'unknown form "{form}" in {found.group()}; known are {_known_forms()}')
        parts.append(Hole(name, form))
    parts.append(text[at:])
    return Template(tuple(part for part in parts if part != ""))


def _known_forms() -> str:
    return ", ".join(sorted(form for form in FORMS if form))


# ---- how a value is spoken --------------------------------------------------------------------------------


def tidy(value: str) -> str:
    """A value fit to be spoken: one line, no control characters, no markup, not endless."""
    kept = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in value if c not in "<>{}[]|\\`")
    return " ".join(kept.split())[:MAX_VALUE_CHARS]


def spoken_digits(value: str) -> str:
    """Digit by digit, in groups with a short rest: "5550123" is "five five five, zero one two three"."""
    digits = [c for c in value if c in _DIGIT_WORDS]
    groups: list[str] = []
    at = 0
    for size in _GROUPS.get(len(digits), ()) or _threes(len(digits)):
        groups.append(" ".join(_DIGIT_WORDS[c] for c in digits[at : at + size]))
        at += size
    return ("plus " if value.startswith("+") else "") + ", ".join(groups)


def _threes(count: int) -> tuple[int, ...]:
    """Groups of three, with the last of two to four; short numbers whole."""
    if count <= 4:
        return (count,)
    return (3, *_threes(count - 3)) if count != 5 else (3, 2)


def spoken_letters(value: str) -> str:
    """Letter by letter: "Smith" is "S, M, I, T, H"."""
    return ", ".join(c.upper() for c in value if c.isalnum())


FORMS: dict[str, Callable[[str], str]] = {
    "": lambda value: value,
    "digits": spoken_digits,
    "letters": spoken_letters,
    "spelled": code_aloud,
    "date": date_aloud,
    "time": time_aloud,
    "money": money_aloud,
    "email": email_aloud,
}
