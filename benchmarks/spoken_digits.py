"""Telephone numbers, spoken: python -m benchmarks.spoken_digits [--numbers 20] [--seed 2] [--voices joe ...]

Numbers of seven and ten digits, a third of their digits the same as the one before: repeated digits are what a
recogniser miscounts. Each is spoken by every voice, through G.711 mu-law over line noise of -58 dBFS, and counts
only if every digit is right. Decodes with and without a plan's phrases.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import subprocess
import wave
from time import process_time

import numpy as np
import numpy.typing as npt

from brain.log_mel import RATE_HZ
from brain.resampling import resample
from brain.spoken import parse_digits
from brain.stt.weights import model_folder
from brain.stt.whisper import WhisperModel
from brain.tts.local import load_voice
from media.frame import FULL_SCALE
from media.g711 import decode_ulaw, encode_ulaw

LINE_HZ = 8000
REPEATED = 0.35
NOISE_DBFS = -58
PEAK = 0.35
PHRASES = ("Willow Street", "clinic", "Doctor Reed", "Doctor Cole", "Doctor Lopez", "call back", "parking")
"""Those of dialplans/reception.yaml."""
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
Audio = npt.NDArray[np.float32]


def draw(count: int, rng: random.Random) -> list[str]:
    """Numbers, of seven and ten digits in turn; every third begins with 555."""
    numbers = []
    for index in range(count):
        digits = [rng.randint(1, 9)]
        while len(digits) < (7, 10)[index % 2]:
            digits.append(digits[-1] if rng.random() < REPEATED else rng.randint(0, 9))
        if index % 3 == 0:
            digits[:3] = [5, 5, 5]
        numbers.append("".join(map(str, digits)))
    return numbers


def sentence(number: str) -> str:
    """As people group it: three and four, or three, three and four."""
    groups = [number[:-4]] if len(number) == 7 else [number[:3], number[3:6]]
    return ", ".join(" ".join(WORDS[int(d)] for d in group) for group in [*groups, number[-4:]]) + "."


def espeak(text: str) -> tuple[Audio, int]:
    """The text as espeak-ng says it, and its rate."""
    command = ["espeak-ng", "-v", "en-us", "-s", "150", "--stdout", text]
    said = wave.open(io.BytesIO(subprocess.run(command, capture_output=True, check=True).stdout))
    return np.frombuffer(said.readframes(1 << 24), np.int16).astype(np.float32) / FULL_SCALE, said.getframerate()


def on_the_line(audio: Audio, rate_hz: int) -> Audio:
    """What the recogniser gets of it: 16 kHz, full scale 1.0."""
    audio = resample(audio.astype(np.float32), rate_hz, LINE_HZ)
    audio = np.pad(audio * (PEAK / np.abs(audio).max()), (LINE_HZ // 5, LINE_HZ // 3))
    noise = np.random.default_rng(1).standard_normal(audio.size) * 10 ** (NOISE_DBFS / 20)
    pcm = np.clip((audio + noise) * FULL_SCALE, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return resample(decode_ulaw(encode_ulaw(pcm)).astype(np.float32) / FULL_SCALE, LINE_HZ, RATE_HZ)


def main() -> None:
    """Print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=20)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--voices", nargs="+", default=["joe", "hibari", "espeak-ng"])
    parser.add_argument("--model", default="base")
    args = parser.parse_args()
    numbers = draw(args.numbers, random.Random(args.seed))
    clips = []
    for name in args.voices:
        voice = None if name == "espeak-ng" else load_voice(name)
        for number in numbers:
            text = sentence(number)
            audio, rate = (voice.synthesize(text, 1.0), voice.rate_hz) if voice else espeak(text)
            clips.append((name, number, on_the_line(audio, rate)))
    model = WhisperModel(model_folder(args.model), 1, 1)
    figures: dict[str, object] = {"benchmark": "spoken_digits", "numbers": args.numbers, "seed": args.seed}
    print(f"{'':28} " + " ".join(f"{name:>10}" for name in args.voices) + "   too few / many  CPU ms")
    for title, phrases in (("the plan's phrases", PHRASES), ("no phrases", ())):
        right = dict.fromkeys(args.voices, 0)
        few = many = 0
        began = process_time()
        for name, number, audio in clips:
            heard = parse_digits(model.decode(audio, "en", phrases, False).text) or ""
            right[name] += heard == number
            few, many = few + (len(heard) < len(number)), many + (len(heard) > len(number))
        spent = (process_time() - began) * 1000 / len(clips)
        figures[title] = {**right, "too_few": few, "too_many": many, "cpu_ms": round(spent)}
        row = " ".join(f"{right[name]:4} of {args.numbers:2}" for name in args.voices)
        print(f"{title:28} {row} {few:9} / {many:<4} {spent:6.0f}", flush=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
