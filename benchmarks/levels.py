"""Levels: where the gain brings a caller, what a frame costs, and what noise suppression does to the words.

    python -m benchmarks.levels                 all of it (minutes: whisper-base hears every clip many times)
    python -m benchmarks.levels --no-words      without the recogniser
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import cache

import jiwer
import numpy as np

from benchmarks.cpu_time import Step, microseconds
from benchmarks.human_clips import folded, short_clips
from benchmarks.line_corpus import (
    RATE,
    TUNING,
    Signal,
    babble,
    car,
    kept_recordings,
    on_the_line,
    utterances,
    white,
)
from brain.engines import SttSettings
from brain.stt.local import decode
from brain.stt.second_look import second_look
from brain.stt.weights import model_folder
from brain.stt.whisper import WhisperModel
from brain.stt.window import Snapshot
from media.frame import FULL_SCALE, Pcm
from media.levels import TARGET_DBFS, Levels, active_level_dbfs
from media.noise import RATE_HZ
from media.resample import resample
from media.vad import Activity, Vad

FRAME = 160
SPEECH_DBFS = -22.0
LEAD = 2 * RATE
RUN_UP = int(0.3 * RATE)
"""Of the lead, what the recogniser gets: as a segment begins in a call."""
FOREIGN = (("es", "pangrama"), ("es", "conteo"), ("fr", "pangrama"), ("it", "pangrama"), ("pl", "pangrama"))
TALKERS = (
    TUNING[1],
    ("moonshine_voice", "assets/endgame_nagg_nell.wav"),
    *(("pytest_audioeval", f"samples/audio/{language}/{name}.wav") for language, name in FOREIGN),
)
"""Who babbles: nobody whose words are counted."""
NOISES: dict[str, Callable[[float, float, int], Signal]] = {
    "white": white,
    "car": car,
    "babble": lambda seconds, dbfs, seed: babble(seconds, dbfs, seed, names=TALKERS),
}


def levelled(pcm: Pcm) -> tuple[Pcm, bool]:
    """`pcm` as the recogniser would get it in a call, and whether the line is noisy where its speech begins."""
    vad, levels = Vad(RATE), Levels(RATE)
    out, noisy = [], None
    for at in range(0, pcm.size - FRAME + 1, FRAME):
        frame = pcm[at : at + FRAME]
        vad.feed(frame, at)
        out.append(levels.process(frame, vad.activity))
        if noisy is None and vad.activity is Activity.SPEECH:
            noisy = levels.noisy
    return np.concatenate(out), levels.noisy if noisy is None else noisy


def gain_table() -> list[dict[str, float]]:
    """For each level: utterances of the kept recordings, each heard twice with a pause between."""
    voices = [u for name, signal in kept_recordings(12) for u in utterances(name, signal) if u.end - u.onset > RATE]
    rows = []
    for dbfs in (-40.0, -35.0, -30.0, -25.0, -20.0, -15.0, -10.0):
        first, second, peak = [], [], 0
        for number, voice in enumerate(voices):
            loud = voice.signal * 10 ** (dbfs / 20)
            pause = np.zeros(RATE)
            signal = np.concatenate((pause, loud, pause, loud, pause))
            out, _ = levelled(on_the_line(signal + white(signal.size / RATE + 1, -68, number)[: signal.size]))
            middle = pause.size + loud.size + pause.size // 2
            if voice.end - voice.onset > 2 * RATE:
                first.append(active_level_dbfs(out[2 * RATE + voice.onset : middle], RATE))
            second.append(active_level_dbfs(out[middle:], RATE))
            peak = max(peak, int(np.abs(out.astype(int)).max()))
        heard = np.array(second)
        rows.append(
            {
                "in_dbfs": dbfs,
                "after_1s_p5": float(np.percentile(first, 5)),
                "after_1s_p95": float(np.percentile(first, 95)),
                "next_turn_p5": float(np.percentile(heard, 5)),
                "next_turn_p95": float(np.percentile(heard, 95)),
                "within_3_db": float(np.mean(np.abs(heard - TARGET_DBFS) <= 3)),
                "peak": peak,
            }
        )
    return rows


def cost_us() -> dict[str, float]:
    """Microseconds of processor time a frame."""
    quiet, loud = on_the_line(white(10, -60)).reshape(-1, FRAME), on_the_line(white(10, -22)).reshape(-1, FRAME)

    def at(frames: Pcm, activity: Activity) -> float:
        def make() -> Step:
            levels = Levels(RATE)
            return lambda n: levels.process(frames[n], activity)

        return round(microseconds(make, len(frames)), 1)

    wide = resample(loud.reshape(-1), RATE, RATE_HZ).astype(np.float32) / FULL_SCALE
    look = microseconds(lambda: lambda n: second_look(wide), 1) / len(loud)
    return {"pause": at(quiet, Activity.QUIET), "speech": at(loud, Activity.SPEECH), "a second look": round(look, 1)}


class WordCount:
    """Word error rates of whisper-base, raw and levelled, in one noise."""

    def __init__(
        self, noise: str, snr_db: float, dbfs: float = SPEECH_DBFS, *, clips: int = 13, seeds: int = 1
    ) -> None:
        model = _whisper()
        said, raw, levels, shares = [], [], [], []
        took: tuple[list[float], list[float]] = [], []
        for seed in range(seeds):
            for number, clip in enumerate(short_clips()[:clips]):
                whole = np.clip(np.rint(clip.audio * 32767), -32768, 32767).astype(np.int16)
                pcm = resample(whole, clip.rate_hz, RATE)
                speech = pcm * 10 ** ((dbfs - active_level_dbfs(pcm, RATE)) / 20)
                padded = np.concatenate((np.zeros(LEAD), speech, np.zeros(RATE // 2)))
                make = NOISES.get(noise, white)
                background = make(padded.size / RATE + 0.1, dbfs - snr_db, 1000 * seed + number)
                line = on_the_line(padded + background[: padded.size])
                through, noisy = levelled(line)
                said.append(folded(clip.text))
                for texts, times, audio, twice in ((raw, took[0], line, False), (levels, took[1], through, noisy)):
                    began = time.perf_counter()
                    texts.append(_hear(model, audio, twice))
                    times.append((time.perf_counter() - began) * 1000)
                shares.append(noisy)
        self.words = len(" ".join(said).split())
        self.raw, self.levelled = jiwer.wer(said, raw), jiwer.wer(said, levels)
        self.decode_ms = float(np.median(took[0])), float(np.median(took[1]))
        """Of a sentence, raw and as in a call."""
        self.noisy = float(np.mean(shares))
        """The share of sentences that were looked at twice."""


@cache
def _whisper() -> WhisperModel:
    return WhisperModel(model_folder("base"), threads=1, parallel=1)


def _hear(model: WhisperModel, pcm: Pcm, noisy: bool = False) -> str:
    return folded(decode(model, SttSettings(noisy=noisy), True, Snapshot(pcm[LEAD - RUN_UP :], RATE, 0, ())).text)


def words(seeds: int, snrs_db: list[float]) -> list[dict[str, object]]:
    """Word error rates at three levels on a clean line, and in each noise."""
    cases = [("none", 40.0, dbfs, min(seeds, 2)) for dbfs in (-40.0, -22.0, -12.0)]
    cases += [(name, snr, SPEECH_DBFS, seeds) for snr in snrs_db for name in NOISES]
    rows: list[dict[str, object]] = []
    for name, snr_db, dbfs, count in cases:
        found = WordCount(name, snr_db, dbfs, seeds=count)
        row: dict[str, object] = {
            "noise": name,
            "speech_dbfs": dbfs,
            "snr_db": snr_db,
            "words": found.words,
            "wer_raw": round(found.raw, 3),
            "wer_levels": round(found.levelled, 3),
            "noisy": round(found.noisy, 2),
            "ms_raw": round(found.decode_ms[0]),
            "ms_call": round(found.decode_ms[1]),
        }
        cells = "  {noise:8} {speech_dbfs:6.0f} {snr_db:7.0f} {words:6} {wer_raw:9} {wer_levels:9} {noisy:6}"
        cells += " {ms_raw:7} {ms_call:9}"
        print(cells.format(**row), flush=True)
        rows.append(row)
    return rows


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.levels", description=__doc__)
    parser.add_argument("--no-words", action="store_true")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--snr", type=float, nargs="+", default=[0.0, 5.0], help="dB")
    given = parser.parse_args()
    result: dict[str, object] = {"benchmark": "levels"}
    if not given.no_words:
        print("word error rate, whisper-base, through G.711")
        print("  noise      dBFS  S/N dB  words       raw  in a call  noisy  ms raw  in a call")
        result["words"] = words(given.seeds, given.snr)
    result["us_per_frame"] = costs = cost_us()
    print("microseconds for each 20 ms frame at 8 kHz")
    for name, cost in costs.items():
        print(f"  {name:36} {cost:6.1f}")
    result["gain"] = rows = gain_table()
    print("active speech level (ITU-T P.56) out, dBFS: from 1 s of speech on; in the next turn")
    for row in rows:
        print(
            "  in {in_dbfs:4.0f}: {after_1s_p5:6.1f} to {after_1s_p95:6.1f} (p5 to p95); next turn "
            "{next_turn_p5:6.1f} to {next_turn_p95:6.1f}, {within_3_db:4.0%} within 3 dB, highest sample "
            "{peak}".format(**row)
        )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
