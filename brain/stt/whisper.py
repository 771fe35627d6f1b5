"""Whisper by CTranslate2 (int8 on the CPU): one decode of a window of audio.

Stock code always encodes 30 s. Here the encoder gets no more context than the audio needs, and the
decoder a cap on its tokens, without which short contexts make it loop. This is the only file that
imports faster-whisper and CTranslate2. Nothing here awaits: the scheduler calls it from its threads,
and CTranslate2 lets go of the interpreter lock while it works.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import exp
from pathlib import Path

import ctranslate2
import faster_whisper
import numpy as np
import numpy.typing as npt
from faster_whisper.tokenizer import Tokenizer

from brain.engines import EngineError, Word
from brain.log_mel import FRAMES_PER_SECOND, RATE_HZ, log_mel
from brain.stt.guard import is_speech, loops

Float = npt.NDArray[np.float32]

MIN_CONTEXT_S = 10.0
"""With 8 s or less it loops on short answers ("five five"), with more it is slower and no better."""

MARGIN_S = 2.0
"""Room after the audio. It is filled with zeros as *features*, as faster-whisper does: filled with silent
audio the word error rate was 1.5 times as high."""

RETRY_CONTEXT_S = 20.0
"""A decode that loops is done again with this context."""

MAX_AUDIO_S = 28.0

NOISY_BEAM = 5
"""Beam on a noisy line. On a clear one a single hypothesis is enough."""
SURE_LOGPROB = -0.4
"""On a noisy line, what is heard with this needs no second look: at 5 dB S/N three of four sentences in a car, one of
six in white noise or among voices, and no more errors for it than if all were looked at twice."""

TOKENS_PER_SECOND = 8.0
TOKENS_EXTRA = 14
"""The cap on an answer. Digits with commas take seven tokens a second; a loop stops here."""

CLEAR_LANGUAGE = 0.8
"""Least probability of a language, among those that a plan knows, at which it is believed."""
LIKELY_LANGUAGE = 0.5
"""Least probability among all languages of one that isn't the plan's first: noise is something like any language."""

LEAST_CONFIDENCE = 0.01
"""Words are aligned without the phrases before them: what then has less than this was one of the phrases, and not said.
Of 5,587 decodes of people and voices, with noise and loss, one had less, a loop."""

PROMPT_TOKENS = 160
"""Cap on the phrases of a plan: the decoder reads them before each answer."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What one decode heard. `words` is empty unless asked for; times are from the window's start."""

    text: str
    words: tuple[Word, ...]
    avg_logprob: float
    no_speech_prob: float
    language: str = ""
    """The language that was spoken, where that was asked for and is clear."""
    looks: int = 1
    """How often the audio was decoded for it: with its noise, and where that left doubts without."""

    @property
    def confidence(self) -> float:
        """Mean probability of a token."""
        return exp(min(0.0, self.avg_logprob))


NOTHING = Hypothesis("", (), 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class _Heard:
    """A hypothesis that has no word times yet, and what they are found from."""

    hypothesis: Hypothesis
    tokens: list[int]
    tokenizer: Tokenizer
    encoded: ctranslate2.StorageView


class WhisperModel:
    """One set of weights, for many threads at once. Raises EngineError where it can't be loaded."""

    def __init__(self, folder: Path, threads: int, parallel: int) -> None:
        try:
            self._whisper = faster_whisper.WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=threads, num_workers=parallel
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise EngineError("stt", f"cannot load {folder}: {error}") from error
        self._model: ctranslate2.models.Whisper = self._whisper.model
        self._tokenizers: dict[str, Tokenizer] = {}

    def check_language(self, language: str) -> None:
        """Raises EngineError for a language the weights don't know."""
        self._tokenizer(language)

    def decode(
        self,
        audio: Float,
        language: str,
        phrases: Sequence[str],
        want_words: bool,
        others: Sequence[str] = (),
        second: Callable[[], Float] | None = None,
    ) -> Hypothesis:
        """`audio` (float32 at 16 kHz, full scale 1.0, at most 28 s) as text; NOTHING where nobody speaks.

        `second` gives the same stretch with less noise. Where it is there, the decoder is more careful, and where it is
        still not sure (`SURE_LOGPROB`) that is decoded too, and of the two the surer one is believed. With `others` the
        text is in the language that was spoken, of all these; in `language` where that isn't clear. Raises EngineError.
        """
        if audio.size < RATE_HZ // 10:
            return NOTHING
        seconds = min(audio.size / RATE_HZ, MAX_AUDIO_S)
        tokenizer = self._tokenizer(language)
        beam = 1 if second is None else NOISY_BEAM
        try:
            for context_s, prompts in ((MIN_CONTEXT_S, phrases), (RETRY_CONTEXT_S, ())):
                heard = [self._decode(tokenizer, audio, context_s, prompts, others, beam)]
                if second is not None and not _is_sure(heard[0].hypothesis, seconds):
                    heard.append(self._decode(tokenizer, second(), context_s, prompts, others, beam))
                sane = [one for one in heard if not loops(one.hypothesis.text, seconds)]
                if sane:
                    return replace(self._believed(sane, seconds, want_words), looks=len(heard))
            return NOTHING
        except (RuntimeError, ValueError) as error:
            raise EngineError("stt", f"decoding failed: {error}") from error

    def _believed(self, heard: list[_Heard], seconds: float, want_words: bool) -> Hypothesis:
        """The surest that is speech."""
        speech = [
            one
            for one in heard
            if is_speech(one.hypothesis.text, one.hypothesis.avg_logprob, one.hypothesis.no_speech_prob)
        ]
        if not speech:
            return NOTHING
        best = max(speech, key=lambda one: one.hypothesis.avg_logprob)
        hypothesis = best.hypothesis
        if not want_words or not best.tokens:
            return hypothesis
        words = self._align(best.tokenizer, best.encoded, best.tokens, seconds)
        if words and sum(word.confidence for word in words) < LEAST_CONFIDENCE * len(words):
            return NOTHING
        return replace(hypothesis, words=words)

    def _decode(
        self,
        tokenizer: Tokenizer,
        audio: Float,
        context_s: float,
        phrases: Sequence[str],
        others: Sequence[str],
        beam: int,
    ) -> _Heard:
        audio = audio[: int(MAX_AUDIO_S * RATE_HZ)]
        seconds = audio.size / RATE_HZ
        encoded = self._model.encode(_features(audio, max(context_s, seconds + MARGIN_S)))
        spoken = self._spoken_language(encoded, tokenizer.language_code, others) if others else ""
        if spoken:
            tokenizer = self._tokenizer(spoken)
        prompt = self._prompt(tokenizer, phrases)
        cap = int(TOKENS_PER_SECOND * seconds) + TOKENS_EXTRA
        result = self._model.generate(
            encoded,
            [prompt],
            beam_size=beam,
            max_length=max(2 * cap, len(prompt) + cap),  # CTranslate2 generates half of it at most
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=self._suppressed(tokenizer),
        )[0]
        tokens = [token for token in result.sequences_ids[0] if token < tokenizer.eot]
        score = result.scores[0] * len(tokens) / (len(tokens) + 1)
        text = tokenizer.decode(tokens).strip()
        return _Heard(Hypothesis(text, (), score, result.no_speech_prob, spoken), tokens, tokenizer, encoded)

    def _spoken_language(self, encoded: ctranslate2.StorageView, first: str, others: Sequence[str]) -> str:
        """Which language is spoken, of those that are possible; empty where that isn't clear."""
        found = {name.strip("<|>"): share for name, share in self._model.detect_language(encoded)[0]}
        shares = {language: found.get(language, 0.0) for language in (first, *others)}
        best = max(shares, key=lambda language: shares[language])
        likely = shares[best] >= LIKELY_LANGUAGE or best == first
        return best if likely and shares[best] >= CLEAR_LANGUAGE * sum(shares.values()) > 0.0 else ""

    def _tokenizer(self, language: str) -> Tokenizer:
        if language not in self._tokenizers:
            multilingual = self._model.is_multilingual
            if not multilingual and language != "en":
                raise EngineError("stt", f"these weights know English only, not {language!r}")
            try:
                tokenizer = Tokenizer(self._whisper.hf_tokenizer, multilingual, "transcribe", language)
            except ValueError as error:
                raise EngineError("stt", f"unknown language {language!r}") from error
            self._tokenizers[language] = tokenizer
        return self._tokenizers[language]

    def _suppressed(self, tokenizer: Tokenizer) -> list[int]:
        """The model's own list (-1), and tokens that note sounds: brackets, music signs."""
        return [-1, *tokenizer.non_speech_tokens]

    @staticmethod
    def _prompt(tokenizer: Tokenizer, phrases: Sequence[str]) -> list[int]:
        prompt: list[int] = []
        if phrases:
            prompt = [tokenizer.sot_prev, *tokenizer.encode(" " + ", ".join(phrases))[:PROMPT_TOKENS]]
        return [*prompt, *tokenizer.sot_sequence, tokenizer.no_timestamps]

    def _align(
        self, tokenizer: Tokenizer, encoded: ctranslate2.StorageView, tokens: list[int], seconds: float
    ) -> tuple[Word, ...]:
        """Word times by dynamic time warping of cross-attention (Whisper's own method)."""
        frames = int(seconds * FRAMES_PER_SECOND)
        found = self._whisper.find_alignment(tokenizer, [tokens], encoded, frames)[0]
        words: list[Word] = []
        for piece in found:
            text, p = str(piece["word"]), float(piece["probability"])
            start, end = int(piece["start"] * 1000), int(piece["end"] * 1000)
            bare = not any(c.isalnum() for c in text)
            if words and (bare or (tokenizer.language_code == "en" and not text.startswith(" "))):
                last = words[-1]  # punctuation and the rest of a word belong to the word before
                end, p = (last.end_ms, last.confidence) if bare else (end, min(p, last.confidence))
                words[-1] = Word(last.text + text.rstrip(), last.start_ms, end, p)
            elif not bare:
                words.append(Word(text.strip(), start, end, p))
        return tuple(words)


def _is_sure(hypothesis: Hypothesis, seconds: float) -> bool:
    """Whether a second look would hardly say anything else."""
    text, logprob = hypothesis.text, hypothesis.avg_logprob
    return logprob >= SURE_LOGPROB and is_speech(text, logprob, hypothesis.no_speech_prob) and not loops(text, seconds)


def _features(audio: Float, context_s: float) -> ctranslate2.StorageView:
    heard = log_mel(audio)
    frames = int(context_s * FRAMES_PER_SECOND) // 2 * 2  # the encoder halves the number of frames
    padded = np.zeros((1, heard.shape[0], frames), np.float32)
    padded[0, :, : heard.shape[1]] = heard[:, :frames]
    return ctranslate2.StorageView.from_array(padded)
