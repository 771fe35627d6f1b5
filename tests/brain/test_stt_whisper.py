"""Whisper keeps the contract, hears people, and hears nothing where nobody speaks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from shutil import which

import jiwer
import numpy as np
import pytest
from contract_stt import SttContract, feed, until_final
from recordings import brown_fox, hello_world, noise, two_cities

from benchmarks.human_clips import TWO_CITIES
from benchmarks.phrases import NAMES, STREETS
from benchmarks.spoken_digits import on_the_line
from brain.engines import EngineError, Stt, SttSettings, Word
from brain.log_mel import RATE_HZ
from brain.resampling import resample
from brain.speech_scheduler import Kind, Scheduler
from brain.stt.local import Heard, WhisperStt, decode
from brain.stt.weights import model_folder
from brain.stt.whisper import WhisperModel
from brain.stt.window import Snapshot
from brain.tts.espeak import Espeak
from media.frame import Pcm

pytestmark = pytest.mark.models

TINY = SttSettings(model="tiny.en")


def plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum() or c == " ")


class TestTinyWhisper(SttContract):
    settings = TINY

    @pytest.fixture
    async def stt(self) -> AsyncIterator[Stt]:
        scheduler = Scheduler(2)
        yield WhisperStt(scheduler)
        await scheduler.aclose()

    @pytest.fixture
    def speech(self) -> Pcm:
        return hello_world()


@pytest.fixture(scope="module")
def base() -> WhisperModel:
    return WhisperModel(model_folder("base"), threads=1, parallel=1)


def hear(model: WhisperModel, pcm: Pcm, *phrases: str) -> str:
    return decode(model, SttSettings(phrases=phrases), True, Snapshot(pcm, 8000, 0, ())).text


def twice(model: WhisperModel, pcm: Pcm) -> Heard:
    """What is heard of `pcm` on a noisy line."""
    return decode(model, SttSettings(noisy=True), True, Snapshot(pcm, 8000, 0, ()))


def tones(frequencies: tuple[int, ...], seconds: float) -> Pcm:
    time = np.arange(int(8000 * seconds)) / 8000
    return (3000 * sum(np.sin(2 * np.pi * f * time) for f in frequencies)).astype(np.int16)


def test_base_hears_a_sentence_through_g711(base: WhisperModel) -> None:
    assert plain(hear(base, brown_fox())) == "the quick brown fox jumps over the lazy dog"


@pytest.mark.skipif(which("espeak-ng") is None, reason="needs espeak-ng")
@pytest.mark.parametrize(
    ("voice", "text", "language"),
    [
        ("de", "Guten Tag, ich möchte gerne einen Termin für nächste Woche ausmachen.", "de"),
        ("es", "Buenos días, quisiera pedir una cita para la próxima semana.", "es"),
        ("en-us", "Hello, I would like to make an appointment for next week, please.", "en"),
    ],
)
def test_base_tells_languages_apart(base: WhisperModel, voice: str, text: str, language: str) -> None:
    engine = Espeak(voice)
    line = on_the_line(engine.synthesize(text, 1.0), engine.rate_hz)
    heard = base.decode(line, "en", (), True, ("de", "es"))
    assert heard.language == language
    assert jiwer.wer(plain(text), plain(heard.text)) < 0.4


@pytest.mark.parametrize("pcm", [np.zeros(16000, np.int16), noise(4, -30), tones((440, 480), 2.0)])
def test_base_hears_no_language_where_nobody_speaks(base: WhisperModel, pcm: Pcm) -> None:
    heard = decode(base, SttSettings(others=("de", "es")), True, Snapshot(pcm, 8000, 0, ())).hypothesis
    assert (heard.text, heard.language) == ("", "")


@pytest.mark.parametrize("phrases", [(), ("yes", "no", "operator"), (*STREETS, *NAMES)], ids=["none", "few", "many"])
@pytest.mark.parametrize(
    "pcm",
    [
        np.zeros(8000, np.int16),
        noise(0.6, -40),
        noise(2, -20),
        noise(8, -50),
        tones((697, 1209), 0.15),
        np.concatenate([np.concatenate([tones((770, 1336), 0.1), noise(0.1, -60)]) for _ in range(8)]),
        tones((440, 480), 2.0),
        tones((480, 620), 0.5),
        tones((50, 100, 150), 3.0),
    ],
    ids=["zeros", "hiss", "loud noise", "long noise", "a key", "keys", "ringback", "busy", "hum"],
)
def test_nobody_speaks(base: WhisperModel, pcm: Pcm, phrases: tuple[str, ...]) -> None:
    assert hear(base, pcm, *phrases) == ""


@pytest.mark.parametrize("pcm", [noise(0.6, -30), noise(3, -20)], ids=["short", "long"])
def test_nobody_speaks_in_noise_that_is_looked_at_twice(base: WhisperModel, pcm: Pcm) -> None:
    assert twice(base, pcm).text == ""


def test_a_second_look_hears_the_same_words(base: WhisperModel) -> None:
    heard = twice(base, brown_fox())
    assert plain(heard.text) == "the quick brown fox jumps over the lazy dog"
    assert [plain(word.text) for word in heard.words] == plain(heard.text).split()


def test_a_phrase_that_the_model_does_not_believe_without_its_list_was_not_said(
    base: WhisperModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "_align", lambda *heard: (Word("Doctor", 0, 300, 0.0005), Word("Reed", 300, 600, 0.0006)))
    assert hear(base, brown_fox(), "Doctor Reed") == ""
    monkeypatch.setattr(base, "_align", lambda *heard: (Word("The", 0, 300, 0.0005), Word("fox", 300, 600, 0.3)))
    assert "fox" in hear(base, brown_fox(), "Doctor Reed")


def test_likely_phrases_do_not_replace_what_is_said(base: WhisperModel) -> None:
    assert plain(hear(base, hello_world(), "yes", "no", "operator")) == "hello world"


def test_a_monologue_longer_than_the_window_is_heard_whole(base: WhisperModel) -> None:
    heard = decode(base, SttSettings(), True, Snapshot(two_cities(), 8000, 0, ()))
    assert jiwer.wer(TWO_CITIES, plain(heard.text)) < 0.1
    starts = [word.start_ms for word in heard.words]
    assert starts == sorted(starts) and starts[-1] > 38_000


async def test_a_monologue_rolls_through_the_window() -> None:
    scheduler = Scheduler(2)
    stt = WhisperStt(scheduler)
    await stt.warm(TINY)
    stream = await stt.open("call", 8000)
    stream.begin(1, TINY)
    pcm = two_cities()[: 8000 * 30]
    stables: list[str] = []
    for at in range(0, pcm.size, 8000):  # a decode every second of audio, as a busy server makes them
        await feed(stream, pcm[at : at + 8000])
        async for heard in stream:
            stables.append(heard.stable if hasattr(heard, "stable") else "")
            break
    stream.finalize(1, 1)
    final, _ = await until_final(stream, 1)
    window = stream._segment.window.snapshot()  # type: ignore[attr-defined]
    await stream.aclose()
    await scheduler.aclose()
    assert window.origin_ms > 5000 and window.duration_ms < 24_000
    assert jiwer.wer(" ".join(TWO_CITIES.split()[: len(final.text.split())]), plain(final.text)) < 0.15
    assert len(stables[-1].split()) > 40


async def test_weights_that_are_not_there_are_named() -> None:
    scheduler = Scheduler(1)
    stt = WhisperStt(scheduler)
    with pytest.raises(EngineError, match="/nowhere"):
        await stt.warm(SttSettings(model="/nowhere"))
    stream = await stt.open("call", 8000)
    stream.begin(1, SttSettings(model="/nowhere"))
    with pytest.raises(EngineError, match="/nowhere"):
        await anext(aiter(stream))
    await stream.aclose()
    await scheduler.aclose()


async def test_a_language_the_weights_do_not_know_is_refused() -> None:
    scheduler = Scheduler(1)
    stt = WhisperStt(scheduler)
    with pytest.raises(EngineError, match="English only"):
        await stt.warm(SttSettings(model="tiny.en", language="de"))
    await scheduler.aclose()


def test_wideband_audio_is_heard_too(base: WhisperModel) -> None:
    pcm = resample(brown_fox().astype(np.float32), 8000, RATE_HZ).astype(np.int16)
    heard = decode(base, SttSettings(), False, Snapshot(pcm, RATE_HZ, 0, ()))
    assert plain(heard.text) == "the quick brown fox jumps over the lazy dog"


async def test_the_decode_at_a_pause_is_the_final() -> None:
    scheduler = Scheduler(2)
    stt = WhisperStt(scheduler)
    await stt.warm(TINY)
    quiet = noise(0.4, -65)
    speech = np.concatenate([quiet[:1600], brown_fox(), quiet])
    stream = await stt.open("call", 8000)
    stream.begin(1, TINY)
    await feed(stream, speech)
    async for heard in stream:  # the partial of the pause has come
        if heard.text.lower().strip(".") == "the quick brown fox jumps over the lazy dog":
            break
    submitted: list[Kind] = []
    submit = scheduler.submit
    scheduler.submit = lambda kind, *work: (submitted.append(kind), submit(kind, *work))[1]  # type: ignore
    stream.finalize(1, 1)
    final, _ = await until_final(stream, 1)
    assert submitted == []
    assert (final.audio_ms, len(final.words)) == (speech.size // 8, 9)
    await feed(stream, np.concatenate([hello_world(), quiet]))
    stream.finalize(1, 2)
    final, _ = await until_final(stream, 2)
    assert plain(final.text).endswith("lazy dog hello world")
    await stream.aclose()
    await scheduler.aclose()
