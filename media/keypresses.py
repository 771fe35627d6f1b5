"""Keys that arrive in up to three ways, each press once: telephone-events, SIP INFO, tones in the audio.

A report says that a key went down no later than it claims, and earlier by at most what its way may be late:
an interval. Two reports of the same key by different ways whose intervals overlap are one press. A way tells of
equal keys in their order, so a report is matched with the oldest press that fits and that its way hasn't told of:
a quick "55" by INFO, late, is the two that telephone-events told of.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum


class Way(Enum):
    """How a key arrived."""

    RFC4733 = "rfc4733"
    INFO = "info"
    INBAND = "inband"


LATE_S = {Way.RFC4733: 0.3, Way.INFO: 1.0, Way.INBAND: 0.4}
"""How much later than the key itself a report may claim it was. Telephone-events: the network, and gateways that
hear a tone before they send one. INFO: TCP that repeats, phones that send it on release. In-band: the buffer."""

_KEPT = 64


@dataclass(frozen=True, slots=True)
class Keypress:
    """`symbol` was pressed; `way` is the first that told, at `at` (seconds, the caller's clock)."""

    symbol: str
    at: float
    way: Way


@dataclass(slots=True)
class _Press:
    symbol: str
    earliest: float
    latest: float
    ways: set[Way]


class Keypresses:
    """One call's keys. Pure; bounded memory.

    Tones are no longer counted once a telephone-event came: a phone that sends those may leave its tone in the
    audio or not, and what the jitter buffer does to it is no reason to count it twice. That lasts until the
    stream changes (`stream_changed`), since another phone may then be at its other end. INFO always counts.

    Two presses of one key within a second, of which one way told only of the first and another only of the
    second, are taken for one: nothing in them says otherwise.
    """

    def __init__(self) -> None:
        self._presses: deque[_Press] = deque(maxlen=_KEPT)
        self._events_seen = False

    @property
    def wants_tones(self) -> bool:
        """Whether in-band detection is of use; where it isn't, needn't be run."""
        return not self._events_seen

    def stream_changed(self) -> None:
        """A re-INVITE, another SSRC or another codec: whoever sends now may send no telephone-events."""
        self._events_seen = False

    def report(self, way: Way, symbol: str, onset: float, now: float, held_s: float = 0.0) -> list[Keypress]:
        """`way` tells at `now` that `symbol` went down at `onset`, perhaps `held_s` before (the duration that
        a telephone-event or INFO gives; whether it counts from the press or to the release, nobody knows).

        Returns the press if this is the first report of it. `onset` and `now` are seconds on one clock.
        """
        if way is Way.RFC4733:
            self._events_seen = True
        elif way is Way.INBAND and self._events_seen:
            return []
        earliest = onset - LATE_S[way] - held_s
        for press in self._presses:
            if (
                press.symbol == symbol
                and way not in press.ways
                and press.earliest <= onset
                and earliest <= press.latest
            ):
                press.earliest, press.latest = max(press.earliest, earliest), min(press.latest, onset)
                press.ways.add(way)
                return []
        self._presses.append(_Press(symbol, earliest, onset, {way}))
        return [Keypress(symbol, now, way)]
