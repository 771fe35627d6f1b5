"""`ScriptedCall`: a `Call` whose caller follows a script, for tests of verbs and plans.

    call = ScriptedCall(("your name", Said("John Smith", 0.9)), ("right?", Keyed("1")), HangsUp())
    print(await journey(plan, call))

Each line of the script answers one question of the plan, in order. With a text beside it, the prompt must
hold that text: a script is also a list of expected prompts. What was said stands in `transcript`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from brain.engines import SttSettings, TtsSettings
from brain.expect import Expect, Interruptible
from brain.orchestrator import AgentSpec
from dialplans.call import (
    AgentOutcome,
    CallEnded,
    CallInfo,
    Heard,
    Keyed,
    KeyMethod,
    Nothing,
    Said,
    Spoken,
    Unheard,
)
from dialplans.plan import Plan
from media.line_quality import LineStep

INFO = CallInfo(sip_call_id="scripted", caller="5550100", called="reception", display_name="A. Caller")
TODAY = date(2026, 7, 1)
"""A Wednesday."""


@dataclass(frozen=True, slots=True)
class HangsUp:
    """The caller hangs up instead of an answer."""


@dataclass(frozen=True, slots=True)
class Transferred:
    """What becomes of a transfer."""

    accepted: bool


Line = Heard | AgentOutcome | Transferred | HangsUp


class OffScript(AssertionError):
    """The plan asked for something that the script doesn't hold; the message shows the call so far."""


class ScriptedCall:
    """A call with a script.

    `said`, `asked`, `played`, `beds` and `specs` are what the plan did, in order; `notes` and `kept`, the
    lines of the transcript that aren't private, what the record would hold.
    """

    def __init__(self, *script: Line | tuple[str, Line], info: CallInfo = INFO) -> None:
        self.script = list(script)
        self.info = info
        self.transcript: list[str] = []
        self.notes: dict[str, str] = {}
        self.said: list[str] = []
        self.asked: list[Expect] = []
        self.played: list[Path] = []
        self.beds: list[Path | None] = []
        self.specs: list[AgentSpec] = []
        self.stt: SttSettings | None = None
        self.tts: TtsSettings | None = None
        self.answered = False
        self.echoed = False
        self.over = ""
        self.kept: list[str] = []
        self.line = LineStep.GOOD
        self.today = TODAY
        self.language = "en"
        self.has_private = False
        self.masks = False
        self._covers = 0

    def settings(
        self, stt: SttSettings, tts: TtsSettings, private: bool = False, mask: bool = False
    ) -> None:
        """Keep the settings for the test to see."""
        self.stt, self.tts, self.has_private, self.masks = stt, tts, private, mask
        self.language = stt.language

    @contextmanager
    def private(self) -> Iterator[None]:
        """Note in `kept` what is said outside."""
        self._covers += 1
        try:
            yield
        finally:
            self._covers -= 1

    async def answer(self) -> None:
        """Answer."""
        self.answered = True

    async def say(self, text: str, interruptible: Interruptible = Interruptible.SPEECH) -> Spoken:
        """Write down what the bot says."""
        self._bot(text)
        return Spoken(True, text)

    async def play(self, path: Path, interruptible: Interruptible = Interruptible.SPEECH) -> Spoken:
        """Write down what the bot plays."""
        self._alive()
        self.played.append(path)
        self.transcript.append(f"bot:    (plays {path.name})")
        return Spoken(True, "")

    async def earcon(self, name: str, interruptible: Interruptible = Interruptible.SPEECH) -> Spoken:
        """Write down the sound."""
        self._alive()
        self.transcript.append(f"bot:    ({name})")
        return Spoken(True, "")

    def bed(self, path: Path | None, level_db: float = 0.0, under_db: float = 0.0) -> None:
        """Keep what lies under the call, in the order it came."""
        self.beds.append(path)

    async def press(self, keys: str, method: KeyMethod = "rfc4733") -> bool:
        """Write down the keys."""
        self._alive()
        self.transcript.append(f"bot:    [{keys}] by {method}")
        return True

    async def ask(
        self, prompt: str, expect: Expect, interruptible: Interruptible = Interruptible.SPEECH
    ) -> Heard:
        """Answer from the script."""
        self.asked.append(expect)
        if prompt:
            self._bot(prompt)
        line = self._next(prompt)
        if not isinstance(line, (Said, Keyed, Nothing, Unheard)):
            raise OffScript(self._at(f"the plan asked, and the script has {line}"))
        if isinstance(line, Said) and not expect.voice or isinstance(line, Keyed) and not expect.keys:
            raise OffScript(self._at(f"the plan doesn't take {line} here: {expect}"))
        return line

    async def converse(self, spec: AgentSpec) -> AgentOutcome:
        """End the conversation as the script says."""
        self._alive()
        self.specs.append(spec)
        line = self._next("")
        if not isinstance(line, AgentOutcome):
            raise OffScript(self._at(f"the plan started a conversation, and the script has {line}"))
        return line

    async def echo(self) -> None:
        """Note it; the caller hangs up."""
        self._alive()
        self.echoed = True
        self._end("caller", "hung up")

    async def transfer(self, target: str) -> bool:
        """Accept or refuse as the script says."""
        self._alive()
        self.transcript.append(f"bot:    (transfers to {target})")
        line = self._next("")
        if not isinstance(line, Transferred):
            raise OffScript(self._at(f"the plan transferred, and the script has {line}"))
        return line.accepted

    async def hangup(self, reason: str = "done") -> None:
        """End the call."""
        self._alive()
        self._end("bot", reason)

    def note(self, name: str, value: str) -> None:
        """Keep a slot."""
        self.notes[name] = value

    def finish(self) -> str:
        """The transcript of a call that is over. Raises OffScript where the script goes on."""
        if not self.over:
            raise OffScript(self._at("the call is not over"))
        if self.script:
            raise OffScript(self._at(f"the script goes on: {self.script}"))
        return "\n".join(self.transcript)

    # ---- inside -----------------------------------------------------------------------------------------

    def _next(self, prompt: str) -> Line:
        if not self.script:
            raise OffScript(self._at("the script is at its end"))
        entry = self.script.pop(0)
        wanted, line = entry if isinstance(entry, tuple) else ("", entry)
        if wanted.lower() not in prompt.lower():
            raise OffScript(self._at(f'expected a prompt with "{wanted}"'))
        self._write(_readable(line))
        if isinstance(line, HangsUp):
            self._end("caller", "hung up")
        return line

    def _bot(self, text: str) -> None:
        self._alive()
        self.said.append(text)
        self._write(f"bot:    {text}")

    def _write(self, line: str) -> None:
        self.transcript.append(line)
        if not self._covers:
            self.kept.append(line)

    def _alive(self) -> None:
        if self.over:
            raise CallEnded("caller", self.over)

    def _end(self, by: str, reason: str) -> None:
        self.over = reason
        self.transcript.append(f"({by} ends the call: {reason})")
        raise CallEnded(by, reason)

    def _at(self, message: str) -> str:
        return "\n".join([message, *self.transcript])


async def journey(plan: Plan, call: ScriptedCall) -> str:
    """Take `call` through `plan` to its end. Returns the transcript; raises OffScript where they differ."""
    try:
        await plan.travel(call)
    except CallEnded:
        return call.finish()
    raise OffScript(call._at("the plan ended and the call didn't"))


def _readable(line: Line) -> str:
    match line:
        case Said(text):
            return f"caller: {text}"
        case Keyed(keys):
            return f"caller: [{keys}]"
        case Nothing():
            return "caller: (silent)"
        case Unheard(reason):
            return f"        (speech can't be recognised: {reason})"
        case AgentOutcome(way, turns):
            return f"        (talks for {turns} turns: {way})"
        case Transferred(accepted):
            return f"        (the transfer is {'accepted' if accepted else 'refused'})"
        case HangsUp():
            return "caller: (hangs up)"
