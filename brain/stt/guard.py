"""Is a hypothesis speech, or what Whisper makes up from silence, noise and tones?

Whisper always says something. On silence, white and pink noise from -65 to -20 dBFS, coughs, DTMF, call
progress tones and hum (docs/speech.md) `base` gave "you", "I'm sorry" and the plan's own phrases, with
an average log probability under -1.4, or under -1.0 with a no-speech probability over .25; human speech
through G.711 was over -0.8 unless cut inside its first word.
"""

from __future__ import annotations

from zlib import compress

MIN_LOGPROB = -1.3
DOUBTFUL_LOGPROB = -0.98
DOUBTFUL_NO_SPEECH = 0.25
MAX_COMPRESSION = 2.4
"""Whisper's own threshold for a text that repeats itself."""

MAX_WORDS_PER_SECOND = 5.0
"""Nobody says more for long: a repetition that is faster is the decoder's."""


def is_speech(text: str, avg_logprob: float, no_speech_prob: float) -> bool:
    """Whether `text` should be believed; False means: answer with nothing."""
    if not any(c.isalnum() for c in text):
        return False
    if avg_logprob < MIN_LOGPROB or compression(text) > MAX_COMPRESSION:
        return False
    return avg_logprob >= DOUBTFUL_LOGPROB or no_speech_prob <= DOUBTFUL_NO_SPEECH


def compression(text: str) -> float:
    """How much shorter zlib makes `text`; about 1 for short sentences."""
    raw = text.encode()
    return len(raw) / len(compress(raw)) if raw else 0.0


def loops(text: str, seconds: float) -> bool:
    """Whether `text` ends in one to four words said at least four times, faster than anybody speaks."""
    words = [word.strip(".,!?-") for word in text.lower().split()]
    if len(words) < 4 or len(words) <= MAX_WORDS_PER_SECOND * seconds:
        return False
    return any(
        len(words) >= 4 * n and all(words[-i] == words[-i - n] for i in range(1, 3 * n + 1))
        for n in range(1, 5)
    )
