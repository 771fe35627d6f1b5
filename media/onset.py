"""How a sound begins: as a voice does, or as a cough, a throat that is cleared, a voice across the room.

A word has pitch within its first 120 ms, or begins with a soft consonant that a louder vowel follows. A cough begins
with a loud burst without pitch, and its voiced part is no louder (Korpáš et al., "Analysis of the cough sound", 1996);
a throat rattles slower than any pitch; reverberation takes the pitch away from a voice far off. A laugh, a hum and a
nod begin like words.
"""

from __future__ import annotations

import numpy as np

from media.frame import Pcm
from media.prosody import windows

LOOK_MS = 120
"""What is looked at, from the onset."""
BEFORE_MS = 20
"""What belongs to the look from before it."""
_PITCH = 0.5
"""A window of 40 ms that repeats itself this well has pitch."""
_LEAST_SHARE = 0.2
_UNDER_PEAK_DB = 20.0
"""Windows this far under the loudest don't count."""
_RISE_DB = 12.0
"""So much louder the vowel is than a consonant before it."""
_LAST = 3
_RATTLE = 0.0
"""A loud window that is less like itself a pitch period later than noise is (about 0.1) moves slower than pitch."""
_LOUD_DB = 8.0


def is_voiced(onset: Pcm, rate_hz: int) -> bool:
    """Whether `onset`, from `BEFORE_MS` before a sound to `LOOK_MS` into it, may be a word's.

    Raises ValueError for a rate that isn't 8 or 16 kHz.
    """
    level_db, _, strength = windows(onset, rate_hz)
    if not level_db.size:
        return True
    loudest = float(level_db.max())
    if strength[level_db > loudest - _LOUD_DB].min() < _RATTLE:
        return False
    share = float(np.mean(strength[level_db > loudest - _UNDER_PEAK_DB] >= _PITCH))
    rise = float(level_db[-_LAST:].max() - level_db[:-_LAST].max(initial=-100.0)) if level_db.size > _LAST else 0.0
    return share > _LEAST_SHARE or rise >= _RISE_DB
