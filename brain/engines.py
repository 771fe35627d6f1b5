"""The ports to the models: `Stt`, `Tts`, `Llm`, `Eot`.

A port is what the agent needs, no more. Each engine is one file in `stt/`, `tts/` or `llm/`, with its
scripted fake beside it; both pass the same contract tests. Every failure of an engine is an
`EngineError`; nothing else may leave it. All audio is `media.frame.Pcm` (int16 mono).

Times in words are milliseconds from the first sample of the segment they belong to.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from media.frame import Pcm


class EngineError(Exception):
    """An engine failed; `engine` is one of "stt", "tts", "llm", "eot"."""

    def __init__(self, engine: str, reason: str) -> None:
        super().__init__(f"{engine}: {reason}")
        self.engine = engine
        self.reason = reason


# ---- speech to text ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; `confidence` is a probability."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Partial:
    """What a segment seems to say so far, in its first `audio_ms`.

    `stable` is the prefix of `text` that two decodes agreed on. `confidence` is a probability, 0 where it isn't known.
    """

    segment: int
    text: str
    stable: str
    audio_ms: int
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Final:
    """The answer to one `finalize`: all of the segment's audio up to that request."""

    segment: int
    request: int
    text: str
    words: tuple[Word, ...]
    confidence: float
    language: str
    audio_ms: int


@dataclass(frozen=True, slots=True)
class SttSettings:
    """What a plan may choose: a model by name or path, a language, and phrases that are likely now.

    With `others`, a final's `language` is the one of all these that was spoken, where that is clear. `urgent` is speech
    over the bot's: whether it stops hangs on the first words. On a `noisy` line finals in doubt look twice at the
    voice, once with less noise.
    """

    model: str = "base"
    language: str = "en"
    phrases: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    urgent: bool = False
    noisy: bool = False


class SttStream(Protocol):
    """One caller's way into the recogniser. No method but `aclose` and iteration awaits.

    A segment is a stretch of speech. `begin` opens one and forgets the one before, `feed` appends audio,
    and `finalize` asks for a `Final` of all audio so far; the segment stays open, so a caller who goes on
    is heard as one sentence and a later `finalize` covers it all. Iterating gives partials and finals
    until `aclose`, and raises `EngineError` when the recogniser is lost.
    """

    def begin(self, segment: int, settings: SttSettings) -> None: ...

    def feed(self, pcm: Pcm) -> None: ...

    def finalize(self, segment: int, request: int) -> None: ...

    def __aiter__(self) -> AsyncIterator[Partial | Final]: ...

    async def aclose(self) -> None: ...


class Stt(Protocol):
    """A recogniser of many callers."""

    async def warm(self, settings: SttSettings) -> None:
        """Load and run the model once. Raises EngineError."""
        ...

    async def open(self, call: str, rate_hz: int) -> SttStream:
        """A stream for `call`, which will feed audio at `rate_hz` (8000 or 16000)."""
        ...


# ---- text to speech ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TtsSettings:
    """A voice by name ("joe", "hibari") or by the path of a Piper .onnx; `speed` 1.0 is the voice's own."""

    voice: str = "hibari"
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class SpeechAudio:
    """Synthesised audio of clause number `clause` (from 0). `last` marks the clause's last chunk."""

    clause: int
    text: str
    pcm: Pcm
    last: bool


class Tts(Protocol):
    """A synthesiser: clauses in, audio out from the first clause on."""

    async def warm(self, settings: TtsSettings) -> None: ...

    def speak(
        self, clauses: AsyncIterator[str], settings: TtsSettings, rate_hz: int
    ) -> AsyncGenerator[SpeechAudio, None]:
        """Speak each clause in turn at `rate_hz`; closing the iterator cancels. Raises EngineError."""
        ...


# ---- language model ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat, in the OpenAI chat API's roles."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class LlmSettings:
    """How an answer is sampled. `schema` is a JSON schema that the whole answer must satisfy.

    `begin` is how the answer begins: a model that can go on from it need not write it. Others write all of the
    answer themselves, and may begin otherwise.
    """

    max_tokens: int = 120
    temperature: float = 0.0
    schema: Mapping[str, Any] | None = None
    stop: tuple[str, ...] = ()
    begin: str = ""


class Llm(Protocol):
    """A chat model that streams."""

    async def warm(self, messages: Sequence[Message]) -> None:
        """Read the prompt once, so that the first caller finds it in the prefix cache."""
        ...

    async def read(self, messages: Sequence[Message]) -> None:
        """Read as far as these go into the prefix cache; the last one may go on. To be cancelled at any time.

        Raises EngineError.
        """
        ...

    def chat(self, messages: Sequence[Message], settings: LlmSettings) -> AsyncIterator[str]:
        """Pieces of the whole answer as they come, `begin` among them; closing the iterator cancels.

        Raises EngineError.
        """
        ...


# ---- end of turn ------------------------------------------------------------------------------------------


class Eot(Protocol):
    """An audio model of whether a speaker has finished."""

    async def warm(self) -> None: ...

    async def score(self, pcm: Pcm, rate_hz: int) -> float:
        """Probability that the turn whose last seconds are `pcm` (up to 8 s, newest last) is complete."""
        ...
