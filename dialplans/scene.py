"""A plan on its way through one call: the call, the slots so far, and whether it gets anywhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from brain.expect import Expect, Interruptible
from dialplans.call import Call, Heard, Keyed, Said, Spoken
from dialplans.templates import parse
from media.line_quality import LineStep

if TYPE_CHECKING:
    from dialplans.schema import Ambience

log = logging.getLogger(__name__)

MUSIC_DB = -6.0
"""Hold music against speech: it is heard, and not held away from the ear."""
MUSIC_UNDER_DB = -15.0
"""What it gives way by while the bot speaks."""

MUTE_JUMPS = 20
"""So many gotos without a word spoken or heard: the plan runs in a circle."""
DEAF_JUMPS = 60
"""So many gotos without a word or a key of the caller: nobody is there, or the plan doesn't listen."""

MASKED = "***"


class GoesNowhere(Exception):
    """The plan runs in a circle; the message says how."""


class OtherTongue(Exception):
    """The caller speaks another of the plan's languages."""

    def __init__(self, language: str) -> None:
        super().__init__(language)
        self.language = language


class Scene:
    """What a verb may touch. `facts` are the plan's own texts, `values` the slots that are filled from the
    start; `folder` is where the plan's files are looked for."""

    def __init__(self, call: Call, folder: Path, facts: Mapping[str, str], values: Mapping[str, str]) -> None:
        self.call = call
        self.folder = folder
        self.facts = facts
        self.values = {**values, **facts}
        self.speaks = ""
        self._ambience: Ambience | None = None
        self._mute_jumps = self._deaf_jumps = 0
        self._sensitive: set[str] = set()
        self._telling: set[str] = set()

    def text(self, template: str, **more: str) -> str:
        """`template` with the slots, and `more`, filled in."""
        parsed = parse(template)
        text = parsed.fill(self.values | more)
        if parsed.names & self._sensitive:
            self._telling.add(text)
        return text

    @property
    def line(self) -> LineStep:
        """What the line can be relied on for."""
        return self.call.line

    def for_line(self, text: str, short: str | None) -> str:
        """`short`, where there is one and words get lost."""
        return short if short is not None and self.line is not LineStep.GOOD else text

    async def say(self, template: str, interruptible: Interruptible) -> Spoken:
        """Speak `template`."""
        text = self.text(template)
        with self._covered(text):
            return self.spoken(await self.call.say(text, interruptible))

    async def play(self, path: Path, interruptible: Interruptible) -> Spoken:
        """Play the recording at `path`, beside the plan. Raises OSError or ValueError."""
        return self.spoken(await self.call.play(self.folder / path, interruptible))

    async def earcon(self, name: str, interruptible: Interruptible) -> Spoken:
        """Play one of the short sounds."""
        return self.spoken(await self.call.earcon(name, interruptible))

    def lay_ambience(self, ambience: Ambience | None) -> None:
        """Put the plan's own sound under the call, if it has one."""
        self._ambience = ambience
        if ambience is not None:
            self._bed(ambience.file, ambience.level_db)

    @contextmanager
    def music(self, path: Path | None) -> Iterator[None]:
        """Hold music while the block lasts, if there is any; then what lay there before."""
        if path is None:
            yield
            return
        self._bed(path, MUSIC_DB, MUSIC_UNDER_DB)
        try:
            yield
        finally:
            self.call.bed(None)
            self.lay_ambience(self._ambience)

    def _bed(self, path: Path, level_db: float, under_db: float = 0.0) -> None:
        try:
            self.call.bed(self.folder / path, level_db, under_db)
        except (OSError, ValueError) as error:
            # It was there when the plan was loaded. A call goes on without it.
            log.warning("can't play %s: %s", path, error)

    async def ask(self, prompt: str, expect: Expect, interruptible: Interruptible) -> Heard:
        """Speak `prompt`, a text without holes, and wait for one answer."""
        with self._covered(prompt):
            heard = await self.call.ask(prompt, expect, interruptible)
        self._mute_jumps = 0
        if isinstance(heard, (Said, Keyed)):
            self._deaf_jumps = 0
        self.listen_for_language()
        return heard

    def talked(self) -> None:
        """Somebody spoke with the caller at length."""
        self._mute_jumps = self._deaf_jumps = 0
        self.listen_for_language()

    def listen_for_language(self) -> None:
        """Raises OtherTongue where the caller turned out to speak another language than the plan does now."""
        if self.speaks and self.call.language != self.speaks:
            raise OtherTongue(self.call.language)

    def keep(self, slot: str, value: str, sensitive: bool = False) -> None:
        """Fill a slot, and write it into the record: a sensitive one only as filled."""
        self.values[slot] = value
        (self._sensitive.add if sensitive else self._sensitive.discard)(slot)
        self.call.note(slot, MASKED if sensitive and value else value)

    def jump(self, step: str) -> None:
        """The plan goes to `step`. Raises GoesNowhere."""
        self._mute_jumps += 1
        self._deaf_jumps += 1
        if self._mute_jumps > MUTE_JUMPS:
            raise GoesNowhere(f"the plan runs in a circle at step {step}, without a word")
        if self._deaf_jumps > DEAF_JUMPS:
            raise GoesNowhere(f"the plan came to step {step} again and again, and the caller never answered")

    def spoken(self, result: Spoken) -> Spoken:
        """Note that the caller heard something, where they did."""
        if result.complete or result.heard:
            self._mute_jumps = 0
        return result

    def _covered(self, text: str) -> AbstractContextManager[None]:
        """Private, where `text` tells a sensitive slot."""
        return self.call.private() if text in self._telling else nullcontext()
