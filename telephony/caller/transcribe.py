"""What the bot said, read from its RTP after the call, and whether that is what a script expects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from media.frame import FULL_SCALE, Pcm
from media.resample import resample
from telephony.caller.audible import Run, Timeline, audible_runs
from telephony.caller.report import Heard

_WHISPER_HZ = 16_000
_STRETCH_GAP_MS = 1000
_STRETCH_MAX_S = 25.0
_PAUSE_MS = 150
_MARGIN_MS = 120


class Transcriber(Protocol):
    """Speech to text. A test brings its own."""

    def text(self, pcm: Pcm, rate_hz: int) -> str:
        """The words of at most 25 s of audio."""
        ...


class Whisper:
    """The packaged Whisper ("base" or "tiny.en"). Raises ValueError where it can't be loaded."""

    def __init__(self, model: str = "base", threads: int = 2) -> None:
        # Loaded here, because a call without transcripts needs no model.
        from brain.engines import EngineError
        from brain.stt.weights import model_folder
        from brain.stt.whisper import WhisperModel

        try:
            self._model = WhisperModel(model_folder(model), threads, 1)
        except EngineError as error:
            raise ValueError(f"no transcripts: {error.reason}") from error

    def text(self, pcm: Pcm, rate_hz: int) -> str:
        audio = resample(pcm, rate_hz, _WHISPER_HZ).astype(np.float32) / np.float32(FULL_SCALE)
        return self._model.decode(audio, "en", (), False).text


def stretches(bot: Timeline, cuts_ns: Sequence[int] = ()) -> list[Run]:
    """The bot's speech in pieces that a recogniser takes: cut at long pauses, at `cuts_ns`, every 25 s.

    The cuts are the moments when the caller finished something: what follows is a reply.
    """
    longest = int(_STRETCH_MAX_S * bot.rate_hz)
    gap = _STRETCH_GAP_MS * bot.rate_hz // 1000
    pieces: list[Run] = []
    for run in audible_runs(bot.pcm, bot.rate_hz, _PAUSE_MS):
        last = pieces[-1] if pieces else None
        if last is None or run.start - last.end >= gap or run.end - last.start > longest:
            pieces.append(run)
        elif any(bot.time_ns(last.start) < cut <= bot.time_ns(run.start) for cut in cuts_ns):
            pieces.append(run)
        else:
            pieces[-1] = Run(last.start, run.end)
    return [Run(at, min(at + longest, p.end)) for p in pieces for at in range(p.start, p.end, longest)]


def transcribe(
    bot: Timeline, invited_ns: int, transcriber: Transcriber, cuts_ns: Sequence[int] = ()
) -> tuple[Heard, ...]:
    """Every stretch of the bot's speech as text; see `stretches`."""
    margin = _MARGIN_MS * bot.rate_hz // 1000
    heard = []
    for run in stretches(bot, cuts_ns):
        sound = bot.pcm[max(0, run.start - margin) : run.end + margin]
        from_ms = round((bot.time_ns(run.start) - invited_ns) / 1e6)
        until_ms = round((bot.end_ns(run.end) - invited_ns) / 1e6)
        heard.append(Heard(from_ms, until_ms, transcriber.text(sound, bot.rate_hz)))
    return tuple(heard)


def said_between(heard: Sequence[Heard], from_ms: float, until_ms: float) -> str:
    """The text of every stretch that began between the two times."""
    return " ".join(h.text for h in heard if from_ms <= h.from_ms < until_ms)


def plain(text: str) -> str:
    """Lower case, letters and digits only, one space between words, one at either end."""
    return " " + " ".join(re.findall(r"[^\W_]+", text.lower().replace("'", ""))) + " "


def contains(text: str, wanted: str) -> bool:
    """Whether `text` has the words `wanted` in a row; "a|b" is either. Digits compare without spaces too."""
    words = plain(text)
    for choice in wanted.split("|"):
        phrase = plain(choice)
        joined = phrase.replace(" ", "")
        if phrase in words or (joined.isdigit() and joined in words.replace(" ", "")):
            return bool(joined)
    return False
