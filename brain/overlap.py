"""Both at once: the bot's prompts, and what the caller's voice does to them.

Everything is reversible until there is evidence: a sound ducks the bot, speech pauses it, and only words
(or long speech) stop it. A backchannel or a cough lets it go on from the paused sample. So does what is over before
a word of it is known: the bot goes on lower, in doubt, and words that come later stop it then.

Over a prompt that may not be stopped the caller is heard all the same: what they say is weighed at its end.

While the echo canceller doesn't know the line, what sounds like speech may be the bot's own. Then speech only
ducks, and nothing but words stops: those of the bot's own aren't among them (`brain.ear` takes them out).
"""

from __future__ import annotations

from brain import actions as act
from brain import events as ev
from brain.caller_turn import MAYBE_HOLDS_S, answer, await_caller, go_on_waiting, note_text, take_floor
from brain.endpointing import Decision
from brain.expect import Interruptible, Kind
from brain.floor import Floor, Prompt, State
from brain.interruption import (
    LONG_BACKCHANNEL_S,
    LONG_S,
    WORD_S,
    Overlap,
    Verdict,
    answers,
    asks_for_floor,
    begin_alike,
    is_backchannel,
    is_hum,
    is_plain_backchannel,
    judge,
)

MAYBE_S = 0.25
"""How long a possible sound ducks the bot without being confirmed."""
FINAL_OVER_BOT_S = 1.0
"""How long it stays open, after the caller stopped, what it was: then the recogniser has nothing to say."""
WORDS_S = 0.4
"""For a sound that is over it keeps its place this long: the words are mostly known 0.3 s after the sound's end."""
EMPTY_S = 1.0
"""A sound that goes on, in which the recogniser finds no word, holds the bot no longer than this."""
IN_VAIN = 2
"""After so many sounds without a word, each within `IN_VAIN_S` of the one before, the next one only ducks the bot:
somebody laughs, or has a cold."""
IN_VAIN_S = 3.0
TAIL_S = 1.0
"""What is said over the last second of a prompt is an answer to it, also if it sounds like a backchannel."""


def prompt_started(floor: Floor, event: ev.PromptStarted) -> None:
    _note_prompt(floor, event)
    floor.go(State.SPEAKING)


def prompt_over_caller(floor: Floor, event: ev.PromptStarted) -> None:
    """Our words are ready while the caller speaks: hold them, and judge whether to say them."""
    if event.interjection:
        floor.out.append(act.StopSpeaking(event.utterance))
        return
    _note_prompt(floor, event)
    if event.interruptible is Interruptible.SPEECH:
        floor.drop_speculation()
        floor.out.append(act.PausePlayout())
        floor.paused_at = None  # nothing of it was to be heard yet
        floor.go(State.PAUSED)
        judge_overlap(floor, event.at)
    else:
        floor.drop_speculation()
        floor.go(State.OVERHEARING)


def prompt_over_keys(floor: Floor, event: ev.PromptStarted) -> None:
    """The caller types already: they know the question."""
    if event.interruptible is Interruptible.NO:
        prompt_started(floor, event)
    else:
        floor.out.append(act.StopSpeaking(event.utterance))


def _note_prompt(floor: Floor, event: ev.PromptStarted) -> None:
    floor.prompt, floor.backchannel = Prompt(event.utterance, event.interruptible, event.interjection), None
    if event.interjection:
        return
    floor.reply_over()
    if floor.expect is not None:
        floor.open_since = min(floor.open_since, event.at)


def prompt_ended(floor: Floor, event: ev.PromptEnded) -> None:
    if floor.prompt is None or floor.prompt.utterance != event.utterance:
        if floor.prompt_coming():
            _prompt_failed(floor, event.at)
        return
    interjection, floor.prompt = floor.prompt.interjection, None
    floor.silent_since = event.at
    backchannel, floor.backchannel = floor.backchannel, None
    if floor.state in (State.PAUSED, State.DOUBTING):
        if floor.state is State.DOUBTING:
            floor.out.append(act.Unduck())
        take_floor(floor, event.at)
    elif floor.state is State.OVERHEARING:
        _weigh_overheard(floor, event.at)
    elif floor.state in (State.SPEAKING, State.DUCKED):
        if floor.state is State.DUCKED:
            floor.out.append(act.Unduck())
        if interjection:
            go_on_waiting(floor, event.at)
        elif backchannel is not None and _was_answer(floor, event.at):
            answer(floor, backchannel, event.at)
        else:
            await_caller(floor, event.at)


def _prompt_failed(floor: Floor, now: float) -> None:
    """The prompt that was to come failed: the question stands without it."""
    floor.open_since = floor.silent_since = now
    if floor.state is State.THINKING:
        await_caller(floor, now)


def _was_answer(floor: Floor, now: float) -> bool:
    """Whether a backchannel over the prompt, now at its end, was meant as an answer: people answer a little early."""
    expect = floor.expect
    if expect is None or not expect.voice or floor.keys or floor.talking_since is not None:
        return False
    return expect.kind in (Kind.TALK, Kind.TEXT) and now - floor.resumed_at <= TAIL_S


def maybe_over_bot(floor: Floor, event: ev.SpeechMaybe) -> None:
    """A sound: speak lower. Not for one too faint to be the caller's: the line's noise, once it is let through."""
    if _may_interrupt(floor, event.at) and not floor.far:
        floor.out.append(act.Duck())
        floor.go(State.DUCKED, event.at + MAYBE_S)


def _may_interrupt(floor: Floor, now: float) -> bool:
    prompt = floor.prompt
    return prompt is not None and prompt.interruptible is Interruptible.SPEECH and floor.hears(now)


def unduck(floor: Floor, event: ev.Event) -> None:
    floor.out.append(act.Unduck())
    floor.go(State.SPEAKING)


def speech_over_bot(floor: Floor, event: ev.SpeechStarted) -> None:
    floor.talking_since = event.since
    if not _may_interrupt(floor, event.at):
        if floor.hears(event.at) and not floor.echo_doubted:
            floor.new_turn(event.since)
            floor.go(State.OVERHEARING)
        return
    in_vain = floor.vain >= IN_VAIN and event.at < floor.vain_until
    if floor.echo_doubted or in_vain or floor.far:
        if floor.state is not State.DUCKED:
            floor.out.append(act.Duck())
        floor.new_turn(event.since, over_bot=True).far = floor.far
        floor.go(State.DOUBTING)
    else:
        _pause(floor, event.at)
        floor.new_turn(event.since, over_bot=True)
    judge_overlap(floor, event.at)


def _pause(floor: Floor, now: float) -> None:
    if floor.state is not State.SPEAKING:
        floor.out.append(act.Unduck())
    floor.out.append(act.PausePlayout())
    floor.paused_at = now
    floor.go(State.PAUSED)


def echo_changed(floor: Floor, event: ev.EchoChanged) -> None:
    floor.echo_doubted = event.doubted


def doubt_changed(floor: Floor, event: ev.EchoChanged) -> None:
    """Somebody does speak who was taken for an echo."""
    assert floor.turn is not None
    floor.echo_doubted = event.doubted
    if not event.doubted:
        _believe(floor, event.at)


def distance_changed(floor: Floor, event: ev.DistanceChanged) -> None:
    floor.far = event.far


def overlap_distance(floor: Floor, event: ev.DistanceChanged) -> None:
    """It is known better now who speaks. Words of the caller's stay theirs when somebody else goes on."""
    turn = floor.turn
    assert turn is not None
    floor.far = event.far
    if turn.over:
        return  # it is of a sound that may become speech
    if turn.far and not event.far:
        turn.far = False
        _believe(floor, event.at)
    elif event.far and turn.sounds_until == turn.began:
        if floor.state is State.PAUSED:
            if floor.paused_at is None:
                return  # they spoke before the bot did
            _go_on_in_doubt(floor)
        turn.far = True
        judge_overlap(floor, event.at)


def _believe(floor: Floor, now: float) -> None:
    """What only lowered the bot may be the caller: it pauses, where no words have shown what it is."""
    turn = floor.turn
    assert turn is not None
    if turn.over or floor.echo_doubted or turn.far:
        return
    if floor.state is State.DOUBTING and turn.text is None:
        _pause(floor, now)
    judge_overlap(floor, now)


def overlap_speech(floor: Floor, event: ev.SpeechStarted) -> None:
    assert floor.turn is not None
    floor.talking_since = event.since
    floor.turn.speaks_again()
    floor.turn.far = floor.turn.far and floor.far
    _believe(floor, event.at)


def overheard_speech(floor: Floor, event: ev.SpeechStarted) -> None:
    assert floor.turn is not None
    floor.talking_since = event.since
    floor.turn.speaks_again()


def overheard_pause(floor: Floor, event: ev.SpeechStopped) -> None:
    assert floor.turn is not None
    floor.talking_since = None
    floor.turn.over, floor.turn.sounds_until = True, event.since
    floor.request(event.at)


def overheard_text(floor: Floor, event: ev.PartialText | ev.FinalText) -> None:
    note_text(floor, event)


def _weigh_overheard(floor: Floor, now: float) -> None:
    """The prompt that nothing could stop is over: what was said over it counts, but for backchannels long before."""
    turn = floor.turn
    assert turn is not None
    text = turn.text if turn.over else None
    beside = text is not None and is_backchannel(text) and not answers(text, floor.expect)
    if beside and turn.sounds_until < now - TAIL_S:
        _keep_aside(floor)
        floor.forget_turn()
        await_caller(floor, now)
    else:
        take_floor(floor, now)


def overlap_pause(floor: Floor, event: ev.SpeechStopped) -> None:
    assert floor.turn is not None
    floor.talking_since = None
    floor.turn.over, floor.turn.sounds_until = True, event.since
    floor.request(event.at)
    judge_overlap(floor, event.at)


def overlap_text(floor: Floor, event: ev.PartialText | ev.FinalText) -> None:
    turn = floor.turn
    if isinstance(event, ev.FinalText) and turn is not None and event.request != turn.request and not turn.final:
        event = ev.PartialText(event.at, event.segment, event.text)  # they went on meanwhile: these are words so far
    if note_text(floor, event):
        if turn is not None and isinstance(event, ev.PartialText) and asks_for_floor(event.text):
            turn.alike = turn.alike + 1 if begin_alike(event.text, turn.heard) else 1
            turn.heard = event.text
        judge_overlap(floor, event.at)


def overlap_sound(floor: Floor, event: ev.SpeechMaybe) -> None:
    """Don't go on into a sound that may be the caller's next word."""
    turn = floor.turn
    assert turn is not None
    if turn.over:
        turn.held_until = min(event.at, turn.sounds_until + WORDS_S) + MAYBE_HOLDS_S


def overlap_tick(floor: Floor, event: ev.Tick) -> None:
    judge_overlap(floor, event.at)


def judge_overlap(floor: Floor, now: float) -> None:
    turn, prompt = floor.turn, floor.prompt
    assert turn is not None and prompt is not None
    # Rounded, so that a Tick at `began + LONG_S` has waited no hair less than LONG_S.
    spoke = round((turn.sounds_until if turn.over else now) - turn.counts_from, 6)
    early = turn.began < floor.open_since
    limit = min(turn.requested + FINAL_OVER_BOT_S, turn.sounds_until + 2 * FINAL_OVER_BOT_S)
    known = turn.final or (turn.over and now >= limit)  # what we know by then is all that we will know
    text = turn.text if turn.text is not None or not (known and turn.over) else ""
    doubted = floor.state is State.DOUBTING
    sure = turn.confidence if turn.text is not None else 1.0
    heard = _heard_s(floor, now)
    verdict = judge(
        Overlap(
            spoke, turn.over, text, known, floor.expect, early, doubted, sure, heard, turn.alike, turn.far
        )
    )
    if verdict is Verdict.RESUME and turn.over and now < turn.held_until:
        floor.timer = turn.held_until
    elif verdict is Verdict.RESUME:
        _resume(floor, now)
    elif verdict is Verdict.STOP:
        if doubted:
            floor.out.append(act.Unduck())
        floor.out.append(act.StopSpeaking(prompt.utterance))
        floor.prompt = None
        take_floor(floor, now)
    elif (until := _pause_until(floor, now)) is not None:
        if now >= until:
            _go_on_in_doubt(floor)
            until = max(now, turn.counts_from + LONG_S)
        floor.timer = min(limit, until) if turn.over else until  # the limit counts from the sound's end
    elif turn.over:
        floor.timer = limit
    elif doubted and spoke >= LONG_S:
        floor.timer = None  # only words, or its end, will tell
    else:
        floor.timer = max(now, turn.counts_from + (LONG_S if spoke < LONG_S else LONG_BACKCHANNEL_S))


def _pause_until(floor: Floor, now: float) -> float | None:
    """How long the bot keeps its place for what the caller says; None while that stays open, or it speaks itself."""
    turn = floor.turn
    assert turn is not None
    if floor.state is not State.PAUSED or floor.paused_at is None:
        return None
    if turn.text is not None and asks_for_floor(turn.text):
        return None
    heard_s = _heard_s(floor, now)
    twice = turn.before is not None and not is_hum(turn.before) and is_backchannel(turn.before)
    plain = turn.text is not None and heard_s >= WORD_S and is_plain_backchannel(turn.text)
    if turn.text is not None and not is_hum(turn.text) and (plain or (twice and turn.over)):
        return floor.paused_at
    if turn.over:
        return max(turn.sounds_until + WORDS_S, turn.held_until)
    empty = turn.text is not None and is_hum(turn.text) and heard_s >= WORD_S and not asks_for_floor(turn.before or "")
    return floor.paused_at + EMPTY_S if empty else None


def _heard_s(floor: Floor, now: float) -> float:
    """How much of the sound the newest transcript covers."""
    turn = floor.turn
    assert turn is not None
    until = turn.heard_until if turn.heard_until is not None and not turn.final else now
    return until - turn.counts_from


def _go_on_in_doubt(floor: Floor) -> None:
    """It goes on from the paused sample, lower: words may still stop it."""
    floor.paused_at = None
    floor.out += [act.ResumePlayout(), act.Duck()]
    floor.go(State.DOUBTING)


def may_go_on(floor: Floor) -> bool:
    """Whether the caller's turn may go on: speech counts, and may stop what the bot says, if anything."""
    prompt, expect = floor.prompt, floor.expect
    if prompt is not None and prompt.interruptible is not Interruptible.SPEECH:
        return False
    return expect is None or (expect.voice and not (expect.keys and floor.keys))


def _resume(floor: Floor, now: float) -> None:
    turn = floor.turn
    assert turn is not None
    floor.backchannel, floor.resumed_at = None, now
    if turn.over and turn.began >= floor.open_since and not is_hum(turn.text or ""):
        why = Decision(0.0, "said over the end of the prompt", turn.score)
        floor.backchannel = act.Commit(turn.number, turn.text or "", turn.confidence, turn.sounds_until, why)
    if not turn.over:
        floor.talking_since = None  # it goes on, and is nobody's turn
    if turn.wordless:
        floor.vain = floor.vain + 1 if now < floor.vain_until else 1
        floor.vain_until = now + IN_VAIN_S
    _keep_aside(floor)
    floor.forget_turn()
    floor.out.append(act.Unduck() if floor.state is State.DOUBTING else act.ResumePlayout())
    floor.go(State.SPEAKING)


def _keep_aside(floor: Floor) -> None:
    """A backchannel is heard, also where nothing comes of it."""
    turn = floor.turn
    assert turn is not None
    if turn.text is not None and not turn.wordless and not floor.echo_doubted:
        floor.out.append(act.Aside(turn.number, turn.text))
