"""Dates, times, money, numbers, codes, addresses on the telephone: python -m benchmarks.spoken_answers [--verbose]

Answers as people give them, spoken by every voice, through G.711 mu-law over line noise of -58 dBFS, heard by the
recogniser and taken as a plan's `gather` takes them, on a Wednesday, the first of July 2026. Of each type:
*taken* right and wrong without a question; *read back* right and wrong, where the caller says yes or no; *asked
again* because it was no answer. What a plan must not do is take a wrong one.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping
from datetime import date

from benchmarks.spoken_digits import espeak, on_the_line
from brain.stt.weights import model_folder
from brain.stt.whisper import WhisperModel
from brain.tts.local import load_voice
from dialplans.answer_types import TYPES
from dialplans.answers import Answer, Bounds, Part, Terms

DAY = date(2026, 7, 1)
TERMS: Mapping[str, Terms] = {
    "date": Terms(Bounds(1, 20), DAY),
    "time": Terms(Bounds(1, 20), DAY, low="07:00", high="20:00"),
    "money": Terms(Bounds(1, 20), DAY),
    "number": Terms(Bounds(1, 20), DAY),
    "email": Terms(Bounds(1, 20), DAY),
    "spelled": Terms(Bounds(4, 6), DAY),
}
SAID: Mapping[str, tuple[tuple[str, str], ...]] = {
    "date": (
        ("The fourth of July.", "2026-07-04"),
        ("July fourth.", "2026-07-04"),
        ("Next Tuesday.", "2026-07-07"),
        ("The twelfth.", "2026-07-12"),
        ("The third of March nineteen eighty four.", "1984-03-03"),
        ("Oh three, twelve, seventy six.", "1976-03-12"),
        ("March third, two thousand and five.", "2005-03-03"),
        ("A week from Monday.", "2026-07-13"),
        ("The day after tomorrow, please.", "2026-07-03"),
        ("The fourth, no, the fifth of August.", "2026-08-05"),
        ("Friday the tenth.", "2026-07-10"),
        ("It's the twenty second of November.", "2026-11-22"),
        ("In two weeks.", "2026-07-15"),
        ("September ninth, please.", "2026-09-09"),
        ("Tomorrow.", "2026-07-02"),
        ("The thirty first of December nineteen ninety nine.", "1999-12-31"),
    ),
    "time": (
        ("Half past three.", "15:30"),
        ("Quarter to nine in the morning.", "08:45"),
        ("Three thirty p.m.", "15:30"),
        ("At noon.", "12:00"),
        ("Ten to six.", "17:50"),
        ("Twenty past seven tonight.", "19:20"),
        ("Eight o'clock.", "08:00"),
        ("Fifteen hundred hours.", "15:00"),
        ("Nine fifteen.", "09:15"),
        ("Four in the afternoon.", "16:00"),
        ("Half past eleven.", "11:30"),
        ("Five past two.", "14:05"),
        ("Ten a.m., please.", "10:00"),
        ("Quarter past ten.", "10:15"),
        ("At seven in the evening.", "19:00"),
        ("Twelve forty five.", "12:45"),
    ),
    "money": (
        ("Forty dollars and fifty cents.", "40.50 USD"),
        ("A hundred and twenty euros.", "120.00 EUR"),
        ("Twelve ninety nine.", "12.99 USD"),
        ("About two hundred pounds.", "200.00 GBP"),
        ("Three thousand four hundred and fifty dollars.", "3450.00 USD"),
        ("Nineteen pounds ninety five.", "19.95 GBP"),
        ("Sixty dollars.", "60.00 USD"),
        ("Fifteen euros.", "15.00 EUR"),
        ("Fifty cents.", "0.50 USD"),
        ("A thousand dollars.", "1000.00 USD"),
        ("Eighty five.", "85.00 USD"),
        ("Seventeen dollars and five cents.", "17.05 USD"),
    ),
    "number": (
        ("Four people.", "4"),
        ("Twenty three.", "23"),
        ("Two and a half.", "2.5"),
        ("A dozen.", "12"),
        ("Three of us.", "3"),
        ("Six.", "6"),
        ("A hundred and twenty.", "120"),
        ("Fifteen.", "15"),
        ("Fifty.", "50"),
        ("Two adults.", "2"),
        ("It's seven.", "7"),
        ("Eight.", "8"),
    ),
    "email": (
        ("john dot smith at example dot com.", "john.smith@example.com"),
        ("J O H N, at gmail dot com.", "john@gmail.com"),
        ("It's mary underscore jones seven at yahoo dot co dot uk.", "mary_jones7@yahoo.co.uk"),
        ("info at willow hyphen clinic dot org, all one word.", "info@willow-clinic.org"),
        ("peter at outlook dot com.", "peter@outlook.com"),
        ("S M Y T H at example dot net.", "smyth@example.net"),
        ("anna double seven at icloud dot com.", "anna77@icloud.com"),
        ("sales at northwind dot com.", "sales@northwind.com"),
        ("My email is david brown at gmail dot com.", "davidbrown@gmail.com"),
        ("b as in boy, a k e r, at hotmail dot com.", "baker@hotmail.com"),
    ),
    "spelled": (
        ("B as in Bravo, K, four, seven.", "BK47"),
        ("Bravo kilo four seven tango.", "BK47T"),
        ("X, double T, nine, M for Mike.", "XTT9M"),
        ("A B C one two three.", "ABC123"),
        ("P for Peter, D for David, five five.", "PD55"),
        ("Q 7 Z R 2 9.", "Q7ZR29"),
        ("It's lima, november, eight, zero, foxtrot.", "LN80F"),
        ("H J 2 4 8 W.", "HJ248W"),
        ("R as in Romeo, V as in Victor, six, six, one.", "RV661"),
        ("Y 3 K L 9 0.", "Y3KL90"),
        ("Charlie, echo, five, one, one.", "CE511"),
        ("G, U, two, nine, X.", "GU29X"),
    ),
}
COLUMNS = ("taken right", "read back right", "read back wrong", "taken wrong", "asked again")


def outcome(found: Answer | Part | None, kind: str, truth: str, confidence: float) -> str:
    """What becomes of an answer, as one of COLUMNS."""
    if not isinstance(found, Answer) or found.outside:
        return "asked again"
    doubtful = confidence < TYPES[kind].doubt_below or bool(found.others) or not found.sure
    right = truth in (found.value, *found.others)
    return f"{'read back' if doubtful else 'taken'} {'right' if right else 'wrong'}"


def main() -> None:
    """Print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", nargs="+", default=["joe", "hibari", "espeak-ng"])
    parser.add_argument("--model", default="base")
    parser.add_argument("--verbose", action="store_true", help="print every transcript")
    args = parser.parse_args()
    model = WhisperModel(model_folder(args.model), 1, 1)
    voices = {name: None if name == "espeak-ng" else load_voice(name) for name in args.voices}
    figures: dict[str, object] = {"benchmark": "spoken_answers", "model": args.model, "voices": args.voices}
    print(f"{'':10} {'answers':>8} " + " ".join(f"{title:>16}" for title in COLUMNS))
    for kind, said in SAID.items():
        counts: Counter[str] = Counter()
        for text, truth in said:
            for name, voice in voices.items():
                audio, rate = (voice.synthesize(text, 1.0), voice.rate_hz) if voice else espeak(text)
                heard = model.decode(on_the_line(audio, rate), "en", (), True)
                words = heard.words
                confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
                found = TYPES[kind].spoken(heard.text, TERMS[kind]) if heard.text else None
                result = outcome(found, kind, truth, confidence)
                counts[result] += 1
                if args.verbose:
                    print(f"  {name:9} {text!r}: {heard.text!r} {confidence:.2f} {found} {result}", flush=True)
        figures[kind] = dict(counts)
        row = " ".join(f"{counts[title]:16}" for title in COLUMNS)
        print(f"{kind:10} {len(said) * len(voices):8} {row}", flush=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
