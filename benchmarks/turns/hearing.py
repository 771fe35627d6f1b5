"""The front end of a call, as `brain.ear` runs it: echo canceller, voice detector, levels.

Frame n of a call is heard at (n + 1) * 20 ms of its clock, whole. What the line and the jitter buffer add before
is the same for every policy and isn't counted.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

import media.distance
import media.echo
import media.echo_delay
import media.echo_drift
import media.echo_filter
import media.echo_jump
import media.echo_suppressor
import media.levels
import media.near
import media.noise_floor
import media.silero
import media.silero_network
import media.vad
import media.webrtc_vad
from benchmarks.turns.items import FRAME, FRAME_S, RATE
from benchmarks.turns.memo import Memo, digest
from brain import events as ev
from brain.ear import DOUBTED, VOICE_DBFS
from media.distance import Distance
from media.echo import EchoCanceller
from media.frame import Pcm
from media.levels import Levels
from media.near import NearTalk
from media.prosody import SPAN_S, measure
from media.vad import SpeechMaybe, SpeechStarted, SpeechStopped, Vad, VadEvent

SILENT: Pcm = np.zeros(FRAME, np.int16)


class Hearing(Protocol):
    """One call's ear: a frame of the caller, and what the bot sent meanwhile, give events."""

    @property
    def heard(self) -> Pcm:
        """All audio so far, as the recogniser gets it."""
        ...

    @property
    def doubted(self) -> bool:
        """Whether what is heard may be the bot's echo."""
        ...

    @property
    def noisy(self) -> bool:
        """Whether the recogniser is to look twice."""
        ...

    def hear(self, frame: Pcm, sent: Pcm) -> list[ev.Event]: ...

    def may_stop_within(self, seconds: float) -> bool:
        """Whether speech may be found to have stopped so soon from now."""
        ...


class Live:
    """The real chain, for a call of at most `frames` frames. `caller_dbfs`: how loud earlier turns were."""

    def __init__(self, frames: int, caller_dbfs: float | None = None) -> None:
        self._echo, self._vad, self._levels = EchoCanceller(RATE), Vad(RATE), Levels(RATE)
        self._near = NearTalk()
        self._distance = Distance(caller_dbfs)
        self._audio = np.zeros(frames * FRAME, np.int16)
        self._count = 0
        self.doubted = False

    @property
    def heard(self) -> Pcm:
        """See `Hearing`."""
        return self._audio[: self._count * FRAME]

    def hear(self, frame: Pcm, sent: Pcm) -> list[ev.Event]:
        """See `Hearing`."""
        certain = self._near.hears(frame, self._vad.noise_dbfs)
        clean = self._echo.process(frame, sent, self._near.loud)
        self._vad.over_voice = self._echo.sent_dbfs > VOICE_DBFS
        self._near.sent(self._echo.sent_dbfs)
        doubted = self._echo.state in DOUBTED and not certain
        position = self._count * FRAME
        found = self._vad.feed(clean, position)
        self._audio[position : position + FRAME] = self._levels.process(clean, self._vad.activity)
        self._count += 1
        now = round(self._count * FRAME_S, 4)
        events = [_event(item, now) for item in found]
        if doubted is not self.doubted:
            self.doubted = doubted
            events.insert(0, ev.EchoChanged(now, doubted))
        vad, far = self._vad, self._distance.far
        if self._distance.hear(vad.level_dbfs, vad.noise_dbfs, vad.activity, vad.over_voice) is not far:
            events.insert(0, ev.DistanceChanged(now, not far))
        return events

    @property
    def noisy(self) -> bool:
        """See `Hearing`."""
        return self._levels.noisy

    def may_stop_within(self, seconds: float) -> bool:
        """See `Hearing`; here nobody knows."""
        return True


def _event(item: VadEvent, now: float) -> ev.Event:
    since = round(item.position / RATE, 4)
    match item:
        case SpeechMaybe():
            return ev.SpeechMaybe(now, since)
        case SpeechStarted():
            return ev.SpeechStarted(now, since)
        case SpeechStopped():
            return ev.SpeechStopped(now, since)


@dataclass(slots=True)
class Known:
    """What `Live` found while the bot was silent: the same for every policy, so it is computed once."""

    audio: Pcm
    events: dict[int, list[ev.Event]] = field(default_factory=dict)
    noisy_frames: frozenset[int] = frozenset()
    count: int = 0
    doubted: bool = False

    @property
    def heard(self) -> Pcm:
        """See `Hearing`."""
        return self.audio[: self.count * FRAME]

    def hear(self, frame: Pcm, sent: Pcm) -> list[ev.Event]:
        """See `Hearing`; the frame is known already."""
        self.count += 1
        found = self.events.get(self.count - 1, [])
        for event in found:
            if isinstance(event, ev.EchoChanged):
                self.doubted = event.doubted
        return found

    @property
    def noisy(self) -> bool:
        """See `Hearing`."""
        return self.count - 1 in self.noisy_frames

    def may_stop_within(self, seconds: float) -> bool:
        """See `Hearing`."""
        frames = range(self.count - 1, self.count + round(seconds / FRAME_S) + 1)
        return any(isinstance(event, ev.SpeechStopped) for n in frames for event in self.events.get(n, ()))

    def again(self) -> Known:
        """The same call from its beginning."""
        return Known(self.audio, self.events, self.noisy_frames)


_DETAIL: dict[type[ev.Event], str] = {
    ev.SpeechMaybe: "since",
    ev.SpeechStarted: "since",
    ev.SpeechStopped: "since",
    ev.EchoChanged: "doubted",
    ev.DistanceChanged: "far",
}
"""What each of the events of the front end has beside its time."""
_KINDS = {kind.__name__: kind for kind in _DETAIL}


def version() -> str:
    """The front end's own code: what it found before a change of it counts no more."""
    echo = (media.echo, media.echo_delay, media.echo_drift, media.echo_filter, media.echo_jump, media.echo_suppressor)
    voice = (media.noise_floor, media.silero, media.silero_network, media.vad, media.webrtc_vad)
    modules = (*echo, media.distance, media.levels, media.near, *voice)
    return digest(*(inspect.getsource(module) for module in modules))


def listened(audio: Pcm, memo: Memo, sent: Pcm | None = None) -> Known:
    """The front end's view of a whole call in which the bot sends `sent`, silence where None."""
    key = digest("front end", version(), audio.tobytes(), b"" if sent is None else sent.tobytes())

    def made() -> list[object]:
        live, found, noisy = Live(audio.size // FRAME), [], []
        for number in range(audio.size // FRAME):
            piece = slice(number * FRAME, (number + 1) * FRAME)
            for event in live.hear(audio[piece], SILENT if sent is None else sent[piece]):
                found.append([number, type(event).__name__, event.at, getattr(event, _DETAIL[type(event)])])
            if live.noisy:
                noisy.append(number)
        return [live.heard.tobytes().hex(), found, noisy]

    heard, found, noisy = memo.get(key, made)
    known = Known(np.frombuffer(bytes.fromhex(heard), np.int16), noisy_frames=frozenset(noisy))
    for number, kind, at, detail in found:
        event = _KINDS[kind](at, detail)
        if isinstance(event, ev.SpeechStopped):
            known.events.setdefault(number, []).extend(_prosody(known.audio, event))
        known.events.setdefault(number, []).append(event)
    return known


def _prosody(heard: Pcm, stopped: ev.SpeechStopped) -> list[ev.Event]:
    """What `brain.ear` posts before a stop."""
    ended = round(stopped.since * RATE)
    contour = measure(heard[max(0, ended - int(SPAN_S * RATE)) : ended], RATE)
    return [] if contour is None else [ev.Prosody(stopped.at, contour)]
