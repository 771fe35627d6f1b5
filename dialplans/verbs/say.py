"""`say`: speak a text."""

from __future__ import annotations

from collections.abc import Iterator

from dialplans.scene import Scene
from dialplans.verb import Loc, Speaking, Text


class Say(Speaking):
    """Speak a text. Short form: `say: Hello.`"""

    text: Text
    """What to say; `{slot}` and `{slot:digits}` are filled in."""

    short: Text | None = None
    """What to say instead on a bad line."""

    async def run(self, scene: Scene) -> str | None:
        await scene.say(scene.for_line(self.text, self.short), self.interruptible)
        return None

    def texts(self) -> Iterator[tuple[Loc, str]]:
        yield ("text",), self.text
        if self.short:
            yield ("short",), self.short
