"""Keys for other machines, where telephone-events won't do: as tones (ITU-T Q.23), as the body of a SIP INFO.

Telephone-events are sent by `media.telephone_event.TelephoneEventSender`.
"""

from __future__ import annotations

from math import pi

import numpy as np

from media.dtmf import FREQUENCIES_HZ
from media.frame import FULL_SCALE, Pcm, samples, silence

INFO_TYPES = ("application/dtmf-relay", "application/dtmf")
"""Neither has a standard; the first is what most gateways speak."""


def checked(symbols: str) -> str:
    """`symbols` in capitals. Raises ValueError for anything that isn't on a keypad, and for nothing."""
    keys = symbols.upper()
    if not keys or any(key not in FREQUENCIES_HZ for key in keys):
        raise ValueError(f"not digits: {symbols!r}")
    return keys


def tones(
    symbols: str, rate_hz: int, tone_ms: float = 100, gap_ms: float = 80, level_dbfs: float = -13.0
) -> Pcm:
    """`symbols` as tones, a pause after each: each of a key's two sines peaks `level_dbfs` below full scale.

    Raises ValueError for what isn't a key, and for a level at which two sines clip.
    """
    if level_dbfs > -6.1:
        raise ValueError(f"two sines of {level_dbfs} dBFS don't fit in 16 bits")
    seconds = np.arange(samples(tone_ms, rate_hz)) / rate_hz
    amplitude = FULL_SCALE * 10 ** (level_dbfs / 20)
    parts: list[Pcm] = []
    for key in checked(symbols):
        low, high = FREQUENCIES_HZ[key]
        wave = np.sin(2 * pi * low * seconds) + np.sin(2 * pi * high * seconds)
        parts += [np.rint(amplitude * wave).astype(np.int16), silence(samples(gap_ms, rate_hz))]
    return np.concatenate(parts)


def info_body(symbol: str, duration_ms: int = 100, content_type: str = INFO_TYPES[0]) -> bytes:
    """The body of the INFO that carries one key. Raises ValueError for what isn't a key or a known type."""
    key = checked(symbol)
    if len(key) != 1 or content_type not in INFO_TYPES:
        raise ValueError(f"an INFO carries one key as one of {', '.join(INFO_TYPES)}")
    if content_type == "application/dtmf":
        return key.encode()
    return f"Signal={key}\r\nDuration={duration_ms}\r\n".encode()
