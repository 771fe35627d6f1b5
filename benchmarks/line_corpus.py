"""What a telephone line carries, for benchmarks: people with the onsets of their speech, noises, tones, music.

Everything is 8 kHz. Recordings come with packages; those that were used to choose a detector's constants are
apart from those that weren't.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.human_clips import POCKETSPHINX, package_file
from media.frame import FULL_SCALE, Pcm
from media.g711 import decode_ulaw, encode_ulaw
from media.levels import active_level_dbfs
from media.resample import resample
from media.sound import read_wav

RATE = 8000
ASTERISK = Path("/usr/share/asterisk")
NOT_VOICES = ("beep", "tone", "monkeys", "weasels", "confbridge-join", "confbridge-leave")
"""What else lies among Asterisk's prompts."""
LEAD_MS = 150
"""Of the recording before the onset: a breath, a soft consonant."""
_MARGIN_DB = 15.9
_HOP = RATE // 200

Signal = npt.NDArray[np.float64]
"""Audio at 8 kHz in the scale of int16."""

TUNING = (
    ("moonshine_voice", "assets/two_cities.wav"),
    ("moonshine_voice", "assets/beckett.wav"),
    ("moonshine_voice", "assets/clone-test.wav"),
    *(
        ("pytest_audioeval", f"samples/audio/{name}.wav")
        for name in ("en/counting", "en/quick_brown_fox", "en/hello_world")
    ),
)
"""The recordings that the voice detector's constants were chosen with."""
KEPT_ASIDE = (("moonshine_voice", "assets/endgame_nagg_nell.wav"),)


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech at an active level of 0 dB re `FULL_SCALE`, with what the recording holds before its `onset`."""

    name: str
    signal: Signal
    onset: int
    end: int


def amplitude(dbfs: float) -> float:
    """RMS of a signal at `dbfs`."""
    return float(10 ** (dbfs / 20) * FULL_SCALE)


def on_the_line(signal: Signal) -> Pcm:
    """Through PCMU, in whole frames of 20 ms."""
    whole = signal[: signal.size // 160 * 160]
    return decode_ulaw(encode_ulaw(np.clip(np.rint(whole), -32768, 32767).astype(np.int16)))


def load(path: Path) -> Signal:
    """A recording at 8 kHz; a file that isn't WAV is taken for 16 kHz int16. Raises FileNotFoundError."""
    if path.suffix == ".raw":
        pcm, rate = np.frombuffer(path.read_bytes(), np.int16), 16000
    else:
        pcm, rate = read_wav(path)
    return resample(pcm, rate, RATE).astype(np.float64)


def tuning_recordings() -> list[tuple[str, Signal]]:
    """Those the detector's constants were chosen with."""
    return [(path, load(package_file(package, path))) for package, path in TUNING]


def kept_recordings(prompts: int = 60) -> list[tuple[str, Signal]]:
    """Those they weren't: an old man and woman on a stage, a reader, dictation over microphones, an announcer."""
    found = [(path, load(package_file(package, path))) for package, path in KEPT_ASIDE]
    paths = sorted(POCKETSPHINX.glob("librivox/*.wav")) + sorted(POCKETSPHINX.glob("cards/*.wav"))
    paths += sorted(POCKETSPHINX.glob("*.raw"))
    return found + [(path.name, load(path)) for path in paths] + announcer("en", prompts)


def announcer(language: str, prompts: int = 60) -> list[tuple[str, Signal]]:
    """About `prompts` of Debian's asterisk-core-sounds-LANGUAGE-wav; none where it isn't installed."""
    paths = sorted((ASTERISK / "sounds").glob(f"{language}_*/*.wav"))
    paths = [path for path in paths if not any(word in path.stem for word in NOT_VOICES)]
    return [(path.name, load(path)) for path in paths[:: max(1, len(paths) // prompts)]]


SENTENCES = (
    "Hello, I would like to make an appointment.",
    "Yes.",
    "No, thank you.",
    "Four five five, one two seven.",
    "Six seven eight.",
    "My name is Fiona Shaw.",
    "Can I speak to somebody?",
    "He said that Thursday was better.",
    "What time do you close?",
    "Stop, that's not what I meant.",
)


def synthetic_recordings() -> list[tuple[str, Signal]]:
    """The packaged voices, hibari and joe, say `SENTENCES`. Raises EngineError."""
    from brain.tts.hibari import Hibari
    from brain.tts.piper import Piper, joe_file

    found = []
    for name, voice in (("hibari", Hibari()), ("joe", Piper(joe_file(), threads=1))):
        for sentence in SENTENCES:
            pcm = np.rint(voice.synthesize(sentence, 1.0) * 32767).astype(np.int16)
            found.append((name, resample(pcm, voice.rate_hz, RATE).astype(np.float64)))
    return found


def utterances(name: str, signal: Signal) -> Iterator[Utterance]:
    """The stretches of speech in a recording.

    Speech is what exceeds the threshold of ITU-T P.56, 15.9 dB under the active level, in 10 ms; an onset is
    where it first does after 250 ms without, and goes on to for 60 of 100 ms. What is shorter than 0.2 s
    is left out.
    """
    pcm = np.clip(signal, -32768, 32767).astype(np.int16)
    level = active_level_dbfs(pcm, RATE)
    if level < -70:
        return
    scaled = signal * 10 ** (-level / 20)
    power = np.convolve(scaled**2, np.ones(2 * _HOP) / (2 * _HOP))[2 * _HOP - 1 :: _HOP]
    loud = np.flatnonzero(power > amplitude(-_MARGIN_DB) ** 2)
    for part in np.split(loud, np.flatnonzero(np.diff(loud) > 50) + 1):
        steady = [first for first in part[:20] if np.count_nonzero((part >= first) & (part < first + 20)) >= 12]
        if not steady or part[-1] - steady[0] < 40:
            continue
        onset, end = int(steady[0]) * _HOP, (int(part[-1]) + 2) * _HOP
        start = max(0, onset - LEAD_MS * RATE // 1000)
        piece = scaled[start : min(end + RATE // 10, scaled.size)].copy()
        fade = min(80, piece.size)
        piece[:fade] *= np.linspace(0, 1, fade)
        piece[-fade:] *= np.linspace(1, 0, fade)
        yield Utterance(name, piece, onset - start, min(end, scaled.size) - start)


# ---- noises ------------------------------------------------------------------------------------------------


def white(seconds: float, dbfs: float, seed: int = 1) -> Signal:
    """White noise."""
    return np.random.default_rng(seed).standard_normal(int(seconds * RATE)) * amplitude(dbfs)


def car(seconds: float, dbfs: float, seed: int = 1) -> Signal:
    """What a car sounds like inside: noise that falls by 9 dB an octave from 100 Hz on, swelling slowly."""
    rng = np.random.default_rng(seed)
    count = int(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hz = np.fft.rfftfreq(count, 1 / RATE)
    signal = np.fft.irfft(spectrum * (1 + (hz / 100) ** 2) ** -0.75, count)
    t = np.arange(count) / RATE
    signal *= 1 + 0.2 * np.sin(2 * np.pi * 0.31 * t + rng.uniform(0, 6))
    return signal / np.sqrt(np.mean(signal**2)) * amplitude(dbfs)


@cache
def _talkers(names: tuple[tuple[str, str], ...]) -> tuple[Signal, ...]:
    """Recordings without their pauses."""
    found = []
    for package, path in names:
        pieces = [u.signal for u in utterances(path, load(package_file(package, path)))]
        found += [np.concatenate(pieces)] if pieces else []
    return tuple(found)


def babble(
    seconds: float, dbfs: float, seed: int = 1, talkers: int = 8, names: tuple[tuple[str, str], ...] = TUNING[:3]
) -> Signal:
    """`talkers` people at once, each somewhere else in one of `names`; three of four at another speed."""
    rng = np.random.default_rng(seed)
    count = int(seconds * RATE)
    total = np.zeros(count)
    sources = _talkers(names)
    order = rng.permutation(len(sources))
    for n in range(talkers):
        source = sources[order[n % len(sources)]]
        start = int(rng.integers(source.size))
        pace = (1.0, 1.08, 0.93, 1.15)[n % 4]
        total += np.interp(start + np.arange(count) * pace, np.arange(source.size), source, period=source.size)
    return total / np.sqrt(np.mean(total**2)) * amplitude(dbfs)


def tones(seconds: float, dbfs: float, *hz: float) -> Signal:
    """The sum of sines, `dbfs` together."""
    t = np.arange(int(seconds * RATE)) / RATE
    total: Signal = np.sum([np.sin(2 * np.pi * f * t) for f in hz], axis=0)
    return total * amplitude(dbfs) * np.sqrt(2 / len(hz))


def cadence(signal: Signal, *on_off_s: float) -> Signal:
    """`signal` switched on and off for these times, over and over."""
    lengths = [int(s * RATE) for s in on_off_s]
    gate = np.concatenate([np.full(n, float(i % 2 == 0)) for i, n in enumerate(lengths)])
    return signal * np.resize(gate, signal.size)


def hum(seconds: float, dbfs: float, mains_hz: float, seed: int = 1) -> Signal:
    """Mains hum with ten harmonics of falling strength and any phase."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE)) / RATE
    total = np.zeros(t.size)
    for k in range(1, 11):
        total += np.sin(2 * np.pi * mains_hz * k * t + rng.uniform(0, 7)) * 10 ** (-rng.uniform(2, 4) * k / 20)
    return total / np.sqrt(np.mean(total**2)) * amplitude(dbfs)


def keys(symbols: str, dbfs: float, on_s: float = 0.1, off_s: float = 0.1) -> Signal:
    """DTMF (ITU-T Q.23)."""
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
    pieces = []
    for symbol in symbols:
        row, column = divmod("123A456B789C*0#D".index(symbol), 4)
        pieces += [tones(on_s, dbfs, rows[row], columns[column]), np.zeros(int(off_s * RATE))]
    return np.concatenate(pieces)


def music(seconds: float, dbfs: float, seed: int = 1) -> Signal:
    """A tune with chords, a bass and drums; its key, tempo and instruments come from `seed`."""
    rng = np.random.default_rng(seed)
    beat = 60 / rng.uniform(80, 130)
    root = 220 * 2 ** (rng.integers(12) / 12)
    total = np.zeros(int((seconds + 4) * RATE))
    scale = (0, 2, 4, 5, 7, 9, 11, 12)
    brightness, attack_s = rng.uniform(0.4, 0.8), rng.uniform(0.004, 0.06)

    def note(at_s: float, half_tones: float, length_s: float, loudness: float, vibrato: float = 0.0) -> None:
        t = np.arange(int(length_s * RATE)) / RATE
        hz = root * 2 ** (half_tones / 12)
        phase = 2 * np.pi * hz * t + vibrato * np.sin(2 * np.pi * 5.5 * t)
        sound = sum(brightness**k * np.sin(k * phase) for k in range(1, 9) if k * hz < 3600)
        shape = np.minimum(t / attack_s, 1) * np.exp(-2 * t / length_s)
        start = int(at_s * RATE)
        total[start : start + t.size] += loudness * sound * shape

    for n in range(int(seconds / beat)):
        chord = (0, 5, 7, 9)[n // 4 % 4]
        if n % 4 == 0:
            for step in (0, 4 - (chord == 9), 7):
                note(n * beat, chord + step - 12, 4 * beat, 0.35)
        note(n * beat, chord - 24, beat, 0.5)
        for half in range(2):
            if rng.random() < 0.7:
                note((n + half / 2) * beat, int(rng.choice(scale)), beat * rng.choice((0.5, 1.0)), 0.8, 0.8)
        hit = rng.standard_normal(RATE // 10) * np.exp(-np.arange(RATE // 10) / (RATE * 0.02))
        start = int(n * beat * RATE)
        total[start : start + hit.size] += hit * (0.6 if n % 2 else 0.2)
    total = total[: int(seconds * RATE)]
    return total / np.sqrt(np.mean(total**2)) * amplitude(dbfs)


def hold_music(dbfs: float) -> list[tuple[str, Signal]]:
    """The recordings of Debian's asterisk-moh-opsound-wav at `dbfs`; none where it isn't installed."""
    found = []
    for path in sorted((ASTERISK / "moh").glob("*.wav")):
        signal = load(path)
        found.append((path.stem, signal / np.sqrt(np.mean(signal**2)) * amplitude(dbfs)))
    return found


def never_speech() -> dict[str, Signal]:
    """What nobody says, by its name; hold music is apart."""
    rng = np.random.default_rng(4)
    minute = 60.0
    swell = 1 + np.sign(np.sin(np.arange(int(minute * RATE)) / 5000))
    return {
        "silence": np.zeros(int(minute * RATE)),
        "comfort noise -60": white(minute, -60),
        "white noise -45": white(minute, -45),
        "white noise -30": white(minute, -30),
        "car noise -35": car(minute, -35),
        "noise that comes and goes": white(minute, -30, 2) * swell,
        "dial tone, Europe": cadence(tones(minute, -12, 425), 4.0, 1.0),
        "dial tone, North America": cadence(tones(minute, -13, 350, 440), 4.0, 1.0),
        "dial tone, stutter": cadence(tones(minute, -15, 350, 440), 0.1, 0.1),
        "ringback, Europe": cadence(tones(minute, -14, 425), 1.0, 4.0),
        "ringback, North America": cadence(tones(minute, -14, 440, 480), 2.0, 4.0),
        "ringback, Britain": cadence(tones(minute, -14, 400, 450), 0.4, 0.2, 0.4, 2.0),
        "busy, Europe": cadence(tones(minute, -12, 425), 0.5, 0.5),
        "busy, North America": cadence(tones(minute, -13, 480, 620), 0.5, 0.5),
        "congestion": cadence(tones(minute, -18, 480, 620), 0.25, 0.25),
        "special information": np.concatenate(
            [np.concatenate([tones(0.33, -14, f) for f in (950, 1400, 1800)] + [np.zeros(RATE)]) for _ in range(30)]
        ),
        "fax": np.concatenate([cadence(tones(30, -15, 1100), 0.5, 3.0), tones(10, -15, 2100)]),
        "keys": keys("".join(rng.choice(list("0123456789*#ABCD"), 300)), -10),
        "short faint keys": keys("".join(rng.choice(list("0123456789*#"), 300)), -28, 0.06, 0.06),
        "hum 50 Hz -25": cadence(hum(minute, -25, 50), 3.0, 1.0),
        "hum 60 Hz -25": cadence(hum(minute, -25, 60, 2), 3.0, 1.0),
        "hum 100 Hz -30": cadence(hum(minute, -30, 100, 3), 3.0, 1.0),
        "hum 120 Hz -20": cadence(hum(minute, -20, 120, 4), 3.0, 1.0),
        "clicks": np.where(np.arange(int(minute * RATE)) % 4000 == 0, 20000.0, 0.0),
    }
