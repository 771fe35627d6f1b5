"""The life of a call: one enum, one table of what may follow what."""

from __future__ import annotations

from enum import Enum


class CallState(Enum):
    """Where a call is in its life."""

    OFFERED = "offered"  # INVITE came
    RINGING = "ringing"  # 180 sent
    ANSWERED = "answered"  # 200 sent, ACK not seen
    UP = "up"  # ACK seen: the plan runs
    HELD = "held"  # by either side
    ENDING = "ending"  # we hang up
    ENDED = "ended"


_MAY_FOLLOW: dict[CallState, frozenset[CallState]] = {
    CallState.OFFERED: frozenset({CallState.RINGING, CallState.ENDING, CallState.ENDED}),
    CallState.RINGING: frozenset({CallState.ANSWERED, CallState.ENDING, CallState.ENDED}),
    CallState.ANSWERED: frozenset({CallState.UP, CallState.ENDING, CallState.ENDED}),
    CallState.UP: frozenset({CallState.HELD, CallState.ENDING, CallState.ENDED}),
    CallState.HELD: frozenset({CallState.UP, CallState.ENDING, CallState.ENDED}),
    CallState.ENDING: frozenset({CallState.ENDED}),
    CallState.ENDED: frozenset(),
}


class WrongTransition(RuntimeError):
    """A bug: the call was led where it can't go."""


def follow(state: CallState, target: CallState) -> CallState:
    """`target`, if it may follow `state`. Raises WrongTransition."""
    if target not in _MAY_FOLLOW[state]:
        raise WrongTransition(f"{state.value} -> {target.value}")
    return target
