"""An overlap in virtual time: the bot says its prompt through the real playout while the caller's line brings sound.

The playout is two frames ahead of the clock, as in a call, so what is decided now is heard 40 ms later. What the
clock took is the canceller's reference, and the source of a speakerphone's echo.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from benchmarks.turns.conversation import Conversation, Journal
from benchmarks.turns.hearing import SILENT, Live
from benchmarks.turns.items import FRAME, FRAME_S, RATE, Overlap
from benchmarks.turns.models import Models
from benchmarks.turns.recogniser import Recogniser
from brain import actions as act
from brain import events as ev
from brain.expect import Interruptible
from brain.turns import TurnManager
from media.frame import Pcm, level_dbfs
from media.g711 import decode_ulaw, encode_ulaw
from media.playout import Playout
from telephony.caller.speakerphone import EchoSettings, Speakerphone

AHEAD = 2
"""Frames that the bot has written before the clock takes them."""
AUDIBLE_DBFS = -42.0
UTTERANCE = 1
LISTENS_S = 3.0
"""A bot that hasn't decided so long after the sound's end won't."""
SETTLED_S = 0.5


@dataclass(slots=True)
class Heard:
    """What became of the prompt. Times are seconds of the call; None where it didn't happen.

    `stopped` is when the bot gave the floor up, `silent` the end of the last audible frame before that. `pauses` are
    the stretches in which it held its place and then went on. `played` is how much of the prompt was heard in order.
    """

    stopped: float | None
    silent: float | None
    pauses: tuple[tuple[float, float], ...]
    held: bool
    journal: Journal = field(repr=False)


class Line:
    """The caller's end: what the clock took is heard there, and its echo comes back with the caller's sound."""

    def __init__(self, overlap: Overlap) -> None:
        self._audio = overlap.audio
        self._phone = Speakerphone(EchoSettings(*overlap.echo), RATE) if overlap.echo else None

    def frame(self, number: int, sent: Pcm) -> Pcm:
        """Frame `number` as the bot's end of the line brings it, while `sent` is played."""
        own = self._audio[number * FRAME : (number + 1) * FRAME]
        if self._phone is None:
            return own
        echo = self._phone.take(FRAME)
        self._phone.play(sent, number * FRAME, UTTERANCE)
        both = np.clip(np.rint(own + echo), -32768, 32767).astype(np.int16)
        return decode_ulaw(encode_ulaw(both))


def open_loop(overlap: Overlap) -> tuple[Pcm, Pcm]:
    """What the line brings while the bot never stops, and what it sends: for policies that only look."""
    line = Line(overlap)
    frames = overlap.audio.size // FRAME
    lead = np.zeros(AHEAD * FRAME, np.int16)
    sent = np.concatenate((lead, overlap.prompt, np.zeros(overlap.audio.size, np.int16)))[: frames * FRAME]
    pieces = [line.frame(n, sent[n * FRAME : (n + 1) * FRAME]) for n in range(frames)]
    return np.concatenate(pieces), sent


def talked_over(overlap: Overlap, models: Models, known: bool = False) -> Heard:
    """Our bot's prompt, with the caller over it; `known`: the bot has heard earlier turns of theirs."""
    call = _Call(overlap, models, overlap.caller_dbfs if known else None)
    frames, ends = overlap.audio.size // FRAME, overlap.ends / RATE
    for number in range(frames):
        call.frame(number)
        now = (number + 1) * FRAME_S
        if call.over or (call.stopped is not None and now > call.stopped + SETTLED_S):
            break
        if now > ends + LISTENS_S and not call.held:
            break
    return call.result()


class _Call:
    def __init__(self, overlap: Overlap, models: Models, caller_dbfs: float | None) -> None:
        self._line = Line(overlap)
        self._hearing = Live(overlap.audio.size // FRAME, caller_dbfs)
        self._recogniser = Recogniser(models, self._hearing, own=overlap.prompt_text)
        self._playout = Playout(RATE)
        self._written: deque[Pcm] = deque([SILENT] * AHEAD)
        self._loud: list[float] = []
        self._pauses: list[tuple[float, float]] = []
        self._since: float | None = None
        self.stopped: float | None = None
        self.over = False
        self._call = Conversation(TurnManager(), self._recogniser, self._perform)
        self._call.post(ev.Asked(0.0, overlap.expect, prompt=True))
        self._call.post(ev.PromptStarted(0.0, UTTERANCE, Interruptible.SPEECH))
        self._playout.begin(UTTERANCE)
        self._playout.put(UTTERANCE, overlap.prompt, overlap.prompt_text)
        self._playout.end(UTTERANCE)

    @property
    def held(self) -> bool:
        """Whether the bot holds its place now."""
        return self._since is not None

    def frame(self, number: int) -> None:
        """One tick: the clock takes a frame, the caller's is heard, another is written."""
        sent = self._written.popleft()
        now = (number + 1) * FRAME_S
        if level_dbfs(sent) > AUDIBLE_DBFS:
            self._loud.append(now)
        self._call.hear(self._hearing, number, self._line.frame(number, sent), sent)
        for _ in self._ended(number + 1):
            self._call.post(ev.PromptEnded(round(now, 4), UTTERANCE))
            self.over = True
        self._written.append(self._playout.take(FRAME).copy())

    def _ended(self, taken: int) -> Iterator[int]:
        yield from self._playout.finished(max(0, taken - AHEAD))

    def _perform(self, at: float, action: act.Action) -> None:
        match action:
            case act.Duck():
                self._playout.duck()
            case act.Unduck():
                self._playout.unduck()
            case act.PausePlayout():
                self._playout.pause()
                self._since = at
            case act.ResumePlayout():
                self._playout.resume()
                if self._since is not None:
                    self._pauses.append((self._since, at))
                self._since = None
            case act.StopSpeaking():
                self._playout.flush()
                self.stopped, self._since = at, None

    def result(self) -> Heard:
        """After the last frame."""
        silent = self._loud[-1] if self.stopped is not None and self._loud else None
        return Heard(self.stopped, silent, tuple(self._pauses), self.held, self._call.journal)
