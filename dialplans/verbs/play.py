"""`play`: play a recording."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from dialplans.scene import Scene
from dialplans.verb import Loc, Speaking

log = logging.getLogger(__name__)


class Play(Speaking):
    """Play a WAV file. Short form: `play: welcome.wav`"""

    file: Path
    """The file, from the plan's own folder on."""

    async def run(self, scene: Scene) -> str | None:
        try:
            await scene.play(self.file, self.interruptible)
        except (OSError, ValueError) as error:
            # It was there when the plan was loaded. A call goes on without it.
            log.warning("can't play %s: %s", self.file, error)
        return None

    def files(self) -> Iterator[tuple[Loc, Path]]:
        yield ("file",), self.file
