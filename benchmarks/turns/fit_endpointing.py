"""Fits the weights of brain/endpoint_weights.py: python -m benchmarks.turns.fit_endpointing

The pauses of the tuning half, each with all that was known of it in the end, are told into those at which the turn
was over and those after which the caller went on, by logistic regression. A few hundred pauses, half of them made,
don't say everything: every weight has a normal prior, whose mean was set by hand and whose precision says how far the
data may move it. Prints the table, how well it tells pauses apart that it was not fitted on, and the mean length of
what is left of a pause.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from benchmarks.turns.conversation import Journal
from benchmarks.turns.items import Half, Turn
from benchmarks.turns.models import Models
from benchmarks.turns.policies import biased, ours
from benchmarks.turns.turn_corpus import turns
from brain import events as ev
from brain.endpoint_weights import QUICK_S, WEIGHTS
from brain.endpointing import Evidence, features

Float = npt.NDArray[np.float64]

PATIENCE = 99.0
"""In log-odds: every pause is waited for as long as the plan allows."""
FOLDS = 10


@dataclass(frozen=True, slots=True)
class Prior:
    """What is thought of a weight before any pause was seen."""

    mean: float
    precision: float


FIXED = 1e6
PRIORS: Mapping[str, Prior] = {
    "a pause": Prior(0.0, 0.05),
    "whole answer": Prior(6.0, 2.0),
    "likely whole": Prior(1.5, 10.0),
    "lone yes or no": Prior(-0.7, 40.0),
    "may go on": Prior(-1.5, 5.0),
    "unfinished": Prior(-8.0, 1.0),
    "sentence ends": Prior(0.3, 10.0),
    "question": Prior(0.5, 1.0),
    "small word": Prior(-1.5, 1.0),
    # The corpus's callers are mostly synthetic, and pause where the script says so: what an audio model makes of that
    # says little about people. Fitted freely it is 0.1.
    "voice": Prior(0.35, 200.0),
    "pitch falls": Prior(0.05, 200.0),
    "fades": Prior(0.02, 200.0),
    "last syllable": Prior(0.0, 5.0),
    # The corpus's short sentences are false starts; on the telephone many are questions.
    "long": Prior(0.8, 40.0),
    # Every turn of the corpus is a call of its own: it can't say how a caller's turns are alike.
    "caller pauses": Prior(-1.5, FIXED),
    # Without words: the turn can't be taken as over before they come; who spoke and
    # wasn't understood is told so, but not at once: what comes next may be.
    "no words yet": Prior(-0.5, FIXED),
    "no words": Prior(-0.5, FIXED),
    "noise": Prior(-0.2, FIXED),
}


_SETTLED = ("whole answer", "unfinished")


@dataclass(frozen=True, slots=True)
class Pause:
    """One pause: what was known of it in the end, whether the turn was over, how long it was (None: for good)."""

    turn: str
    evidence: Evidence
    over: bool
    lasted_s: float | None


def pauses_of(models: Models, turn: Turn) -> list[Pause]:
    """All pauses that the voice detector finds in a turn."""
    with biased(PATIENCE):
        _, journal = ours(models, turn)
    return pauses_in(journal, turn)


def pauses_in(journal: Journal, turn: Turn) -> list[Pause]:
    """The pauses of a journal. One after which only noise comes is the turn's end."""
    found: list[Pause] = []
    known, began, stopped, prosody = Evidence(turn.expect, None, False, None, 0.0), None, None, None

    def close(goes_on: float | None) -> None:
        if stopped is not None:
            more = goes_on is not None and goes_on < turn.ends_s
            found.append(Pause(turn.name, known, not more, None if goes_on is None else goes_on - stopped))

    for event, _ in journal.lines:
        match event:
            case ev.Prosody(contour=contour):
                prosody = contour
            case ev.SpeechStopped(since=since):
                stopped = since
                lasted = since - (since if began is None else began)
                known = Evidence(turn.expect, known.text, False, None, 0.0, prosody, lasted)
            case ev.TurnScore(probability=score):
                known = replace(known, score=score)
            case ev.FinalText(text=text):
                known = replace(known, text=text, final=True)
            case ev.PartialText(text=text) if not known.final:
                known = replace(known, text=text)
            case ev.SpeechStarted(since=since):
                close(since)
                began = since if began is None else began
                stopped = prosody = None
    close(None)
    return found


def fitted(values: Float, over: npt.NDArray[np.bool_], priors: Sequence[Prior]) -> Float:
    """The most likely weights, by Newton's method with halved steps."""
    mean = np.array([prior.mean for prior in priors])
    precision = np.array([prior.precision for prior in priors])

    def loss(weights: Float) -> float:
        odds = np.where(over, 1.0, -1.0) * (values @ weights)
        return float(np.logaddexp(0.0, -odds).sum() + 0.5 * (precision * (weights - mean) ** 2).sum())

    weights = mean.copy()
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(values @ weights, -40.0, 40.0)))
        slope = values.T @ (p - over) + precision * (weights - mean)
        bend = (values * (p * (1.0 - p))[:, None]).T @ values + np.diag(precision)
        step, size = np.linalg.solve(bend, slope), 1.0
        while loss(weights - size * step) > loss(weights) and size > 1e-6:
            size /= 2.0
        weights = weights - size * step
    return weights


def ranked(odds: Float, over: npt.NDArray[np.bool_]) -> float:
    """How often a pause that was the end has the higher odds of two (the area under the ROC curve)."""
    ends, inner = odds[over], odds[~over]
    return float((ends[:, None] > inner[None, :]).mean() + 0.5 * (ends[:, None] == inner[None, :]).mean())


def main() -> int:
    """Fit, and print the table."""
    models = Models()
    pauses = [pause for turn in turns(Half.TUNING) for pause in pauses_of(models, turn)]
    told = [p for p in pauses if p.evidence.text and (p.over or (p.lasted_s or 0.0) >= QUICK_S)]
    names = list(WEIGHTS)
    priors = [PRIORS[name] for name in names]
    seen = [features(pause.evidence) for pause in told]
    values = np.array([[each.get(name, 0.0) for name in names] for each in seen])
    over = np.array([pause.over for pause in told])
    weights = fitted(values, over, priors)
    fold = np.array([hash_of(pause.turn) % FOLDS for pause in told])
    odds = np.zeros(len(told))
    for number in range(FOLDS):
        held = fold == number
        odds[held] = values[held] @ fitted(values[~held], over[~held], priors)
    left = [p.lasted_s - QUICK_S for p in told if not p.over and p.lasted_s is not None]
    print(f"{len(told)} pauses of {QUICK_S} s or more, {over.sum()} of them ends")
    for name, weight in zip(names, weights, strict=True):
        count = int((values[:, names.index(name)] != 0).sum())
        print(f'    "{name}": {weight:.2f},  # {count} pauses; prior {PRIORS[name].mean} at {PRIORS[name].precision:g}')
    print(f"held out: area under the ROC curve {ranked(odds, over):.3f}")
    undecided = np.array([not values[row, [names.index(n) for n in _SETTLED]].any() for row in range(len(told))])
    voice = values[:, names.index("voice")]
    alone = ranked(voice[undecided], over[undecided])
    print(f"of the {undecided.sum()} that the words leave open, by the audio model alone: {alone:.3f}")
    print(f"what is left of a pause after {QUICK_S} s: {np.mean(left):.3f} s on average")
    print(json.dumps({name: round(float(weight), 2) for name, weight in zip(names, weights, strict=True)}))
    return 0


def hash_of(name: str) -> int:
    """A number that belongs to a name, the same in every run."""
    return sum(ord(letter) * (index + 1) for index, letter in enumerate(name))


if __name__ == "__main__":
    sys.exit(main())
