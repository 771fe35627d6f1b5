"""Names and streets on the telephone: python -m benchmarks.phrases [--voices joe hibari ...] [--model base]

Does it help to tell the recogniser which names are likely, or to look its words up among them afterwards? Each
phrase is said in a sentence by every voice, through G.711 mu-law over line noise of -58 dBFS. *Heard* counts the
sentences whose transcript holds the phrase that was said, word for word. *Invented* counts, over sentences
that hold none of the list (other names, ordinary talk), those whose transcript holds one; *mistaken* the same over
names that are nearly one of the list.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from time import process_time

from benchmarks.spoken_digits import Audio, espeak, on_the_line
from brain.phrases import corrected
from brain.stt.weights import model_folder
from brain.stt.whisper import WhisperModel
from brain.tokens import words
from brain.tts.local import load_voice

STREETS = (
    "Abernathy Street", "Calloway Lane", "Fenwick Road", "Gilchrist Avenue", "Larkspur Drive", "Ottoline Crescent",
    "Pemberley Close", "Quimby Square", "Rosamund Way", "Thistledown Road", "Wexcombe Street", "Yarborough Avenue",
)  # fmt: skip
NAMES = (
    "Doctor Achterberg", "Doctor Brzezinski", "Missus Delacroix", "Mister Fitzsimmons", "Doctor Guaraldi",
    "Miss Hargreave", "Doctor Ibarra", "Mister Jaworski", "Doctor Kowalczyk", "Missus Lindqvist",
    "Doctor Mbeki", "Mister Okonkwo",
)  # fmt: skip
ASKING = ("I live on {}.", "The parcel goes to {}, please.", "Can I speak to {}?", "I have an appointment with {}.")
OTHERS = (
    "I live on Station Street.", "The parcel goes to Miller Road, please.", "Can I speak to Doctor Smith?",
    "I have an appointment with Mister Johnson.", "The parcel goes to Kensington Avenue, please.",
    "I live on Garden Lane.", "Can I speak to Missus Robinson?", "I have an appointment with Doctor Wilson.",
    "What are your opening hours?", "I'd like to change my order, please.", "No, that's everything, thank you.",
    "Could you call me back tomorrow morning?", "Is there parking near the square?", "I am calling about a bill.",
    "My daughter has a fever since Monday.", "How much does the first visit cost?", "Yes, that's right.",
    "I think I left my umbrella at your place.", "The one on the corner, next to the library.", "Hello?",
)  # fmt: skip
NEAR = (
    "Can I speak to Miss Hargrove?", "The parcel goes to Pemberton Close, please.", "I live on Fenton Road.",
    "I have an appointment with Mister Fitzpatrick.", "Can I speak to Doctor Kowalski?", "I live on Wexford Street.",
    "Can I speak to Missus Lindgren?", "I live on Gilbert Avenue.", "The parcel goes to Calloway Road, please.",
    "I have an appointment with Doctor Ibanez.", "Can I speak to Mister Yanowski?", "I live on Rosalind Way.",
)  # fmt: skip
"""Names that are nearly on the list, and aren't."""
SIZES = (6, 12, 24)
"""Lengths of the lists: of the phrases, the one that was said is always among them."""


def sentences() -> list[tuple[str, str]]:
    """What is said, with the phrase in it."""
    found = [(ASKING[i % 2].format(street), street) for i, street in enumerate(STREETS)]
    return found + [(ASKING[2 + i % 2].format(name), name) for i, name in enumerate(NAMES)]


def listed(phrase: str, size: int) -> tuple[str, ...]:
    """A list of so many phrases with `phrase` among them, the same for all where all fit."""
    every = [*STREETS, *NAMES]
    start = every.index(phrase) // size * size
    return tuple(every[start : start + size])


def holds(text: str, phrase: str) -> bool:
    """Whether `text` has the words of `phrase`, side by side; "Dr." is "Doctor"."""
    titles = {"dr": "doctor", "mr": "mister", "mrs": "missus", "ms": "miss", "st": "street", "rd": "road"}
    heard = [titles.get(word, word) for word in words(text)]
    wanted = [titles.get(word, word) for word in words(phrase)]
    return any(heard[at : at + len(wanted)] == wanted for at in range(len(heard)))


def main() -> None:
    """Print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", nargs="+", default=["joe", "hibari", "espeak-ng"])
    parser.add_argument("--model", default="base")
    args = parser.parse_args()
    said: list[tuple[str, Audio]] = []
    others: list[Audio] = []
    near: list[Audio] = []
    for name in args.voices:
        voice = None if name == "espeak-ng" else load_voice(name)

        def clip(text: str, voice=voice) -> Audio:
            audio, rate = (voice.synthesize(text, 1.0), voice.rate_hz) if voice else espeak(text)
            return on_the_line(audio, rate)

        said += [(phrase, clip(text)) for text, phrase in sentences()]
        others += [clip(text) for text in OTHERS]
        near += [clip(text) for text in NEAR]
    model = WhisperModel(model_folder(args.model), 1, 1)

    def transcripts(size: int) -> tuple[list[str], list[str], list[str], float]:
        """Of the three sets, with so many phrases as the prompt, and the CPU milliseconds a decode."""
        prompt = (*STREETS, *NAMES)[:size]
        began = process_time()
        one = [model.decode(a, "en", listed(p, size) if size else (), False).text for p, a in said]
        other, close = ([model.decode(a, "en", prompt, False).text for a in clips] for clips in (others, near))
        return one, other, close, (process_time() - began) * 1000 / (len(said) + len(others) + len(near))

    def row(
        title: str, texts: Sequence[Sequence[str]], size: int, cpu_ms: float, look_up: bool = False
    ) -> dict[str, object]:
        phrases = (*STREETS, *NAMES)[:size]
        heard, other, close = texts
        if look_up:
            heard = [corrected(text, listed(phrase, size)) for text, (phrase, _) in zip(heard, said, strict=True)]
            other, close = ([corrected(text, phrases) for text in some] for some in (other, close))
        right = sum(holds(text, phrase) for text, (phrase, _) in zip(heard, said, strict=True))
        wrong = [sum(any(holds(text, phrase) for phrase in phrases) for text in some) for some in (other, close)]
        in_all = f"{right:4} of {len(said)} {wrong[0]:6} of {len(others)} {wrong[1]:9} of {len(near)}"
        print(f"{title:26} {in_all} {cpu_ms:7.0f}", flush=True)
        counts = {"heard": right, "of": len(said), "invented": wrong[0], "of_others": len(others)}
        return {**counts, "mistaken": wrong[1], "of_near": len(near), "cpu_ms": round(cpu_ms)}

    print(f"{'':26} {'heard':>10} {'invented':>12} {'mistaken':>15}  CPU ms")
    *plain, cpu_ms = transcripts(0)
    figures: dict[str, object] = {"benchmark": "phrases", "model": args.model, "voices": args.voices}
    figures["plain"] = row("no list", plain, 24, cpu_ms)
    for size in SIZES:
        *told, told_ms = transcripts(size)
        figures[f"prompt_{size}"] = row(f"prompt of {size}", told, size, told_ms)
        figures[f"lookup_{size}"] = row(f"looked up among {size}", plain, size, cpu_ms, look_up=True)
        figures[f"both_{size}"] = row(f"prompt of {size}, looked up", told, size, told_ms, look_up=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
