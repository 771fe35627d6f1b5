"""`play`: play a recording, or a short sound by name."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from dialplans.scene import Scene
from dialplans.verb import Loc, Speaking
from media.earcons import EARCONS

log = logging.getLogger(__name__)


class Play(Speaking):
    """Play a WAV file, or an earcon. Short form: `play: welcome.wav`, `play: beep`"""

    file: Path
    """The file, from the plan's own folder on; or beep, ready, done, sorry."""

    async def run(self, scene: Scene) -> str | None:
        if self._earcon:
            await scene.earcon(self._earcon, self.interruptible)
            return None
        try:
            await scene.play(self.file, self.interruptible)
        except (OSError, ValueError) as error:
            # It was there when the plan was loaded. A call goes on without it.
            log.warning("can't play %s: %s", self.file, error)
        return None

    @property
    def _earcon(self) -> str:
        name = str(self.file)
        return name if name in EARCONS else ""

    def files(self) -> Iterator[tuple[Loc, Path]]:
        if not self._earcon:
            yield ("file",), self.file
