"""Voice activity on a telephone line: a cheap first look at every frame, and a model that judges.

The first look asks whether a frame stands out of the line's noise and sounds like speech to WebRTC's
detector. Twice yes is a *maybe*, and Silero is asked, from a little before the sound on. It says whether
somebody *started*, and runs until the speech *stopped*; an idle line never pays for it.

Positions are sample numbers of the caller's audio. A maybe that isn't followed by a start came to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from math import log10

import numpy as np

from media.frame import FRAME_MS, FULL_SCALE, Pcm, samples
from media.noise_floor import NoiseFloor
from media.silero import Silero
from media.webrtc_vad import RATES_HZ, WebrtcVad

STOP_MS = 120
"""Silence after which speech is said to have stopped: longer than the closure of a plosive."""

_AGGRESSIVENESS = 2
_LOUDER_THAN_NOISE_DB = 6.0
"""What is so much louder than the noise stands out of it, however it swells; out of a steady one less does."""
_FAINTEST_DBFS = -60.0
"""Fainter sounds are never looked at: on a telephone that is the noise of the line."""
_STILL_OVER_NOISE_DB = 4.0
_UNDER_SPEECH_DB = 30.0
"""What lies this far under the loudest frame of an utterance is its echo in the room."""
_SUSPICIOUS_OF = 3
_SUSPICIOUS = 2
_RUN_UP_FRAMES = 11
"""Frames before the first suspicious one that the model hears too, with its memory wiped: an old memory of
tones makes it deaf, an empty one takes tones that begin suddenly for speech."""
_SURE = 0.42
_DOUBTED = 0.15
_SUREST = 0.93
"""Each maybe that came to nothing raises the bar for the next by `_DOUBTED`, up to `_SUREST`: hold music and
babble cry wolf every second."""
_BEYOND_DOUBT_DB = 12.0
"""What is so much louder than the sounds that came to nothing, in their mean, isn't one of them: the rest of an echo
and the line's own noise must not make the detector deaf to a clear "yes"."""
_SURE_OVER_VOICE = 0.62
"""While a voice of ours sounds, a start has to be surer: it would fall silent for it. Hums, and voices far away in the
room, stay under this; a voice into the telephone comes over it within two frames."""
_FORGET = 0.999
"""How much of such doubt is left a frame later: half of it after 14 s."""
_AT_ONCE_FRAMES = 4
"""While somebody clearly speaks the model hears so many frames at a time, for two thirds of the cost."""
_CLEARLY = 0.8
_SKIPPED_FRAMES = 4
"""Where it is as sure as that, it skips as many: level alone tells the end, and a voice is none for so short a time."""
_SOUND_FRAMES = 3
_HUM = 0.985
"""Sounds that repeat themselves this well aren't voices."""
_TONE = 0.9985
"""Frames of which so much lies in two tones aren't voices: one in 140 of theirs does."""
_LOBE_BINS = 2
_LOWEST_TONE_BIN = 7
"""From 350 Hz on, in bins of 50 Hz: no signalling tone lies lower, but the murmur of an m does."""
_STILL = 0.35
_GIVE_UP_FRAMES = 12
"""A maybe that the model hasn't confirmed for so long is noise, and the noise floor moves up to it."""
_LOUDER_DB = 3.0
"""A maybe that grows by so much is given its time anew: somebody may speak after a click or a breath."""
_AGAIN_FRAMES = 4
"""A maybe so soon after one that was given up is the same sound, and began where that did."""
_LATEST_FRAMES = 16
"""A start is reported at most so late; in a noise that was there before, speech began nearer to now."""
_RING = 20


@dataclass(frozen=True, slots=True)
class SpeechMaybe:
    """Something that could be speech began at `position`."""

    position: int


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody speaks, from `position` on."""

    position: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The speech ended at `position`; known only `stop_ms` later."""

    position: int


VadEvent = SpeechMaybe | SpeechStarted | SpeechStopped


class Activity(Enum):
    """What the line holds now."""

    QUIET = auto()
    MAYBE = auto()
    SPEECH = auto()


class Vad:
    """One call's detector, fed with frames of 20 ms at 8 or 16 kHz.

    Raises ValueError for another rate, SileroMissing where the model isn't installed.
    """

    def __init__(self, rate_hz: int, stop_ms: int = STOP_MS) -> None:
        if rate_hz not in RATES_HZ:
            raise ValueError(f"voice activity detection needs 8000 or 16000 Hz, not {rate_hz}")
        self._size = samples(FRAME_MS, rate_hz)
        self._stop = samples(stop_ms, rate_hz)
        self._window = np.hanning(self._size + 2)[1:-1].astype(np.float32)
        self._full_power = self._size * FULL_SCALE**2
        self._webrtc = WebrtcVad(rate_hz, _AGGRESSIVENESS)
        self._silero = Silero(rate_hz)
        self.over_voice = False
        """Whether a voice of ours sounds now; to be set by whoever plays it."""
        self._state = Activity.QUIET
        self._ring = np.zeros((_RING, self._size), np.float32)
        self._rows = [(row, row[1:], row[:-1]) for row in self._ring]
        self._level = -100.0
        self._count = 0  # frames so far
        self._noise = NoiseFloor(_LOUDER_THAN_NOISE_DB)
        self._bright_noise = NoiseFloor()
        self._suspicions = 0  # bit n: the frame n ago was suspicious
        self._began = 0
        self._gave_up = -(1 << 62)  # where a maybe last came to nothing
        self._maybe_frames = 0
        self._unheard = 0  # frames that the model is still to hear
        self._probability = 0.0
        self._doubt = 0.0  # maybes that came to nothing, less what was forgotten since
        self._doubted_dbfs = 0.0  # how loud they were, the mean of their loudest frames
        self._loudest = -100.0  # frame of the maybe
        self._peak = -100.0
        self._voiced_end = 0

    @property
    def activity(self) -> Activity:
        """What the last frame was taken for."""
        return self._state

    @property
    def speech_probability(self) -> float:
        """What the model said last, 0 to 1; 0 while it isn't asked."""
        return self._probability

    @property
    def level_dbfs(self) -> float:
        """How loud the last frame was."""
        return self._level

    @property
    def noise_dbfs(self) -> float:
        """The line's noise, as far as known."""
        return self._noise.dbfs

    def feed(self, frame: Pcm, position: int) -> tuple[VadEvent, ...]:
        """What the next frame tells; its first sample is number `position`. ValueError: not 20 ms."""
        if frame.size != self._size:
            raise ValueError(f"a frame has {self._size} samples here, not {frame.size}")
        row, later, sooner = self._rows[self._count % _RING]
        self._count += 1
        row[:] = frame
        power = float(row.dot(row)) / self._full_power
        self._level = level = 10 * log10(power) if power > 1e-10 else -100.0
        self._doubt *= _FORGET
        noise, bright_noise = self._noise, self._bright_noise
        if self._state is Activity.SPEECH:
            if level < noise.dbfs:
                noise.learn(level)
            else:
                noise.pass_over(level)
            return self._listen(frame, position, level)
        # The power of the differences between one sample and the next, by the law of cosines.
        change = 2.0 * (power - float(later.dot(sooner)) / self._full_power)
        bright = 10 * log10(change) if change > 1e-10 else -100.0
        if self._count == 1:
            noise.begin(level)
            bright_noise.begin(bright)
        if self._state is Activity.QUIET:
            if level < _FAINTEST_DBFS or (level < noise.sound_dbfs and bright < bright_noise.sound_dbfs):
                return self._quiet(level, bright)
            return self._look(frame, position, level, bright)
        noise.pass_over(level)
        bright_noise.pass_over(bright)
        return self._listen(frame, position, level)

    def _quiet(self, level: float, bright: float) -> tuple[VadEvent, ...]:
        """A frame that is noise."""
        if self._suspicions:
            self._suspect(0)
        self._noise.learn(level)
        self._bright_noise.learn(bright)
        return ()

    def _look(self, frame: Pcm, position: int, level: float, bright: float) -> tuple[VadEvent, ...]:
        """A frame that stands out of the noise: does it sound like speech, and not alone?"""
        if not self._webrtc.is_speech(frame) or self._tonality(self._count - 1) > _TONE:
            return self._quiet(level, bright)
        self._suspect(1)
        self._noise.pass_over(level)
        self._bright_noise.pass_over(bright)
        if self._suspicions.bit_count() < _SUSPICIOUS:
            return ()
        ago = self._suspicions.bit_length() - 1
        if position - self._gave_up > _AGAIN_FRAMES * self._size:
            self._began = position - ago * self._size
        self._state, self._maybe_frames, self._peak, self._loudest = Activity.MAYBE, 0, level, level
        self._silero.reset()
        self._unheard = min(ago + _RUN_UP_FRAMES, self._count - 1)
        return (SpeechMaybe(self._began), *self._listen(frame, position, level))

    def _suspect(self, bit: int) -> None:
        self._suspicions = (self._suspicions << 1 | bit) & ((1 << _SUSPICIOUS_OF) - 1)

    def _listen(self, frame: Pcm, position: int, level: float) -> tuple[VadEvent, ...]:
        """A frame that the model hears."""
        self._unheard += 1
        if self._state is Activity.MAYBE or self._probability < _STILL or self._unheard >= _AT_ONCE_FRAMES:
            self._judge()
        end = position + self._size
        if self._state is Activity.MAYBE:
            self._maybe_frames += 1
            self._loudest = max(self._loudest, level)
            if level > self._peak + _LOUDER_DB:
                self._peak, self._maybe_frames = level, 0
            if not self._is_start(end):
                if self._maybe_frames >= _GIVE_UP_FRAMES:
                    self._give_up(end)
                return ()
            self._state, self._peak, self._voiced_end = Activity.SPEECH, level, end
            return (SpeechStarted(max(self._began, end - _LATEST_FRAMES * self._size)),)
        self._peak = max(self._peak, level)
        gate = max(self._noise.dbfs + _STILL_OVER_NOISE_DB, _FAINTEST_DBFS, self._peak - _UNDER_SPEECH_DB)
        if level > gate and self._probability >= _STILL:
            self._voiced_end = end
        if end - self._voiced_end < self._stop:
            return ()
        self._noise.unsettle()
        self._bright_noise.unsettle()
        self._rest()
        return (SpeechStopped(self._voiced_end),)

    def _judge(self) -> None:
        """Let the model hear the frames that it hasn't."""
        end = (self._count - 1) % _RING + 1
        begin = end - self._unheard
        rows = self._ring[begin:end] if begin >= 0 else np.concatenate((self._ring[begin:], self._ring[:end]))
        self._unheard = 0
        answers = self._silero.feed(rows.reshape(-1).astype(np.int16))
        if self._state is Activity.MAYBE:
            self._probability = self._silero.peek()
        elif answers:
            self._probability = answers[-1]
            if self._probability >= _CLEARLY:
                self._unheard = -_SKIPPED_FRAMES

    def _is_start(self, end: int) -> bool:
        """Whether the model is sure, and not fooled by a tone or a hum that has just begun."""
        doubt = self._doubt if self.level_dbfs < self._doubted_dbfs + _BEYOND_DOUBT_DB else 0.0
        sure = max(_SURE + _DOUBTED * doubt, _SURE_OVER_VOICE if self.over_voice else 0.0)
        if self._probability < min(sure, _SUREST):
            return False
        if end - self._began < _SOUND_FRAMES * self._size or self._likeness() > _HUM:
            return False
        return all(self._tonality(self._count - 1 - back) < _TONE for back in range(_SOUND_FRAMES))

    def _tonality(self, count: int) -> float:
        """How much of frame `count` lies around its two strongest frequencies, 0 to 1 (dial tone, a key).

        0 where the strongest is too low for a signal.
        """
        power = np.abs(np.fft.rfft(self._ring[count % _RING] * self._window)) ** 2
        total = float(power.sum())
        if int(power.argmax()) < _LOWEST_TONE_BIN:
            return 0.0
        for _ in range(2):
            peak = int(power.argmax())
            power[max(0, peak - _LOBE_BINS) : peak + _LOBE_BINS + 1] = 0.0
        return 1.0 - float(power.sum()) / total if total > 0 else 0.0

    def _likeness(self) -> float:
        """How much the newest frame is like a stretch of the two before it, 0 to 1.

        The best normalised cross-correlation at lags of 20 to 40 ms: mains hum and single tones repeat
        themselves there almost exactly, voices don't.
        """
        rows = [(self._count - 1 - back) % _RING for back in range(_SOUND_FRAMES)]
        newest = self._ring[rows[0]]
        before = np.concatenate([self._ring[row] for row in reversed(rows[1:])])
        energies = np.cumsum(np.concatenate(([0.0], before**2)))
        energy = float(newest.dot(newest)) * (energies[self._size :] - energies[: -self._size])
        products = np.correlate(before, newest, "valid")
        return float((products / np.sqrt(np.maximum(energy, 1.0))).max())

    def _give_up(self, end: int) -> None:
        self._doubted_dbfs = (self._doubted_dbfs * self._doubt + self._loudest) / (self._doubt + 1)
        self._doubt += 1
        self._gave_up = end
        self._noise.rise()
        self._bright_noise.rise()
        self._rest()

    def _rest(self) -> None:
        self._state, self._suspicions, self._probability = Activity.QUIET, 0, 0.0
