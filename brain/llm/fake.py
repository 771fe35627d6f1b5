"""`ScriptedLlm`: an `Llm` whose answers are written down beforehand."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from brain.engines import EngineError, LlmSettings, Message

Step = str | EngineError
Gate = Callable[[int], Awaitable[None]]


@dataclass(slots=True)
class ScriptedLlm:
    """Answers by the first key of `script` that the last message holds (letter case aside), else `default`.

    An answer is sent word by word, or piece by piece where it is given as a list; an `EngineError` in it is
    raised there. Where the settings ask for a schema with an object that holds "say", an answer that isn't
    JSON is put into one. It goes on from `begin` where the answer begins so, unless `continues` is False. `gate` is
    awaited with the number of each piece before it is sent: a test can hold an answer back there, and what is read
    (`gate(-1)`). `asked`, `warmed` and `has_read` keep the requests, `cancelled` counts answers given up.
    """

    script: Mapping[str, Step | Sequence[Step]] = field(default_factory=dict)
    default: Step | Sequence[Step] = "I'm not sure about that."
    gate: Gate | None = None
    continues: bool = True
    asked: list[tuple[tuple[Message, ...], LlmSettings]] = field(default_factory=list)
    warmed: list[tuple[Message, ...]] = field(default_factory=list)
    has_read: list[tuple[Message, ...]] = field(default_factory=list)
    cancelled: int = 0

    async def warm(self, messages: Sequence[Message]) -> None:
        """Notes the messages in `warmed`."""
        self.warmed.append(tuple(messages))

    async def read(self, messages: Sequence[Message]) -> None:
        """Notes the messages in `has_read`. Raises the script's EngineError."""
        if self.gate is not None:
            await self.gate(-1)
        self.has_read.append(tuple(messages))
        steps = self._steps(messages, LlmSettings())
        if steps and isinstance(steps[0], EngineError):
            raise steps[0]

    async def chat(self, messages: Sequence[Message], settings: LlmSettings) -> AsyncIterator[str]:
        """The scripted answer, at most `max_tokens` pieces of it. Raises the script's EngineError."""
        self.asked.append((tuple(messages), settings))
        finished = False
        try:
            for number, step in enumerate(self._steps(messages, settings)[: settings.max_tokens]):
                if self.gate is not None:
                    await self.gate(number)
                if isinstance(step, EngineError):
                    finished = True
                    raise step
                yield step
            finished = True
        finally:
            self.cancelled += not finished

    def _steps(self, messages: Sequence[Message], settings: LlmSettings) -> list[Step]:
        last = messages[-1].content.lower()
        answer = next((a for key, a in self.script.items() if key.lower() in last), self.default)
        if isinstance(answer, EngineError):
            return [answer]
        if not isinstance(answer, str):
            return list(answer)
        if settings.schema is not None and not answer.startswith("{"):
            answer = json.dumps({"say": answer}, ensure_ascii=False, separators=(",", ":"))
        begin = settings.begin if self.continues and answer.startswith(settings.begin) else ""
        return [*([begin] if begin else []), *re.findall(r"\s*\S+", answer.removeprefix(begin))]
