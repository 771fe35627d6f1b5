"""From a voice's raw output to telephone audio: trimmed, levelled, at the line's rate, with its pause.

Voices begin with up to 340 ms of silence, which the caller would wait through, and differ by 8 dB. The
gain belongs to the voice, not to the clause: levelling each clause would shout the short ones.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from brain.resampling import resample
from media.frame import FULL_SCALE, Pcm, samples
from media.loudness import SPEECH_LUFS, gain_to

Float = npt.NDArray[np.float32]

TARGET_DBFS = -20.0
"""Of active speech, root mean square, about what SPEECH_LUFS comes to: what silence is told from."""

TELEPHONE_HZ = 8000
"""Loudness is what is left of it there: a voice's brilliance doesn't count."""

PEAK = 0.89
"""-1 dBFS. Nothing is louder."""

KNEE = 0.6
"""From here on peaks are bent, so that a single one doesn't decide how loud a clause may be."""

SPEECH_DB = -30.0
"""A 10 ms stretch this far under the level of active speech is silence."""

HEARD_DBFS = -42.0
"""What is fainter isn't heard on a telephone: a clause doesn't begin with it."""

LEAD_MS = 20
"""Kept before that, for soft consonants."""

SENTENCE_PAUSE_MS = 220
CLAUSE_PAUSE_MS = 120
PIECE_PAUSE_MS = 60


def _stretches_db(audio: Float, rate_hz: int) -> npt.NDArray[np.float64]:
    step = samples(10, rate_hz)
    whole = audio[: audio.size // step * step].reshape(-1, step).astype(np.float64)
    levels: npt.NDArray[np.float64] = 10.0 * np.log10(np.mean(whole**2, axis=1) + 1e-12)
    return levels


def gain_for(audio: Float, rate_hz: int) -> float:
    """The factor that brings a voice that sounds like `audio` to SPEECH_LUFS on a telephone (within 20 dB)."""
    return gain_to(resample(audio, rate_hz, TELEPHONE_HZ), TELEPHONE_HZ, SPEECH_LUFS)


def pause_ms(text: str) -> int:
    """How long the silence behind `text` is, by the mark it ends with."""
    end = text.rstrip(" \"')")[-1:]
    if end in ".!?":
        return SENTENCE_PAUSE_MS
    return CLAUSE_PAUSE_MS if end in ",;:" else PIECE_PAUSE_MS


def shape(audio: Float, in_hz: int, out_hz: int, gain: float, pause: int) -> Pcm:
    """`audio` (full scale 1.0) as int16 at `out_hz`: sound within 20 ms, `pause` ms of silence at the end.

    Empty where `audio` holds no sound.
    """
    levels = _stretches_db(audio * gain, in_hz)
    loud = np.nonzero(levels > TARGET_DBFS + SPEECH_DB)[0]
    heard = np.nonzero(levels > HEARD_DBFS)[0]
    if heard.size == 0:
        return np.zeros(0, np.int16)
    step = samples(10, in_hz)
    first = max(0, int(heard[0]) * step - samples(LEAD_MS, in_hz))
    last = (int(loud[-1]) + 3) * step  # 20 ms of decay
    out = resample(audio[first:last] * np.float32(gain), in_hz, out_hz)
    edge = min(samples(5, out_hz), out.size // 2)
    out[:edge] *= np.linspace(0.0, 1.0, edge, dtype=np.float32)  # the cut itself must not click
    out[out.size - edge :] *= np.linspace(1.0, 0.0, edge, dtype=np.float32)
    pcm = np.round(_limited(out) * FULL_SCALE).astype(np.int16)
    return np.concatenate([pcm, np.zeros(samples(pause, out_hz), np.int16)])


def _limited(audio: Float) -> Float:
    """`audio` below KNEE as it is, above it ever flatter, up to PEAK."""
    size = np.abs(audio)
    room = PEAK - KNEE
    bent = KNEE + room * np.tanh((size - KNEE) / room)
    return np.where(size > KNEE, np.sign(audio) * bent, audio).astype(np.float32)
