"""The packaged voices keep the contract, and what they say is understood through G.711."""

from __future__ import annotations

from collections.abc import AsyncIterator
from shutil import which

import jiwer
import numpy as np
import pytest
from contract_tts import TtsContract
from recordings import telephone

from brain.engines import EngineError, SttSettings, Tts, TtsSettings
from brain.speech_scheduler import Scheduler
from brain.stt.local import decode
from brain.stt.weights import model_folder
from brain.stt.whisper import WhisperModel
from brain.stt.window import Snapshot
from brain.tts.local import LocalTts, load_voice
from brain.tts.piper import joe_file
from media.loudness import SPEECH_LUFS, integrated_lufs

pytestmark = pytest.mark.models


class VoiceContract(TtsContract):
    @pytest.fixture
    async def tts(self) -> AsyncIterator[Tts]:
        scheduler = Scheduler(2)
        tts = LocalTts(scheduler)
        yield tts
        await scheduler.aclose()

    async def test_speech_is_as_loud_as_promised(self, tts: Tts) -> None:
        spoken = await self.spoken(tts, "Good morning, this is the clinic, how can I help you today?")
        pcm = np.concatenate([a.pcm for a in spoken]).astype(np.float32) / 32768
        assert integrated_lufs(pcm, 8000) == pytest.approx(SPEECH_LUFS, abs=2.0)

    async def test_it_is_understood_through_g711(self, tts: Tts) -> None:
        model = WhisperModel(model_folder("base"), threads=2, parallel=1)
        said, heard = [], []
        for text, meant in [
            ("Good morning, how can I help you?", "good morning how can i help you"),
            ("We are closed on Sunday.", "we are closed on sunday"),
            ("Your number is 020 7946 0018.", "your number is 02079460018"),
            ("The doctor is in room four.", "the doctor is in room 4"),
        ]:
            pcm = np.concatenate([a.pcm for a in await self.spoken(tts, text)])
            line = telephone(pcm.astype(np.float32) / 32768, 8000)
            words = decode(model, SttSettings(), False, Snapshot(line, 8000, 0, ())).text
            said.append(fold(meant))
            heard.append(fold(words))
        assert jiwer.wer(said, heard) < 0.2


class TestHibari(VoiceContract):
    settings = TtsSettings("hibari")

    async def test_the_same_text_gives_the_same_samples(self, tts: Tts) -> None:
        one, two = [await self.spoken(tts, "Good morning.") for _ in range(2)]
        assert np.array_equal(one[0].pcm, two[0].pcm)


class TestJoe(VoiceContract):
    settings = TtsSettings("joe")


class TestPiperByPath(TtsContract):
    @pytest.fixture
    async def tts(self) -> AsyncIterator[Tts]:
        scheduler = Scheduler(2)
        yield LocalTts(scheduler)
        await scheduler.aclose()

    @property
    def settings(self) -> TtsSettings:
        return TtsSettings(str(joe_file()), 1.2)


@pytest.mark.skipif(which("espeak-ng") is None, reason="needs espeak-ng")
class TestEspeak(TtsContract):
    settings = TtsSettings("espeak:de")

    @pytest.fixture
    async def tts(self) -> AsyncIterator[Tts]:
        scheduler = Scheduler(2)
        yield LocalTts(scheduler)
        await scheduler.aclose()


@pytest.mark.skipif(which("espeak-ng") is None, reason="needs espeak-ng")
def test_espeak_names_a_language_it_has_not() -> None:
    with pytest.raises(EngineError, match="does not exist"):
        load_voice("espeak:xx")


def fold(text: str) -> str:
    """Digits together, no punctuation."""
    kept = "".join(c if c.isalnum() else " " for c in text.lower().replace("four", "4"))
    joined = ""
    for word in kept.split():
        joined += word if joined[-1:].isdigit() and word.isdigit() else f" {word}"
    return joined.strip()


async def test_speed_changes_the_length() -> None:
    scheduler = Scheduler(2)
    tts = LocalTts(scheduler)
    sizes = []
    for speed in (0.8, 1.6):
        settings = TtsSettings("hibari", speed)

        async def one() -> AsyncIterator[str]:
            yield "Our opening hours are from nine to five."

        sizes.append(sum([a.pcm.size async for a in tts.speak(one(), settings, 8000)]))
    await scheduler.aclose()
    assert 1.6 < sizes[0] / sizes[1] < 2.4


@pytest.mark.parametrize("name", ["nobody", "/nowhere.onnx", "hibari:emma", "hibari:nobody"])
def test_a_voice_that_is_not_here_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path))
    with pytest.raises(EngineError, match=name.split(":")[-1]):
        load_voice(name)


async def test_a_speed_nobody_understands_is_refused() -> None:
    scheduler = Scheduler(1)
    with pytest.raises(EngineError, match="speed 9"):
        await LocalTts(scheduler).warm(TtsSettings("hibari", 9.0))
    await scheduler.aclose()
