"""How loud a recording is to a listener: integrated loudness (ITU-R BS.1770-4), and bringing it to a target.

The K-weighting is applied as the frequency response of its analogue prototypes, so it is the same at 8 kHz
as at 48. What a telephone leaves out isn't there to be weighted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from media.frame import FULL_SCALE, Pcm
from media.mixing import to_pcm

SPEECH_LUFS = -19.0
"""What prompts and speech are brought to: loud enough for a handset, with room for peaks."""

SILENT_LUFS = -70.0
"""The absolute gate of BS.1770, and the answer for what is quieter."""

_MOST_GAIN_DB = 20.0
_OFFSET_DB = -0.691
_RELATIVE_GATE_LU = -10.0
_BLOCK_S, _STEP_S = 0.4, 0.1
# Annex 1: a high shelf for the head's acoustics, then a high-pass (RLB). The constants are those of the
# analogue prototypes of its 48 kHz coefficients.
_SHELF_HZ, _SHELF_Q = 1681.974450955533, 0.7071752369554196
_SHELF_GAIN, _SHELF_MID = 1.584864701130855, 1.2587209302325582
_PASS_HZ, _PASS_Q = 38.13547087602444, 0.5003270373238773

Audio = npt.NDArray[np.float32]


def _k_weighted(audio: Audio, rate_hz: int) -> npt.NDArray[np.float64]:
    size = 1 << int(audio.size + rate_hz // 10).bit_length()
    f = np.fft.rfftfreq(size, 1 / rate_hz)
    s = 1j * f
    shelf = (_SHELF_GAIN * s**2 + _SHELF_MID * _SHELF_HZ / _SHELF_Q * s + _SHELF_HZ**2) / (
        s**2 + _SHELF_HZ / _SHELF_Q * s + _SHELF_HZ**2
    )
    high_pass = s**2 / (s**2 + _PASS_HZ / _PASS_Q * s + _PASS_HZ**2)
    weighted: npt.NDArray[np.float64] = np.fft.irfft(np.fft.rfft(audio, size) * shelf * high_pass, size)
    return weighted[: audio.size]


def integrated_lufs(audio: Audio, rate_hz: int) -> float:
    """Gated loudness of one channel of full scale 1.0; SILENT_LUFS where nothing reaches the gate.

    Shorter audio than a block of 400 ms counts as one block.
    """
    if audio.size == 0:
        return SILENT_LUFS
    power = np.concatenate(([0.0], np.cumsum(_k_weighted(audio, rate_hz) ** 2)))
    block, step = min(int(_BLOCK_S * rate_hz), audio.size), max(1, int(_STEP_S * rate_hz))
    starts = np.arange(0, audio.size - block + 1, step)
    squares = (power[starts + block] - power[starts]) / block
    loud = squares[_lufs(squares) > SILENT_LUFS]
    if loud.size == 0:
        return SILENT_LUFS
    gate = float(_lufs(np.asarray([loud.mean()]))[0]) + _RELATIVE_GATE_LU
    return float(_lufs(np.asarray([loud[_lufs(loud) > gate].mean()]))[0])


def gain_to(audio: Audio, rate_hz: int, target_lufs: float) -> float:
    """The factor that brings `audio` to `target_lufs`, within 20 dB; 1 where it is silent."""
    loudness = integrated_lufs(audio, rate_hz)
    if loudness <= SILENT_LUFS:
        return 1.0
    return float(10 ** (np.clip(target_lufs - loudness, -_MOST_GAIN_DB, _MOST_GAIN_DB) / 20))


def levelled(pcm: Pcm, rate_hz: int, target_lufs: float = SPEECH_LUFS) -> Pcm:
    """`pcm` at `target_lufs`; peaks that this would clip are bent."""
    signal = pcm.astype(np.float32)
    return to_pcm(signal * np.float32(gain_to(signal / np.float32(FULL_SCALE), rate_hz, target_lufs)))


def _lufs(squares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    lufs: npt.NDArray[np.float64] = _OFFSET_DB + 10 * np.log10(np.maximum(squares, 1e-12))
    return lufs
