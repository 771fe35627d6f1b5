"""Who decides that a turn is over: ours, silence alone, and smart-turn as pipecat uses it.

Each policy gives the time of its first decision for a turn, None where it takes none before the recording ends.
A sweep runs one policy at many settings of its own parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.turns.conversation import Journal, committed
from benchmarks.turns.hearing import Known, listened
from benchmarks.turns.items import Turn
from benchmarks.turns.models import Models
from benchmarks.turns.pipecat_turns import Span, spans
from benchmarks.turns.recogniser import SCORE_S, Recogniser
from brain import caller_turn
from brain import events as ev
from brain.turns import TurnManager

Decided = Callable[[Turn], float | None]

BIASES = (-2.25, -1.75, -1.25, -0.9, -0.7, -0.5, -0.25, 0.0, 0.25, 0.5, 0.9, 1.25, 1.75, 2.25, 3.0, 4.0, 6.0, 9.0)
"""In log-odds, from patient to quick."""
SILENCES_S = tuple(ms / 1000 for ms in range(120, 1601, 20))
THRESHOLDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
FALLBACKS_S = (0.3, 0.5, 0.7, 0.9, 1.1, 1.4, 1.8, 2.4, 3.0)
PIPECAT_THRESHOLD = 0.5
PIPECAT_FALLBACK_S = 3.0


@contextmanager
def biased(bias: float) -> Iterator[None]:
    """Our endpointing with `bias` added to its log-odds: more is quicker, 0.0 is as it ships."""
    decide = caller_turn.decide
    caller_turn.decide = partial(decide, bias=bias)
    try:
        yield
    finally:
        caller_turn.decide = decide


def ours(models: Models, turn: Turn) -> tuple[float | None, Journal]:
    """The turn manager as it ships, over the real front end and models."""
    hearing = listened(turn.audio, models.memo).again()
    return committed(turn, hearing, Recogniser(models, hearing), TurnManager())


def silence(known: Known, wait_s: float) -> float | None:
    """Our voice detector alone: over after `wait_s` without speech."""
    quiet_since: float | None = None
    for number in sorted(known.events):
        for event in known.events[number]:
            due = None if quiet_since is None else quiet_since + wait_s
            if due is not None and due < event.at:
                return due
            if isinstance(event, ev.SpeechStarted):
                quiet_since = None
            elif isinstance(event, ev.SpeechStopped):
                quiet_since = event.since
                if quiet_since + wait_s <= event.at:
                    return event.at
    due = None if quiet_since is None else quiet_since + wait_s
    return due if due is not None and due <= known.audio.size / 8000 else None


def smart_turn(found: list[Span], threshold: float, fallback_s: float, lasts_s: float) -> float | None:
    """Smart-turn at every stop of pipecat's voice detector; after `fallback_s` more without speech it is over anyway.

    The transcript that pipecat waits for by default isn't counted.
    """
    for number, span in enumerate(found):
        if span.stopped is None:
            return None
        if span.score > threshold:
            return span.stopped + SCORE_S
        following = found[number + 1].started if number + 1 < len(found) else lasts_s
        if span.stopped + fallback_s <= following:
            return span.stopped + fallback_s
    return None


def pipecat_spans(models: Models, turn: Turn) -> list[Span]:
    """What pipecat's voice detector and smart-turn say about a turn."""
    return spans(turn.audio, models)
