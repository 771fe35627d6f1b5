"""Who speaks when: a table from (state, event) to actions, with time as an argument.

    manager.handle(event) -> actions          every event carries its time, `event.at`
    manager.deadline() -> when to send Tick   None where nothing is timed

The manager never sleeps, awaits, logs or reads a clock, so a conversation runs in a test in milliseconds
and the journal of a call's events replays to the same actions.

The states, and what may follow:

    IDLE       nobody has the floor: the plan is between two verbs
    SPEAKING   the bot speaks                             -> DUCKED on a sound, LISTENING or IDLE at its end
    DUCKED     it speaks lower: a sound may be speech     -> PAUSED when it is, SPEAKING when it isn't
    DOUBTING   the same, judged by words: maybe an echo   -> SPEAKING, or the caller's as from PAUSED
    PAUSED     it holds its place while we judge          -> SPEAKING (a backchannel), HEARING or ENDING (a real one),
                                                             DOUBTING where it is over and no word known
    OVERHEARING  nothing may stop it; the caller is heard -> HEARING or ENDING at the prompt's end
    LISTENING  the caller's turn, not begun               -> HEARING, KEYING, or no input after a silence
    HEARING    the caller speaks                          -> ENDING at every pause
    ENDING     a pause: is the turn over?                 -> HEARING if they go on, THINKING at the deadline
    KEYING     keys are coming                            -> THINKING when they are complete
    THINKING   the plan prepares what to say              -> SPEAKING, HEARING when the caller adds something
    HELD       on hold: silent and deaf                   -> the state before; ENDING or PAUSED with a turn begun
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from brain import actions as act
from brain import caller_turn, dead_air, keypad, overlap
from brain import events as ev
from brain.caller_turn import await_caller, await_prompt, listen, weigh
from brain.expect import Expect
from brain.floor import Floor, Prompt, State, Turn
from brain.interruption import fits

ALREADY_ANSWERING_S = 1.0
"""Where a question has no prompt of its own, speech that began so long before is an answer to it."""


class TurnManager:
    """One call's turns. Not thread-safe; one owner calls it."""

    def __init__(self, floor: Floor | None = None) -> None:
        self._floor = floor or Floor()

    @property
    def floor(self) -> Floor:
        """All that it knows, to look at."""
        return self._floor

    @property
    def state(self) -> State:
        """Who has the floor."""
        return self._floor.state

    def handle(self, event: ev.Event) -> tuple[act.Action, ...]:
        """What to do about `event`, in order. Events that a state has no use for do nothing."""
        floor = self._floor
        floor.out = []
        if isinstance(event, ev.Tick):
            if floor.air.interjection_due is not None and event.at >= floor.air.interjection_due:
                dead_air.wait_is_long(floor, event.at)
            if floor.air.backchannel_due is not None and event.at >= floor.air.backchannel_due:
                dead_air.backchannel(floor, event.at)
            if floor.timer is None or event.at < floor.timer:
                return tuple(floor.out)  # its time was moved while it was on the way
        handler = _TABLE.get((floor.state, type(event))) or _ANYWHERE.get(type(event))
        if handler is not None:
            handler(floor, event)
        return tuple(floor.out)

    def deadline(self) -> float | None:
        """When the next Tick is due, on the clock of `event.at`."""
        floor = self._floor
        timers = (floor.timer, floor.air.interjection_due, floor.air.backchannel_due)
        return min((due for due in timers if due is not None), default=None)


# ---- the plan, the line, the engines -----------------------------------------------------------------------


def _asked(floor: Floor, event: ev.Asked) -> None:
    expect, now = event.expect, event.at
    floor.expect, floor.silent_since, floor.backchannel = expect, now, None
    floor.open_since = inf if event.prompt else now - ALREADY_ANSWERING_S
    _sift(floor, event)
    if floor.state in (State.HEARING, State.ENDING):
        _asked_while_caller_speaks(floor, expect, now)
    elif floor.state in (State.IDLE, State.THINKING, State.LISTENING):
        if expect.voice and floor.lost(now):
            floor.cannot_hear()
        elif event.prompt and _nothing_yet(floor, expect):
            await_prompt(floor, now)
        else:
            await_caller(floor, now)


def _sift(floor: Floor, event: ev.Asked) -> None:
    """Of what was said and pressed before the question, keep what may answer it."""
    expect, pending = event.expect, floor.pending
    floor.air.courtesy = expect.courtesy
    if not event.prompt:
        floor.reply_over()
    if pending is not None and (dead_air.grants(floor, pending.text, event.at) or not fits(expect, pending.text)):
        floor.pending = None
    floor.keys = "".join(filter(expect.means, floor.keys))


def _asked_while_caller_speaks(floor: Floor, expect: Expect, now: float) -> None:
    if not expect.voice or (expect.keys and floor.keys):
        floor.forget_turn()
        await_caller(floor, now)
    elif floor.state is State.ENDING:
        weigh(floor, now)


def _nothing_yet(floor: Floor, expect: Expect) -> bool:
    """Whether there is no answer, nor the beginning of one, from before the question."""
    talking = floor.talking_since is not None and expect.voice
    return not (floor.keys and expect.keys) and floor.pending is None and not talking


def _withdrawn(floor: Floor, event: ev.AskWithdrawn) -> None:
    floor.expect, floor.open_since, floor.backchannel = None, inf, None
    floor.air.courtesy, floor.air.granted_until = None, 0.0
    floor.reply_over()
    floor.drop_speculation()
    if floor.state is State.KEYING:
        floor.keys = ""
    if floor.state in (State.LISTENING, State.KEYING, State.THINKING):
        floor.go(State.IDLE)


def _voice_started(floor: Floor, event: ev.SpeechStarted) -> None:
    floor.talking_since = event.since


def _voice_stopped(floor: Floor, event: ev.SpeechStopped) -> None:
    floor.talking_since = None


def _stt_failed(floor: Floor, event: ev.SttFailed) -> None:
    """A turn under way is kept: the recogniser may be back, with all of its audio, before it ends."""
    if floor.deaf_since is None:
        floor.deaf_since = event.at
    if floor.state is State.LISTENING:
        listen(floor, event.at)


def _stt_recovered(floor: Floor, event: ev.SttRecovered) -> None:
    floor.deaf_since = None
    if floor.turn is not None and floor.turn.request:
        floor.turn.requested = event.at  # the question is asked again
    if floor.state is State.LISTENING:
        listen(floor, event.at)


def _hold(floor: Floor, event: ev.HoldChanged) -> None:
    """The turn under way stops here, and is kept: what was said of it so far is asked for at once."""
    if not event.held:
        return
    turn = floor.turn
    if turn is not None and not turn.over:
        turn.over, turn.sounds_until = True, event.at
        floor.request(event.at)
    floor.talking_since, floor.backchannel = None, None
    if floor.state in (State.DUCKED, State.DOUBTING):
        floor.out.append(act.Unduck())
    if floor.prompt is not None and floor.state is not State.PAUSED:
        floor.out.append(act.PausePlayout())
    floor.held_from = floor.state
    floor.go(State.HELD)


def _held_prompt(floor: Floor, event: ev.PromptStarted) -> None:
    floor.prompt = Prompt(event.utterance, event.interruptible, event.interjection)
    if floor.expect is not None and not event.interjection:
        floor.open_since = min(floor.open_since, event.at)
    floor.out.append(act.PausePlayout())


def _held_asked(floor: Floor, event: ev.Asked) -> None:
    floor.expect, floor.silent_since = event.expect, event.at
    floor.open_since = inf if event.prompt else event.at
    _sift(floor, event)


def _unhold(floor: Floor, event: ev.HoldChanged) -> None:
    if event.held:
        return
    floor.silent_since = event.at
    dead_air.wait_on(floor, event.at)
    if floor.turn is not None and overlap.may_go_on(floor):
        _resume_turn(floor, floor.turn, event.at)
        return
    if floor.turn is not None and floor.prompt is not None and floor.hears(event.at):
        floor.out.append(act.ResumePlayout())
        floor.go(State.OVERHEARING)
        return
    floor.forget_turn()
    if floor.prompt is not None:
        floor.out.append(act.ResumePlayout())
        floor.go(State.SPEAKING)
    elif floor.prompt_coming() and floor.pending is None:
        await_prompt(floor, event.at)
    elif floor.expect is None and floor.held_from is State.THINKING:
        floor.go(State.THINKING)
    else:
        await_caller(floor, event.at)


def _resume_turn(floor: Floor, turn: Turn, now: float) -> None:
    """The turn is in a pause that begins now: it is over when it is complete, and goes on with the caller."""
    turn.on_hold_s += now - turn.sounds_until
    turn.sounds_until = now
    if floor.prompt is not None:
        floor.drop_speculation()
        floor.paused_at = None
        floor.go(State.PAUSED)
        overlap.judge_overlap(floor, now)
    else:
        floor.go(State.ENDING)
        weigh(floor, now)


# ---- the table ---------------------------------------------------------------------------------------------

_QUIET = (State.IDLE, State.LISTENING, State.THINKING)
_OVER_BOT = (State.SPEAKING, State.DUCKED)
_JUDGED = (State.PAUSED, State.DOUBTING)

_TABLE: dict[tuple[State, type[Any]], Callable[..., None]] = {}
"""What each state does with each event; filled below, row by row."""


def _row(states: tuple[State, ...], event: type[Any], handler: Callable[..., None]) -> None:
    for state in states:
        _TABLE[state, event] = handler


_row((*_QUIET, State.SPEAKING), ev.PromptStarted, overlap.prompt_started)
_row((State.KEYING,), ev.PromptStarted, overlap.prompt_over_keys)
_row((State.HEARING, State.ENDING), ev.PromptStarted, overlap.prompt_over_caller)
_row((State.HELD,), ev.PromptStarted, _held_prompt)
_row((State.SPEAKING,), ev.SpeechMaybe, overlap.maybe_over_bot)
_row((State.ENDING,), ev.SpeechMaybe, caller_turn.sound_in_pause)
_row((State.LISTENING,), ev.SpeechMaybe, caller_turn.sound_in_silence)
_row(_JUDGED, ev.SpeechMaybe, overlap.overlap_sound)
_row(_OVER_BOT, ev.SpeechStarted, overlap.speech_over_bot)
_row(_JUDGED, ev.SpeechStarted, overlap.overlap_speech)
_row((State.OVERHEARING,), ev.SpeechStarted, overlap.overheard_speech)
_row(_QUIET, ev.SpeechStarted, caller_turn.turn_begins)
_row((State.ENDING,), ev.SpeechStarted, caller_turn.turn_goes_on)
_row(_JUDGED, ev.SpeechStopped, overlap.overlap_pause)
_row((State.DOUBTING,), ev.EchoChanged, overlap.doubt_changed)
_row(_JUDGED, ev.DistanceChanged, overlap.overlap_distance)
_row((State.OVERHEARING,), ev.SpeechStopped, overlap.overheard_pause)
_row((State.HEARING,), ev.SpeechStopped, caller_turn.pause_begins)
for _text in (ev.PartialText, ev.FinalText):
    _row(_JUDGED, _text, overlap.overlap_text)
    _row((State.OVERHEARING,), _text, overlap.overheard_text)
    _row((State.HEARING,), _text, caller_turn.hearing_text)
    _row((State.ENDING,), _text, caller_turn.ending_text)
    _row((State.HELD,), _text, caller_turn.held_text)
_row((State.DUCKED,), ev.Tick, overlap.unduck)
_row(_JUDGED, ev.Tick, overlap.overlap_tick)
_row((State.THINKING,), ev.Tick, caller_turn.thinking_tick)
_row((State.HEARING,), ev.Tick, caller_turn.hearing_tick)
_row((State.ENDING,), ev.Tick, caller_turn.ending_tick)
_row((State.KEYING,), ev.Tick, keypad.keying_tick)
_row((State.LISTENING,), ev.Tick, caller_turn.listening_tick)
_row((State.HELD,), ev.HoldChanged, _unhold)
_row((State.HELD,), ev.Asked, _held_asked)
_row((State.HELD,), ev.KeyPressed, lambda floor, event: None)
_row((State.HELD,), ev.SpeechStarted, lambda floor, event: None)

_ANYWHERE: dict[type[Any], Callable[..., None]] = {
    ev.PromptEnded: overlap.prompt_ended,
    ev.SpeechStarted: _voice_started,
    ev.SpeechStopped: _voice_stopped,
    ev.TurnScore: caller_turn.scored,
    ev.Prosody: caller_turn.sounded,
    ev.EchoChanged: overlap.echo_changed,
    ev.DistanceChanged: overlap.distance_changed,
    ev.KeyPressed: caller_turn.key,
    ev.Asked: _asked,
    ev.AskWithdrawn: _withdrawn,
    ev.SttFailed: _stt_failed,
    ev.SttRecovered: _stt_recovered,
    ev.HoldChanged: _hold,
}
