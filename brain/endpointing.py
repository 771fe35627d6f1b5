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

from brain.endpoint_weights import PAUSE_S, QUICK_S, SURE, SURE_OF_CLOSED, WEIGHTS
from brain.endpoint_words import Answer, word_features
from brain.expect import Expect, Kind
from media.prosody import Prosody

WHOLE, UNFINISHED = Answer.WHOLE.value, Answer.PART.value
"""Reasons that stand for themselves."""

USUAL_S = 1.5
_SHORTEST_S, _LONGEST_S = 0.3, 3.0
"""How long the beginning of a sentence lasts that is as often all of it. Turns over the last are all long."""
_MOST_FALL_ST = 6.0
_USUAL_FADE_DB, _MOST_FADE_DB = 5.0, 15.0
CLOSED = (Kind.YES_NO, Kind.CHOICE)
"""Answers of a word or two, in which nobody pauses to think."""

_SURE_SCORE = 0.97
"""The audio model is never believed more than so."""
_USUAL_VOICE = 1.0
"""What it says on average, as log-odds: to hear nothing of it is to hear that."""
_USUAL_TAIL_S = 0.2
_MOST_TAIL_S = 0.6
"""What a last syllable takes; what is longer than the second is more than a syllable."""
_MOST_PAUSE_S = 0.6
"""Of a caller's pauses no more than so much counts: somebody who thought for a second need not do it again."""


_TIMELESS = frozenset({"noise", *(answer.value for answer in Answer if answer is not Answer.NONE)})
"""Of words that say themselves how much of an answer they are, and of noise, the length says nothing."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known at a pause. `score` is the audio model's, None until it answers.

    `text` is the newest transcript, None until there is one; `final` whether it covers the whole turn.
    `pauses` is the longest pause after which this caller has gone on speaking in an earlier turn: a pause in this one
    says that they do it, and that it was done. `prosody` is that of the last
    second of speech, None where nothing can be said of it. `lasted_s` is how long the turn has lasted, with its pauses.
    """

    expect: Expect
    text: str | None
    final: bool
    score: float | None
    pauses: float
    prosody: Prosody | None = None
    lasted_s: float = USUAL_S


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
    sure = SURE_OF_CLOSED if evidence.expect.kind in CLOSED else SURE
    wait = min(QUICK_S + PAUSE_S * max(0.0, sure - log_odds), evidence.expect.max_pause_s)
    reason = max(because, key=lambda item: abs(item.log_odds)).name
    # Rounded: a journal has to be read, and to replay where the last bit of a logarithm is another.
    return Decision(round(wait, 3), reason, evidence.score, round(_probability(log_odds), 4), because)


def settled(decision: Decision) -> bool:
    """Whether the words are a whole answer, and the audio model agrees: what is still to be heard changes neither."""
    names = {item.name for item in decision.because}
    agrees = decision.score is not None and decision.score >= 0.5
    return agrees and bool(names & {Answer.WHOLE.value, Answer.LIKELY.value})


def _weighed(evidence: Evidence) -> tuple[Contribution, ...]:
    """All evidence that says something."""
    return tuple(
        Contribution(name, round(value, 3), WEIGHTS[name])
        for name, value in features(evidence).items()
        if value and WEIGHTS[name]
    )


def features(evidence: Evidence) -> dict[str, float]:
    """The value of each piece of evidence by its name in `WEIGHTS`."""
    words = word_features(evidence.expect, evidence.text, evidence.final)
    found = {"a pause": 1.0, **words, **_heard(evidence)}
    if not words.keys() & _TIMELESS:
        found["long"] = log(max(_SHORTEST_S, min(_LONGEST_S, evidence.lasted_s)) / USUAL_S)
    return found


def _heard(evidence: Evidence) -> dict[str, float]:
    """What is known beside the words."""
    values: dict[str, float] = {}
    if evidence.score is not None:
        p = max(1.0 - _SURE_SCORE, min(_SURE_SCORE, evidence.score))
        values["voice"] = log(p / (1.0 - p)) - _USUAL_VOICE
    if (heard := evidence.prosody) is not None:
        values["pitch falls"] = max(-_MOST_FALL_ST, min(_MOST_FALL_ST, heard.fall_st))
        values["fades"] = max(-_MOST_FADE_DB, min(_MOST_FADE_DB, heard.fade_db)) - _USUAL_FADE_DB
        values["last syllable"] = min(heard.tail_s, _MOST_TAIL_S) - _USUAL_TAIL_S
    if evidence.expect.kind not in CLOSED:
        values["caller pauses"] = min(evidence.pauses, _MOST_PAUSE_S)
    return values


def _probability(log_odds: float) -> float:
    return 1.0 / (1.0 + exp(-max(-50.0, min(50.0, log_odds))))
