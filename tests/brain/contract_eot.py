"""What every `Eot` must do. A test module subclasses `EotContract` and says how its engine is made."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest

from brain.engines import Eot


class EotContract:
    @pytest.fixture
    async def eot(self) -> AsyncIterator[Eot]:
        raise NotImplementedError
        yield

    @pytest.mark.parametrize(("seconds", "rate_hz"), [(0.2, 8000), (3, 8000), (12, 8000), (3, 16000)])
    async def test_a_score_is_a_probability(self, eot: Eot, seconds: float, rate_hz: int) -> None:
        await eot.warm()
        pcm = np.random.default_rng(4).normal(0, 900, int(seconds * rate_hz)).astype(np.int16)
        assert 0.0 <= await eot.score(pcm, rate_hz) <= 1.0

    async def test_silence_is_no_end_of_a_turn(self, eot: Eot) -> None:
        assert await eot.score(np.zeros(16000, np.int16), 8000) == 0.0

    async def test_no_audio_is_no_end_of_a_turn(self, eot: Eot) -> None:
        assert await eot.score(np.zeros(0, np.int16), 8000) == 0.0
