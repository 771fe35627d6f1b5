"""Has the caller finished? Evidence in, a deadline out.

The caller's silence alone says little: people pause for half a second inside a phone number. So all that is known
at a pause is weighed into one probability that the turn is over: what was said so far, what the plan expects, an
audio model of how turns end, the prosody, and how long this caller has paused before going on. It is a logistic
model: each piece of evidence adds its value times its weight to the log-odds, and says so in the decision.

Silence is evidence too. Pauses inside turns are about exponential past their first fifth of a second: with every
`PAUSE_S` of silence the odds that the caller goes on shrink by e. So the log-odds grow in proportion to time, and
the deadline is when they reach `SURE`:

    wait = QUICK_S + PAUSE_S * max(0, SURE - log-odds),    at most what the plan allows

Times are seconds of silence, counted from the caller's last sound.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

from brain.endpoint_weights import BASE, PAUSE_S, QUICK_S, SURE, WEIGHTS
from brain.endpoint_words import Answer, word_features
from brain.expect import Expect
from media.prosody import Prosody

WHOLE, UNFINISHED = Answer.WHOLE.value, Answer.PART.value
"""Reasons that stand for themselves."""

_SURE_SCORE = 0.97
"""The audio model is never believed more than so."""
_USUAL_TAIL_S = 0.2
_MOST_TAIL_S = 0.4
"""A last syllable is drawn out from the first on; longer than both together, it is voiced speech without a break."""
_MOST_PAUSE_S = 0.6
"""Of a caller's pauses no more than so much counts: somebody who thought for a second need not do it again."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known at a pause. `score` is the audio model's, None until it answers.

    `text` is the newest transcript, None until there is one; `final` whether it covers the whole turn.
    `pauses` is the longest pause after which this caller has gone on speaking. `prosody` is that of the last
    second of speech, None where nothing can be said of it.
    """

    expect: Expect
    text: str | None
    final: bool
    score: float | None
    pauses: float
    prosody: Prosody | None = None


@dataclass(frozen=True, slots=True)
class Contribution:
    """One piece of evidence: it adds `value` times `weight` to the log-odds that the turn is over."""

    name: str
    value: float
    weight: float

    @property
    def log_odds(self) -> float:
        """What it adds."""
        return self.value * self.weight


@dataclass(frozen=True, slots=True)
class Decision:
    """Wait `wait_s` after the last sound; `reason` is the strongest evidence.

    `p` is the probability, at the pause, that the turn is over, and `because` what it was made of; None and
    empty where nothing was weighed.
    """

    wait_s: float
    reason: str
    score: float | None = None
    p: float | None = None
    because: tuple[Contribution, ...] = ()


def decide(evidence: Evidence, bias: float = 0.0) -> Decision:
    """How long to wait before the turn is taken as over. `bias` is added to the log-odds: more is quicker."""
    because = _weighed(evidence)
    log_odds = sum(item.log_odds for item in because) + bias
    wait = min(QUICK_S + PAUSE_S * max(0.0, SURE - log_odds), evidence.expect.max_pause_s)
    strongest = max(because, key=lambda item: abs(item.log_odds), default=None)
    reason = strongest.name if strongest is not None else "nothing known"
    # Rounded: a journal has to be read, and to replay where the last bit of a logarithm is another.
    return Decision(round(wait, 3), reason, evidence.score, round(_probability(log_odds), 4), because)


def settled(decision: Decision) -> bool:
    """Whether the words are a whole answer, and neither the audio model nor anything else leaves a doubt of it."""
    names = {item.name for item in decision.because}
    agrees = decision.score is not None and decision.score >= 0.5
    return agrees and bool(names & {Answer.WHOLE.value, Answer.LIKELY.value}) and decision.wait_s <= QUICK_S


def _weighed(evidence: Evidence) -> tuple[Contribution, ...]:
    """All evidence that says something."""
    values = {**word_features(evidence.expect, evidence.text, evidence.final), **_heard(evidence)}
    base = BASE.get(evidence.expect.kind, 0.0)
    found = [Contribution("base", 1.0, base)] if base else []
    for name, value in values.items():
        if value and WEIGHTS[name]:
            found.append(Contribution(name, round(value, 3), WEIGHTS[name]))
    return tuple(found)


def _heard(evidence: Evidence) -> dict[str, float]:
    """What is known beside the words."""
    values: dict[str, float] = {}
    if evidence.score is not None:
        p = max(1.0 - _SURE_SCORE, min(_SURE_SCORE, evidence.score))
        values["voice"] = log(p / (1.0 - p))
    if (heard := evidence.prosody) is not None:
        values["pitch falls"] = heard.fall_st
        values["fades"] = heard.fade_db
        values["drawn out"] = max(0.0, min(_MOST_TAIL_S, heard.tail_s - _USUAL_TAIL_S))
    values["caller pauses"] = min(evidence.pauses, _MOST_PAUSE_S)
    return values


def _probability(log_odds: float) -> float:
    return 1.0 / (1.0 + exp(-max(-50.0, min(50.0, log_odds))))
