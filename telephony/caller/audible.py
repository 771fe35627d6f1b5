"""Latency as it is on the wire: when was what audible, and who followed whom. Pure.

Audible means two consecutive 20 ms frames over -42 dBFS. A sample's time is the stamp of the packet that
holds it (sent: taken just before the send call; received: the kernel's) plus its place in the packet.
Both ways count alike, so that a peer that sends everything back after d ms measures as d.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from media.frame import FRAME_MS, FULL_SCALE, Pcm, samples

AUDIBLE_DBFS = -42.0
SPEECH_GAP_MS = 300
"""A bot that is silent for less is still speaking: pauses between words and clauses."""
_AUDIBLE_POWER = FULL_SCALE**2 * 10 ** (AUDIBLE_DBFS / 10)
_NS = 1_000_000_000

Stamps = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Timeline:
    """One direction of a call. Packet i holds the samples from `positions[i]` and has `stamps_ns[i]`.

    `positions` rises; `pcm` is zero where nothing arrived.
    """

    rate_hz: int
    pcm: Pcm
    positions: Stamps
    stamps_ns: Stamps

    def packet_of(self, sample: int) -> int:
        """Index of the packet that holds `sample`, or of the one before it where that was lost."""
        return max(0, int(np.searchsorted(self.positions, sample, side="right")) - 1)

    def time_ns(self, sample: int) -> int:
        """When `sample` was on the wire."""
        packet = self.packet_of(sample)
        offset = sample - int(self.positions[packet])
        return int(self.stamps_ns[packet]) + offset * _NS // self.rate_hz

    def end_ns(self, end: int) -> int:
        """When the stretch that ends before sample `end` was over."""
        return self.time_ns(end - 1) + _NS // self.rate_hz

    def packet_ns(self, sample: int) -> int:
        """The bare stamp of the packet that holds `sample`."""
        return int(self.stamps_ns[self.packet_of(sample)])


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of audible sound: samples [start, end) of a timeline."""

    start: int
    end: int


def audible_runs(pcm: Pcm, rate_hz: int, gap_ms: int = 0) -> list[Run]:
    """Every audible stretch; those less than `gap_ms` apart are one.

    Frames decide what is audible, on a grid that starts with `pcm`. In the first and the last frame of a
    stretch its edge is the first and the last millisecond over the same level, so that a measurement
    doesn't depend on how the grid falls.
    """
    frame = samples(FRAME_MS, rate_hz)
    count = pcm.size // frame
    if count < 2:
        return []
    frames = pcm[: count * frame].reshape(count, frame).astype(np.float32)
    power = np.einsum("ij,ij->i", frames, frames) / frame
    loud = np.concatenate(([False], power > _AUDIBLE_POWER, [False]))
    edges = np.flatnonzero(loud[1:] != loud[:-1])
    runs: list[Run] = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if last - first < 2:
            continue
        lead, tail = _loud_ms(frames[first], rate_hz)[0], _loud_ms(frames[last - 1], rate_hz)[1]
        run = Run(int(first) * frame + lead, (int(last) - 1) * frame + tail)
        if runs and run.start - runs[-1].end < samples(gap_ms, rate_hz):
            run = Run(runs.pop().start, run.end)
        runs.append(run)
    return runs


def _loud_ms(frame: npt.NDArray[np.float32], rate_hz: int) -> tuple[int, int]:
    """Where in an audible frame the first loud millisecond starts and the last one ends, in samples."""
    step = rate_hz // 1000
    blocks = frame[: frame.size // step * step].reshape(-1, step)
    loud = np.flatnonzero((blocks**2).mean(axis=1) > _AUDIBLE_POWER)
    return int(loud[0]) * step, int(loud[-1] + 1) * step


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something the caller said: samples [start, end) of its stream, and how the script calls it."""

    start: int
    end: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """The bot's reply to an utterance.

    `ear_to_mouth_ms` counts from the caller's last audible sample to the bot's first; it is None where
    the bot said nothing before the caller's next utterance. `packet_to_packet_ms` is the same between
    the bare stamps of the two packets. `cut_in` marks a bot that spoke up before the caller was done.
    """

    label: str
    caller_from_ns: int
    caller_until_ns: int
    ear_to_mouth_ms: float | None
    packet_to_packet_ms: float | None
    bot_from_ns: int | None
    bot_until_ns: int | None
    cut_in: bool


@dataclass(frozen=True, slots=True)
class Interruption:
    """What an utterance over the bot's speech did.

    `stop_ms` counts from the caller's first audible sample to the bot's last before a pause of
    SPEECH_GAP_MS or more; `silent_ms` is how long that pause was (None: until the end), and
    `caller_still_speaking` whether the bot spoke again before the caller had finished.
    """

    label: str
    caller_from_ns: int
    stop_ms: float
    silent_ms: float | None
    caller_still_speaking: bool


def _audible_part(caller: Timeline, utterance: Utterance) -> Run | None:
    # One frame more, so that sound in a last frame that isn't full counts too.
    end = utterance.end + samples(FRAME_MS, caller.rate_hz)
    runs = audible_runs(caller.pcm[utterance.start : end], caller.rate_hz)
    if not runs:
        return None
    return Run(utterance.start + runs[0].start, utterance.start + runs[-1].end)


def _ms(later_ns: int, earlier_ns: int) -> float:
    return round((later_ns - earlier_ns) / 1e6, 3)


@dataclass(frozen=True, slots=True)
class _Speech:
    """A run of the bot in wire time, with the run itself."""

    run: Run
    from_ns: int
    until_ns: int


def _speeches(bot: Timeline) -> list[_Speech]:
    if not bot.positions.size:
        return []
    runs = audible_runs(bot.pcm, bot.rate_hz, SPEECH_GAP_MS)
    return [_Speech(run, bot.time_ns(run.start), bot.end_ns(run.end)) for run in runs]


def turns(caller: Timeline, bot: Timeline, utterances: Sequence[Utterance]) -> list[Turn]:
    """Pair each audible utterance with what the bot said next, up to the following utterance."""
    speeches = _speeches(bot)
    parts = [(u, part) for u in utterances if (part := _audible_part(caller, u)) is not None]
    found = []
    for index, (utterance, part) in enumerate(parts):
        from_ns, until_ns = caller.time_ns(part.start), caller.end_ns(part.end)
        next_ns = caller.time_ns(parts[index + 1][1].start) if index + 1 < len(parts) else None
        after = [s for s in speeches if s.from_ns > from_ns and (next_ns is None or s.from_ns < next_ns)]
        # A bot that cut in, gave way and spoke again later replied then; one that went on talking did before.
        reply = next((s for s in after if s.until_ns > until_ns), None)
        found.append(
            Turn(
                label=utterance.label,
                caller_from_ns=from_ns,
                caller_until_ns=until_ns,
                ear_to_mouth_ms=_ms(reply.from_ns, until_ns) if reply else None,
                packet_to_packet_ms=_ms(bot.packet_ns(reply.run.start), caller.packet_ns(part.end - 1))
                if reply else None,
                bot_from_ns=reply.from_ns if reply else None,
                bot_until_ns=reply.until_ns if reply else None,
                cut_in=any(s.from_ns < until_ns for s in after),
            )
        )  # fmt: skip
    return found


def interruptions(caller: Timeline, bot: Timeline, utterances: Sequence[Utterance]) -> list[Interruption]:
    """How the bot took each utterance that began while it was audible."""
    speeches = _speeches(bot)
    found = []
    for utterance in utterances:
        part = _audible_part(caller, utterance)
        if part is None:
            continue
        onset_ns, until_ns = caller.time_ns(part.start), caller.end_ns(part.end)
        over = [i for i, s in enumerate(speeches) if s.from_ns < onset_ns <= s.until_ns]
        if not over:
            continue
        speech = speeches[over[0]]
        following = speeches[over[0] + 1] if over[0] + 1 < len(speeches) else None
        found.append(
            Interruption(
                label=utterance.label,
                caller_from_ns=onset_ns,
                stop_ms=_ms(speech.until_ns, onset_ns),
                silent_ms=_ms(following.from_ns, speech.until_ns) if following else None,
                caller_still_speaking=following is not None and following.from_ns < until_ns,
            )
        )
    return found
