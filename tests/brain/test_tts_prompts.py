"""Fixed prompts are rendered once, kept over a restart, and spoken without the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from contract_tts import TtsContract, clauses

from brain.engines import EngineError, Tts, TtsSettings
from brain.tts.fake import ToneTts, tone
from brain.tts.prompts import CachedTts

HELLO = "Good morning."
VOICE = TtsSettings()


async def speak(tts: Tts, *texts: str) -> list[tuple[int, str, int, bool]]:
    return [(a.clause, a.text, a.pcm.size, a.last) async for a in tts.speak(clauses(*texts), VOICE, 8000)]


class TestCachedTts(TtsContract):
    @pytest.fixture
    async def tts(self, tmp_path: Path) -> AsyncIterator[Tts]:
        cached = CachedTts(ToneTts(), tmp_path)
        await cached.render([HELLO], VOICE, 8000)
        yield cached


async def test_a_prompt_is_rendered_once() -> None:
    engine = ToneTts()
    cached = CachedTts(engine, None)
    await cached.render([HELLO, HELLO], VOICE, 8000)
    await cached.render([HELLO], VOICE, 8000)
    await speak(cached, HELLO)
    assert engine.spoken == [HELLO]


async def test_a_restart_finds_it_on_disk(tmp_path: Path) -> None:
    await CachedTts(ToneTts(), tmp_path).render([HELLO], VOICE, 8000)
    dead = ToneTts()
    dead.failure = "no server"
    again = CachedTts(dead, tmp_path)
    await again.render([HELLO], VOICE, 8000)
    pcm = await again.get(HELLO, VOICE, 8000)
    assert pcm is not None and np.array_equal(pcm, tone(HELLO, VOICE, 8000))
    assert await speak(again, HELLO) == [(0, HELLO, pcm.size, True)]
    with pytest.raises(EngineError, match="no server"):
        await speak(again, "Something else.")


async def test_what_a_model_words_is_not_kept(tmp_path: Path) -> None:
    engine = ToneTts()
    cached = CachedTts(engine, tmp_path)
    await speak(cached, "Your name is Ann.")
    await speak(cached, "Your name is Ann.")
    assert engine.spoken == ["Your name is Ann."] * 2
    assert list(tmp_path.iterdir()) == []


async def test_kept_and_new_clauses_mix_in_order() -> None:
    engine = ToneTts()
    cached = CachedTts(engine, None)
    await cached.render([HELLO], VOICE, 8000)
    spoken = await speak(cached, "One.", HELLO, "Two.", "Three.", HELLO)
    assert [(number, text) for number, text, _, _ in spoken] == [
        (0, "One."),
        (1, HELLO),
        (2, "Two."),
        (3, "Three."),
        (4, HELLO),
    ]
    assert engine.spoken == [HELLO, "One.", "Two.", "Three."]


@pytest.mark.parametrize(
    ("voice", "rate_hz", "engines"),
    [
        (TtsSettings("joe"), 8000, "1"),
        (TtsSettings(speed=1.5), 8000, "1"),
        (VOICE, 16000, "1"),
        (VOICE, 8000, "2"),
    ],
)
async def test_whatever_changes_the_sound_is_another_prompt(
    tmp_path: Path, voice: TtsSettings, rate_hz: int, engines: str
) -> None:
    await CachedTts(ToneTts(), tmp_path, engines="1").render([HELLO], VOICE, 8000)
    assert await CachedTts(ToneTts(), tmp_path, engines).get(HELLO, voice, rate_hz) is None


async def test_a_voice_file_that_changes_is_another_voice(tmp_path: Path) -> None:
    path = tmp_path / "voice.onnx"
    path.write_bytes(b"old")
    voice = TtsSettings(str(path))
    cached = CachedTts(ToneTts(), tmp_path / "prompts")
    await cached.render([HELLO], voice, 8000)
    assert await cached.get(HELLO, voice, 8000) is not None
    path.write_bytes(b"newer")
    assert await cached.get(HELLO, voice, 8000) is None


async def test_memory_is_bounded_and_disk_remembers(tmp_path: Path) -> None:
    size = tone(HELLO, VOICE, 8000).nbytes
    engine = ToneTts()
    cached = CachedTts(engine, tmp_path, memory_bytes=size)
    texts = [f"Good morning{mark}" for mark in ".!?"]
    await cached.render(texts, VOICE, 8000)
    assert [await cached.get(text, VOICE, 8000) is not None for text in texts] == [True] * 3
    only_memory = CachedTts(engine, None, memory_bytes=size)
    await only_memory.render(texts, VOICE, 8000)
    assert [await only_memory.get(text, VOICE, 8000) is not None for text in texts] == [False, False, True]


async def test_a_folder_that_cannot_be_written_costs_only_the_restart(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cached = CachedTts(ToneTts(), tmp_path / "file" / "prompts")
    await cached.render([HELLO], VOICE, 8000)
    assert await cached.get(HELLO, VOICE, 8000) is not None


async def test_an_engine_that_ends_early_is_an_engine_error() -> None:
    class Mute(ToneTts):
        async def speak(self, clauses, settings, rate_hz):  # type: ignore[no-untyped-def, override]
            return
            yield

    with pytest.raises(EngineError, match="ended inside a clause"):
        await speak(CachedTts(Mute(), None), "One.")
