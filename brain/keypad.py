"""Keys against what is asked: collected until they are an answer (RFC 4733 and INFO digits alike)."""

from __future__ import annotations

from brain import actions as act
from brain import events as ev
from brain.expect import Kind
from brain.floor import Floor, State

MAX_KEYS = 64
"""Keys kept for later; of a longer burst the newest."""
_SEVERAL = (Kind.DIGITS, Kind.NAME, Kind.DATE, Kind.TIME, Kind.MONEY, Kind.SPELLED, Kind.NUMBER)
"""Kinds that take more than one key; elsewhere a key is an answer, the terminator's too."""
_KEYS_A_SIGN = {Kind.SPELLED: 2}


def collect(floor: Floor, now: float) -> None:
    """Keys against what is asked: complete, or wait for the next."""
    assert floor.expect is not None
    expect = floor.expect
    head, terminated, rest = floor.keys, "", ""
    limit = 1
    if expect.kind in _SEVERAL:
        limit = expect.max_digits * _KEYS_A_SIGN.get(expect.kind, 1)
        if expect.terminator:
            head, terminated, rest = floor.keys.partition(expect.terminator)
    if len(head) >= limit and not terminated:
        # Complete without the terminator. Many press it all the same: that is no answer to the next question.
        rest = head[limit:]
        if not rest:
            floor.spare, floor.spare_until = expect.terminator, now + expect.between_keys_s
        elif expect.terminator:
            rest = rest.removeprefix(expect.terminator)
        commit_keys(floor, head[:limit], rest)
    elif terminated:
        commit_keys(floor, head[:limit], head[limit:] + rest)
    else:
        floor.go(State.KEYING, now + expect.between_keys_s)


def commit_keys(floor: Floor, keys: str, rest: str = "") -> None:
    floor.turns += 1
    floor.keys = rest
    floor.answer(act.CommitKeys(floor.turns, keys))


def is_spare(floor: Floor, event: ev.KeyPressed) -> bool:
    """Whether this is the terminator after keys that were complete without it. Asked once a key."""
    spare, floor.spare = floor.spare, ""
    return bool(spare) and event.key == spare and event.at <= floor.spare_until


def note_key(floor: Floor, event: ev.KeyPressed) -> None:
    floor.keys = (floor.keys + event.key)[-MAX_KEYS:]


def keying_tick(floor: Floor, event: ev.Tick) -> None:
    commit_keys(floor, floor.keys)
