"""How a line sounds, from what its packets say: the E-model, and a ladder of three steps. Pure.

The E-model (ITU-T G.107) rates a connection from 100 down; here with its default values, so that R is 93.2 where
nothing is wrong, less what delay (Idd), codec and loss (Ie-eff) take. Its echo terms are left out: the far end of
this line is a bot, which returns no echo. The scale is the narrow-band one for every codec, because that is what an
8 kHz bridge hears, and calls can be compared.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from math import log2

DEFAULT_R = 93.2
"""G.107 with all its default values."""
DELAY_FREE_MS = 100.0
"""One-way delay that costs nothing (G.107 section 7.4, mT)."""


@dataclass(frozen=True, slots=True)
class Impairment:
    """G.113: what a codec costs (`ie`), and how much loss it takes (`bpl`)."""

    ie: float
    bpl: float


G711_PLC = Impairment(0.0, 25.1)
"""G.711 with packet-loss concealment (G.113 Appendix I, table I.3)."""
IMPAIRMENTS = {
    "pcmu": G711_PLC,
    "pcma": G711_PLC,
    # G.113 has no narrow-band values for these two. Without loss they are no worse than G.711; that they conceal
    # like it is an assumption, on the safe side for Opus.
    "g722": G711_PLC,
    "opus": G711_PLC,
}


def impairment(codec: str) -> Impairment:
    """That of a codec by its name in SDP; one that isn't known counts as G.711."""
    return IMPAIRMENTS.get(codec.lower(), G711_PLC)


def burst_ratio(lost: int, runs: int, loss: float) -> float:
    """G.107's BurstR: the mean length of a run of lost packets over that of random loss, 1 / (1 - loss).

    `lost` packets in `runs` runs, at a share `loss` (0 to 1). At least 1, and 1 where nothing was lost.
    """
    if runs <= 0 or lost <= 0:
        return 1.0
    return max(1.0, lost / runs * (1.0 - min(loss, 1.0)))


def delay_impairment(delay_ms: float) -> float:
    """Idd of a one-way delay from mouth to ear (G.107 section 7.4, with its default sensitivity)."""
    if delay_ms <= DELAY_FREE_MS:
        return 0.0
    x = log2(delay_ms / DELAY_FREE_MS)
    return float(25.0 * ((1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2))


def loss_impairment(codec: Impairment, loss: float, burst: float = 1.0) -> float:
    """Ie-eff of a share of packets lost, 0 to 1, and its burst ratio (G.107 section 7.5)."""
    percent = 100.0 * min(max(loss, 0.0), 1.0)
    return codec.ie + (95.0 - codec.ie) * percent / (percent / max(burst, 1.0) + codec.bpl)


def rating(codec: str, loss: float, burst: float = 1.0, delay_ms: float = 0.0) -> float:
    """The transmission rating factor R, 0 to 93.2."""
    r = DEFAULT_R - delay_impairment(delay_ms) - loss_impairment(impairment(codec), loss, burst)
    return max(0.0, r)


def mos(r: float) -> float:
    """The estimated mean opinion score of a rating, 1 to 4.5 (G.107 Annex B)."""
    if r <= 0.0:
        return 1.0
    if r >= 100.0:
        return 4.5
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


# ---- the ladder ---------------------------------------------------------------------------------------------


class LineStep(Enum):
    """What a conversation can rely on."""

    GOOD = "good"
    """Talk."""
    POOR = "poor"
    """Words get lost: shorter prompts, confirmations."""
    BAD = "bad"
    """Keys."""


@dataclass(frozen=True, slots=True)
class LineSample:
    """What has come in of a line up to `at` (seconds): counts since the call began, in packets.

    `lost` never came, `late` came too late to be played, `runs` are the stretches of lost packets.
    """

    at: float
    codec: str
    packets: int
    lost: int
    late: int
    runs: int


LADDER = (LineStep.GOOD, LineStep.POOR, LineStep.BAD)
FALLS_BELOW = {LineStep.GOOD: 80.0, LineStep.POOR: 60.0}
"""R at which a step is left downwards. ITU-T G.109: from 80 users are satisfied, below 60 nearly all are not. With
G.711 these are 4 % and 13 % of random loss."""
RISES_ABOVE = {LineStep.POOR: 85.0, LineStep.BAD: 70.0}
WINDOW_S = 5.0
"""What a step is judged by: at 3 % some seven packets of 250 are missing."""
FALL_S, RISE_S = 2.0, 8.0
"""For how long the line must be worse, or better, before the step changes."""
LEAST_PACKETS = 50
"""Fewer in the window (a caller who suppresses silence, a hold) say nothing: the step stays."""


class LineWatch:
    """Successive samples of a line in, the step it stands on out. One step at a time, with hysteresis.

    Only what is lost to the ear counts: a long delay makes talk awkward, but no word harder to recognise. Jitter
    counts through the packets that it makes late.
    """

    def __init__(self) -> None:
        self.step = LineStep.GOOD
        self.rating = DEFAULT_R
        """R over the window, without delay; the last one known."""
        self._samples: deque[LineSample] = deque()
        self._since: float | None = None
        self._towards = 0

    def update(self, sample: LineSample) -> LineStep:
        """Take the next sample, of about one a second; the step from now on."""
        samples = self._samples
        samples.append(sample)
        while len(samples) > 2 and samples[1].at <= sample.at - WINDOW_S:
            samples.popleft()
        rating_now = self._rating(samples[0], sample)
        if rating_now is None:
            self._since = None
            return self.step
        self.rating = rating_now
        towards = self._wanted(rating_now)
        if towards != self._towards:
            self._towards, self._since = towards, None
        if towards == 0:
            return self.step
        if self._since is None:
            self._since = sample.at
        elif sample.at - self._since >= (FALL_S if towards > 0 else RISE_S):
            self.step = LADDER[LADDER.index(self.step) + towards]
            self._since = sample.at
        return self.step

    def _wanted(self, rating_now: float) -> int:
        """1 a step down the ladder, -1 up, 0 stay."""
        if rating_now < FALLS_BELOW.get(self.step, 0.0):
            return 1
        return -1 if rating_now > RISES_ABOVE.get(self.step, 100.0) else 0

    @staticmethod
    def _rating(first: LineSample, last: LineSample) -> float | None:
        """R of what lies between two samples; None where too little came to tell."""
        lost, late = max(0, last.lost - first.lost), max(0, last.late - first.late)
        expected = max(0, last.packets - first.packets) + lost
        if expected < LEAST_PACKETS:
            return None
        loss = min(1.0, (lost + late) / expected)
        return rating(last.codec, loss, burst_ratio(lost, last.runs - first.runs, lost / expected))
