"""The record of a call: one JSON object (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from brain import actions as act
from brain import events as ev
from brain.mouth import Utterance
from brain.trace import TurnTrace
from dialplans.call import CallInfo
from media.echo import EchoReport
from media.line_quality import LineStep
from telephony.transport import Ended, LineQuality, Media

VERSION = 1
MASKED = "***"


@dataclass(slots=True)
class Private:
    """The turns and the utterances of a call whose words the record doesn't hold, by number."""

    turns: set[int] = field(default_factory=set)
    utterances: set[int] = field(default_factory=set)

    def note(self, event: ev.Event, actions: Sequence[act.Action]) -> None:
        """Something private happened."""
        if isinstance(event, ev.PromptStarted):
            self.utterances.add(event.utterance)
        self.turns.update(action.turn for action in actions if isinstance(action, act.Commit))

    def caller(self, turn: TurnTrace) -> str:
        """What the caller said."""
        return MASKED if turn.text and turn.turn in self.turns else turn.text

    def bot(self, utterance: int | None, text: str) -> str:
        """What the bot said."""
        return MASKED if text and utterance in self.utterances else text


def call_record(
    *,
    call: str,
    info: CallInfo,
    plan: str,
    offered_at: float,
    answered_at: float | None,
    ended_at: float,
    end_reason: str,
    ended: Ended | None,
    media: Media | None,
    quality: LineQuality,
    slots: Mapping[str, str],
    errors: Sequence[str],
    loop_late_ms: Mapping[str, float],
    said: Sequence[Utterance],
    turns: Sequence[TurnTrace],
    speculated: int,
    private: Private,
    line_steps: Sequence[tuple[float, LineStep]],
    echo: EchoReport | None,
    recording_offset_s: float,
) -> dict[str, Any]:
    """Everything about one call that outlives it. Times are Unix seconds; in `turns` and `said` they are
    seconds since the call was answered, which is `recording_offset_s` in the recording. `speculated` answers were begun
    before their turn was committed; those of turns that were committed with other words, or never, were dropped."""
    used = sum(turn.speculated for turn in turns)
    return {
        "version": VERSION,
        "call": call,
        "sip_call_id": info.sip_call_id,
        "caller": info.caller,
        "called": info.called,
        "display_name": info.display_name,
        "headers": dict(info.headers),
        "peer": info.peer,
        "transport": info.transport,
        "plan": plan,
        "offered_at": offered_at,
        "answered_at": answered_at,
        "ended_at": ended_at,
        "duration_s": round(ended_at - answered_at, 3) if answered_at is not None else 0.0,
        "codec": media.codec if media else None,
        "rate_hz": media.rate_hz if media else None,
        "ptime_ms": media.ptime_ms if media else None,
        "quality": asdict(quality),
        "line_steps": [{"at": at, "step": step.value} for at, step in line_steps],
        "echo": echo_row(echo),
        "end": {
            "by": ended.by if ended else "network",
            "status": ended.status if ended else 0,
            "reason": end_reason or (ended.reason if ended else ""),
        },
        "slots": dict(slots),
        "turns": [turn_row(turn, private) for turn in turns],
        "speculations": {"begun": speculated, "used": used, "dropped": speculated - used},
        "said": [
            {
                "at": item.first_heard,
                "text": private.bot(item.number, item.heard),
                "complete": item.complete,
                "interjection": item.interjection,
            }
            for item in said
        ],
        "errors": list(errors),
        "loop_late_ms": dict(loop_late_ms),
        "recording_offset_s": round(recording_offset_s, 3),
    }


def echo_row(echo: EchoReport | None) -> dict[str, Any] | None:
    """What was known of the line's echo at the end; None where nobody listened."""
    if echo is None:
        return None
    return {
        "state": echo.state.value,
        "delay_ms": None if echo.delay_ms is None else round(echo.delay_ms),
        "erle_db": None if echo.erle_db is None else round(echo.erle_db, 1),
    }


def turn_row(turn: TurnTrace, private: Private) -> dict[str, Any]:
    """One turn with its waterfall: milliseconds from the caller's last sound to each stage."""

    def since_end(at: float | None) -> int | None:
        return None if at is None else round((at - turn.ended) * 1000)

    return {
        "turn": turn.turn,
        "at": turn.ended,
        "caller": private.caller(turn),
        "confidence": round(turn.confidence, 3),
        "why": turn.why,
        "bot": private.bot(turn.utterance, turn.said),
        "complete": turn.complete,
        "speculated": turn.speculated,
        "saved_ms": round(turn.saved_s * 1000),
        "ms": {
            "final": since_end(turn.final),
            "endpoint": since_end(turn.committed),
            "retrieval": since_end(turn.retrieved),
            "first_token": since_end(turn.first_token),
            "acknowledged": since_end(turn.acknowledged),
            "first_clause": since_end(turn.first_clause),
            "first_audio": since_end(turn.first_audio),
            "first_heard": since_end(turn.first_heard),
            "answer_heard": since_end(turn.answer_heard),
        },
    }
