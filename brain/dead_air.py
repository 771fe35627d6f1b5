"""Dead air: what is said, or kept quiet, while nobody has anything to say.

A reply that takes its time is acknowledged, then excused every few seconds, a few times at most. A caller
who asks for time has it, one who asks whether anybody is there hears so at once, and one who talks for long
hears a low "hmm" now and then. Its times run beside those of the states: `Air.interjection_due`, `Air.backchannel_due`.
"""

from __future__ import annotations

from brain import actions as act
from brain.endpointing import UNFINISHED
from brain.expect import Kind
from brain.floor import Floor, State
from brain.interruption import answers, is_backchannel
from brain.small_talk import asks_for_time, asks_whether_there, ends_in_figures

ACKNOWLEDGE_S = 0.8
"""From the commit; people find a second of silence on the telephone odd."""
PLACEHOLDER_S = (2.0, 4.0)
"""Quiet before the first placeholder, and before each later one: no silence over two seconds where a model has
died, and nobody who waits long for a tool is talked to all the time."""
PLACEHOLDERS = 5
"""So many in one wait; after that the engines' own limits decide."""
APART_S = 2.0
"""Two interjections are never begun nearer to each other."""
THANKS_S = 1.0
"""An "okay" so soon after time was granted is thanks for it."""

LONG_TALK_S = 8.0
"""A caller who has talked for so long may hear a backchannel,"""
BACKCHANNELS_APART_S = 10.0
"""but no two within this,"""
BACKCHANNEL_AFTER_S = 0.35
"""so long after the last sound, where they still haven't gone on, and their words say that they will."""


def await_reply(floor: Floor, now: float) -> None:
    """A turn was committed: its reply is awaited from now on."""
    floor.air.interjections = 0
    floor.air.awaits_reply = floor.air.courtesy is not None and bool(floor.air.courtesy.acknowledgements)
    floor.air.interjection_due = now + ACKNOWLEDGE_S if floor.air.awaits_reply else None


def wait_on(floor: Floor, now: float) -> None:
    """The wait goes on after something else: a sound, a hold, an interjection."""
    air = floor.air
    if air.awaits_reply:
        quiet_s = PLACEHOLDER_S[min(air.interjections - 1, 1)] if air.interjections else ACKNOWLEDGE_S
        air.interjection_due = now + quiet_s


def wait_is_long(floor: Floor, now: float) -> None:
    """It has lasted too long."""
    air = floor.air
    air.interjection_due = None
    if air.courtesy is None or not air.awaits_reply or floor.state not in (State.THINKING, State.IDLE):
        return  # where the wait goes on later, `wait_on` says so
    texts = air.courtesy.placeholders if air.interjections else air.courtesy.acknowledgements
    if not texts or air.interjections > PLACEHOLDERS:
        return
    count = air.interjections - 1 if air.interjections else air.acknowledged
    if not interject(floor, texts[count % len(texts)], now):
        air.interjection_due = air.interjected + APART_S
        return
    air.acknowledged += not air.interjections
    air.interjections += 1
    wait_on(floor, now + APART_S)  # anew, and sooner, when it has been heard


def interject(floor: Floor, text: str, now: float) -> bool:
    """Say `text`, where there is one and nothing of the kind has just been said. Returns whether it was."""
    if not text or now < floor.air.interjected + APART_S:
        return False
    floor.air.interjected = now
    floor.out.append(act.Interject(text))
    return True


def settles(floor: Floor, text: str, now: float) -> bool:
    """Whether a turn that is over, `text`, needs no answer but ours: the question stays, or the reply is awaited on."""
    courtesy, expect = floor.air.courtesy, floor.expect
    if courtesy is None:
        return False
    if courtesy.here and asks_whether_there(text):
        interject(floor, courtesy.here, now)
        return True
    if expect is None or not courtesy.hold_on_s or (expect.kind is Kind.CHOICE and answers(text, expect)):
        return False
    if asks_for_time(text):
        floor.air.granted_until = now + courtesy.hold_on_s
        interject(floor, courtesy.take_your_time, now)
        return True
    assert floor.turn is not None
    thanks = now < floor.air.granted_until and floor.turn.began < floor.silent_since + THANKS_S
    return thanks and is_backchannel(text) and not answers(text, expect)


def grants(floor: Floor, text: str, now: float) -> bool:
    """Whether `text`, said before the question was asked, only asks for time; then the caller has it."""
    courtesy = floor.air.courtesy
    if courtesy is None or not courtesy.hold_on_s or not asks_for_time(text):
        return False
    floor.air.granted_until = now + courtesy.hold_on_s
    return True


def pause_begins(floor: Floor, now: float) -> None:
    """The caller pauses: a backchannel may be due, if they have talked for long."""
    turn, courtesy, expect = floor.turn, floor.air.courtesy, floor.expect
    assert turn is not None
    if courtesy is None or not courtesy.backchannels or expect is None or expect.kind is not Kind.TALK:
        return
    if turn.sounds_until - turn.counts_from >= LONG_TALK_S and now >= floor.air.backchannelled + BACKCHANNELS_APART_S:
        floor.air.backchannel_due = max(now, turn.sounds_until + BACKCHANNEL_AFTER_S)


def backchannel(floor: Floor, now: float) -> None:
    """They have paused for a little: a backchannel, if they will most likely go on. It changes nothing else."""
    floor.air.backchannel_due = None
    turn = floor.turn
    if floor.state is not State.ENDING or turn is None or not turn.over or floor.echo_doubted:
        return
    if turn.text and turn.decision.reason == UNFINISHED and not ends_in_figures(turn.text):
        floor.air.backchannelled = now
        floor.out.append(act.Backchannel())
