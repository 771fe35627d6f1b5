"""The voice detector against its criteria: onsets of people, false alarms, stops, the noise floor, and its cost.

    python -m benchmarks.vad                all of it (about ten minutes of processor time)
    python -m benchmarks.vad --every 4      every fourth utterance and a quarter of the noises

Onsets are labelled by energy: ITU-T P.56's threshold, 15.9 dB under the active level (`line_corpus.utterances`).
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np
import onnxruntime

from benchmarks.human_clips import package_file
from benchmarks.line_corpus import (
    RATE,
    Signal,
    Utterance,
    announcer,
    babble,
    car,
    hold_music,
    kept_recordings,
    music,
    never_speech,
    on_the_line,
    synthetic_recordings,
    tuning_recordings,
    utterances,
    white,
)
from media.frame import Pcm
from media.silero import Silero
from media.vad import Activity, SpeechMaybe, SpeechStarted, SpeechStopped, Vad, VadEvent

FRAME = 160
MS = 1000 / RATE
EARLY = RATE // 10
"""What is known so long before the labelled onset belongs to a breath or to the noise."""
CONDITIONS = (
    (-12.0, "silence"),
    (-12.0, "-50"),
    (-22.0, "silence"),
    (-22.0, "-65"),
    (-22.0, "-50"),
    (-22.0, "car"),
    (-30.0, "-65"),
    (-35.0, "-65"),
    (-35.0, "-50"),
    (-35.0, "car"),
    (-22.0, "babble"),
)


def listen(pcm: Pcm) -> list[tuple[int, VadEvent]]:
    """Every event, with the sample at which it is known."""
    vad = Vad(RATE)
    known = []
    for at in range(0, pcm.size - FRAME + 1, FRAME):
        known += [(at + FRAME, event) for event in vad.feed(pcm[at : at + FRAME], at)]
    return known


def background(kind: str, count: int, seed: int) -> Signal:
    """`count` samples of silence, car, babble (both -50 dBFS), or white noise at a level."""
    seconds = count / RATE + 0.01
    if kind == "silence":
        return np.zeros(count)
    if kind in ("car", "babble"):
        return (car if kind == "car" else babble)(seconds, -50, seed)[:count]
    return white(seconds, float(kind), seed)[:count]


def onsets(people: list[Utterance], dbfs: float, kind: str) -> dict[str, float]:
    """Milliseconds from onset and end to events; shares and counts of what went wrong."""
    rng = np.random.default_rng(5)
    found: dict[str, list[float]] = defaultdict(list)
    missed = early = stops = 0
    spoken = 0.0
    for number, voice in enumerate(people):
        lead = RATE * 3 // 2 + int(rng.integers(FRAME))
        signal = np.concatenate((np.zeros(lead), voice.signal * 10 ** (dbfs / 20), np.zeros(RATE)))
        known = listen(on_the_line(signal + background(kind, signal.size, number)))
        onset, end = lead + voice.onset, lead + voice.end
        started = [at for at, event in known if isinstance(event, SpeechStarted)]
        if any(at < onset - EARLY for at in started):
            early += 1
            continue
        started = [at for at in started if at <= end]
        if not started:
            missed += 1
            continue
        maybes = [at for at, e in known if isinstance(e, SpeechMaybe) and onset - EARLY <= at <= started[0]]
        found["maybe"].append((maybes[0] if maybes else onset - EARLY) - onset)
        found["speech"].append(started[0] - onset)
        stopped = [at for at, event in known if isinstance(event, SpeechStopped)]
        false = [at for at in stopped if started[0] < at < end and _loud(voice, at - lead, dbfs)]
        stops += len(false)
        spoken += (end - onset) / RATE
        found["stop"] += [at - end for at in stopped if at >= end][:1]
    row = {"dbfs": dbfs, "onsets": len(people), "missed": missed, "started_in_noise": early}
    for name in ("maybe", "speech", "stop"):
        for percent in (50, 95, 100):
            row[f"{name}_p{percent}"] = round(float(np.percentile(found[name], percent)) * MS)
    row["speech_in_160"] = round(float(np.mean(np.array(found["speech"]) * MS <= 160)), 3)
    row["false_stops_per_minute"] = round(stops / spoken * 60, 2)
    return row


def _loud(voice: Utterance, at: int, dbfs: float) -> bool:
    """Whether the speech was over its threshold in the 100 ms before sample `at`: a stop there is false."""
    recent = voice.signal[max(0, at - RATE // 10) : at].reshape(-1)
    blocks = recent[: recent.size // 80 * 80].reshape(-1, 80)
    return bool(blocks.size) and bool((np.sqrt(np.mean(blocks**2, axis=1)) > 32768 * 10 ** (-15.9 / 20)).any())


def alarms(name: str, signal: Signal) -> dict[str, object]:
    """What the detector takes for speech in something that isn't."""
    pcm = on_the_line(signal + white(signal.size / RATE + 0.01, -68, 9)[: signal.size])
    known = listen(pcm)
    starts = [at for at, event in known if isinstance(event, SpeechStarted)]
    ends = [at for at, event in known if isinstance(event, SpeechStopped)]
    ends += [pcm.size] * (len(starts) - len(ends))
    return {
        "name": name,
        "minutes": round(signal.size / RATE / 60, 2),
        "maybe": sum(isinstance(event, SpeechMaybe) for _, event in known),
        "speech": len(starts),
        "speech_s": round(sum(b - a for a, b in zip(starts, ends, strict=True)) / RATE, 1),
    }


def floors() -> list[dict[str, float]]:
    """Seconds until a noise that jumps is known to 2 dB."""
    rows = []
    for before, after in ((-65.0, -45.0), (-55.0, -35.0), (-35.0, -55.0)):
        pcm = on_the_line(np.concatenate((white(5, before, 1), white(15, after, 2))))
        vad, learnt = Vad(RATE), float("nan")
        for at in range(0, pcm.size - FRAME + 1, FRAME):
            vad.feed(pcm[at : at + FRAME], at)
            if np.isnan(learnt) and at >= 5 * RATE and abs(vad.noise_dbfs - after) <= 2:
                learnt = (at + FRAME) / RATE - 5
        rows.append({"from_dbfs": before, "to_dbfs": after, "seconds": round(learnt, 2)})
    return rows


def costs(people: Iterable[Utterance]) -> dict[str, float]:
    """Microseconds of processor time a frame, by what the line holds, and for the mix of a call."""
    spent: dict[Activity, list[float]] = defaultdict(list)
    speech = np.concatenate([u.signal for u in people])[: 60 * RATE] * 10 ** (-22 / 20)
    pause = np.zeros(speech.size * 65 // 35)
    pieces = [np.concatenate(pair) for pair in zip(np.array_split(speech, 15), np.array_split(pause, 15), strict=True)]
    signal = np.concatenate(pieces)
    pcm = on_the_line(signal + white(signal.size / RATE + 1, -62)[: signal.size])
    mixes = []
    for _ in range(5):
        vad, total = Vad(RATE), 0.0
        for at in range(0, pcm.size - FRAME + 1, FRAME):
            frame = pcm[at : at + FRAME]
            before = vad.activity
            began = time.process_time()
            vad.feed(frame, at)
            took = (time.process_time() - began) * 1e6
            total += took
            spent[before if vad.activity is before else Activity.MAYBE].append(took)
        mixes.append(total / (pcm.size // FRAME))
    row = {activity.name.lower(): round(float(np.mean(took)), 1) for activity, took in spent.items()}
    frames = 5 * pcm.size / FRAME
    row |= {f"share of {activity.name.lower()}": round(len(took) / frames, 3) for activity, took in spent.items()}
    row["mix of 35 % speech"] = round(float(np.median(mixes)), 1)
    model = Silero(RATE)
    began = time.process_time()
    for at in range(0, 1000 * FRAME, FRAME):
        model.feed(pcm[at : at + FRAME])
    row["Silero alone"] = round((time.process_time() - began) * 1e3, 1)
    return row


def batches() -> dict[str, float]:
    """Microseconds of a window of Silero: alone, several of one call, and of many calls at once.

    The export in use has time as its batch dimension; pipecat's has calls, and an 8 kHz side.
    """
    noise = np.random.default_rng(1).standard_normal
    row = {}
    for count in (1, 3, 8):
        model, pcm = Silero(RATE), (noise(256 * count) * 1000).astype(np.int16)
        row[f"{count} of one call"] = _per_window(lambda model=model, pcm=pcm: model.feed(pcm), count)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    path = package_file("pipecat", "audio/vad/data/silero_vad.onnx")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    for count in (1, 4, 16, 35):
        inputs = {
            "input": noise((count, 288)).astype(np.float32) * 0.1,
            "state": np.zeros((2, count, 128), np.float32),
            "sr": np.array(RATE),
        }
        row[f"{count} calls, other export"] = _per_window(lambda inputs=inputs: session.run(None, inputs), count)
    return row


def _per_window(work: Callable[[], object], count: int) -> float:
    rounds = []
    for _ in range(7):
        began = time.process_time()
        for _ in range(100):
            work()
        rounds.append((time.process_time() - began) / 100 / count * 1e6)
    return round(float(np.median(rounds)), 1)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.vad", description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    every = parser.parse_args().every
    sets = {
        "unseen": announcer("it"),
        "kept aside": kept_recordings(),
        "tuned with": tuning_recordings(),
        "synthetic": synthetic_recordings(),
    }
    people = {name: [u for piece in given for u in utterances(*piece)][::every] for name, given in sets.items()}
    people = {name: given for name, given in people.items() if given}
    result: dict[str, object] = {"benchmark": "vad"}
    cost = costs([u for name, signal in sets["tuned with"][:1] for u in utterances(name, signal)])
    print("microseconds of processor time for each 20 ms frame")
    for what, took in cost.items():
        print(f"  {what:22} {took:8.3f}")
    batch = batches()
    print("microseconds of processor time for each window of 32 ms")
    for what, took in batch.items():
        print(f"  {what:24} {took:6.1f}")
    print("milliseconds from onset (maybe, speech) or end (stop); false stops a minute of speech")
    rows = []
    for name, given in people.items():
        for dbfs, kind in CONDITIONS:
            row = {"voices": name, "noise": kind, **onsets(given, dbfs, kind)}
            rows.append(row)
            print(
                "  {voices:10} {dbfs:4.0f} dBFS in {noise:8} n {onsets:3} missed {missed:2} in noise "
                "{started_in_noise:2} maybe {maybe_p50:4} {maybe_p95:4} {maybe_p100:4} speech {speech_p50:4} "
                "{speech_p95:4} {speech_p100:4} stop {stop_p50:4} {stop_p95:4} false {false_stops_per_minute:5}".format(
                    **row
                ),
                flush=True,
            )
    print("what isn't speech")
    sounds = [*never_speech().items(), *((f"synthetic music {n}", music(60, -25, n)) for n in range(6))]
    sounds += hold_music(-25)
    sounds += [(f"babble of 8, {dbfs:.0f} dBFS", babble(60, dbfs, 3)) for dbfs in (-50, -40, -30)]
    heard = [alarms(name, signal[: signal.size // every]) for name, signal in sounds]
    for alarm in heard:
        print("  {name:32} {minutes:5.2f} min  maybe {maybe:4}  speech {speech:3}  {speech_s:6.1f} s".format(**alarm))
    floor = floors()
    for step in floor:
        print("floor from {from_dbfs:.0f} to {to_dbfs:.0f} dBFS learnt in {seconds} s".format(**step))
    result |= {"us_per_frame": cost, "us_per_window": batch, "onsets": rows, "not_speech": heard, "floor": floor}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
