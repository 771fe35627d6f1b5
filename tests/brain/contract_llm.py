"""What every `Llm` must do. A test module subclasses `LlmContract` and says how its engine is made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from brain.engines import Llm, LlmSettings, Message

ASKED = (Message("system", "You are terse."), Message("user", "Name the colours of a traffic light."))
COLOUR = {"type": "object", "properties": {"say": {"type": "string"}}, "required": ["say"]}


class LlmContract:
    @pytest.fixture
    async def llm(self) -> AsyncIterator[Llm]:
        raise NotImplementedError
        yield

    async def answer(self, llm: Llm, settings: LlmSettings | None = None) -> list[str]:
        async with asyncio.timeout(120):
            return [piece async for piece in llm.chat(ASKED, settings or LlmSettings(max_tokens=40))]

    async def test_an_answer_comes_in_pieces(self, llm: Llm) -> None:
        pieces = await self.answer(llm)
        assert len(pieces) > 2
        assert all(pieces)
        assert "red" in "".join(pieces).lower()

    async def test_the_same_question_has_the_same_answer(self, llm: Llm) -> None:
        await llm.warm(ASKED)
        assert "".join(await self.answer(llm)) == "".join(await self.answer(llm))

    async def test_an_answer_is_no_longer_than_it_may_be(self, llm: Llm) -> None:
        assert 1 <= len(await self.answer(llm, LlmSettings(max_tokens=2))) <= 2

    async def test_an_answer_satisfies_its_schema(self, llm: Llm) -> None:
        answer = json.loads("".join(await self.answer(llm, LlmSettings(max_tokens=80, schema=COLOUR))))
        assert list(answer) == ["say"]
        assert "red" in answer["say"].lower()

    @pytest.mark.parametrize("begin", ['{"', '{"say":"'])
    async def test_an_answer_that_is_begun_satisfies_its_schema(self, llm: Llm, begin: str) -> None:
        await llm.warm(ASKED)
        settings = LlmSettings(max_tokens=80, schema=COLOUR, begin=begin)
        answer = json.loads("".join(await self.answer(llm, settings)))
        assert list(answer) == ["say"]
        assert "red" in answer["say"].lower()

    async def test_what_was_read_changes_no_answer(self, llm: Llm) -> None:
        before = await self.answer(llm)
        await llm.read((*ASKED[:-1], Message("user", ASKED[-1].content[:20])))
        assert "".join(await self.answer(llm)) == "".join(before)

    async def test_an_answer_may_be_given_up_and_another_asked_for(self, llm: Llm) -> None:
        for _ in range(3):
            pieces = llm.chat(ASKED, LlmSettings(max_tokens=200))
            assert isinstance(pieces, AsyncGenerator)
            assert await anext(pieces)
            await pieces.aclose()
        assert "red" in "".join(await self.answer(llm)).lower()

    async def test_two_callers_are_answered_at_once(self, llm: Llm) -> None:
        one, two = await asyncio.gather(self.answer(llm), self.answer(llm))
        assert "red" in "".join(one).lower() and "red" in "".join(two).lower()
