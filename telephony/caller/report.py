"""What a call was: measured from its packets, as JSON and as a stereo recording."""

from __future__ import annotations

import json
import wave
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from telephony.caller.audible import Interruption, Timeline, Turn, interruptions, turns
from telephony.caller.bad_line import LineCounts
from telephony.caller.call import Caller
from telephony.caller.events import Answered, Ended, Provisional, Referred, Rejected
from telephony.caller.options import masked
from telephony.caller.timeline import Gaps, bot_timeline, caller_timelines, gaps, stereo

_MAX_MENTIONED = 20


@dataclass(frozen=True, slots=True)
class Line:
    """The bot's RTP as it arrived. Gaps are from the kernel's receive stamps, holds left out."""

    codec: str
    payload_type: int
    packets: int
    lost: int
    duplicates: int
    reordered: int
    jitter_ms: float
    gaps: Gaps | None
    sources: int
    strangers: dict[str, int]
    unstamped: int


@dataclass(frozen=True, slots=True)
class Sender:
    """Our own RTP: `late_*` is how long after its time the sending thread came to a packet."""

    packets: int
    events: int
    unsent: int
    late_p99_ms: float
    late_max_ms: float


@dataclass(frozen=True, slots=True)
class Heard:
    """A transcript of a stretch of the bot's sound, in ms since the INVITE."""

    from_ms: int
    until_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """One `expect` of the script. `outcome` is "met", "missed" or "unchecked" (no transcript was made)."""

    line: int
    wanted: tuple[str, ...]
    heard: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that is known of a call. Times are ms since the INVITE was sent unless their name says more.

    `lines` has what an emulated line did, by direction, "sent" and "received", where there was one.
    """

    uri: str
    call_id: str
    answered: bool
    status: int
    reason: str
    retry_after: str
    ended_by: str
    answer_ms: float | None
    first_rtp_ms: float | None
    duration_ms: float
    provisionals: tuple[str, ...]
    media: Line | None
    sender: Sender | None
    turns: tuple[Turn, ...]
    interruptions: tuple[Interruption, ...]
    digits: tuple[tuple[int, str], ...]
    referred: tuple[str, ...]
    ladder: tuple[str, ...]
    faults: tuple[str, ...]
    lines: dict[str, LineCounts]
    script: str = ""
    outcome: str = "done"
    transcript: tuple[Heard, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    exit_status: int = 0

    def to_json(self) -> str:
        """One JSON object on one line; stamps of turns stay in ns of the wall clock."""
        return json.dumps(asdict(self))


def timelines_of(caller: Caller) -> tuple[Timeline, Timeline, Timeline]:
    """The caller's speech, all that the caller sent, and the bot's sound."""
    line = caller.line
    rate_hz = line.talker.rate_hz if line.talker else 8000
    speech, sent = caller_timelines(rate_hz, line.ledger.sent)
    codec = line.media.codec if line.media else caller.options.codecs[0]
    return speech, sent, bot_timeline(codec, line.ear.packets if line.ear else [])


def report_of(caller: Caller) -> Report:
    """Measure a call that is over."""
    diary, line = caller.diary, caller.line
    speech, _, bot = timelines_of(caller)
    answered = next((e for e in diary.events if isinstance(e, Answered)), None)
    rejected = next((e for e in diary.events if isinstance(e, Rejected)), None)
    ended = next((e for e in diary.events if isinstance(e, Ended)), None)
    first_ns = line.ledger.first_received_ns
    return Report(
        uri=masked(caller.uri),
        call_id=caller.core.call_id,
        answered=answered is not None,
        status=rejected.status if rejected else (200 if answered else 0),
        reason=rejected.reason if rejected else (ended.reason if ended else ""),
        retry_after=rejected.retry_after if rejected else "",
        ended_by=ended.by if ended else "",
        answer_ms=round(1000 * (answered.at - diary.invited_at), 3) if answered else None,
        first_rtp_ms=round((first_ns - diary.invited_ns) / 1e6, 3) if first_ns else None,
        duration_ms=round(1000 * (diary.ended_at - diary.invited_at), 1),
        provisionals=tuple(f"{e.status} {e.reason}" for e in diary.events if isinstance(e, Provisional)),
        media=_line_of(caller),
        sender=_sender_of(caller),
        turns=tuple(turns(speech, bot, diary.utterances)),
        interruptions=tuple(interruptions(speech, bot, diary.utterances)),
        digits=tuple((len(keys), method) for keys, method in diary.digits),
        referred=tuple(masked(e.target) for e in diary.events if isinstance(e, Referred)),
        ladder=tuple(
            f"{1000 * (step.at - diary.invited_at):9.1f} {'->' if step.outgoing else '<-'} {step.summary}"
            for step in caller.ladder.ladder
        ),
        lines={
            way: bad.counts
            for way, bad in (("sent", line.sent_line), ("received", line.received_line))
            if bad is not None
        },
        faults=(*diary.faults, *(f"malformed SIP: {m}" for m in caller.ladder.malformed[:_MAX_MENTIONED])),
    )


def _line_of(caller: Caller) -> Line | None:
    line = caller.line
    if line.ear is None or line.media is None:
        return None
    ear, stats = line.ear, list(line.ear.stats.values())
    return Line(
        codec=line.media.codec.name,
        payload_type=line.media.payload_type,
        packets=sum(s.received for s in stats),
        lost=sum(s.lost for s in stats),
        duplicates=sum(s.duplicates for s in stats),
        reordered=sum(s.reordered for s in stats),
        jitter_ms=round(max((s.jitter_ms for s in stats), default=0.0), 3),
        gaps=gaps([p.received_ns for p in ear.packets], caller.diary.holds),
        sources=len(line.ledger.sources),
        strangers=dict(ear.strangers),
        unstamped=line.ledger.unstamped,
    )


def _sender_of(caller: Caller) -> Sender | None:
    ledger = caller.line.ledger
    if not ledger.late_ns:
        return None
    late_ms = np.array(ledger.late_ns) / 1e6
    return Sender(
        packets=len(ledger.sent),
        events=ledger.events_sent,
        unsent=ledger.unsent,
        late_p99_ms=round(float(np.percentile(late_ms, 99)), 3),
        late_max_ms=round(float(late_ms.max()), 3),
    )


def write_recording(path: Path, both: npt.NDArray[np.int16], rate_hz: int) -> None:
    """A stereo WAV, caller left, bot right. Raises OSError."""
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(2)
        recording.setsampwidth(2)
        recording.setframerate(rate_hz)
        recording.writeframes(both.tobytes())


def record(caller: Caller, report: Report, folder: Path) -> tuple[Path, Path]:
    """Write `<call id>.json` and `<call id>.wav` into `folder`. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    _, sent, bot = timelines_of(caller)
    name = report.call_id.partition("@")[0]
    recording, summary = folder / f"{name}.wav", folder / f"{name}.json"
    write_recording(recording, stereo(sent, bot), sent.rate_hz)
    readable: dict[str, Any] = json.loads(report.to_json())
    summary.write_text(json.dumps(readable, indent=2) + "\n", encoding="utf-8")
    return recording, summary
