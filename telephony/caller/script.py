"""The scenario of a call, as values: what `script_file.py` reads and `runner.py` performs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from telephony.caller.bad_line import LinePair
from telephony.caller.call import DigitMethod
from telephony.caller.speakerphone import EchoSettings

DEFAULT_VOICE = "joe"
DEFAULT_SILENCE_MS = 700.0
DEFAULT_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Sound:
    """What is spoken: a recording, or a text and the voice that reads it ("joe" or a Piper .onnx)."""

    text: str = ""
    file: Path | None = None
    voice: str = DEFAULT_VOICE

    @property
    def label(self) -> str:
        return self.text or (self.file.name if self.file else "")


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Until the bot has spoken and stopped, until it starts, or until the call is over."""

    line: int
    what: Literal["bot", "bot_starts", "hangup"]
    silence_ms: float = DEFAULT_SILENCE_MS
    within_s: float = DEFAULT_WITHIN_S


@dataclass(frozen=True, slots=True)
class Say:
    line: int
    sound: Sound


@dataclass(frozen=True, slots=True)
class SayOver:
    """Speak `after_ms` after the bot's onset: the one since we last spoke, or the next."""

    line: int
    sound: Sound
    after_ms: float
    within_s: float = DEFAULT_WITHIN_S


@dataclass(frozen=True, slots=True)
class PressKeys:
    line: int
    digits: str
    method: DigitMethod = "rfc4733"
    tone_ms: int = 100
    gap_ms: int = 80


@dataclass(frozen=True, slots=True)
class Silence:
    line: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Noise:
    """Line noise from here on, RMS dBFS; None ends it."""

    line: int
    dbfs: float | None


@dataclass(frozen=True, slots=True)
class Hold:
    """re-INVITE with sendonly, wait, re-INVITE with sendrecv."""

    line: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Reinvite:
    line: int
    with_offer: bool = True


@dataclass(frozen=True, slots=True)
class Hangup:
    line: int


@dataclass(frozen=True, slots=True)
class Expect:
    """The bot's words since we last spoke must contain each of `contains`; "a|b" is either of the two.

    The bot gets `within_s` to say them; it has finished when it is silent for `silence_ms`.
    """

    line: int
    contains: tuple[str, ...]
    within_s: float = DEFAULT_WITHIN_S
    silence_ms: float = DEFAULT_SILENCE_MS


@dataclass(frozen=True, slots=True)
class Repeat:
    line: int
    times: int
    steps: tuple[Step, ...]


Step = WaitFor | Say | SayOver | PressKeys | Silence | Noise | Hold | Reinvite | Hangup | Expect | Repeat


@dataclass(frozen=True, slots=True)
class Script:
    """A whole scenario. The call hangs up where the steps end."""

    name: str
    steps: tuple[Step, ...]
    noise_dbfs: float | None = None
    line: LinePair | None = None
    echo: EchoSettings | None = None


def sounds(steps: tuple[Step, ...]) -> list[Sound]:
    """Every sound that the steps speak, once each, in order: to be made before the call."""
    found: dict[Sound, None] = {}
    for step in steps:
        if isinstance(step, Repeat):
            found.update(dict.fromkeys(sounds(step.steps)))
        elif isinstance(step, Say | SayOver):
            found[step.sound] = None
    return list(found)
