"""`hangup`: end the call."""

from __future__ import annotations

from dialplans.scene import Scene
from dialplans.verb import Verb


class Hangup(Verb):
    """End the call once what was said has been heard. Short form: `hangup`"""

    reason: str = "done"
    """Why, for the record."""

    async def run(self, scene: Scene) -> str | None:
        await scene.call.hangup(self.reason)
        return None

    def goes_on(self) -> bool:
        return False
