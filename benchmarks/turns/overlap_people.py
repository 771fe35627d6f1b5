"""More people over the bot, of the tuning half only: near the telephone, and far from it.

Ten interruptions and twelve other sounds by people were too few to tune on: what was chosen with them held for
synthetic voices, not for the scored half's people. These are the tuning half's people again (Allison's prompts by the
hash of their names, the readers of Austen, Dickens and the cards), and men at pocketsphinx's microphone,
who are in neither half's turns. The same voices are near in some and far in others: nothing but the distance tells.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from benchmarks.echo_paths import convolved, room
from benchmarks.human_clips import POCKETSPHINX, package_file
from benchmarks.line_corpus import Signal, load
from benchmarks.turns import people
from benchmarks.turns.items import RATE, Half, half_of, rng_of
from benchmarks.turns.line import brought_to
from benchmarks.turns.shaping import Shaped, joined, sounding, trimmed
from benchmarks.turns.sounds import LEVEL_DBFS


class Near(NamedTuple):
    """Somebody at the telephone interrupts: `expects` names what the plan waits for."""

    name: str
    kind: str
    expects: str
    speech: Shaped


class Far(NamedTuple):
    """Somebody else in the room, at the room's level: `shift_db` over the caller's."""

    name: str
    kind: str
    signal: Signal
    shift_db: float


WORDS = "vm-Urgent vm-Work vm-extension disabled enabled telephone-number activated vm-duration".split()
SENTENCES = (
    "agent-loginok agent-loggedoff all-circuits-busy-now cannot-complete-as-dialed call-fwd-no-ans conf-kicked "
    "conf-muted conf-getchannel from-unknown-caller info-about-last-call num-was-successfully priv-recordintro "
    "vm-reachoper vm-passchanged vm-nobodyavail vm-tocancelmsg vm-undeleted vm-incorrect-mailbox vm-whichbox"
).split()
"""Of Allison's prompts in the tuning half: single words, and sentences and questions of 1 to 3 s."""
FAR_WORDS = (
    "vm-Urgent vm-Work telephone-number goodbye uppercase vm-Old minutes speed-dial hello-world vm-saved"
).split()
FAR_SENTENCES = ("vm-nobodyavail", "conf-kicked", "cannot-complete-as-dialed", "vm-passchanged")
_CLAUSES_S = (
    (1.09, 2.95), (2.89, 4.6), (4.73, 6.4), (6.49, 8.2), (8.72, 10.5), (10.66, 13.0), (15.05, 16.9), (17.47, 18.9),
    (18.88, 20.7), (24.55, 26.25), (26.33, 28.6), (29.83, 32.6),
)  # fmt: skip
"""Seconds of two_cities.wav that are clauses, each between two pauses."""
_CARDS = ((1, 0.0, 1.2), (2, 0.0, 2.2), (3, 0.0, 1.6), (5, 0.0, 1.1), (5, 1.13, 2.15), (5, 2.27, 3.6))
"""(recording, from, to): "ten of clubs", "four queen of clubs", "eight of spades" and so on."""
_GROUPS = ((1,), (2,), (3,), (4,), (3, 3), (2, 2))
"""Of digits by Allison."""
ROOM_DB = (-25.0, -12.0)
SET_DB = (-25.0, -15.0)
VOICES_S = (1.0, 3.5)


def near() -> list[Near]:
    """People who interrupt. Raises FileNotFoundError where a package is missing."""
    found = [Near(f"allison {name}", "a word", "talk", trimmed(_prompt(name))) for name in WORDS]
    found += [Near(f"allison {name}", "a sentence", "talk", trimmed(_prompt(name))) for name in SENTENCES]
    for begins_s, ends_s in _CLAUSES_S:
        speech = people.cut(_dickens(), begins_s, ends_s)
        found.append(Near(f"dickens {begins_s:.1f}", "a sentence", "talk", speech))
    for number in ("0880", "0930"):
        speech = trimmed(_austen(number))
        found.append(Near(f"austen {number}", "a sentence", "talk", speech))
    for number, begins_s, ends_s in _CARDS:
        speech = people.cut(load(POCKETSPHINX / f"cards/00{number}.wav"), begins_s, ends_s)
        found.append(Near(f"cards {number} {begins_s:.1f}", "a sentence", "talk", speech))
    for name in ("goforward", "something"):
        found.append(Near(f"{name} raw", "a sentence", "talk", trimmed(load(POCKETSPHINX / f"{name}.raw"))))
    return [*found, *_digits()]


def _digits() -> list[Near]:
    rng = rng_of("digits over the bot")
    found = []
    for number, groups in enumerate(_GROUPS):
        words = [trimmed(people.allison(f"digits/{digit}")) for digit in rng.integers(0, 10, sum(groups))]
        between = [pause for size in groups for pause in [int(rng.integers(60, 120))] * (size - 1) + [300]][:-1]
        found.append(Near(f"allison digits {number}", "digits", "phone", joined(words, between)))
    recordings = {"cards 4": "cards/004.wav", "man": "numbers.raw", "dhd": "tidigits/dhd.2934z.raw"}
    for name, path in recordings.items():
        found.append(Near(f"{name} digits", "digits", "phone", trimmed(load(POCKETSPHINX / path))))
    return found


def far() -> list[Far]:
    """People who are not at the telephone. Raises FileNotFoundError where a package is missing."""
    found = []
    for number in range(10):
        rng = rng_of(name := f"second voice {number}")
        signal = _stretch(rng, (_dickens, _reading)[number % 2](), float(rng.uniform(*VOICES_S)))
        found.append(_in_room(name, "voice in the room", signal, rng, ROOM_DB, number))
    for number, prompt in enumerate(FAR_SENTENCES):
        rng = rng_of(name := f"allison {prompt} in the room")
        found.append(_in_room(name, "voice in the room", _prompt(prompt), rng, ROOM_DB, 20 + number))
    for number, prompt in enumerate(FAR_WORDS):
        rng = rng_of(name := f"allison {prompt} far off")
        found.append(_in_room(name, "a word far off", _prompt(prompt), rng, ROOM_DB, 40 + number))
    for number in range(6):
        rng = rng_of(name := f"reader on a set {number}")
        signal = _through_set(_stretch(rng, (_reading, _dickens)[number % 2](), 4.0))
        found.append(_in_room(name, "a set", signal, rng, SET_DB, 60 + number, rt60_s=0.6))
    for number in range(5):
        rng = rng_of(name := f"people at once {number}")
        voices: list[Callable[[], Signal]] = [_dickens, _reading, _announcing, _dickens, _reading]
        total = np.sum([_stretch(rng, voice(), 2.5) for voice in voices], axis=0)
        found.append(_in_room(name, "babble", total, rng, (-20.0, -12.0), 80 + number))
    return found


def _in_room(
    name: str, kind: str, signal: Signal, rng: np.random.Generator, shift_db: tuple[float, float], number: int,
    rt60_s: float = 0.4,
) -> Far:  # fmt: skip
    heard = brought_to(trimmed(convolved(signal, room(number, 0.0, rt60_s, -3.0))).signal, LEVEL_DBFS)
    return Far(name, kind, heard, float(rng.uniform(*shift_db)))


def _through_set(signal: Signal) -> Signal:
    """What a small loudspeaker leaves of it: 300 Hz and up."""
    spectrum = np.fft.rfft(signal)
    hz = np.fft.rfftfreq(signal.size, 1 / RATE)
    return np.fft.irfft(spectrum / (1 + (300 / np.maximum(hz, 1)) ** 4), signal.size)


def _stretch(rng: np.random.Generator, recording: Signal, seconds: float) -> Signal:
    """Some of a recording, mostly speech, at the usual level."""
    loud, size = sounding(recording), int(seconds * RATE)
    while True:
        start = int(rng.integers(recording.size - size))
        if np.mean(loud[start * 100 // RATE :][: int(seconds * 100)]) > 0.6:
            return brought_to(recording[start : start + size], LEVEL_DBFS)


@cache
def _dickens() -> Signal:
    return load(package_file("moonshine_voice", "assets/two_cities.wav"))


def _austen(number: str) -> Signal:
    return load(POCKETSPHINX / f"librivox/sense_and_sensibility_01_austen_64kb-{number}.wav")


@cache
def _reading() -> Signal:
    """The reader of Austen, sentence after sentence."""
    return np.concatenate([_austen(number) for number in ("0870", "0880", "0890", "0920", "0930")])


@cache
def _announcing() -> Signal:
    return np.concatenate([_prompt(name) for name in (*FAR_SENTENCES, *SENTENCES)])


def _prompt(name: str) -> Signal:
    """One of Allison's prompts. Raises ValueError for one of the scored half."""
    if half_of(f"allison {name}") is not Half.TUNING:
        raise ValueError(f"{name} is the scored half's")
    return brought_to(trimmed(people.allison(name)).signal, LEVEL_DBFS)
