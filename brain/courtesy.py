"""What a plan has the bot say where nobody has the floor: texts and times, none of them decided here."""

from __future__ import annotations

from dataclasses import dataclass

BACKCHANNEL = "Hmm."
"""Both voices hum it; they spell "mm-hm"."""


@dataclass(frozen=True, slots=True)
class Courtesy:
    """How the bot fills dead air while one question is open, and until it is answered. Empty texts aren't said.

    `acknowledgements`, one after another, are for a reply that isn't to be heard `brain.dead_air.ACKNOWLEDGE_S`
    after the commit; `placeholders` for one that still isn't. `take_your_time` answers a caller who says "hold on",
    and who then has `hold_on_s` of quiet (0: "hold on" is an answer like any other). `here` answers "are you there?".
    `backchannels`: a low "hmm" in the pauses of a caller who talks for long.
    """

    acknowledgements: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()
    take_your_time: str = ""
    hold_on_s: float = 0.0
    here: str = ""
    backchannels: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """All that may be said, to be rendered ahead."""
        said = (*self.acknowledgements, *self.placeholders, self.take_your_time, self.here)
        return tuple(text for text in (*said, BACKCHANNEL if self.backchannels else "") if text)
