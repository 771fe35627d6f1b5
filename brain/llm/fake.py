"""`ScriptedLlm`: an `Llm` whose answers are written down beforehand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from brain.engines import EngineError, LlmSettings, Message

Hook = Callable[[str], None]


@dataclass(slots=True)
class ScriptedLlm:
    """Answers by the first key of `script` that the last message contains (letter case aside).

    An answer that is an `EngineError` is raised, also from the middle of a list of pieces. An answer given
    as text is sent word by word. Without a match the answer is `default`; where the settings hold a schema
    with an enum, that is the enum's last value as JSON, so that a choice always satisfies its schema.
    `pace` is awaited before each piece: a test can hold an answer back there.
    """

    script: Mapping[str, str | EngineError | Sequence[str | EngineError]] = field(default_factory=dict)
    default: str = "I'm not sure about that."
    asked: list[tuple[tuple[Message, ...], LlmSettings]] = field(default_factory=list)
    warmed: list[tuple[Message, ...]] = field(default_factory=list)
    cancelled: int = 0

    async def warm(self, messages: Sequence[Message]) -> None:
        """Notes the messages in `warmed`."""
        self.warmed.append(tuple(messages))

    async def chat(self, messages: Sequence[Message], settings: LlmSettings) -> AsyncIterator[str]:
        """Pieces of the scripted answer, at most `max_tokens` of them; notes the request in `asked`."""
        self.asked.append((tuple(messages), settings))
        done = False
        try:
            for piece in self._pieces(messages, settings)[: settings.max_tokens]:
                if isinstance(piece, EngineError):
                    done = True
                    raise piece
                yield piece
            done = True
        finally:
            self.cancelled += not done
