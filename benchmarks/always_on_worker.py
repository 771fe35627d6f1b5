"""A call worker in which every stage works on every frame: python -m benchmarks.always_on_worker SETTINGS.json

Only for benchmarks: what would a call cost if nothing were ever left out? In each call the echo canceller runs its
filter, the voice detector's model hears everything, tones are looked for, and the gain is at work. To
force that it reaches into their private parts, which nothing else does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from brain import ear
from media.echo import EchoCanceller
from media.frame import Pcm
from media.keypresses import Keypresses
from media.levels import Levels
from media.vad import Activity, Vad, VadEvent
from telephony import call_keys
from telephony.config import Config
from telephony.worker import Worker, allow_files


class BusyEcho(EchoCanceller):
    """Cancels at a delay of nothing, whatever is heard."""

    active = True  # type: ignore[assignment]

    def __init__(self, rate_hz: int) -> None:
        super().__init__(rate_hz)
        self._wake()
        self._move(0)

    def _look(self) -> None:
        self._to_look = 1 << 30


class BusyVad(Vad):
    """Its model hears silence too."""

    def feed(self, frame: Pcm, position: int) -> tuple[VadEvent, ...]:
        events = super().feed(frame, position)
        if self.activity is Activity.QUIET:
            self._silero.feed(frame)
        return events


class BusyLevels(Levels):
    """Its gain always moves."""

    def process(self, frame: Pcm, activity: Activity) -> Pcm:
        self._gain_db = 1.0 if self._gain_db != 1.0 else 1.5
        return super().process(frame, activity)


class BusyKeypresses(Keypresses):
    """Wants tones for ever."""

    wants_tones = True  # type: ignore[assignment]


async def work(settings: Path) -> int:
    """The worker of `settings`, busy."""
    ear.EchoCanceller, ear.Vad, ear.Levels = BusyEcho, BusyVad, BusyLevels  # type: ignore[misc]
    call_keys.Keypresses = BusyKeypresses  # type: ignore[misc]
    row = json.loads(settings.read_text())
    return await Worker(Config.model_validate(row["config"]), row["speech"], row["llm"]).run()


if __name__ == "__main__":
    allow_files()
    sys.exit(asyncio.run(work(Path(sys.argv[1]))))
