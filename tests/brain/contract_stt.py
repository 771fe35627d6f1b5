"""What every `Stt` must do. A test module subclasses `SttContract` and says how its engine is made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from brain.engines import EngineError, Final, Partial, Stt, SttSettings, SttStream
from media.frame import Pcm

RATE = 8000


async def until_final(stream: SttStream, request: int) -> tuple[Final, list[Partial]]:
    """The final of `request`, and the partials before it."""
    partials: list[Partial] = []
    async with asyncio.timeout(60):
        async for heard in stream:
            if isinstance(heard, Partial):
                partials.append(heard)
            elif heard.request == request:
                return heard, partials
    raise AssertionError("the stream ended without the final")


async def feed(stream: SttStream, pcm: Pcm) -> None:
    """20 ms at a time; the engine may run in between."""
    for at in range(0, pcm.size, RATE // 50):
        stream.feed(pcm[at : at + RATE // 50])
        await asyncio.sleep(0)


class SttContract:
    """`speech` is audio of `words`, as `brain.engines.Stt` hears it first; `more` follows in that segment."""

    settings = SttSettings()

    @pytest.fixture
    async def stt(self) -> AsyncIterator[Stt]:
        raise NotImplementedError
        yield

    @pytest.fixture
    def speech(self) -> Pcm:
        raise NotImplementedError

    words = "hello world"

    async def test_a_final_answers_with_the_words_of_the_segment(self, stt: Stt, speech: Pcm) -> None:
        stream = await stt.open("call", RATE)
        stream.begin(7, self.settings)
        await feed(stream, speech)
        stream.finalize(7, 3)
        final, _ = await until_final(stream, 3)
        await stream.aclose()
        assert (final.segment, final.request, final.language) == (7, 3, "en")
        assert final.text.lower().strip(".") == self.words
        assert [w.text.lower().strip(".,") for w in final.words] == self.words.split()
        assert final.audio_ms == speech.size * 1000 // RATE
        assert 0.0 < final.confidence <= 1.0

    async def test_word_times_are_in_order_and_inside_the_audio(self, stt: Stt, speech: Pcm) -> None:
        stream = await stt.open("call", RATE)
        stream.begin(1, self.settings)
        await feed(stream, speech)
        stream.finalize(1, 1)
        final, _ = await until_final(stream, 1)
        await stream.aclose()
        times = [time for word in final.words for time in (word.start_ms, word.end_ms)]
        assert times == sorted(times)
        assert times[0] >= 0 and times[-1] <= final.audio_ms + 200
        assert all(0.0 < word.confidence <= 1.0 for word in final.words)

    async def test_the_segment_stays_open_after_a_final(self, stt: Stt, speech: Pcm) -> None:
        stream = await stt.open("call", RATE)
        stream.begin(1, self.settings)
        await feed(stream, speech[: speech.size // 2])
        stream.finalize(1, 1)
        first, _ = await until_final(stream, 1)
        await feed(stream, speech[speech.size // 2 :])
        stream.finalize(1, 2)
        second, _ = await until_final(stream, 2)
        await stream.aclose()
        assert first.audio_ms < second.audio_ms == speech.size * 1000 // RATE
        assert second.text.lower().strip(".") == self.words

    async def test_the_stable_part_of_a_partial_is_its_beginning(self, stt: Stt, speech: Pcm) -> None:
        await stt.warm(self.settings)
        stream = await stt.open("call", RATE)
        stream.begin(2, self.settings)
        partials: list[Partial] = []
        for at in range(0, speech.size, RATE // 4):
            stream.feed(speech[at : at + RATE // 4])
            stream.finalize(2, at)  # the answer tells when the engine has caught up
            partials += (await until_final(stream, at))[1]
        await feed(stream, np.tile(speech, 2))
        stream.finalize(2, 10**6)
        partials += (await until_final(stream, 10**6))[1]
        await stream.aclose()
        assert all(p.segment == 2 and p.text.startswith(p.stable) for p in partials)
        assert [p.audio_ms for p in partials] == sorted(p.audio_ms for p in partials)

    async def test_partials_come_while_audio_does(self, stt: Stt, speech: Pcm) -> None:
        await stt.warm(self.settings)
        stream = await stt.open("call", RATE)
        stream.begin(2, self.settings)
        await feed(stream, speech)
        async with asyncio.timeout(60):
            heard = await anext(aiter(stream))
        await stream.aclose()
        assert isinstance(heard, Partial)
        assert heard.audio_ms <= speech.size * 1000 // RATE

    async def test_begin_forgets_what_was_before(self, stt: Stt, speech: Pcm) -> None:
        stream = await stt.open("call", RATE)
        stream.begin(1, self.settings)
        await feed(stream, speech)
        stream.begin(2, self.settings)
        stream.finalize(2, 5)
        final, _ = await until_final(stream, 5)
        await stream.aclose()
        assert (final.segment, final.text, final.words, final.audio_ms) == (2, "", (), 0)

    async def test_a_final_comes_though_the_next_segment_has_begun(self, stt: Stt, speech: Pcm) -> None:
        stream = await stt.open("call", RATE)
        stream.begin(1, self.settings)
        await feed(stream, speech)
        stream.finalize(1, 1)
        stream.begin(2, self.settings)
        final, _ = await until_final(stream, 1)
        await stream.aclose()
        assert (final.segment, final.text.lower().strip(".")) == (1, self.words)

    async def test_a_final_of_a_segment_that_is_not_open_is_empty(self, stt: Stt) -> None:
        stream = await stt.open("call", RATE)
        stream.finalize(9, 4)
        final, _ = await until_final(stream, 4)
        await stream.aclose()
        assert (final.segment, final.text, final.words) == (9, "", ())

    async def test_audio_before_the_first_segment_is_dropped(self, stt: Stt, speech: Pcm) -> None:
        stream = await stt.open("call", RATE)
        stream.feed(speech)
        stream.begin(1, self.settings)
        stream.finalize(1, 1)
        final, _ = await until_final(stream, 1)
        await stream.aclose()
        assert final.audio_ms == 0

    async def test_streams_do_not_hear_each_other(self, stt: Stt, speech: Pcm) -> None:
        one, other = await stt.open("one", RATE), await stt.open("other", RATE)
        one.begin(1, self.settings)
        other.begin(1, self.settings)
        await feed(one, speech)
        one.finalize(1, 1)
        other.finalize(1, 1)
        heard, silent = (await until_final(one, 1))[0], (await until_final(other, 1))[0]
        await one.aclose()
        await other.aclose()
        assert heard.text and not silent.text

    async def test_closing_ends_the_iteration(self, stt: Stt, speech: Pcm) -> None:
        stream = await stt.open("call", RATE)
        stream.begin(1, self.settings)

        async def read() -> int:
            return len([heard async for heard in stream if isinstance(heard, Final)])

        reading = asyncio.create_task(read())
        await feed(stream, speech)
        await stream.aclose()
        await stream.aclose()
        async with asyncio.timeout(10):
            assert await reading == 0

    async def test_a_rate_no_line_has_is_refused(self, stt: Stt) -> None:
        with pytest.raises(EngineError) as refused:
            stream = await stt.open("call", 100)
            stream.begin(1, self.settings)
            stream.finalize(1, 1)
            await until_final(stream, 1)
        assert refused.value.engine == "stt"
