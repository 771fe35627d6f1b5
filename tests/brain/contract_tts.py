"""What every `Tts` must do. A test module subclasses `TtsContract` and says how its engine is made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import numpy as np
import pytest

from brain.engines import EngineError, SpeechAudio, Tts, TtsSettings
from media.frame import level_dbfs


async def clauses(*texts: str) -> AsyncGenerator[str, None]:
    """`texts`, one after the other."""
    for text in texts:
        yield text


class TtsContract:
    settings = TtsSettings()

    @pytest.fixture
    async def tts(self) -> AsyncIterator[Tts]:
        raise NotImplementedError
        yield

    async def spoken(self, tts: Tts, *texts: str, rate_hz: int = 8000) -> list[SpeechAudio]:
        async with asyncio.timeout(60):
            return [audio async for audio in tts.speak(clauses(*texts), self.settings, rate_hz)]

    async def test_each_clause_is_spoken_in_its_turn(self, tts: Tts) -> None:
        texts = ["Good morning.", "How can I help you?", "Goodbye."]
        audio = await self.spoken(tts, *texts)
        assert [a.clause for a in audio if a.last] == [0, 1, 2]
        assert [a.clause for a in audio] == sorted(a.clause for a in audio)
        assert all(a.text == texts[a.clause] for a in audio)

    async def test_it_is_audible_and_does_not_clip(self, tts: Tts) -> None:
        pcm = np.concatenate([a.pcm for a in await self.spoken(tts, "Good morning, how can I help you?")])
        assert pcm.dtype == np.int16 and pcm.ndim == 1
        assert -30.0 < level_dbfs(pcm) < -14.0
        assert np.abs(pcm.astype(np.int32)).max() < 32000

    async def test_it_begins_at_once(self, tts: Tts) -> None:
        pcm = (await self.spoken(tts, "Good morning, how can I help you?"))[0].pcm
        assert np.nonzero(np.abs(pcm.astype(np.int32)) > 300)[0][0] <= 8000 * 50 // 1000

    async def test_a_longer_text_lasts_longer(self, tts: Tts) -> None:
        short = sum(a.pcm.size for a in await self.spoken(tts, "Yes."))
        long = sum(a.pcm.size for a in await self.spoken(tts, "Our opening hours are from nine to five."))
        assert long > 2 * short > 0

    async def test_twice_the_rate_gives_twice_the_samples(self, tts: Tts) -> None:
        narrow = sum(a.pcm.size for a in await self.spoken(tts, "Good morning."))
        wide = sum(a.pcm.size for a in await self.spoken(tts, "Good morning.", rate_hz=16000))
        assert wide == pytest.approx(2 * narrow, rel=0.15)

    async def test_nothing_to_say_is_no_audio(self, tts: Tts) -> None:
        assert await self.spoken(tts) == []

    async def test_a_clause_without_words_ends_too(self, tts: Tts) -> None:
        audio = await self.spoken(tts, "...", "Yes.")
        assert [a.clause for a in audio if a.last] == [0, 1]
        assert sum(a.pcm.size for a in audio if a.clause == 0) == 0

    async def test_audio_comes_before_the_next_clause_is_known(self, tts: Tts) -> None:
        more: asyncio.Queue[str | None] = asyncio.Queue()

        async def slowly() -> AsyncGenerator[str, None]:
            while (text := await more.get()) is not None:
                yield text

        speech = tts.speak(slowly(), self.settings, 8000)
        more.put_nowait("Good morning.")
        async with asyncio.timeout(60):
            first = await anext(speech)
        assert first.clause == 0 and first.pcm.size > 0
        more.put_nowait(None)
        async with asyncio.timeout(60):
            assert [a async for a in speech if a.clause > 0] == []

    async def test_closing_cancels_it(self, tts: Tts) -> None:
        asked: list[str] = []

        async def endless() -> AsyncGenerator[str, None]:
            while True:
                asked.append("Good morning.")
                yield "Good morning."

        speech = tts.speak(endless(), self.settings, 8000)
        async with asyncio.timeout(60):
            await anext(speech)
            await speech.aclose()
        so_far = len(asked)
        await asyncio.sleep(0)
        assert len(asked) == so_far

    async def test_what_the_clauses_raise_is_raised(self, tts: Tts) -> None:
        async def failing() -> AsyncGenerator[str, None]:
            yield "Good morning."
            raise EngineError("llm", "lost")

        with pytest.raises(EngineError) as lost:
            async with asyncio.timeout(60):
                async for _ in tts.speak(failing(), self.settings, 8000):
                    pass
        assert lost.value.engine == "llm"
