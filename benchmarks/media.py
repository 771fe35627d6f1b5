"""What the media path costs a call for each 20 ms frame: every stage alone, and all of them together.

    python -m benchmarks.media            tables and one JSON line; costs are the median of many rounds

The call is a minute at the mix of a conversation: the bot speaks 40 % of the time, the caller 35 %, both at once 3 %.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.cpu_time import Step, microseconds
from benchmarks.echo_paths import Path, room
from benchmarks.line_corpus import RATE, Signal, amplitude, kept_recordings, tuning_recordings, utterances
from brain.ear import Ear
from brain.engines import SttSettings, SttStream
from media.distance import Distance
from media.dtmf import DtmfDetector
from media.echo import EchoCanceller
from media.frame import Pcm
from media.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw
from media.levels import Levels
from media.near import NearTalk
from media.playout import Playout
from media.recorder import Recorder
from media.resample import Resampler
from media.vad import Activity, Vad

FRAME = 160
FRAME_US = 20_000
SECONDS = 60
TOGETHER = 100
"""Calls that take their frames in turn: none finds the processor's caches as it left them."""
SPEECH_DBFS, NOISE_DBFS = -22.0, -65.0
ROUND_S = 20
"""The minute is three rounds of the same times."""
BOT = ((0.0, 8.0),)
"""Seconds of a round in which the bot speaks: 40 %."""
CALLER = ((4.0, 4.6), (9.0, 15.4))
"""Seconds in which the caller does: 35 %, 3 % of them over the bot."""


@dataclass(frozen=True, slots=True)
class Line:
    """A minute of a call: what was heard and sent, and what the earlier stages make of it for the later ones."""

    heard: Pcm
    sent: Pcm
    clean: Pcm
    sent_dbfs: list[float]
    activity: list[Activity]
    level_dbfs: list[float]
    noise_dbfs: list[float]


class NoStt:
    """The call's recogniser is another process's; here nobody listens."""

    async def open(self, call: str, rate_hz: int) -> SttStream:
        raise NotImplementedError

    async def warm(self, settings: SttSettings) -> None:
        raise NotImplementedError


def spoken(recordings: list[tuple[str, Signal]], times: tuple[tuple[float, float], ...]) -> Signal:
    """People, at these times of every round."""
    voice = np.concatenate([u.signal for name, signal in recordings for u in utterances(name, signal)])
    whole, at = np.zeros(SECONDS * RATE), 0
    for began in range(0, SECONDS, ROUND_S):
        for start, end in times:
            count = int((end - start) * RATE)
            whole[int((began + start) * RATE) :][:count] = voice[at : at + count] * 10 ** (SPEECH_DBFS / 20)
            at += count
    return whole


def pcm(signal: Signal) -> Pcm:
    return np.clip(np.rint(signal), -32768, 32767).astype(np.int16)


def line(bot: Signal, caller: Signal, echo: bool) -> Line:
    """The call through PCMU, over a speakerphone or over a telephone without an echo."""
    sent = pcm(bot)
    noise = np.random.default_rng(1).standard_normal(sent.size) * amplitude(NOISE_DBFS)
    if echo:
        heard = Path(room(1, 10.0), ((0.0, 120.0),)).near(sent, caller)
    else:
        heard = decode_ulaw(encode_ulaw(pcm(caller + noise)))
    canceller, vad = EchoCanceller(RATE), Vad(RATE)
    made = Line(heard, sent, np.empty_like(heard), [], [], [], [])
    for at in range(0, heard.size, FRAME):
        piece = slice(at, at + FRAME)
        made.clean[piece] = canceller.process(heard[piece], sent[piece])
        made.sent_dbfs.append(canceller.sent_dbfs)
        vad.over_voice = canceller.sent_dbfs > -50
        vad.feed(made.clean[piece], at)
        made.activity.append(vad.activity)
        made.level_dbfs.append(vad.level_dbfs)
        made.noise_dbfs.append(vad.noise_dbfs)
    return made


def frame(audio: Pcm, number: int) -> Pcm:
    return audio[number * FRAME : (number + 1) * FRAME]


# ---- stages ------------------------------------------------------------------------------------------------


def keys(of: Line) -> Step:
    detector = DtmfDetector(RATE)
    return lambda n: detector.feed(frame(of.heard, n), n * FRAME)


def recording(of: Line) -> Step:
    recorder = Recorder(io.BytesIO(), RATE)

    def step(n: int) -> None:
        recorder.caller(n * FRAME, frame(of.heard, n))
        recorder.bot(n * FRAME, frame(of.sent, n))

    return step


def echo(of: Line) -> Step:
    canceller = EchoCanceller(RATE)
    return lambda n: canceller.process(frame(of.heard, n), frame(of.sent, n))


def voice_activity(of: Line) -> Step:
    vad = Vad(RATE)

    def step(n: int) -> None:
        vad.over_voice = of.sent_dbfs[n] > -50
        vad.feed(frame(of.clean, n), n * FRAME)

    return step


def near_or_far(of: Line) -> Step:
    near, distance = NearTalk(), Distance()

    def step(n: int) -> None:
        near.hears(frame(of.heard, n), of.noise_dbfs[n])
        near.sent(of.sent_dbfs[n])
        distance.hear(of.level_dbfs[n], of.noise_dbfs[n], of.activity[n], of.sent_dbfs[n] > -50)

    return step


def levels(of: Line) -> Step:
    stage = Levels(RATE)
    return lambda n: stage.process(frame(of.clean, n), of.activity[n])


def together(of: Line) -> Step:
    """As a call has them: the ear's own order, with what lies between the stages."""
    seconds = 0.0
    ear = Ear("benchmark", RATE, NoStt(), None, lambda event: None, lambda: seconds, lambda: "")
    tones, record = keys(of), recording(of)

    def step(n: int) -> None:
        nonlocal seconds
        seconds = n * FRAME / RATE
        tones(n)
        record(n)
        ear.hear(frame(of.heard, n), frame(of.sent, n), n * FRAME, (n + 1) * FRAME)

    return step


STAGES: dict[str, Callable[[Line], Step]] = {
    "keys in the audio": keys,
    "recording": recording,
    "echo canceller": echo,
    "voice activity": voice_activity,
    "near or far": near_or_far,
    "levels": levels,
    "together": together,
}


def a_hundred(of: Line) -> float:
    """CPU time of a frame where `TOGETHER` calls take theirs in turn, over one round."""
    steps, frames = [together(of) for _ in range(TOGETHER)], ROUND_S * RATE // FRAME
    used = 0.0
    for number in range(frames):
        started = time.process_time()
        for step in steps:
            step(number)
        used += time.process_time() - started
    return used / frames / TOGETHER * 1e6


def small_things() -> dict[str, float]:
    """What a frame costs in the mixer, in a resampler and in a codec."""
    rng = np.random.default_rng(0)
    one = rng.integers(-9000, 9000, FRAME).astype(np.int16)
    wide = rng.integers(-9000, 9000, 2 * FRAME).astype(np.int16)
    very_wide = rng.integers(-9000, 9000, 441).astype(np.int16)
    coded = encode_ulaw(one)
    prompt = rng.integers(-9000, 9000, 60 * RATE).astype(np.int16)
    prompt.setflags(write=False)

    def playing(prepare: Callable[[Playout], object]) -> float:
        def make() -> Step:
            playout = Playout(RATE)
            playout.begin(0)
            playout.put(0, prompt)
            prepare(playout)
            return lambda n: playout.take(FRAME)

        return microseconds(make, 2000)

    def resampling(in_hz: int, out_hz: int, audio: Pcm) -> float:
        def make() -> Step:
            stream = Resampler(in_hz, out_hz)
            return lambda n: stream.process(audio)

        return microseconds(make, 2000)

    return {
        "mixer, silent": playing(Playout.flush),
        "mixer, speaking": playing(lambda playout: None),
        "mixer, ducked": playing(Playout.duck),
        "resampler 8 to 16 kHz": resampling(8000, 16000, one),
        "resampler 16 to 8 kHz": resampling(16000, 8000, wide),
        "resampler 22.05 to 8 kHz": resampling(22050, 8000, very_wide),
        "mu-law encode": microseconds(lambda: lambda n: encode_ulaw(one), 5000),
        "mu-law decode": microseconds(lambda: lambda n: decode_ulaw(coded), 5000),
        "A-law encode": microseconds(lambda: lambda n: encode_alaw(one), 5000),
        "A-law decode": microseconds(lambda: lambda n: decode_alaw(coded), 5000),
    }


def main() -> None:
    """The command line."""
    bot, caller = spoken(tuning_recordings(), BOT), spoken(kept_recordings(1), CALLER)
    silence = np.zeros_like(bot)
    lines = {
        "idle": line(silence, silence, echo=False),
        "mix": line(bot, caller, echo=False),
        "mix, echo": line(bot, caller, echo=True),
    }
    frames = SECONDS * RATE // FRAME
    costs = {
        stage: {name: microseconds(partial(make, of), frames) for name, of in lines.items()}
        for stage, make in STAGES.items()
    }
    costs[f"{TOGETHER} calls in turn"] = {name: a_hundred(of) for name, of in lines.items()}
    print("microseconds of CPU for each 20 ms frame of a call at 8 kHz (share of a core)")
    print(f"  {'':24}" + "".join(f"{name:>20}" for name in lines))
    for stage, row in costs.items():
        print(f"  {stage:24}" + "".join(f"{us:10.1f} ({us / FRAME_US:6.3%})" for us in row.values()))
    small = small_things()
    for name, us in small.items():
        print(f"  {name:24}{us:10.1f}")
    rounded = {stage: {name: round(us, 2) for name, us in row.items()} for stage, row in costs.items()}
    small_us = {name: round(us, 2) for name, us in small.items()}
    print(json.dumps({"benchmark": "media", "us_per_frame": rounded, "small_us_per_frame": small_us}))


if __name__ == "__main__":
    main()
