"""The floor of a conversation: whose it is, and what is known of the turn and the prompt on it.

Plain data and the smallest steps on it. What an event does to the floor is in `caller_turn`, `overlap`
and `keypad`; which state listens to which event is the table in `turns`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from math import inf

from brain import actions as act
from brain.courtesy import Courtesy
from brain.endpointing import Decision
from brain.expect import Expect, Interruptible
from media.prosody import Prosody


class State(Enum):
    """Who has the floor (the table of `brain.turns` says what may follow)."""

    IDLE = "idle"
    SPEAKING = "speaking"
    DUCKED = "ducked"
    DOUBTING = "doubting"
    PAUSED = "paused"
    OVERHEARING = "overhearing"
    LISTENING = "listening"
    HEARING = "hearing"
    ENDING = "ending"
    KEYING = "keying"
    THINKING = "thinking"
    HELD = "held"


FINAL_LIMIT_S = 1.5
"""A final transcript that comes later than this after its request is not waited for."""
DEAF_GRACE_S = 2.0
"""A recogniser that is lost for no longer than this was restarted: the caller need not know."""


@dataclass(slots=True)
class Turn:
    """The caller's turn so far. `sounds_until` is the end of the last speech, `over` while in a pause.

    `request` is the newest question to the recogniser that still stands (0 for none), asked at `requested`.
    `before` is the transcript before `text`, `prosody` the voice's before the pause; a partial `text` covers what was
    said up to `heard_until`. `held_until` keeps a pause open for a sound in it. `on_hold_s` of its time the call was
    on hold. `paused` is the longest pause after which it was gone on with. Over the bot's voice: `far` says that all
    of it comes from somebody else in the room; `alike` transcripts in a row began with the same word as `heard`, the
    newest that had one.
    """

    number: int
    segment: int
    began: float
    sounds_until: float
    over: bool = False
    request: int = 0
    requested: float = 0.0
    text: str | None = None
    before: str | None = None
    final: bool = False
    confidence: float = 0.0
    score: float | None = None
    prosody: Prosody | None = None
    heard_until: float | None = None
    speculated: str | None = None
    held_until: float = 0.0
    on_hold_s: float = 0.0
    paused: float = 0.0
    far: bool = False
    heard: str = ""
    alike: int = 0
    decision: Decision = Decision(0.0, "speaking")

    @property
    def wordless(self) -> bool:
        """Whether no word of it is known."""
        return self.text is None or not any(letter.isalnum() for letter in self.text)

    @property
    def counts_from(self) -> float:
        """Its beginning, put off by the time on hold: what its length is counted from."""
        return self.began + self.on_hold_s

    def speaks_again(self) -> None:
        """The pause is over: what was asked about it says nothing any more."""
        self.over, self.final, self.score, self.prosody, self.request = False, False, None, None, 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the bot says now, and what may stop it. `interjection`: it is beside the conversation."""

    utterance: int
    interruptible: Interruptible
    interjection: bool = False


@dataclass(slots=True)
class Air:
    """What is known of dead air (`brain.dead_air`). `courtesy` is the newest question's, also once it is answered.

    While the bot `awaits_reply` it has said `interjections` so far, and `acknowledged` in the whole call; the next is
    due at `interjection_due`, a backchannel at `backchannel_due`. The last of each was at `interjected` and
    `backchannelled`. A caller who asked for time has it until `granted_until`.
    """

    courtesy: Courtesy | None = None
    granted_until: float = 0.0
    awaits_reply: bool = False
    interjections: int = 0
    acknowledged: int = 0
    interjection_due: float | None = None
    interjected: float = -inf
    backchannel_due: float | None = None
    backchannelled: float = -inf


@dataclass(slots=True)
class Floor:
    """All that the turn manager knows. `out` collects the actions of the event in hand.

    `talking_since` is the onset of speech that is still going on, `silent_since` when the caller's silence
    began to count, `patience` when it has lasted too long, `pauses` the longest pause after which this caller
    went on in an earlier turn, `pending` a turn that ended before anybody asked, `keys` keys not yet used.

    `open_since` is when the caller could first know the question: speech from before it is an answer only if
    it fits. `backchannel` is what was said over the prompt and did not stop it, which went on at `resumed_at`.
    `paused_at` is when a prompt that could be heard fell silent for a voice, None where none did. `vain` sounds in a
    row held no word; the row is forgotten at `vain_until`. `echo_doubted`: speech over the bot may be its own echo;
    `far`: the newest sound is not the caller's.
    `stalls` counts the turns in a row that the recogniser did not answer; it is lost since `deaf_since`. `spare` is
    a terminator that keys complete without it may still bring along, until `spare_until`.
    """

    state: State = State.IDLE
    expect: Expect | None = None
    prompt: Prompt | None = None
    turn: Turn | None = None
    pending: act.Commit | None = None
    backchannel: act.Commit | None = None
    resumed_at: float = 0.0
    paused_at: float | None = None
    vain: int = 0
    vain_until: float = 0.0
    keys: str = ""
    spare: str = ""
    spare_until: float = 0.0
    talking_since: float | None = None
    timer: float | None = None
    silent_since: float = 0.0
    patience: float = 0.0
    open_since: float = inf
    pauses: float = 0.0
    turns: int = 0
    requests: int = 0
    stalls: int = 0
    echo_doubted: bool = False
    far: bool = False
    deaf_since: float | None = None
    held_from: State = State.IDLE
    air: Air = field(default_factory=Air)
    out: list[act.Action] = field(default_factory=list)

    def go(self, state: State, timer: float | None = None) -> None:
        """Enter `state`; a Tick is due at `timer`."""
        self.state, self.timer = state, timer

    def new_turn(self, since: float, over_bot: bool = False) -> Turn:
        """The caller's turn begins, with a segment of its own; `over_bot` where it may stop what the bot says."""
        self.turns += 1
        self.turn = Turn(self.turns, self.turns, since, since)
        self.out.append(act.BeginSegment(self.turn.segment, since, over_bot))
        return self.turn

    def request(self, now: float) -> None:
        """Ask for the words so far."""
        assert self.turn is not None
        self.requests += 1
        self.turn.request, self.turn.requested = self.requests, now
        self.turn.score, self.turn.final = None, False
        self.out.append(act.RequestFinal(self.turn.segment, self.requests))

    def drop_speculation(self) -> None:
        """Forget a prepared answer, if there is one."""
        if self.turn is not None and self.turn.speculated is not None:
            self.turn.speculated = None
            self.out.append(act.DropSpeculation(self.turn.number))

    def forget_turn(self) -> None:
        """The turn was nothing, or was overtaken."""
        if self.turn is not None:
            self.drop_speculation()
            self.out.append(act.EndSegment(self.turn.segment))
            self.turn = None

    def lost(self, now: float) -> bool:
        """Whether the recogniser is away for longer than a restart takes."""
        return self.deaf_since is not None and now >= self.deaf_since + DEAF_GRACE_S

    def hears(self, now: float) -> bool:
        """Whether speech matters now."""
        return not self.lost(now) and (self.expect is None or self.expect.voice)

    def prompt_coming(self) -> bool:
        """Whether the question is asked, and its prompt not yet to be heard."""
        return self.expect is not None and self.open_since == inf

    def reply_over(self) -> None:
        """No reply is awaited any more: it is to be heard, or nobody wants it."""
        self.air.awaits_reply, self.air.interjection_due = False, None

    def no_input(self) -> None:
        """The caller had their time."""
        self.turns += 1
        self.answer(act.NoInput(self.turns))

    def cannot_hear(self) -> None:
        """Speech was asked for, and the recogniser is lost."""
        self.turns += 1
        self.answer(act.CannotHear(self.turns))

    def answer(self, outcome: act.Outcome) -> None:
        """The question has come to something, and is asked no more."""
        self.expect, self.pending, self.air.granted_until = None, None, 0.0
        self.reply_over()
        self.out.append(outcome)
        self.go(State.THINKING)
