"""`transfer`: hand the caller over to somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from dialplans.scene import Scene
from dialplans.verb import Loc, Name, Verb


class Transfer(Verb):
    """Hand the caller over (REFER, RFC 3515). If that fails, the plan goes on. `transfer: sip:...`"""

    # Never from slots: whom the bot may call is for the plan alone to say.
    target: Annotated[
        str, Field(pattern=r"^(?:sips?:[^\s<>{}@]+@[^\s<>{}@]+|sips?:[^\s<>{}@]+|tel:\+?[0-9-]+)$")
    ]
    """A sip:, sips: or tel: address, literally."""
    music: Path | None = None
    """A WAV file that the caller hears, over and over, until the transfer is through or refused."""
    on_fail: Name | None = None
    """The step to go to when the transfer is refused; without it the next verb follows."""

    async def run(self, scene: Scene) -> str | None:
        with scene.music(self.music):
            accepted = await scene.call.transfer(self.target)
        if accepted:
            await scene.call.hangup("transferred")
        return self.on_fail

    def files(self) -> Iterator[tuple[Loc, Path]]:
        if self.music is not None:
            yield ("music",), self.music

    def targets(self) -> Iterator[tuple[Loc, str]]:
        if self.on_fail is not None:
            yield ("on_fail",), self.on_fail

    def goes_on(self) -> bool:
        return self.on_fail is None
