"""Which keys a pydantic model knows at a place inside it: for "did you mean"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel


def fields_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The field names at `loc` in data of `model`, where `loc` is as pydantic's errors give it.

    Parts that are no key (a union's tag) are passed over.
    """
    types: list[Any] = [model]
    for part in loc:
        inner = [found for kind in types for found in _step(kind, part)]
        types = inner or types
    names: list[str] = []
    for kind in types:
        for found in _members(kind):
            if isinstance(found, type) and issubclass(found, BaseModel):
                names += [field.alias or name for name, field in found.model_fields.items()]
    return names


def _step(kind: Any, part: str | int) -> list[Any]:
    """The types of what stands under `part` in a value of `kind`."""
    found: list[Any] = []
    for member in _members(kind):
        origin = get_origin(member)
        if isinstance(member, type) and issubclass(member, BaseModel):
            found += [f.annotation for name, f in member.model_fields.items() if (f.alias or name) == part]
        elif isinstance(origin, type) and issubclass(origin, Mapping):
            found.append(get_args(member)[1])
        elif isinstance(part, int) and origin in (list, tuple, Sequence):
            found.append(get_args(member)[0])
    return found


def _members(kind: Any) -> list[Any]:
    """`kind` itself, or its alternatives, without annotations."""
    if get_origin(kind) is Annotated:
        return _members(get_args(kind)[0])
    if isinstance(kind, type) or get_origin(kind) in (list, dict, tuple):
        return [kind]
    arguments = get_args(kind)
    if not arguments or get_origin(kind) is None:
        return [kind]
    if isinstance(get_origin(kind), type) and issubclass(get_origin(kind), (Mapping, Sequence)):
        return [kind]
    return [member for argument in arguments for member in _members(argument)]
