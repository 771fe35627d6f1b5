"""The humming synthesiser keeps the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest
from contract_tts import TtsContract, clauses

from brain.engines import EngineError, Tts, TtsSettings
from brain.tts.fake import LETTER_MS, ToneTts, tone


class TestToneTts(TtsContract):
    @pytest.fixture
    async def tts(self) -> AsyncIterator[Tts]:
        yield ToneTts()


def test_a_hum_follows_its_text() -> None:
    settings = TtsSettings()
    assert tone("abc", settings, 8000).size == 3 * LETTER_MS * 8
    assert np.array_equal(tone("abc", settings, 8000), tone("abc", settings, 8000))
    assert not np.array_equal(tone("abc", settings, 8000), tone("abd", settings, 8000))
    assert tone("abc", TtsSettings(speed=2.0), 8000).size == 3 * LETTER_MS * 4


async def test_a_failure_is_raised_before_any_audio() -> None:
    tts = ToneTts()
    tts.failure = "no voice"
    with pytest.raises(EngineError, match="no voice"):
        await anext(tts.speak(clauses("One."), TtsSettings(), 8000))
    with pytest.raises(EngineError, match="no voice"):
        await tts.warm(TtsSettings())
