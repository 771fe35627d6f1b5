"""What is known of the caller's turn at its end: its words, whether they are all, and whether they may answer."""

from __future__ import annotations

from brain.endpointing import settled
from brain.expect import Kind
from brain.floor import FINAL_LIMIT_S, Floor, Turn
from brain.interruption import WORD_S, fits, is_backchannel

UNHEARD_S = 0.08
"""What a partial may lack of the turn's sound: the fading of its last syllable."""
SPOKE_S = 0.8
"""Speech of this length in which the recogniser finds no word is somebody who can't be understood; what is shorter is a
cough or a hum."""

_CLOSED = (Kind.YES_NO, Kind.CHOICE, Kind.DIGITS)


def all_said(floor: Floor, turn: Turn) -> str:
    """The turn's words, behind those of an earlier one that nobody has taken yet."""
    return f"{floor.pending.text} {turn.text}" if floor.pending else turn.text or ""


def may_answer(floor: Floor, turn: Turn) -> bool:
    """Whether the turn may answer what is asked: one that began before the question has to fit it."""
    if floor.expect is None:
        return not is_backchannel(turn.text or "")
    return turn.began >= floor.open_since or fits(floor.expect, all_said(floor, turn))


def heard_enough(floor: Floor, turn: Turn) -> bool:
    """Whether the turn may end on a partial: it covers all that was said, and holds a whole answer beyond doubt.

    The last of a sound that it may lack is too short for a word. Only where another word would be another answer:
    the end of a name or of a sentence is better heard whole.
    """
    if floor.expect is None or floor.expect.kind not in _CLOSED:
        return False
    heard = turn.heard_until is not None and turn.heard_until >= turn.sounds_until - UNHEARD_S
    return heard and settled(turn.decision)


def final_limit(floor: Floor, turn: Turn) -> float:
    """How long to wait for the final: longer while the recogniser restarts, or where the partial lacks words."""
    longest, since = turn.sounds_until + 2 * FINAL_LIMIT_S, max(turn.requested, floor.deaf_since or 0.0)
    return longest if turn.text is not None and lags(turn) else min(since + FINAL_LIMIT_S, longest)


def lags(turn: Turn) -> bool:
    """Whether the newest partial covers too little of the turn to stand for it. A hold leaves what there is."""
    heard = turn.heard_until if turn.over and not turn.final and not turn.on_hold_s else None
    return heard is not None and heard < turn.sounds_until - WORD_S


def unclear(floor: Floor, turn: Turn) -> bool:
    """Whether the caller has spoken, to the question, and no word of it could be understood: they must be told.

    Not while they look for something: then it is no answer.
    """
    asked = floor.expect is not None and turn.began >= max(floor.open_since, floor.air.granted_until)
    return asked and turn.over and turn.final and turn.sounds_until - turn.counts_from >= SPOKE_S
