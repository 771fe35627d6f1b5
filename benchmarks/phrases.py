"""Names and streets on the telephone: python -m benchmarks.phrases [--voices joe hibari ...] [--model base]

Does it help to tell the recogniser which names are likely, or to look its words up among them afterwards? Each
phrase is said in a sentence by every voice, through G.711 mu-law over line noise of -58 dBFS. *Heard* counts the
sentences whose transcript holds the phrase that was said, word for word. *Invented* counts, over sentences
that hold none of the list (other names, ordinary talk), those whose transcript holds one.
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
    for name in args.voices:
        voice = None if name == "espeak-ng" else load_voice(name)

        def clip(text: str, voice=voice) -> Audio:
            audio, rate = (voice.synthesize(text, 1.0), voice.rate_hz) if voice else espeak(text)
            return on_the_line(audio, rate)

        said += [(phrase, clip(text)) for text, phrase in sentences()]
        others += [clip(text) for text in OTHERS]
    model = WhisperModel(model_folder(args.model), 1, 1)

    def transcripts(size: int) -> tuple[list[str], list[str], float]:
        """Of both sets, with so many phrases as the prompt, and the CPU milliseconds a decode."""
        began = process_time()
        one = [model.decode(a, "en", listed(p, size) if size else (), False).text for p, a in said]
        other = [model.decode(a, "en", (*STREETS, *NAMES)[:size], False).text for a in others]
        return one, other, (process_time() - began) * 1000 / (len(said) + len(others))

    def row(title: str, heard: Sequence[str], other: Sequence[str], size: int, cpu_ms: float) -> dict[str, object]:
        right = sum(holds(text, phrase) for text, (phrase, _) in zip(heard, said, strict=True))
        phrases = (*STREETS, *NAMES)[:size]
        invented = sum(any(holds(text, phrase) for phrase in phrases) for text in other)
        print(f"{title:42} {right:4} of {len(said)} {invented:6} of {len(others)} {cpu_ms:7.0f}", flush=True)
        counts = {"heard": right, "of": len(said), "invented": invented, "of_others": len(others)}
        return {**counts, "cpu_ms": round(cpu_ms)}

    print(f"{'':42} {'heard':>10} {'invented':>12}  CPU ms")
    plain, plain_other, cpu_ms = transcripts(0)
    figures: dict[str, object] = {"benchmark": "phrases", "model": args.model, "voices": args.voices}
    figures["plain"] = row("no list", plain, plain_other, 24, cpu_ms)
    for size in SIZES:
        told, told_other, told_ms = transcripts(size)
        phrases = (*STREETS, *NAMES)[:size]
        looked_up = [corrected(text, listed(phrase, size)) for text, (phrase, _) in zip(plain, said, strict=True)]
        both = [corrected(text, listed(phrase, size)) for text, (phrase, _) in zip(told, said, strict=True)]
        other = [corrected(text, phrases) for text in plain_other]
        both_other = [corrected(text, phrases) for text in told_other]
        figures[f"prompt_{size}"] = row(f"prompt of {size}", told, told_other, size, told_ms)
        figures[f"lookup_{size}"] = row(f"looked up among {size}", looked_up, other, size, cpu_ms)
        figures[f"both_{size}"] = row(f"prompt of {size}, looked up", both, both_other, size, told_ms)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
