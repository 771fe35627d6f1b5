"""`press`: press keys, for a machine at the other end."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dialplans.scene import Scene
from dialplans.verb import Verb


class Press(Verb):
    """Press keys, where another system's menu answers. Short form: `press: "12#"`"""

    # Literal, as a transfer's target is: what callers say is never dialled.
    keys: Annotated[str, Field(pattern=r"^[0-9*#A-D]{1,32}$")]
    """The keys: 0 to 9, *, #, A to D."""
    method: Literal["rfc4733", "info", "inband"] = "rfc4733"
    """How they travel: telephone-events in RTP, SIP INFO, or tones in the audio."""

    async def run(self, scene: Scene) -> str | None:
        await scene.call.press(self.keys, self.method)
        return None
