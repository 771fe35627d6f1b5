"""`goto`: go on with another step."""

from __future__ import annotations

from collections.abc import Iterator

from dialplans.scene import Scene
from dialplans.verb import Loc, Name, Verb


class Goto(Verb):
    """Go on with another step. Short form: `goto: goodbye`"""

    step: Name
    """The step's name."""

    async def run(self, scene: Scene) -> str | None:
        return self.step

    def targets(self) -> Iterator[tuple[Loc, str]]:
        yield ("step",), self.step

    def goes_on(self) -> bool:
        return False
