"""What the caller hears: the bot's utterances, pulled frame by frame, one or two frames ahead of the clock.

Utterances are played in the order they were begun, without a gap. Between them there is comfort noise, so
that the line doesn't sound dead. `heard` tells how much of it all the clock has really taken.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

import numpy as np

from media.bed import Bed, Once
from media.frame import Pcm, samples
from media.mixing import COMFORT_NOISE_DBFS, Ramp, Signal, comfort_noise, to_pcm

DUCK_DB = -15.0
FADE_MS = 10

_LEDGER_FRAMES = 256
"""How far behind `take` the clock may be: 5 s."""
_CLOSED_KEPT = 16


@dataclass(frozen=True, slots=True)
class Heard:
    """How far the caller has heard: `samples` of `utterance`, which speak the words `text_so_far`.

    `complete`: nothing of the utterance is missing. Before the first utterance its number is -1.
    """

    utterance: int
    samples: int
    text_so_far: str
    complete: bool


class _Phase(Enum):
    OPEN = auto()  # more audio may come
    ENDED = auto()  # all audio is here
    FLUSHED = auto()


@dataclass(slots=True)
class _Utterance:
    number: int
    phase: _Phase = _Phase.OPEN
    chunks: deque[Pcm] = field(default_factory=deque)  # not yet given
    offset: int = 0  # into the first of them
    put: int = 0
    given: int = 0
    texts: list[tuple[int, str]] = field(default_factory=list)  # (sample at which it ends, words)


class _Motion(Enum):
    PLAYING = auto()
    PAUSING = auto()  # the next frame fades out
    PAUSED = auto()
    RESUMING = auto()  # the next frame fades in


class _Command(Enum):
    PAUSE = auto()
    RESUME = auto()
    TAKE = auto()
    FLUSH = auto()


_MOTIONS = {
    (_Motion.PLAYING, _Command.PAUSE): _Motion.PAUSING,
    (_Motion.RESUMING, _Command.PAUSE): _Motion.PAUSED,
    (_Motion.PAUSING, _Command.RESUME): _Motion.PLAYING,
    (_Motion.PAUSED, _Command.RESUME): _Motion.RESUMING,
    (_Motion.PAUSING, _Command.TAKE): _Motion.PAUSED,
    (_Motion.RESUMING, _Command.TAKE): _Motion.PLAYING,
    (_Motion.PAUSING, _Command.FLUSH): _Motion.PLAYING,
    (_Motion.PAUSED, _Command.FLUSH): _Motion.PLAYING,
    (_Motion.RESUMING, _Command.FLUSH): _Motion.PLAYING,
}
"""What isn't listed changes nothing."""


class Playout:
    """One call's outgoing audio at `rate_hz`. Frames may be read-only views: copy before changing one.

    `comfort_noise_dbfs` None gives digital silence between utterances.
    """

    def __init__(self, rate_hz: int, comfort_noise_dbfs: float | None = COMFORT_NOISE_DBFS) -> None:
        if comfort_noise_dbfs is None:
            self._noise: Pcm = np.zeros(2 * rate_hz, np.int16)
            self._noise.setflags(write=False)
        else:
            self._noise = comfort_noise(rate_hz, comfort_noise_dbfs)
        self._noise_at = 0
        self._fade_samples = samples(FADE_MS, rate_hz)
        self._fade_in: Signal = np.linspace(0, 1, self._fade_samples + 2, dtype=np.float32)[1:-1]
        self._fade_out: Signal = self._fade_in[::-1].copy()
        self._gain = Ramp(self._fade_samples)
        self.ducked = False
        """Whether it goes on more quietly."""
        self._motion = _Motion.PLAYING
        self._tail: Signal | None = None  # what a flush left to fade out
        self._beds: list[Bed | Once] = []  # the newest bed plays, the others fade out
        self._queue: deque[_Utterance] = deque()
        self._known: OrderedDict[int, _Utterance] = OrderedDict()
        self._newest = -1
        self._frames_given = 0
        self._last: tuple[_Utterance | None, int] = (None, 0)
        self._ledger: list[tuple[_Utterance | None, int]] = [self._last] * _LEDGER_FRAMES
        self._completed: deque[tuple[int, int]] = deque()  # (frames given at its last sample, utterance)

    # ---- what is to be said -------------------------------------------------------------------------------

    def begin(self, utterance: int) -> None:
        """Start an utterance behind those already there; one that is still open is thereby ended.

        Raises ValueError unless numbers rise from 0.
        """
        if utterance <= self._newest:
            raise ValueError(f"utterance {utterance} begun after {self._newest}")
        if self._queue:
            self.end(self._newest)
        self._newest = utterance
        record = self._known[utterance] = _Utterance(utterance)
        self._queue.append(record)
        if len(self._known) > _CLOSED_KEPT:
            oldest = next(iter(self._known.values()))
            if oldest is not self._queue[0] and oldest is not self._last[0]:
                del self._known[oldest.number]

    def put(self, utterance: int, pcm: Pcm, text: str = "") -> None:
        """Append audio to an utterance. `text`: the words of all audio since the last text, this included.

        So a clause that comes in pieces has its text with the last of them. Audio for an utterance that was
        flushed is dropped. Raises ValueError for one that was ended or never begun.
        """
        record = self._open(utterance)
        if record is None:
            return
        if pcm.size:
            if pcm.flags.writeable:
                pcm = pcm.copy()  # it may be a view of a ring
                pcm.setflags(write=False)
            record.chunks.append(pcm)
            record.put += pcm.size
        if text:
            record.texts.append((record.put, text))

    def end(self, utterance: int) -> None:
        """All audio of this utterance is here. Raises ValueError for one never begun."""
        record = self._known.get(utterance)
        if record is None:
            if not 0 <= utterance <= self._newest:
                raise ValueError(f"utterance {utterance} was never begun")
            return
        if record.phase is _Phase.OPEN:
            record.phase = _Phase.ENDED
            self._settle(self._frames_given)

    def _open(self, utterance: int) -> _Utterance | None:
        record = self._known.get(utterance)
        if record is None and not 0 <= utterance <= self._newest:
            raise ValueError(f"utterance {utterance} was never begun")
        if record is None or record.phase is _Phase.FLUSHED:
            return None
        if record.phase is _Phase.ENDED:
            raise ValueError(f"utterance {utterance} has ended")
        return record

    # ---- how it is said -----------------------------------------------------------------------------------

    def duck(self) -> None:
        """Go on more quietly."""
        self.ducked = True
        self._gain.to(10 ** (DUCK_DB / 20))

    def unduck(self) -> None:
        """Go on as loud as before."""
        self.ducked = False
        self._gain.to(1.0)

    def pause(self) -> None:
        """Fade out and stand still. What fades will be heard again from its first sample."""
        self._motion = _MOTIONS.get((self._motion, _Command.PAUSE), self._motion)

    def resume(self) -> None:
        """Fade in at the paused sample."""
        self._motion = _MOTIONS.get((self._motion, _Command.RESUME), self._motion)

    def flush(self) -> None:
        """Stop: fade out, forget all that hasn't been given, and be neither ducked nor paused."""
        if self._motion in (_Motion.PLAYING, _Motion.PAUSING):
            fading = self._fading()
            self._tail = fading if fading.size else self._tail
        for record in self._queue:
            record.phase = _Phase.FLUSHED
            record.chunks.clear()
        self._queue.clear()
        self.ducked = False
        self._gain.jump(1.0)
        self._motion = _MOTIONS.get((self._motion, _Command.FLUSH), self._motion)

    def lay(self, bed: Bed | None) -> None:
        """Put `bed` under all that is said, in place of the one there; None for none."""
        for old in self._beds:
            old.end()
        if bed is not None:
            self._beds.append(bed)

    def beside(self, pcm: Pcm) -> None:
        """Mix `pcm` in once, whatever is said: it is no utterance, and nothing waits for it."""
        self._beds.append(Once(pcm))

    # ---- the clock's side ---------------------------------------------------------------------------------

    def take(self, samples: int) -> Pcm:
        """The next frame, always `samples` long."""
        self._frames_given += 1
        if self._motion is _Motion.PLAYING:
            frame = self._play(samples)
        else:
            frame = self._move(samples)
        if self._beds:
            frame = self._on_beds(frame)
        self._ledger[self._frames_given % _LEDGER_FRAMES] = self._last
        return frame

    @property
    def frames_given(self) -> int:
        """How many frames `take` has given."""
        return self._frames_given

    @property
    def idle(self) -> bool:
        """Nothing is said and nothing waits to be: `take` would give comfort noise, or the bed alone."""
        return not self._queue and self._tail is None

    @property
    def bedded(self) -> bool:
        """Something sounds beside the utterances, also where nothing is said."""
        return bool(self._beds)

    @property
    def underrun(self) -> bool:
        """An utterance is open and it is its turn, but there is no audio of it."""
        return bool(self._queue) and not self._queue[0].chunks and self._queue[0].phase is _Phase.OPEN

    def heard(self, taken_frames: int) -> Heard:
        """What the caller has heard once the clock has taken `taken_frames` of the frames given."""
        newest = self._frames_given
        frame = min(max(taken_frames, newest - _LEDGER_FRAMES + 1, 0), newest)
        record, count = self._ledger[frame % _LEDGER_FRAMES]
        if record is None:
            return Heard(-1, 0, "", False)
        complete = record.phase is _Phase.ENDED and count == record.put
        return Heard(record.number, count, _words(record.texts, count), complete)

    def finished(self, taken_frames: int) -> list[int]:
        """The utterances that have been heard to their end since the last question."""
        done = []
        while self._completed and self._completed[0][0] <= taken_frames:
            done.append(self._completed.popleft()[1])
        return done

    def _play(self, samples: int) -> Pcm:
        if not self._queue and self._tail is None:
            return self._quiet(samples)
        speech = self._next(samples)
        if self._tail is None and self._gain.transparent:
            return speech if speech.size == samples else self._padded(speech, samples)
        signal = speech.astype(np.float32)
        self._gain.apply(signal)
        if not speech.size:
            self._gain.settle()  # nothing sounds, so there is nothing to ramp
        return self._mixed(signal, samples)

    def _move(self, samples: int) -> Pcm:
        """A frame that isn't plain playing."""
        motion = self._motion
        self._motion = _MOTIONS.get((motion, _Command.TAKE), motion)
        if motion is _Motion.PAUSED:
            signal: Signal = np.zeros(0, np.float32)
        elif motion is _Motion.PAUSING:
            signal = self._fading()
        else:
            signal = self._next(samples).astype(np.float32)
            self._gain.apply(signal)
            signal[: self._fade_samples] *= self._fade_in[: signal.size]
        if motion is _Motion.PAUSED or motion is _Motion.PAUSING:
            self._gain.settle()
        return self._mixed(signal[:samples], samples)

    def _mixed(self, signal: Signal, samples: int) -> Pcm:
        """`signal` with the tail of a flush over it and comfort noise behind it."""
        tail, self._tail = self._tail, None
        if tail is not None:
            if signal.size < tail.size:
                signal = np.concatenate((signal, np.zeros(tail.size - signal.size, np.float32)))
            signal[: tail.size] += tail
        return self._padded(to_pcm(signal[:samples]), samples)

    def _on_beds(self, frame: Pcm) -> Pcm:
        speaking = bool(self._queue and self._queue[0].given) and self._motion is _Motion.PLAYING
        for bed in self._beds:
            frame = to_pcm(bed.add_to(frame, speaking))
        self._beds = [bed for bed in self._beds if not bed.over]
        return frame

    def _padded(self, speech: Pcm, samples: int) -> Pcm:
        if speech.size == samples:
            return speech
        return np.concatenate((speech, self._quiet(samples - speech.size)))

    def _quiet(self, samples: int) -> Pcm:
        self._noise_at += samples
        if self._noise_at > self._noise.size:
            self._noise_at = samples
        if samples > self._noise.size:
            return np.resize(self._noise, samples)
        return self._noise[self._noise_at - samples : self._noise_at]

    def _next(self, samples: int) -> Pcm:
        """Up to `samples` of speech, taken from the queue; a view where it lies in one chunk."""
        head = self._queue[0] if self._queue else None
        if head is not None and head.chunks:
            chunk, start = head.chunks[0], head.offset
            if start + samples < chunk.size:  # nearly always: no chunk and no utterance ends here
                head.offset = start + samples
                head.given += samples
                self._last = (head, head.given)
                return chunk[start : start + samples]
        pieces: list[Pcm] = []
        missing = samples
        while missing and self._queue and self._queue[0].chunks:
            head = self._queue[0]
            chunk = head.chunks[0]
            piece = chunk[head.offset : head.offset + missing]
            pieces.append(piece)
            missing -= piece.size
            head.offset += piece.size
            head.given += piece.size
            if head.offset == chunk.size:
                head.chunks.popleft()
                head.offset = 0
            self._last = (head, head.given)
            self._settle(self._frames_given)
        if len(pieces) == 1:
            return pieces[0]
        return np.concatenate(pieces) if pieces else self._noise[:0]

    def _settle(self, frames: int) -> None:
        """Put away the utterances that are given to their end, with frame number `frames`."""
        while self._queue and not self._queue[0].chunks and self._queue[0].phase is _Phase.ENDED:
            self._completed.append((frames, self._queue.popleft().number))

    def _fading(self) -> Signal:
        """The next samples as they fade out. They stay where they are. Nothing if nothing sounds."""
        signal: Signal = np.zeros(0, np.float32)
        if self._queue and self._queue[0].given:
            head = self._queue[0]
            skip = head.offset
            for chunk in head.chunks:
                piece = chunk[skip : skip + self._fade_samples - signal.size]
                signal = np.concatenate((signal, piece.astype(np.float32)))
                if signal.size == self._fade_samples:
                    break
                skip = 0
        self._gain.apply(signal)
        signal *= self._fade_out[: signal.size]
        return signal


def _words(texts: Sequence[tuple[int, str]], count: int) -> str:
    """The words spoken by the first `count` samples; within one text its letters are spread evenly."""
    heard: list[str] = []
    start = 0
    for end, text in texts:
        words = text.split()
        if count >= end:
            heard += words
        elif count > start:
            letters = sum(map(len, words)) * (count - start) / (end - start)
            for word in words:
                letters -= len(word)
                if letters < 0:
                    break
                heard.append(word)
        start = end
    return " ".join(heard)
