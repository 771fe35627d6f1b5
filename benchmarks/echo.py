"""The echo canceller: ITU-T G.168's tests, telephones and speakerphones with the bot's voices, and what it costs.

    python -m benchmarks.echo [g168] [cost] [speech] [talk] [drawn] [jumps] [--minutes 30]

`g168`: tests 2A, 2B and 3A as spandsp's echo_tests.c puts them, on four hybrids of our own. `speech`: the bot
speaks, the caller doesn't; what the voice detector and the recogniser make of the canceller's output. `talk`: a
person speaks over the bot; how well he is recognised. `cost`: CPU time of a frame. Only when named: `drawn`, as
`speech` on twenty paths drawn by chance; `jumps`, on ten whose delay jumps in other ways. Both voices are synthesised
once and kept in the cache folder.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jiwer
import numpy as np

from benchmarks.echo_paths import FRAME, RATE, Path, Signal, convolved, css, hybrid, pcm, peak_dbm0, room
from benchmarks.human_clips import folded, short_clips
from brain.cache import cache_folder
from brain.ear import VOICE_DBFS
from brain.engines import SttSettings
from brain.stt.local import decode
from brain.stt.weights import model_folder
from brain.stt.whisper import WhisperModel
from brain.stt.window import Snapshot
from brain.tts.local import CALIBRATION, load_voice
from brain.tts.shape import gain_for, pause_ms, shape
from media.echo import EchoCanceller
from media.frame import Pcm, level_dbfs
from media.near import NearTalk
from media.vad import SpeechStarted, SpeechStopped, Vad

RUN_UP = RATE // 4
"""What the recogniser hears from before the onset, as in a call."""

BOT = (
    "Good morning, this is the clinic at Elm Street. How can I help you today?",
    "We are open from nine to five on weekdays, and on Saturdays until noon.",
    "Could you tell me your full name, please, and spell the surname?",
    "I have an appointment on Tuesday the fourteenth at a quarter past ten, or on Thursday at half past three.",
    "Your number is zero two zero, seven nine four six, double zero one eight. Is that right?",
    "One moment, I am looking that up for you.",
    "The doctor will call you back this afternoon, between two and four o'clock.",
    "To speak to a nurse, press one. For prescriptions, press two. For anything else, stay on the line.",
    "I am sorry, I did not understand that. Could you say it once more?",
    "Your prescription was sent to the pharmacy on the corner of Bridge Road this morning.",
    "There is a car park behind the building, and the entrance is on the left, next to the bakery.",
    "Please bring your insurance card and a list of the medicines that you take.",
    "The result of your blood test is not here yet. It usually takes three working days.",
    "Thank you. I have written that down. Is there anything else that I can do for you?",
    "If your symptoms get worse over the weekend, please call the emergency service at once.",
    "All right, I have moved your appointment from Monday to Wednesday, at eleven o'clock.",
)

PATHS = {
    "handset, 60 ms, 20 dB": Path(room(1, 20, 0.06, 15), ((0, 60),)),
    "handset, 120 ms, 14 dB": Path(room(2, 14, 0.08, 12), ((0, 120),)),
    "handset, 200 ms, 10 dB": Path(room(3, 10, 0.08, 12), ((0, 200),)),
    "hybrid, 40 ms, 6 dB": Path(hybrid(1, 6), ((0, 40),)),
    "hybrid, 300 ms, 12 dB": Path(hybrid(2, 12), ((0, 300),)),
    "speakerphone, 100 ms, 10 dB": Path(room(4, 10, 0.25), ((0, 100),)),
    "speakerphone, 200 ms, 6 dB": Path(room(5, 6, 0.3, 3), ((0, 200),)),
    "speakerphone, 300 ms, 8 dB, clips": Path(room(6, 8, 0.25), ((0, 300),), clip=0.15),
    "speakerphone, 160 ms, 6 dB, clips hard": Path(room(7, 6, 0.3, 3), ((0, 160),), clip=0.07),
    "speakerphone, 10 dB, slips 20 ms every 10 s": Path(
        room(8, 10, 0.25), tuple((t, 140 + 20 * ((t // 10) % 4)) for t in range(0, 3600, 10))
    ),
    "handset, 10 dB, drift 200 ppm as slips": Path(
        room(9, 10, 0.08, 12), tuple((t, 120 + t * 0.2) for t in range(0, 1000, 100))
    ),
    "speakerphone, 12 dB, drift 200 ppm, continuous": Path(room(10, 12, 0.2), ((0, 120),), drift_ppm=200),
}


def drawn_paths(count: int = 20, seed: int = 77) -> dict[str, Path]:
    """Paths that no constant was chosen with: 60 to 300 ms, 6 to 20 dB, every fourth a loudspeaker that clips."""
    rng = np.random.default_rng(seed)
    paths = {}
    for n in range(count):
        delay, loss = float(rng.uniform(60, 300)), float(rng.uniform(6, 20))
        kind = ("hybrid", "handset", "speakerphone", "speakerphone, clips")[n % 4]
        clip = float(rng.uniform(0.07, 0.3)) if n % 4 == 3 else None
        if kind == "hybrid":
            response = hybrid(200 + n, loss)
        elif kind == "handset":
            response = room(200 + n, loss, 0.08, 12)
        else:
            response = room(200 + n, loss, float(rng.uniform(0.15, 0.4)), float(rng.uniform(2, 8)))
        paths[f"{n:2} {kind}, {delay:.0f} ms, {loss:.0f} dB"] = Path(response, ((0, delay),), clip, seed=n + 9)
    return paths


def jumping_paths() -> dict[str, Path]:
    """Speakerphones behind jitter buffers of other habits than those above: none of them was tuned with."""

    def regular(number: int, step_ms: float, every_s: int, count: int, first_ms: float, **more: Any) -> Path:
        times = range(0, 3600, every_s)
        delays = tuple((t, first_ms + step_ms * (t // every_s % count)) for t in times)
        return Path(room(number, 10, 0.25), delays, **more)

    def wandering(seed: int, step_ms: float | None) -> Path:
        """By `step_ms` or a multiple of it up to three at a time, or to anywhere, every 2 to 15 s."""
        rng = np.random.default_rng(seed)
        delays, at, delay = [], 0.0, 150.0
        while at < 3600:
            delays.append((at, delay))
            at += float(rng.uniform(2, 15))
            if step_ms is None:
                delay = float(rng.uniform(80, 200))
            else:
                delay = min(260.0, max(60.0, delay + step_ms * float(rng.choice((-3, -2, -1, 1, 2, 3)))))
        return Path(room(300 + seed, 10, 0.25), tuple(delays), seed=seed)

    return {
        "30 ms every 7 s": regular(301, 30, 7, 3, 140),
        "40 ms every 15 s": regular(302, 40, 15, 3, 120),
        "20 ms every 3 s": regular(303, 20, 3, 4, 160),
        "10 ms every 5 s": regular(304, 10, 5, 5, 80),
        "20 ms every 10 s, clips": regular(305, 20, 10, 4, 140, clip=0.15),
        "10 to 30 ms, 2 to 15 s": wandering(311, 10),
        "20 to 60 ms, 2 to 15 s": wandering(312, 20),
        "20 to 60 ms, 2 to 15 s, again": wandering(313, 20),
        "up to 120 ms, 2 to 15 s": wandering(314, None),
        "up to 120 ms, 2 to 15 s, again": wandering(315, None),
    }


def cancelled(near: Pcm, far: Pcm, canceller: EchoCanceller) -> Pcm:
    """As a call's ear does it."""
    talk, out = NearTalk(), []
    for at in range(0, near.size, FRAME):
        heard = near[at : at + FRAME]
        talk.hears(heard)
        out.append(canceller.process(heard, far[at : at + FRAME], talk.loud))
        talk.sent(canceller.sent_dbfs)
    return np.concatenate(out)


# ---- G.168 ------------------------------------------------------------------------------------------------


def changing(path: Path, other: Path, far: Pcm, second: float) -> Pcm:
    """The line with `path` until `second`, then with `other`."""
    at = int(second * RATE)
    return np.concatenate((path.near(far)[:at], other.near(far)[at:]))


def unexplained(path: Path, far: Pcm, line: Pcm) -> Signal:
    """What the exact linear path leaves of the line: noise, and what the codecs made of the echo."""
    return line - convolved(far.astype(float), path.response)


def g168(number: int, law: Any, level_dbm0: float, erl_db: float) -> dict[str, float]:
    """The residues of tests 2A, 2B (and what the exact path leaves there) and 3A, as peaks of the meter, in dBm0."""
    first = Path(hybrid(number, erl_db), law=law, noise_dbm0=-80)
    second = replace(first, response=hybrid(number + 1, erl_db))
    quiet = np.zeros(int(0.2 * RATE) // FRAME * FRAME)
    result: dict[str, float] = {}
    far = pcm(np.concatenate((quiet, css(20, level_dbm0))))
    out = cancelled(changing(first, second, far, 10.2), far, EchoCanceller(RATE))
    result["2A a"] = peak_dbm0(out[int(1.2 * RATE) : int(10.2 * RATE)])
    result["2A b"] = peak_dbm0(out[int(11.2 * RATE) :])
    far = pcm(np.concatenate((quiet, css(360, level_dbm0))))
    line = changing(first, second, far, 180.2)
    out = cancelled(line, far, EchoCanceller(RATE, suppress=False))
    for name, path, span in (("2B a", first, slice(int(10.2 * RATE), int(180.2 * RATE))),
                             ("2B b", second, slice(int(190.2 * RATE), out.size))):  # fmt: skip
        result[name] = peak_dbm0(out[span])
        result[f"{name} exact"] = peak_dbm0(unexplained(path, far, line)[span])
    far = pcm(np.concatenate((quiet, css(10.5, level_dbm0))))
    caller = np.concatenate((quiet, css(5, level_dbm0 - 20, double_talk=True), np.zeros(far.size)))[: far.size]
    out = cancelled(first.near(far, caller), far, EchoCanceller(RATE, suppress=False))
    result["3A"] = peak_dbm0(out[int(5.7 * RATE) :])
    result["3A limit"] = peak_dbm0(caller)
    return {name: round(value, 1) for name, value in result.items()}


def run_g168() -> dict[str, Any]:
    found: dict[str, Any] = {}
    print("ITU-T G.168, peak residue in dBm0 (limit -65; 3A: the caller's own peak); exact: what the path leaves")
    heads = {"2A a": 6, "2A b": 6, "2B a": 6, "exact": 6, "2B b": 6, "exact ": 6, "3A": 6, "(limit)": 8}
    print(f"  {'hybrid':32} " + " ".join(f"{head:>{width}}" for head, width in heads.items()))
    rows = ((None, -20.0, 12.0), (None, -10.0, 12.0), ("u", -20.0, 12.0), ("u", -10.0, 6.0), ("a", -10.0, 12.0))
    for law, level, erl in rows:
        for number in (1, 4):
            name = f"{number}, ERL {erl:.0f} dB, Rin {level:.0f}, {'G.711 ' + law if law else 'no codec'}"
            r = found[name] = g168(number, law, level, erl)
            figures = (f"{r[key]:{width}.1f}" for key, width in zip(r, heads.values(), strict=True))
            print(f"  {name:32} " + " ".join(figures), flush=True)
    return found


# ---- speech -----------------------------------------------------------------------------------------------


def bot_speech(seconds: float, turn_gap_s: float = 2.0) -> Pcm:
    """Both voices in turn, two sentences a turn, for `seconds`."""
    path = cache_folder() / "echo-bot-speech.npz"
    if not path.is_file():
        spoken = {}
        for name in ("hibari", "joe"):
            voice = load_voice(name)
            gain = gain_for(voice.synthesize(CALIBRATION, 1.0), voice.rate_hz)
            for n, text in enumerate(BOT):
                said = voice.synthesize(text, 1.0)
                spoken[f"{name}{n:02}"] = shape(said, voice.rate_hz, RATE, gain, pause_ms(text))
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **spoken)
    with np.load(path) as file:
        spoken = dict(file)
    parts = [np.zeros(RATE, np.int16)]
    total, n = RATE, 0
    while total < seconds * RATE:
        for voice in ("hibari", "joe"):
            for _ in range(2):
                parts.append(spoken[f"{voice}{n % len(BOT):02}"])
                n += 1
            parts.append(np.zeros(int(turn_gap_s * RATE), np.int16))
        total = sum(part.size for part in parts)
    whole = np.concatenate(parts)[: int(seconds * RATE)]
    return whole[: whole.size // FRAME * FRAME]


def heard(model: WhisperModel, audio: Pcm) -> str:
    return decode(model, SttSettings(), False, Snapshot(audio, RATE, 0, ())).text


def segments(audio: Pcm, far: Pcm) -> Iterator[tuple[int, int]]:
    """What the voice detector takes for speech while `far` is played: first and last sample."""
    vad, began = Vad(RATE), -1
    for at in range(0, audio.size, FRAME):
        vad.over_voice = level_dbfs(far[at : at + FRAME]) > VOICE_DBFS
        for event in vad.feed(audio[at : at + FRAME], at):
            if isinstance(event, SpeechStarted):
                began = event.position
            elif isinstance(event, SpeechStopped) and began >= 0:
                yield began, event.position
                began = -1
    if began >= 0:
        yield began, audio.size


def run_speech(paths: dict[str, Path], minutes: float, model: WhisperModel | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    far = bot_speech(minutes * 60 / len(paths))
    print(f"the bot speaks {far.size / RATE:.0f} s on each path, the caller is silent")
    print(f"  {'path':48} {'starts':>6} {'(without)':>9} {'words':>6} {'state':>10} {'ERLE':>5} {'delay':>6}")
    for name, path in paths.items():
        near = path.near(far)
        canceller = EchoCanceller(RATE)
        out = cancelled(near, far, canceller)
        starts = list(segments(out, far))
        texts = [heard(model, out[max(0, a - RUN_UP) : b]) for a, b in starts] if model else []
        words = sum(len(folded(text).split()) for text in texts)
        plain = sum(1 for _ in segments(near, far))
        report = canceller.report
        found[name] = {
            "starts": len(starts), "without": plain, "words": words, "texts": texts,
            "at_s": [round(a / RATE, 1) for a, _ in starts], "state": report.state.value,
            "erle_db": report.erle_db and round(report.erle_db, 1), "delay_ms": report.delay_ms,
        }  # fmt: skip
        print(
            f"  {name:48} {len(starts):6} {plain:9} {words:6} {report.state.value:>10}"
            f" {report.erle_db or 0:5.1f} {report.delay_ms or -1:6.1f}", flush=True
        )  # fmt: skip
        for (a, b), text in zip(starts, texts, strict=False):
            print(f"      {a / RATE:6.1f} s to {b / RATE:6.1f} s: {text!r}")
    return found


def run_talk(paths: dict[str, Path], model: WhisperModel) -> dict[str, Any]:
    """Word error rates of people who speak over the bot: alone, through the canceller, and with the echo left."""
    found: dict[str, Any] = {}
    clips = short_clips()
    print(f"{len(clips)} sentences of people, spoken over the bot (word error rate)")
    print(f"  {'path':48} {'alone':>6} {'cancelled':>9} {'echo left':>9}  missed")
    far = bot_speech(200, turn_gap_s=0.2)
    for name, path in paths.items():
        truth, alone, through, left, missed = [], [], [], [], 0
        at, caller = 12 * RATE, np.zeros(far.size)
        places = []
        for clip in clips:
            voice = clip.telephone().astype(float)
            voice *= 2600 / np.sqrt(np.mean(voice[np.abs(voice) > 300] ** 2))
            caller[at : at + voice.size] = voice
            places.append((at, at + voice.size))
            at += voice.size + 4 * RATE
        near = path.near(far, caller)
        only = path.near(np.zeros_like(far), caller)
        out = cancelled(near, far, EchoCanceller(RATE))
        spans = list(segments(out, far))
        for clip, (a, b) in zip(clips, places, strict=True):
            a, b = max(0, a - RUN_UP), b + RUN_UP
            missed += not any(start < b and end > a for start, end in spans)
            truth.append(folded(clip.text))
            for texts, audio in ((alone, only), (through, out), (left, near)):
                texts.append(folded(heard(model, audio[a:b])))
        rates = [float(jiwer.wer(truth, texts)) for texts in (alone, through, left)]
        found[name] = {"alone": rates[0], "cancelled": rates[1], "echo left": rates[2], "missed": missed}
        print(f"  {name:48} {rates[0]:6.3f} {rates[1]:9.3f} {rates[2]:9.3f}  {missed}", flush=True)
    return found


# ---- cost -------------------------------------------------------------------------------------------------


def run_cost() -> dict[str, float]:
    """Microseconds of CPU a frame, the best of five runs of 30 s."""
    far = bot_speech(30, turn_gap_s=0.0)
    quiet = np.zeros_like(far)
    caller = np.resize(np.concatenate([clip.telephone() for clip in short_clips()]), far.size).astype(float)
    cases = {
        "idle (the bot is silent)": (PATHS["speakerphone, 100 ms, 10 dB"].near(quiet), quiet),
        "line without echo": (Path(np.zeros(4)).near(far), far),
        "active, speakerphone": (PATHS["speakerphone, 100 ms, 10 dB"].near(far), far),
        "active, hybrid": (PATHS["hybrid, 40 ms, 6 dB"].near(far), far),
        "a caller over it all the time": (PATHS["speakerphone, 100 ms, 10 dB"].near(far, caller), far),
    }
    print("microseconds of CPU for each 20 ms frame at 8 kHz")
    found = {}
    for name, (near, played) in cases.items():
        costs = []
        for _ in range(5):
            canceller = EchoCanceller(RATE)
            began = time.process_time()
            cancelled(near, played, canceller)
            costs.append((time.process_time() - began) / (near.size / FRAME) * 1e6)
        found[name] = round(min(costs), 1)
        print(f"  {name:32} {min(costs):7.1f}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="g168, cost, speech, talk (all four without), drawn, jumps")
    parser.add_argument("--path", default="", help="only the paths whose name holds this")
    parser.add_argument("--minutes", type=float, default=30.0, help="of bot speech, all paths together")
    arguments = parser.parse_args()
    parts = arguments.parts or ["g168", "cost", "speech", "talk"]
    paths = {name: path for name, path in PATHS.items() if arguments.path in name}
    result: dict[str, Any] = {"benchmark": "echo"}
    needs_model = {"speech", "drawn", "jumps", "talk"} & set(parts)
    model = WhisperModel(model_folder("base"), threads=1, parallel=1) if needs_model else None
    if "g168" in parts:
        result["g168"] = run_g168()
    if "cost" in parts:
        result["us_per_frame"] = run_cost()
    if "speech" in parts:
        result["speech"] = run_speech(paths, arguments.minutes, model)
    if "drawn" in parts:
        result["drawn"] = run_speech(drawn_paths(), arguments.minutes, model)
    if "jumps" in parts:
        result["jumps"] = run_speech(jumping_paths(), arguments.minutes, model)
    if "talk" in parts and model is not None:
        result["talk"] = run_talk(paths, model)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
