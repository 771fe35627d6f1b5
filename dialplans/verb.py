"""What every verb is: a strict model of its keys, and what it does in a call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from brain.courtesy import Courtesy
from brain.expect import Interruptible
from dialplans.templates import parse

if TYPE_CHECKING:
    from dialplans.scene import Scene

Loc = tuple[str | int, ...]


class Strict(BaseModel):
    """A model that takes no key it doesn't know. Field docstrings go into the JSON schema."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, coerce_numbers_to_str=True
    )


def _template(text: str) -> str:
    parse(text)
    if not text.strip():
        raise ValueError("an empty text")
    return text


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, (str, int, float)) and not isinstance(value, bool) else value


Text = Annotated[str, AfterValidator(_template)]
"""What the bot says; may hold `{slot}`."""

Texts = Annotated[list[Text], BeforeValidator(_one_or_many, json_schema_input_type=list[str] | str)]
Phrases = Annotated[
    list[Annotated[str, Field(min_length=1)]],
    BeforeValidator(_one_or_many, json_schema_input_type=list[str] | str),
]

def _without_holes(text: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError("no braces here: this text is the same in every call")
    return text.strip()


Plain = Annotated[str, AfterValidator(_without_holes)]
"""What the bot says, the same in every call; may be empty, for nothing."""

Plains = Annotated[
    list[Annotated[Plain, Field(min_length=1)]],
    BeforeValidator(_one_or_many, json_schema_input_type=list[str] | str),
]

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
"""The name of a slot or a step: small letters, digits and _."""

KEY = r"^[0-9*#]$"
"""A telephone key."""


class Verb(Strict):
    """One entry of a step."""

    async def run(self, scene: Scene) -> str | None:
        """Do it. Returns the step to go to, or None to go on with the next verb."""
        raise NotImplementedError

    # What the checks and the prompt cache need to know, each with its place inside the verb.

    def texts(self) -> Iterator[tuple[Loc, str]]:
        """Every text it may speak."""
        yield from ()

    def facts_only(self) -> Iterator[tuple[Loc, str]]:
        """Texts that the caller's words must not get into."""
        yield from ()

    def targets(self) -> Iterator[tuple[Loc, str]]:
        """Every step it may go to."""
        yield from ()

    def slots(self) -> Iterator[tuple[Loc, str]]:
        """Every slot it may fill."""
        yield from ()

    def own_keys(self) -> Iterator[tuple[Loc, str]]:
        """Every key that has a meaning of its own; each may have only one."""
        yield from ()

    def files(self) -> Iterator[tuple[Loc, Path]]:
        """Every recording it may play."""
        yield from ()

    def goes_on(self) -> bool:
        """Whether the verb after it can ever be reached."""
        return True

    def private(self) -> bool:
        """Whether it asks for something that must not be kept."""
        return False

    def listens(self) -> bool:
        """Whether it needs speech recognition."""
        return False


class Speaking(Verb):
    """A verb that speaks first."""

    interruptible: Interruptible = Interruptible.SPEECH
    """What stops the bot while it speaks: "yes" (speech and keys), "keys only", "no"."""


class Patient(Verb):
    """A verb that waits for the caller, and for as long as they ask."""

    hold_on_s: float = Field(60.0, ge=0, le=600)
    """How long the bot is quiet for a caller who says "hold on"; 0 takes that for an answer like any other."""
    take_your_time: Plain = "Sure, take your time."
    """What it says then; empty for nothing."""
    here: Plain = "Yes, I'm here."
    """What it says at once to "are you there?"; empty leaves that to whoever answers questions."""

    def courtesy(self) -> Courtesy:
        """The same for the turn manager."""
        return Courtesy(take_your_time=self.take_your_time, hold_on_s=self.hold_on_s, here=self.here)

    def courtesies(self) -> Iterator[tuple[Loc, str]]:
        """Its texts, for `texts`."""
        for key in ("take_your_time", "here"):
            if text := getattr(self, key):
                yield (key,), text
