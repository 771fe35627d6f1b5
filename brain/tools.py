"""What an agent can do beside talking: the `Tools` port, and the scripted fake beside it.

A tool that changes nothing may run before it is certain that the caller has finished; one with side effects waits
for that. What a tool says goes back to the model, which words the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

LIMIT_S = 20.0

Gate = Callable[[], Awaitable[None]]
"""Returns when something may be done."""


async def at_once() -> None:
    """The gate that is open."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One thing that can be done. `what` completes "use this ...", as the model is told it.

    `arguments` are the JSON schemas of its arguments by name; all are required.
    """

    name: str
    what: str
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    side_effects: bool = True


class ToolError(Exception):
    """A tool failed; the message is what the model is told of it."""


class Tools(Protocol):
    """The tools of one agent."""

    @property
    def all(self) -> Sequence[Tool]:
        """What there is."""
        ...

    async def use(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Use one; what it says, for the model. Raises ToolError. Cancelling gives it up, where that is possible."""
        ...


async def use(tools: Tools, tool: Tool, arguments: Mapping[str, Any], committed: Gate) -> str:
    """What `tool` says, also of a failure. One with side effects is used once `committed` returns.

    Meanwhile the turn manager fills the silence (`brain.dead_air`), as it does where the model is slow.
    """
    if tool.side_effects:
        await committed()
    try:
        async with asyncio.timeout(LIMIT_S):
            return await tools.use(tool.name, arguments)
    except ToolError as error:
        return f"It failed: {error}"
    except TimeoutError:
        return f"It failed: no result after {LIMIT_S:g} s"


@dataclass(slots=True)
class ScriptedTools:
    """A `Tools` whose results are written down beforehand, by the tool's name.

    A `ToolError` among them is raised. `gate` is awaited with the tool's name before it says anything. `used` keeps
    what was asked for, `cancelled` counts what was given up.
    """

    all: Sequence[Tool]
    script: Mapping[str, str | ToolError]
    gate: Callable[[str], Awaitable[None]] | None = None
    used: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    cancelled: int = 0

    async def use(self, name: str, arguments: Mapping[str, Any]) -> str:
        """See `Tools.use`."""
        self.used.append((name, dict(arguments)))
        finished = False
        try:
            if self.gate is not None:
                await self.gate(name)
            finished = True
        finally:
            self.cancelled += not finished
        result = self.script[name]
        if isinstance(result, ToolError):
            raise result
        return result
