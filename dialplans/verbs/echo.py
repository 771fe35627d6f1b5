"""`echo`: send the caller's sound back."""

from __future__ import annotations

from dialplans.scene import Scene
from dialplans.verb import Verb


class Echo(Verb):
    """Say back what is heard, sample by sample, until the call ends. Short form: `echo`"""

    async def run(self, scene: Scene) -> str | None:
        await scene.call.echo()
        return None

    def goes_on(self) -> bool:
        return False
