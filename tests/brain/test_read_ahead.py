"""A free conversation in virtual time: what the model is asked, and what it reads ahead."""

from __future__ import annotations

import asyncio

import pytest
from virtual_call import RATE, Line, call

from brain.conversing import Replier, converse
from brain.engines import EngineError
from brain.llm.fake import ScriptedLlm
from brain.orchestrator import AgentExit, AgentSpec, caller_words
from brain.stt.fake import ScriptedStt
from brain.tts.fake import ToneTts

SPEC = AgentSpec(
    "You answer for Willow Clinic.\nAddress: 14 Harbour Street.",
    exits=(AgentExit("goodbye", "to end the call", ("Goodbye.",)),),
)


def talk(llm: ScriptedLlm, said: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[tuple[str, int], Line]:
    """A call in which the caller says each of `said`; how it ended, and the call."""
    ended: list[tuple[str, int]] = []

    async def scene(line: Line) -> None:
        tts = ToneTts()
        replier = Replier(line.agent, llm, SPEC, tts, RATE, line.reports.append)
        talking = line.tasks.create_task(converse(line.agent, replier, SPEC, tts, RATE))
        for _ in said:
            await line.pass_time(1.0, loud=True)
            await line.pass_time(6.0)
        ended.append(await asyncio.wait_for(talking, 1.0))

    line = call(scene, monkeypatch, ScriptedStt(said, whole=True))
    return ended[0], line


def test_the_answer_is_read_ahead_while_it_is_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    llm = ScriptedLlm(default="At the harbour.")
    ended, _ = talk(llm, ["Where do you sit?", "Goodbye."], monkeypatch)
    assert ended == ("goodbye", 2)
    (answered,), (ahead,) = llm.asked, llm.has_read
    assert answered[0][-1].content == caller_words("Where do you sit?")
    assert [m.content for m in ahead[-3:]] == [
        caller_words("Where do you sit?"),
        '{"say":"At the harbour."}',
        'Caller: "',
    ]


def test_reading_ahead_that_fails_is_reported_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(ScriptedLlm):
        async def read(self, messages):  # type: ignore[no-untyped-def]
            raise EngineError("llm", "gone")

    ended, line = talk(Gone(default="At the harbour."), ["Where do you sit?", "Goodbye."], monkeypatch)
    assert ended == ("goodbye", 2)
    assert [str(error) for error in line.reports] == ["llm: gone"]


def test_who_speaks_again_is_not_kept_waiting_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = asyncio.Event()

    class Slow(ScriptedLlm):
        async def read(self, messages):  # type: ignore[no-untyped-def]
            try:
                await asyncio.Event().wait()
            finally:
                reading.set()

    ended, _ = talk(Slow(default="At the harbour."), ["Where do you sit?", "Goodbye."], monkeypatch)
    assert ended == ("goodbye", 2)
    assert reading.is_set()
