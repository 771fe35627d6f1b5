"""What a verb may use: a `Call`.

A plan is a coroutine over a call. `telephony.session.CallSession` is the real one; tests drive verbs with
`dialplans.fake_call.ScriptedCall`. Every method raises `CallEnded` once the call is over, so a plan needs
no checks: it unwinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from brain.engines import SttSettings, TtsSettings
from brain.expect import Expect, Interruptible
from media.line_quality import LineStep

if TYPE_CHECKING:
    from brain.orchestrator import AgentSpec


class CallEnded(Exception):
    """The call is over; `by` is "caller", "bot" or "network"."""

    def __init__(self, by: str, reason: str = "") -> None:
        super().__init__(f"call ended by {by}: {reason}" if reason else f"call ended by {by}")
        self.by = by
        self.reason = reason


@dataclass(frozen=True, slots=True)
class CallInfo:
    """Who calls whom, as the INVITE says. Header names are lower case, values raw data of the caller.

    `headers` holds what a plan may see: X-*, User-to-User, Diversion, P-Asserted-Identity.
    """

    sip_call_id: str
    caller: str
    called: str
    display_name: str = ""
    peer: str = ""
    transport: str = "udp"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spoken:
    """How a prompt ended: `complete`, or cut off after `heard`."""

    complete: bool
    heard: str


@dataclass(frozen=True, slots=True)
class Said:
    """The caller spoke: one committed turn. `confidence` is the recogniser's, 0 to 1."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Keyed:
    """The caller pressed keys; the terminator is not among them."""

    keys: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """The caller was silent for as long as the plan allows, or spoke and not a word was understood."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """Speech can't be recognised now (the engine is down): ask for keys."""

    reason: str


Heard = Said | Keyed | Nothing | Unheard

KeyMethod = Literal["rfc4733", "info", "inband"]
"""How a key travels: telephone-events in RTP, SIP INFO, or tones in the audio."""


@dataclass(frozen=True, slots=True)
class AgentOutcome:
    """How a conversation ended: `exit` is a named exit, or "silence", "turns", "failed", "unheard" or "language"."""

    exit: str
    turns: int


class Call(Protocol):
    """One call, for the verbs."""

    info: CallInfo

    @property
    def today(self) -> date:
        """The day of the call, where the bot is."""
        ...

    @property
    def language(self) -> str:
        """The language that the caller seems to speak: the plan's, or one of the `others` of the settings."""
        ...

    @property
    def line(self) -> LineStep:
        """What a conversation can rely on now, from the packets of the last seconds."""
        ...

    def settings(
        self, stt: SttSettings, tts: TtsSettings, private: bool = False, mask: bool = False
    ) -> None:
        """Choose models and voice from here on. `private` says that the plan has private questions, `mask` that
        the sound of keys is to be taken out of what is kept and recognised."""
        ...

    def private(self) -> AbstractContextManager[None]:
        """Inside it, what is said and pressed is not kept, neither in words nor as sound."""
        ...

    async def answer(self) -> None: ...

    async def say(self, text: str, interruptible: Interruptible = Interruptible.SPEECH) -> Spoken:
        """Speak `text`; returns when it has been heard, or was stopped by the caller.

        What the caller said or pressed to stop it is kept: the next `ask` finds it.
        """
        ...

    async def play(self, path: Path, interruptible: Interruptible = Interruptible.SPEECH) -> Spoken:
        """Play a WAV file. Raises OSError or ValueError where the file is missing or unfit."""
        ...

    async def earcon(self, name: str, interruptible: Interruptible = Interruptible.SPEECH) -> Spoken:
        """Play one of `media.earcons.EARCONS`."""
        ...

    def bed(self, path: Path | None, level_db: float = 0.0, under_db: float = 0.0) -> None:
        """Loop a WAV file under all that is said, `level_db` over or under the loudness of speech, and by
        `under_db` more while the bot speaks. None ends it. Raises OSError or ValueError like `play`."""
        ...

    async def press(self, keys: str, method: KeyMethod = "rfc4733") -> bool:
        """Press keys, for a machine at the other end. False where the line couldn't take them."""
        ...

    async def ask(
        self, prompt: str, expect: Expect, interruptible: Interruptible = Interruptible.SPEECH
    ) -> Heard:
        """Speak `prompt` (may be empty) and wait for one answer; the caller may answer into the prompt."""
        ...

    async def converse(self, spec: AgentSpec) -> AgentOutcome:
        """Let the language model talk with the caller until an exit, a limit or a failure."""
        ...

    async def echo(self) -> None:
        """Send the caller's audio back, sample by sample, until the call ends."""
        ...

    async def transfer(self, target: str) -> bool:
        """REFER the caller to `target`; True when the transfer was accepted (the call is over then)."""
        ...

    async def hangup(self, reason: str = "done") -> None:
        """End the call once what was said has been heard. Raises CallEnded."""
        ...

    def note(self, name: str, value: str) -> None:
        """Write a slot into the call's record. Names marked as sensitive by the plan are masked by it."""
        ...
