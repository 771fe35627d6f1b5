"""A free conversation in virtual time: what the model is asked, and what it reads ahead."""

from __future__ import annotations

import asyncio

import pytest
from virtual_call import RATE, Line, call

from brain.agent_prompt import caller_words
from brain.conversing import Replier, converse
from brain.engines import EngineError
from brain.floor import State
from brain.llm.fake import ScriptedLlm
from brain.orchestrator import AgentExit, AgentSpec
from brain.read_ahead import ReadAhead
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
        for text in said:
            await line.pass_time(max(1.0, 0.3 * len(text.split())), loud=True)
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


LONG = "I would like to know whether you are open on the day after Christmas"


def test_a_callers_words_are_read_while_they_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    llm = ScriptedLlm(default="At the harbour.")
    talk(llm, [LONG, "Goodbye."], monkeypatch)
    words = [messages[-1].content for messages in llm.has_read]
    assert words == ['Caller: "I would like', 'Caller: "I would like to know whether', 'Caller: "']
    assert llm.asked[0][0][-1].content == caller_words(LONG)


def test_the_model_is_asked_once_it_has_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """But not for ever: a reading that takes too long is given up."""
    order: list[str] = []

    class Slow(ScriptedLlm):
        async def read(self, messages):  # type: ignore[no-untyped-def]
            order.append("reads")
            try:
                await asyncio.Event().wait()
            finally:
                order.append("stops")

        def chat(self, messages, settings):  # type: ignore[no-untyped-def]
            order.append("answers")
            return super().chat(messages, settings)

    talk(Slow(default="At the harbour."), [LONG, "Goodbye."], monkeypatch)
    assert order[:3] == ["reads", "stops", "answers"]


def test_nothing_is_read_of_who_speaks_over_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    llm = ScriptedLlm(default="word " * 80)

    async def scene(line: Line) -> None:
        tts = ToneTts()
        replier = Replier(line.agent, llm, SPEC, tts, RATE, line.reports.append)
        talking = line.tasks.create_task(converse(line.agent, replier, SPEC, tts, RATE))
        await line.pass_time(1.0, loud=True)
        await line.pass_time(2.0)
        assert line.speaking()
        before = len(llm.has_read)
        replier.hear(LONG, State.HEARING)
        await line.settle()
        assert len(llm.has_read) == before
        talking.cancel()

    call(scene, monkeypatch, ScriptedStt(["Where do you sit?"], whole=True))


def test_what_is_worth_reading() -> None:
    ahead, state = ReadAhead(), State.HEARING
    assert ahead.worth_reading("Could you tell", state) is None
    assert ahead.worth_reading("Could you tell me when", state) == "Could you tell"
    assert ahead.worth_reading("Could you tell me when you", state) is None
    assert ahead.worth_reading("Could you tell me when you are open", state) == "Could you tell me when you"
    assert ahead.worth_reading("Could you tell me when you are open on the Monday", state) is None  # twice is enough
    ahead.turn_over()
    assert ahead.worth_reading("Is that in the morning", state) == "Is that in"


@pytest.mark.parametrize("state", [state for state in State if state is not State.HEARING])
def test_words_are_read_only_while_they_come(state: State) -> None:
    """Not at a pause, when an answer may be asked for, nor over the bot, when they may be nobody's turn."""
    assert ReadAhead().worth_reading("Could you tell me when", state) is None


def test_words_that_changed_are_new() -> None:
    ahead = ReadAhead()
    assert ahead.worth_reading("Good you tell me when", State.HEARING) == "Good you tell"
    assert ahead.worth_reading("Could you tell me when", State.HEARING) == "Could you tell"
