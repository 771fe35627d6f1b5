"""The scripted recogniser keeps the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest
from contract_stt import SttContract, feed, until_final

from brain.engines import EngineError, Stt, SttSettings
from brain.stt.fake import WORD_MS, ScriptedStt
from media.frame import Pcm


class TestScriptedStt(SttContract):
    @pytest.fixture
    async def stt(self) -> AsyncIterator[Stt]:
        yield ScriptedStt(["hello world"])

    @pytest.fixture
    def speech(self) -> Pcm:
        return np.full(8000, 500, np.int16)


async def test_words_appear_as_audio_is_fed() -> None:
    stt = ScriptedStt(["my number is five"])
    stream = await stt.open("call", 8000)
    stream.begin(1, SttSettings())
    await feed(stream, np.ones(8 * WORD_MS * 2, np.int16))
    stream.finalize(1, 1)
    final, partials = await until_final(stream, 1)
    assert [(p.text, p.stable) for p in partials] == [("my", ""), ("my number", "my")]
    assert final.text == "my number"


async def test_a_whole_script_is_heard_from_any_audio() -> None:
    stream = await ScriptedStt(["yes please"], whole=True).open("call", 8000)
    stream.begin(1, SttSettings())
    stream.finalize(1, 1)
    assert (await until_final(stream, 1))[0].text == "yes please"


async def test_a_lost_recogniser_raises_in_every_stream() -> None:
    stt = ScriptedStt([])
    streams = [await stt.open(str(n), 8000) for n in range(3)]
    stt.fail("gone")
    for stream in streams:
        with pytest.raises(EngineError, match="gone"):
            await anext(aiter(stream))


async def test_a_failure_keeps_streams_from_opening() -> None:
    stt = ScriptedStt([])
    stt.failure = "cold"
    with pytest.raises(EngineError, match="cold"):
        await stt.open("call", 8000)
    with pytest.raises(EngineError, match="cold"):
        await stt.warm(SttSettings())
