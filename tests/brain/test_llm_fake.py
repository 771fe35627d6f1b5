"""The scripted model is an Llm."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from contract_llm import ASKED, LlmContract

from brain.engines import EngineError, Llm, LlmSettings
from brain.llm.fake import ScriptedLlm


class TestScriptedLlm(LlmContract):
    @pytest.fixture
    async def llm(self) -> AsyncIterator[Llm]:
        yield ScriptedLlm({"traffic LIGHT": "Red, yellow and green."})


async def test_a_scripted_failure_comes_in_its_place() -> None:
    llm = ScriptedLlm({"traffic": ["Red", EngineError("llm", "gone")]})
    pieces = llm.chat(ASKED, LlmSettings())
    assert await anext(pieces) == "Red"
    with pytest.raises(EngineError, match="gone"):
        await anext(pieces)


async def test_requests_and_cancellations_are_noted() -> None:
    llm = ScriptedLlm(default="one two three")
    pieces = llm.chat(ASKED, LlmSettings())
    assert await anext(pieces) == "one"
    await pieces.aclose()
    assert [piece async for piece in llm.chat(ASKED, LlmSettings())] == ["one", " two", " three"]
    await llm.warm(ASKED)
    assert llm.cancelled == 1
    assert [messages for messages, _ in llm.asked] == [ASKED, ASKED]
    assert llm.warmed == [ASKED]
