"""The corpus of overlaps: what callers' lines bring while the bot speaks, wanted or not.

A caller who interrupts has words that ask for the floor. Everything else is to be talked through: nods, sounds,
another voice in the room, babble, the bot's own echo. One line in five is a speakerphone whose echo comes with it.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from benchmarks.echo_paths import convolved, room
from benchmarks.human_clips import POCKETSPHINX, package_file
from benchmarks.line_corpus import Signal, babble, load
from benchmarks.turns import overlap_people, people, voices
from benchmarks.turns.items import FRAME, RATE, Half, Overlap, half_of, rng_of
from benchmarks.turns.line import Line, bed, brought_to, carried, drawn
from benchmarks.turns.scripts import EXPECTS
from benchmarks.turns.shaping import Shaped, marks, sounding, trimmed
from benchmarks.turns.sounds import LEVEL_DBFS, SOUNDS
from media.frame import Pcm

BOT = "hibari"
BOT_DBFS = -20.0
ONSET_S = (2.5, 4.5)
"""After the prompt's first sample."""
AFTER_S = 4.0
"""Of line behind the sound."""
ECHO_SHARE = 0.2
PROMPTS = {
    "talk": (
        "Our opening hours are Monday to Friday from nine in the morning to six in the evening, and on Saturdays from "
        "ten to two. On public holidays we are closed. What else would you like to know?",
        "Your order left our warehouse on Tuesday and should reach you by the end of this week. You will get a message "
        "with the exact time on the day before. Is there anything else that I can help you with?",
    ),
    "yes_no": (
        "I have found your appointment on the fourteenth of March at half past ten with Doctor Walker in our office at "
        "the corner of Market Street and Garden Street. Would you like to keep this appointment?",
    ),
    "phone": (
        "So that one of my colleagues can call you back within the next working day, please tell me a telephone number "
        "under which you can be reached, digit by digit, or type it on the keys of your telephone.",
    ),
}


class Said(NamedTuple):
    """Words over the bot: what the plan expects, and the words."""

    kind: str
    expects: str
    text: str


_TUNING = """
wait, stop
talk: No, wait.
talk: Stop.
talk: Wait a second.
talk: Hold on.
talk: Stop, please.
talk: No, no, that's wrong.
talk: Excuse me, wait.
a question
talk: I have another question.
talk: What about Sunday?
talk: Do you have parking?
talk: Can I talk to a person?
talk: How much is it?
talk: Sorry, can you repeat that?
an answer
yes_no: Yes.
yes_no: No, I want to cancel it.
yes_no: Yes, please.
phone: Five five five, one two seven nine.
phone: It's two oh seven, nine four six.
"""
_SCORED = """
wait, stop
talk: Wait.
talk: Please stop.
talk: Hang on.
talk: One moment.
talk: Stop it.
talk: No, that's not it.
talk: Sorry, no.
a question
talk: Can I ask something else?
talk: Where are you located?
talk: Is it free?
talk: I want to speak to an agent.
talk: When is that?
talk: What did you say?
an answer
yes_no: No.
yes_no: Yes, that's fine.
yes_no: No, it has to be another day.
phone: Four one five, two six seven one.
phone: Seven two two, eight four three one.
"""
NODS = {
    Half.TUNING: ("Okay.", "Yeah.", "Right.", "Uh-huh.", "Yes, yes.", "Okay, good.", "Mm-hmm."),
    Half.SCORED: ("Yep.", "All right.", "I see.", "Sure.", "Okay, okay.", "Mhm.", "Great."),
}
SOUNDS_EACH = {"cough": 8, "throat": 4, "laughter": 6, "keyboard": 6, "breathing": 5, "knocks": 3, "mm-hm": 8}
MORE_LAUGHTER = 20
"""Of the tuning half: what recognisers find in laughter differs from laugh to laugh."""
ECHOES = ((40, 12), (80, 18), (120, 12), (160, 24), (200, 16), (240, 30), (100, 8), (60, 26))
"""(delay in ms, loss in dB) of speakerphones alone; odd ones are tuning's."""
VOICES_A_TEXT = 2
VARIES_DB = 2.0
"""Standard deviation of how loud a caller is from turn to turn, and of what is measured of it."""
ROOM_DB = (-26.0, -18.0)
"""A second voice in the room, under the caller's level."""


def overlaps(half: Half) -> list[Overlap]:
    """The half's overlaps. Raises what `turn_corpus.turns` does."""
    more = [*_more_people(), *_more_laughter()] if half is Half.TUNING else []
    return [*_interruptions(half), *_nods(half), *_sounds(half), *_others(half), *_echoes(half), *more]


def _interruptions(half: Half) -> list[Overlap]:
    found = []
    for number, said in enumerate(_interrupting(half)):
        for voice in _voices(half, number, digits=said.expects == "phone"):
            speech = trimmed(voices.say(voice, said.text, 1.05))
            name = f"{voice} over the bot: {said.text}"
            found.append(_overlap(half, name, said.kind, voice, False, True, said.text, said.expects, speech))
    for source, speech in _human_sentences(half):
        name, person = f"{source} over the bot", source.split()[0]
        found.append(_overlap(half, name, "a sentence", person, True, True, "", "talk", speech))
    return found


def _interrupting(half: Half) -> list[Said]:
    found, kind = [], ""
    for line in (_TUNING if half is Half.TUNING else _SCORED).strip().splitlines():
        expects, mark, text = line.partition(": ")
        if mark:
            found.append(Said(kind, expects, text))
        else:
            kind = line
    return found


def _human_sentences(half: Half) -> list[tuple[str, Shaped]]:
    found = [
        (f"allison {name}", trimmed(people.allison(name)))
        for name in people.SHORT
        if half_of(f"allison {name}") is half
    ]
    if half is Half.SCORED:
        asked = (s for s in people.said(half) if s.name.startswith("endgame") and s.kind == "question")
        found += [(s.name, s.speech) for s in asked]
    return found


def _nods(half: Half) -> list[Overlap]:
    found = []
    for number, text in enumerate(NODS[half]):
        for voice in _voices(half, number, digits=False):
            speech = trimmed(voices.say(voice, text, 1.0))
            name = f"{voice} nods: {text}"
            found.append(_overlap(half, name, "a nod", voice, False, False, text, "talk", speech))
    return found


def _sounds(half: Half) -> list[Overlap]:
    return [_sound(half, kind, number) for kind, count in SOUNDS_EACH.items() for number in range(count)]


def _sound(half: Half, kind: str, number: int) -> Overlap:
    name = f"{half.value} {kind} {number}"
    signal = SOUNDS[kind](rng_of(f"sound {name}"))
    return _overlap(half, name, kind, "synthetic", False, False, "", "talk", _whole(signal), 0.0)


def _others(half: Half) -> list[Overlap]:
    """A second voice far from the telephone, and many: people's recordings, at the room's level."""
    found = []
    for number in range(8):
        name = f"{half.value} voice in the room {number}"
        rng = rng_of(name)
        far = convolved(_far_voice(half, rng, 2.5), room(number, 0.0, 0.4, -3.0))
        shift = float(rng.uniform(*ROOM_DB))
        found.append(_overlap(half, name, "voice in the room", "people", True, False, "", "talk", _whole(far), shift))
    for number in range(4):
        name = f"{half.value} babble {number}"
        rng = rng_of(name)
        signal = babble(2.5, LEVEL_DBFS, int(rng.integers(1 << 30)), talkers=6)
        shift = float(rng.uniform(-20, -14))
        found.append(_overlap(half, name, "babble", "people", True, False, "", "talk", _whole(signal), shift))
    return found


def _more_people() -> list[Overlap]:
    half, found = Half.TUNING, []
    for n in overlap_people.near():
        name, person = f"{n.name} interrupts", n.name.split()[0]
        found.append(_overlap(half, name, n.kind, person, True, True, "", n.expects, n.speech))
    for f in overlap_people.far():
        found.append(_overlap(half, f.name, f.kind, "people", True, False, "", "talk", _whole(f.signal), f.shift_db))
    return found


def _more_laughter() -> list[Overlap]:
    first = SOUNDS_EACH["laughter"]
    return [_sound(Half.TUNING, "laughter", number) for number in range(first, first + MORE_LAUGHTER)]


def _echoes(half: Half) -> list[Overlap]:
    found = []
    for number, (delay_ms, loss_db) in enumerate(ECHOES):
        if (number % 2 == 1) is (half is Half.TUNING):
            for expects in ("talk", "phone"):
                name = f"echo {delay_ms} ms {loss_db} dB, {expects}"
                quiet = Shaped(np.zeros(RATE // 2), 0, RATE // 2, ())
                echo = (float(delay_ms), float(loss_db))
                found.append(_overlap(half, name, "own echo", "bot", False, False, "", expects, quiet, 0.0, echo))
    return found


def _voices(half: Half, number: int, digits: bool) -> list[str]:
    names = voices.TUNING if half is Half.TUNING else voices.SCORED
    able = [name for name in names if name != BOT and not (digits and name.startswith("espeak"))]
    return [able[(number + 2 * step) % len(able)] for step in range(VOICES_A_TEXT)]


def _whole(signal: Signal) -> Shaped:
    """A sound as it is; it lasts from its first to its last 10 ms that sound."""
    loud = np.flatnonzero(sounding(signal))
    return Shaped(signal, int(loud[0]) * RATE // 100, (int(loud[-1]) + 1) * RATE // 100, ())


@cache
def _recording(path: str) -> Signal:
    package, _, name = path.partition("/")
    return load(POCKETSPHINX / name) if package == "pocketsphinx" else load(package_file(package, name))


def _far_voice(half: Half, rng: np.random.Generator, seconds: float) -> Signal:
    """A stretch of a person's recording of the half, at the usual level."""
    path = "moonshine_voice/assets/" + ("two_cities.wav" if half is Half.TUNING else "endgame_nagg_nell.wav")
    recording = _recording(path)
    while True:
        start = int(rng.integers(recording.size - int(seconds * RATE)))
        piece = recording[start : start + int(seconds * RATE)]
        if np.mean(sounding(recording)[start * 100 // RATE :][: int(seconds * 100)]) > 0.6:
            return brought_to(piece, LEVEL_DBFS)


@cache
def prompt_of(text: str) -> Pcm:
    """What the bot says, at its level, in whole frames."""
    signal = brought_to(trimmed(voices.say(BOT, text), 20, 100).signal, BOT_DBFS)
    whole = np.clip(np.rint(signal), -32768, 32767).astype(np.int16)
    return np.pad(whole, (0, -whole.size % FRAME))


def _start(prompt: Pcm, begins: int, rng: np.random.Generator) -> int:
    """Where the sound goes, so that the bot is to be heard at its onset: else nothing could be stopped."""
    heard = sounding(prompt.astype(np.float64))
    while True:
        start = int(rng.uniform(*ONSET_S) * RATE)
        onset = (start + begins) * 100 // RATE
        if heard[onset - 5 : onset + 40].mean() > 0.9:
            return start


def _overlap(
    half: Half, name: str, kind: str, source: str, human: bool, interrupts: bool, text: str, expects: str,
    sound: Shaped, shift_db: float | None = None, echo: tuple[float, float] | None = None,
) -> Overlap:  # fmt: skip
    """`shift_db`: the sound keeps its own level, so much over the line's; None brings speech to the line's level."""
    rng = rng_of(f"overlap {name}")
    line: Line = drawn(rng)
    if line.noise == "babble":
        line = Line(line.level_dbfs, "car", line.snr_db, line.law, line.loss)  # babble is a kind of its own here
    prompt_text = PROMPTS[expects][int(rng.integers(len(PROMPTS[expects])))]
    prompt = prompt_of(prompt_text)
    start = _start(prompt, sound.begins, rng)
    level = line.level_dbfs
    if shift_db is None:
        signal = brought_to(sound.signal, level)
    else:
        signal = sound.signal * 10 ** ((level - LEVEL_DBFS + shift_db) / 20)
    size = max(prompt.size, start + signal.size + int(AFTER_S * RATE)) // FRAME * FRAME
    total = bed(line, size, rng)
    total[start : start + signal.size] += signal
    if echo is None and rng.random() < ECHO_SHARE:
        echo = (float(rng.uniform(40, 220)), float(rng.uniform(12, 30)))
    begins, ends = marks(sound.signal) if interrupts else (sound.begins, sound.ends)
    return Overlap(
        name, half, kind, source, human, interrupts, text, EXPECTS[expects], str(line), carried(line, total, rng),
        start + begins, start + ends, prompt, prompt_text, echo,
        level + float(rng_of(f"earlier turns {name}").normal(0, VARIES_DB)),
    )  # fmt: skip
