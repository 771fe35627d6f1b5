"""Human callers: recordings that come with packages, cut into turns, and digits and letters put together.

Allison Smith reads Asterisk's prompts, digits and letters; people read Austen and name cards (pocketsphinx); a man
reads Dickens; two actors play Beckett; others say single sentences. Nobody in them talks to a telephone bot. The tuning
half has Austen, the cards and Dickens, the scored half the actors and the single sentences; of Allison's prompts each
half has its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.human_clips import POCKETSPHINX, package_file
from benchmarks.line_corpus import ASTERISK, Signal, load
from benchmarks.turns.items import RATE, Half, half_of, rng_of
from benchmarks.turns.scripts import LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS
from benchmarks.turns.shaping import Shaped, gaps, joined, trimmed

ALLISON = ASTERISK / "sounds" / "en_US_f_Allison"
SENTENCES = (
    "agent-alreadyon agent-incorrect agent-loginok agent-newlocation agent-pass agent-user all-circuits-busy-now "
    "auth-incorrect cannot-complete-as-dialed check-number-dial-again conf-full conf-getchannel conf-getconfno "
    "conf-invalid conf-kicked conf-noempty conf-onlyperson conf-placeintoconf conf-waitforleader confbridge-pin-bad "
    "demo-echodone demo-nomatch demo-thanks dictate/enter_filename dir-instr dir-nomatch dir-nomore dir-usingkeypad "
    "enter-num-blacklist feature-not-avail-line followme/sorry followme/status invalid number-not-answering "
    "one-moment-please pbx-invalid pbx-invalidpark please-try-call-later pls-hold-while-try privacy-prompt "
    "privacy-unident priv-callpending queue-youarenext queue-periodic-announce something-terribly-wrong "
    "sorry-youre-having-problems ss-noservice tt-allbusy tt-somethingwrong vm-intro vm-invalid-password "
    "vm-mailboxfull vm-mismatch vm-newpassword vm-nobodyavail vm-nobox vm-passchanged vm-rec-name vm-sorry vm-tooshort"
).split()
"""Those of Allison's prompts that are whole sentences."""
SHORT = (
    "im-sorry please-try-again cancelled vm-pls-try-again vm-sorry one-moment-please goodbye conf-errormenu "
    "vm-incorrect vm-nomore check-number-dial-again vm-goodbye sorry-youre-having-problems dir-nomore "
    "something-terribly-wrong vm-tooshort pls-hold-while-try number-not-answering demo-nomatch please-try-call-later"
).split()
"""Short ones, with words that ask for attention."""
_DICKENS = (
    (0.9, 4.75), (4.85, 8.35), (8.4, 13.05), (13.2, 16.75), (17.2, 20.6), (20.8, 24.1), (24.3, 28.5), (28.6, 41.9),
)  # fmt: skip
"""Seconds of two_cities.wav that are sentences: "it was the best of times, it was the worst of times" and so on."""
_PLAY_APART_MS = 500
_BETWEEN_SENTENCES_S = 0.3
"""Allison pauses so long only where a sentence ends and another follows: nobody could know that it does."""
_WITH_ANOTHER = 4
"""So many of those in a half: announcements have more sentences than callers."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says: `expects` names what the plan waits for."""

    name: str
    kind: str
    expects: str
    text: str
    speech: Shaped


def said(half: Half) -> list[Said]:
    """All turns of people in a half. Raises FileNotFoundError where a package is missing."""
    return [*_prompts(half), *_numbers(half), *(_readers() if half is Half.TUNING else _players())]


def allison(name: str) -> Signal:
    """One of Allison's prompts. Raises FileNotFoundError."""
    return load(ALLISON / f"{name}.wav")


def cut(signal: Signal, begins_s: float, ends_s: float) -> Shaped:
    """The speech in a stretch of a recording."""
    return trimmed(signal[int(begins_s * RATE) : int(ends_s * RATE)])


def _prompts(half: Half) -> list[Said]:
    found, several = [], 0
    for name in SENTENCES:
        if half_of(f"allison {name}") is half:
            speech = trimmed(allison(name))
            more = _longest_pause_s(speech) >= _BETWEEN_SENTENCES_S
            several += more
            if several <= _WITH_ANOTHER or not more:
                kind = "more than one sentence" if more else "sentence"
                found.append(Said(f"allison {name}", kind, "talk", "", speech))
    return found


def _longest_pause_s(speech: Shaped) -> float:
    return max((b - a for a, b in speech.pauses), default=0) / RATE


def _numbers(half: Half) -> list[Said]:
    """Digits in groups, numbers and names spelled, dates: her single words behind one another."""
    rng = rng_of(f"allison numbers {half.value}")
    found = []
    for number, groups in enumerate(((3, 4), (3, 3, 4), (2, 2, 3), (4,), (3, 4), (1, 1, 1, 1), (3, 3, 4), (2, 2, 2))):
        total = sum(groups)
        words = [f"digits/{d}" for d in rng.integers(0, 10, total)]
        expects = {4: "code", 6: "account"}.get(total, "phone")
        found.append(_put_together(f"number {number}", "digits in groups", expects, words, groups, rng))
    for name, groups in _SPELLED[half]:
        words = [f"letters/{letter}" for letter in name.lower()]
        found.append(_put_together(f"spelled {name}", "spelled name", "name", words, groups, rng))
    for number in range(3):
        day, month = int(rng.integers(1, 20)), int(rng.integers(12))
        words = [f"digits/day-{rng.integers(7)}", f"digits/mon-{month}", f"digits/h-{day}"]
        found.append(_put_together(f"date {number}", "date", "text", words, (1, 2), rng))
    return [Said(f"{half.value} {s.name}", s.kind, s.expects, s.text, s.speech) for s in found]


_SPELLED = {
    Half.TUNING: (("SMITH", (1, 1, 1, 1, 1)), ("MARY", (2, 2)), ("WALSH", (5,)), ("GRANT", (3, 2))),
    Half.SCORED: (("JONES", (1, 1, 1, 1, 1)), ("KATE", (2, 2)), ("CLARK", (5,)), ("EVANS", (2, 3))),
}


def _put_together(
    name: str, kind: str, expects: str, words: list[str], groups: tuple[int, ...], rng: np.random.Generator
) -> Said:
    between: list[int] = []
    for size in groups:
        between += [int(rng.integers(60, 120)) for _ in range(size - 1)]
        between.append(int(rng.integers(SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS)))
    speech = joined([trimmed(allison(word)) for word in words], between[:-1])
    text = " ".join(word.partition("/")[2] for word in words)
    return Said(f"allison {name}", kind, expects, text, speech)


def _readers() -> list[Said]:
    found = []
    for transcription in ("librivox/transcription", "cards/cards.transcription"):
        path = POCKETSPHINX / transcription
        for text, name in re.findall(r"<s>(.*)</s> \((.*)\)", path.read_text()):
            found.append(_recorded(path.parent / f"{name}.wav", text.strip()))
    dickens = load(package_file("moonshine_voice", "assets/two_cities.wav"))
    for begins_s, ends_s in _DICKENS:
        name = f"dickens {begins_s:.0f}"
        found.append(Said(name, "long answer with pauses", "talk", "", cut(dickens, begins_s, ends_s)))
    return found


def _players() -> list[Said]:
    play = load(package_file("moonshine_voice", "assets/endgame_nagg_nell.wav"))
    found = [
        Said(f"endgame {begins / RATE:.1f}", "question" if number in _ASKS else "sentence", "talk", "", trimmed(piece))
        for number, (begins, piece) in enumerate(stretches(play, _PLAY_APART_MS))
    ]
    for package, path in (
        ("moonshine_voice", "assets/beckett.wav"),
        ("moonshine_voice", "assets/clone-test.wav"),
        *(("pytest_audioeval", f"samples/audio/en/{n}.wav") for n in ("counting", "hello_world", "quick_brown_fox")),
    ):
        found.append(_recorded(package_file(package, path), ""))
    return found


_ASKS = (0, 3)
"""Of the stretches of the play: "Do you hear me?", "What are you talking about?"."""


def _recorded(path: Path, text: str) -> Said:
    speech = trimmed(load(path))
    kind = "long answer with pauses" if len(speech.pauses) > 1 else "sentence"
    return Said(path.stem, kind, "talk", text, speech)


def stretches(signal: Signal, apart_ms: int) -> list[tuple[int, Signal]]:
    """The parts of a recording that silences of `apart_ms` or more divide, each with where it begins."""
    found, last = [], 0
    for begins, ends in gaps(signal, apart_ms):
        found.append((last, signal[last : begins + RATE // 10]))
        last = max(0, ends - RATE // 10)
    found.append((last, signal[last:]))
    return [(at, piece) for at, piece in found if piece.size > RATE // 3]
