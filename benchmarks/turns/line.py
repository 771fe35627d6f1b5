"""The telephone line between a caller and the bot: level, noise, companding, lost packets. Seeded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.line_corpus import Signal, babble, car, white
from benchmarks.turns.items import FRAME, RATE
from media.conceal import Concealer
from media.frame import Pcm
from media.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw
from media.levels import active_level_dbfs

QUIET_DBFS = -62.0
"""The noise of a quiet line."""
LOSS = 0.03


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `level_dbfs` is the speech's active level (ITU-T P.56); `noise` one of white, car, babble, or none."""

    level_dbfs: float
    noise: str
    snr_db: float
    law: str
    loss: float

    def __str__(self) -> str:
        noise = f"{self.noise} {self.snr_db:.0f} dB" if self.noise else "quiet"
        return f"{self.level_dbfs:.0f} dBFS, {noise}, {self.law}-law{', 3 % lost' if self.loss else ''}"


def drawn(rng: np.random.Generator) -> Line:
    """Any line: two in five noisy (5 to 20 dB; voices behind the caller 15 to 20), one in four loses packets."""
    noise, snr = "", 0.0
    if rng.random() < 0.4:
        noise = str(rng.choice(["white", "car", "car", "babble"]))
        snr = float(rng.uniform(15, 20) if noise == "babble" else rng.uniform(5, 20))
    law = "u" if rng.random() < 0.75 else "a"
    return Line(float(rng.uniform(-30, -14)), noise, snr, law, LOSS if rng.random() < 0.25 else 0.0)


def level_of(signal: Signal) -> float:
    """The active level of speech (ITU-T P.56), in dBFS."""
    return active_level_dbfs(np.clip(np.rint(signal), -32768, 32767).astype(np.int16), RATE)


def brought_to(signal: Signal, dbfs: float) -> Signal:
    """Speech at an active level of `dbfs`."""
    return signal * 10 ** ((dbfs - level_of(signal)) / 20)


def bed(line: Line, samples: int, rng: np.random.Generator) -> Signal:
    """The line's noise, `samples` long."""
    seconds, seed = samples / RATE + 0.01, int(rng.integers(1 << 30))
    dbfs = line.level_dbfs - line.snr_db
    match line.noise:
        case "white":
            noise = white(seconds, dbfs, seed)
        case "car":
            noise = car(seconds, dbfs, seed)
        case "babble":
            noise = babble(seconds, dbfs, seed)
        case _:
            noise = white(seconds, QUIET_DBFS, seed)
    return noise[:samples]


def carried(line: Line, signal: Signal, rng: np.random.Generator) -> Pcm:
    """`signal`, which holds the noise, as the bot's end of the line brings it: whole frames, losses concealed."""
    whole = np.clip(np.rint(signal[: signal.size // FRAME * FRAME]), -32768, 32767).astype(np.int16)
    coded = decode_ulaw(encode_ulaw(whole)) if line.law == "u" else decode_alaw(encode_alaw(whole))
    return concealed(coded, rng.random(coded.size // FRAME) < line.loss) if line.loss else coded


def concealed(audio: Pcm, lost: np.ndarray) -> Pcm:
    """`audio` with the frames that are `lost` made up from what was heard."""
    concealer, out, broken = Concealer(RATE), [], False
    for number, gone in enumerate(lost):
        frame = audio[number * FRAME : (number + 1) * FRAME]
        if gone:
            frame = concealer.extend(FRAME)
        else:
            frame = concealer.join(frame) if broken else frame
            concealer.heard(frame)
        broken = bool(gone)
        out.append(frame)
    return np.concatenate(out)
