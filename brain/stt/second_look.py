"""A voice in noise, looked at twice: as it came, and with less noise. Pure.

What a filter takes away is lost to a recogniser, whose errors grow with every soft sound that is missing; but they are
other errors than those of the noise. So both are decoded (`brain.stt.whisper`). Some of the line stays in the second
look: Whisper makes up words in what filters leave.
"""

from __future__ import annotations

import numpy as np

from media.noise import HOP, LAG, Denoiser, Wave

DRY = np.float32(0.3)
"""The share of the line that stays in the second look; its noise is 10 dB down where the filter leaves nothing."""


def second_look(audio: Wave) -> Wave:
    """`audio` (16 kHz, full scale 1.0), as long and in its time, with less noise. Takes 2 to 4 % of its length.

    Raises DenoiserMissing, ModelError.
    """
    clean = Denoiser().process(np.concatenate((audio, np.zeros(LAG + HOP, np.float32))))
    mixed: Wave = DRY * audio + (1 - DRY) * clean[LAG : LAG + audio.size]
    return mixed
