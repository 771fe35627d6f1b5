"""The caller's turn: begun, paused, gone on with, ended, committed."""

from __future__ import annotations

from brain import actions as act
from brain import dead_air
from brain import events as ev
from brain.endpointing import UNFINISHED, Decision, Evidence, decide
from brain.expect import Expect, Interruptible, Kind
from brain.floor import DEAF_GRACE_S, FINAL_LIMIT_S, Floor, State, Turn
from brain.keypad import collect, is_spare, note_key
from brain.small_talk import asks_for_time, asks_whether_there
from brain.turn_known import all_said, final_limit, heard_enough, lags, may_answer, unclear

LONGEST_TURN_S = 30.0
"""Speech longer than this is cut into turns."""
NOISE_S = 8.0
"""After so much "speech" without a word the recogniser is asked whether it is noise."""
LONGEST_RUN_UP_S = 8.0
"""Speech that went on before it mattered is heard from so long ago."""
AFTER_NOISE_S = 2.0
"""Silence that a caller is granted after a noise, before it counts as no input."""
NOISE_LIMIT_S = 6.0
"""Noises don't put off no input for longer than this."""
MAYBE_HOLDS_S = 0.16
"""A sound in a pause holds the decision this long: the voice detector mostly decides within it."""
MAYBE_MOST_S = 0.36
"""All sounds together hold it no longer than this."""
PROMPT_LIMIT_S = 5.0
"""A prompt that isn't there by then: listen without it."""

OPEN = Expect()
"""What is expected where nobody asked."""


def await_caller(floor: Floor, now: float) -> None:
    """The floor is free: whoever is already talking has it, else we listen, if anybody asked."""
    expect = floor.expect
    if expect is not None and not expect.keys:
        floor.keys = ""
    if expect is not None and floor.keys:
        collect(floor, now)
    elif floor.talking_since is not None and floor.hears(now):
        begin_turn(floor, floor.talking_since, now)
    elif expect is None:
        floor.go(State.IDLE)
        dead_air.wait_on(floor, now)
    elif floor.pending is not None:
        answer(floor, floor.pending, now)
    else:
        floor.patience = max(floor.silent_since + expect.silence_s, floor.air.granted_until)
        listen(floor, now)


def answer(floor: Floor, commit: act.Commit, now: float) -> None:
    """The caller has answered, and the reply is awaited."""
    floor.answer(commit)
    dead_air.await_reply(floor, now)


def go_on_waiting(floor: Floor, now: float) -> None:
    """As before something that was beside the conversation: for the reply, its audio, or the caller."""
    expect = floor.expect
    beginning = floor.pending is not None or bool(floor.keys) or floor.talking_since is not None
    if expect is not None and floor.prompt_coming() and not beginning:
        await_prompt(floor, now)
        dead_air.wait_on(floor, now)
    else:
        await_caller(floor, now)


def listen(floor: Floor, now: float) -> None:
    """Wait for the caller while the plan's patience lasts, and while they can be heard."""
    assert floor.expect is not None
    voice = floor.expect.voice
    if voice and floor.lost(now):
        floor.cannot_hear()
    elif now >= floor.patience:
        floor.no_input()
    elif voice and floor.deaf_since is not None:
        floor.go(State.LISTENING, min(floor.patience, floor.deaf_since + DEAF_GRACE_S))
    else:
        floor.go(State.LISTENING, floor.patience)


def await_prompt(floor: Floor, now: float) -> None:
    """The question is asked, its prompt is on its way; if it doesn't come, the question stands without it."""
    limit = floor.silent_since + PROMPT_LIMIT_S
    if now < limit:
        floor.go(State.THINKING, limit)
        if floor.air.interjection_due is None:
            dead_air.wait_on(floor, now)
    else:
        floor.open_since = floor.silent_since = now
        await_caller(floor, now)


def thinking_tick(floor: Floor, event: ev.Tick) -> None:
    await_prompt(floor, event.at)


def begin_turn(floor: Floor, since: float, now: float) -> None:
    turn = floor.new_turn(max(since, now - LONGEST_RUN_UP_S))
    floor.go(State.HEARING, max(now, turn.began + NOISE_S))


def turn_begins(floor: Floor, event: ev.SpeechStarted) -> None:
    floor.talking_since = event.since
    if floor.hears(event.at):
        begin_turn(floor, event.since, event.at)


def pause_begins(floor: Floor, event: ev.SpeechStopped) -> None:
    assert floor.turn is not None
    floor.talking_since = None
    floor.turn.over, floor.turn.sounds_until = True, event.since
    floor.request(event.at)
    floor.go(State.ENDING)
    dead_air.pause_begins(floor, event.at)
    weigh(floor, event.at)


def turn_goes_on(floor: Floor, event: ev.SpeechStarted) -> None:
    turn = floor.turn
    assert turn is not None
    floor.talking_since = event.since
    if not turn.over:
        return  # cut because it was too long: this is the next turn's
    floor.drop_speculation()
    if turn.text:
        turn.paused = max(turn.paused, event.since - turn.sounds_until)
    turn.speaks_again()
    hear_on(floor, turn, event.at)


def hear_on(floor: Floor, turn: Turn, now: float) -> None:
    limit = NOISE_S if turn.wordless else LONGEST_TURN_S
    floor.go(State.HEARING, max(now, turn.counts_from + limit))


def take_floor(floor: Floor, now: float) -> None:
    """The caller's turn goes on from where it began: nothing they said is lost."""
    assert floor.turn is not None
    if floor.turn.over:
        floor.go(State.ENDING)
        weigh(floor, now)
    else:
        hear_on(floor, floor.turn, now)


def sound_in_pause(floor: Floor, event: ev.SpeechMaybe) -> None:
    """Don't commit into a sound that may be the caller going on."""
    turn = floor.turn
    assert turn is not None
    turn.held_until = event.at + MAYBE_HOLDS_S
    weigh(floor, event.at)


def sound_in_silence(floor: Floor, event: ev.SpeechMaybe) -> None:
    """Don't call it silence while somebody may be beginning to speak."""
    if floor.timer is not None and floor.hears(event.at):
        held = min(event.at + MAYBE_HOLDS_S, floor.patience + MAYBE_MOST_S)
        floor.timer = max(floor.timer, held)


def note_text(floor: Floor, event: ev.PartialText | ev.FinalText) -> bool:
    turn = floor.turn
    if turn is None or turn.segment != event.segment:
        return False
    floor.stalls = 0
    if isinstance(event, ev.FinalText):
        if event.request != turn.request:
            return False
        turn.before, turn.text, turn.final = turn.text, event.text, True
        turn.heard_until, turn.confidence = None, event.confidence
    elif turn.final:
        return False
    else:
        turn.before, turn.text = turn.text, event.text
        turn.heard_until, turn.confidence = event.until, event.confidence
    return True


def hearing_text(floor: Floor, event: ev.PartialText | ev.FinalText) -> None:
    if not note_text(floor, event):
        return
    turn = floor.turn
    assert turn is not None
    turn.final = False  # they are still speaking
    if turn.wordless and isinstance(event, ev.FinalText):
        noise(floor, event.at)
    else:
        hear_on(floor, turn, event.at)


def hearing_tick(floor: Floor, event: ev.Tick) -> None:
    """Speech without end: cut it into turns, and tell it from noise."""
    turn = floor.turn
    assert turn is not None
    if event.at >= turn.counts_from + LONGEST_TURN_S:
        turn.sounds_until = event.at
        if floor.talking_since is not None:
            floor.talking_since = event.at  # the next turn begins where this one is cut
        floor.request(event.at)
        floor.go(State.ENDING)
        weigh(floor, event.at)
    else:
        floor.request(event.at)
        floor.timer = event.at + FINAL_LIMIT_S


def held_text(floor: Floor, event: ev.PartialText | ev.FinalText) -> None:
    """Words from before the hold: weighed when it is over."""
    note_text(floor, event)


def ending_text(floor: Floor, event: ev.PartialText | ev.FinalText) -> None:
    if note_text(floor, event):
        weigh(floor, event.at)


def scored(floor: Floor, event: ev.TurnScore) -> None:
    if floor.turn is not None and floor.turn.request == event.request:
        floor.turn.score = event.probability
        if floor.state is State.ENDING:
            weigh(floor, event.at)


def sounded(floor: Floor, event: ev.Prosody) -> None:
    if floor.turn is not None:
        floor.turn.prosody = event.contour


def weigh(floor: Floor, now: float) -> None:
    """Set the deadline from the evidence; prepare an answer once the words are known."""
    turn = floor.turn
    assert turn is not None
    expect = floor.expect or OPEN
    if turn.over:
        lasted = turn.sounds_until - turn.counts_from
        decision = decide(
            Evidence(expect, turn.text, turn.final, turn.score, floor.pauses, turn.prosody, lasted)
        )
    else:
        decision = Decision(0.0, "longest turn", turn.score)
    if decision != turn.decision:
        turn.decision = decision
        floor.out.append(act.Weighed(turn.number, decision))
    due = turn.sounds_until + turn.decision.wait_s
    floor.timer = max(due, min(turn.held_until, due + MAYBE_MOST_S))
    _speculate(floor, turn)
    if now >= floor.timer:
        end_turn(floor, now)


def _speculate(floor: Floor, turn: Turn) -> None:
    if floor.expect is None or floor.expect.kind is not Kind.TALK or not turn.final or turn.wordless:
        return
    text = all_said(floor, turn)
    if floor.air.courtesy is not None and (asks_for_time(text) or asks_whether_there(text)):
        return
    if turn.decision.reason == UNFINISHED or turn.speculated == text or not may_answer(floor, turn):
        return
    floor.drop_speculation()
    turn.speculated = text
    floor.out.append(act.Speculate(turn.number, text))


def ending_tick(floor: Floor, event: ev.Tick) -> None:
    end_turn(floor, event.at)


def end_turn(floor: Floor, now: float) -> None:
    turn = floor.turn
    assert turn is not None
    limit = final_limit(floor, turn)
    if not (turn.final or heard_enough(floor, turn)) and now < limit:
        floor.timer = limit
    elif not turn.final and (turn.text is None or lags(turn)):
        stalled(floor, now)
    elif not turn.wordless and dead_air.settles(floor, turn.text or "", now):
        floor.forget_turn()
        floor.silent_since = now
        go_on_waiting(floor, now)
    elif not (unclear(floor, turn) if turn.wordless else may_answer(floor, turn)):
        noise(floor, now)
    else:
        text = "" if turn.wordless else all_said(floor, turn)
        if turn.speculated not in (None, text):
            floor.drop_speculation()
        floor.out.append(act.EndSegment(turn.segment))
        floor.pauses = max(floor.pauses, turn.paused)
        commit = act.Commit(turn.number, text, turn.confidence, turn.sounds_until, turn.decision)
        floor.turn = None
        if floor.expect is None:
            floor.pending = commit  # nobody asked yet: the next question finds it
            await_caller(floor, now)
        else:
            answer(floor, commit, now)


def stalled(floor: Floor, now: float) -> None:
    """The recogniser has said nothing at all: once, the caller is asked again; twice, for keys."""
    floor.forget_turn()
    if floor.expect is None:
        await_caller(floor, now)
    elif floor.prompt_coming():
        await_prompt(floor, now)
    elif floor.deaf_since is not None or floor.stalls:
        floor.cannot_hear()
    else:
        floor.stalls += 1
        floor.no_input()


def noise(floor: Floor, now: float) -> None:
    """A turn without a word: listen on, and don't let noise keep the silence timer from running out."""
    turn, expect = floor.turn, floor.expect
    assert turn is not None
    if not turn.over:
        floor.talking_since = None  # it goes on, and is nobody's turn
    floor.forget_turn()
    if expect is None:
        await_caller(floor, now)
    elif floor.prompt_coming():
        await_prompt(floor, now)
    else:
        silence = floor.silent_since + expect.silence_s
        floor.patience = now if now >= silence + NOISE_LIMIT_S else max(silence, now + AFTER_NOISE_S)
        floor.patience = max(floor.patience, floor.air.granted_until)
        listen(floor, now)


def listening_tick(floor: Floor, event: ev.Tick) -> None:
    listen(floor, event.at)


def key(floor: Floor, event: ev.KeyPressed) -> None:
    if is_spare(floor, event) or (floor.expect is not None and not floor.expect.means(event.key)):
        return
    note_key(floor, event)
    if floor.expect is None:
        floor.out.append(act.KeyWaits(event.key))
    if floor.prompt is not None:
        if floor.prompt.interruptible is Interruptible.NO:
            return
        floor.out.append(act.StopSpeaking(floor.prompt.utterance))
        if floor.state in (State.DUCKED, State.DOUBTING):
            floor.out.append(act.Unduck())
        floor.prompt = None
    if floor.expect is not None and floor.expect.keys:
        floor.forget_turn()
        collect(floor, event.at)
        return
    if floor.expect is not None:
        floor.keys = ""
    if floor.state in (State.PAUSED, State.DOUBTING, State.OVERHEARING):
        take_floor(floor, event.at)
    elif floor.state in (State.SPEAKING, State.DUCKED):
        floor.silent_since = event.at
        await_caller(floor, event.at)
