"""Tools: chosen by the model, used when they may be, and answered from."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from brain.conversation import Conversation
from brain.llm.fake import ScriptedLlm, Step
from brain.model_answer import AnswerReader, answer_schema
from brain.orchestrator import AgentExit, AgentSpec, Done, Failed, Orchestrator, ReplyPart, Say, Source
from brain.tools import ScriptedTools, Tool, ToolError

LOOK = Tool("look_up", "to find an order", {"number": {"type": "string"}}, side_effects=False)
BOOK = Tool("book", "to book a table", {"day": {"type": "string"}})
SPEC = AgentSpec("You answer for the Old Mill.", exits=(AgentExit("bye", "to end the call"),))
WANTS_LOOK = ['{"tool":"look', '_up","argu', 'ments":{"number":"12"}', "}"]
WANTS_BOOK = ['{"tool":"book","arguments":{"day":"Friday"}}']


def agent(script: Mapping[str, Step | list[Step]], tools: ScriptedTools) -> tuple[Orchestrator, ScriptedLlm]:
    llm = ScriptedLlm(script)
    return Orchestrator(SPEC, llm, tools), llm


async def never(name: str = "") -> None:
    await asyncio.Event().wait()


async def parts_of(replying: Orchestrator, said: str) -> list[ReplyPart]:
    return [part async for part in replying.reply(Conversation(), said)]


async def test_the_answer_is_worded_from_what_the_tool_says() -> None:
    tools = ScriptedTools((LOOK, BOOK), {"look_up": "It left on the 9th."})
    replying, llm = agent({"order": list(WANTS_LOOK), "Result:": ['{"say":"It left on the 9th."}']}, tools)
    assert await parts_of(replying, "What of my order?") == [Say("It left on the 9th.", Source.LLM), Done()]
    assert tools.used == [("look_up", {"number": "12"})]
    (_, first), (messages, second) = llm.asked
    assert [m.content for m in messages[-2:]] == [
        '{"tool":"look_up","arguments":{"number":"12"}}',
        'Result: "It left on the 9th."',
    ]
    assert first.schema == answer_schema(("bye", "unknown", "off_topic"), (LOOK, BOOK))
    assert second.schema == answer_schema(("bye", "unknown", "off_topic"), (BOOK,))  # not the same again


async def test_a_number_from_a_tool_may_be_said() -> None:
    tools = ScriptedTools((LOOK,), {"look_up": "table 7"})
    replying, _ = agent({"which table": list(WANTS_LOOK), "Result:": ['{"say":"Table 7 or 8."}']}, tools)
    said = [part.text for part in await parts_of(replying, "Which table?") if isinstance(part, Say)]
    assert "".join(said) == f"Table 7 or ... {SPEC.unknown}"


async def test_one_without_side_effects_runs_on_speculation() -> None:
    tools = ScriptedTools((LOOK,), {"look_up": "It left."})
    replying, _ = agent({"order": list(WANTS_LOOK), "Result:": "It left."}, tools)
    parts = [part async for part in replying.reply(Conversation(), "My order?", committed=never)]
    assert parts[-1] == Done()


async def test_one_with_side_effects_waits_for_the_commit() -> None:
    committed = asyncio.Event()

    async def until_committed() -> None:
        await committed.wait()

    tools = ScriptedTools((BOOK,), {"book": "Booked."})
    replying, _ = agent({"friday": list(WANTS_BOOK), "Result:": "It is booked."}, tools)
    reply = replying.reply(Conversation(), "A table on Friday.", committed=until_committed)
    coming = asyncio.ensure_future(anext(reply))
    for _ in range(20):
        await asyncio.sleep(0)
    assert tools.used == [] and not coming.done()
    committed.set()
    assert isinstance(await coming, Say)
    assert tools.used == [("book", {"day": "Friday"})]
    await reply.aclose()


async def test_a_reply_that_is_dropped_drops_its_tool() -> None:
    begun = asyncio.Event()

    async def gate(name: str) -> None:
        begun.set()
        await never()

    tools = ScriptedTools((LOOK,), {}, gate)
    replying, _ = agent({"order": list(WANTS_LOOK)}, tools)
    task = asyncio.ensure_future(parts_of(replying, "My order?"))
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0)
    assert tools.cancelled == 1


async def test_one_that_fails_is_told_to_the_model() -> None:
    tools = ScriptedTools((LOOK,), {"look_up": ToolError("no such order")})
    replying, llm = agent({"order": list(WANTS_LOOK), "failed": "There is no such order."}, tools)
    assert (await parts_of(replying, "My order?"))[-1] == Done()
    assert llm.asked[1][0][-1].content == 'Result: "It failed: no such order"'


async def test_a_model_that_only_wants_tools_has_failed() -> None:
    more = [Tool(f"more_{n}", "for more", {}, side_effects=False) for n in range(4)]
    tools = ScriptedTools(more, {tool.name: "More." for tool in more})
    wants = iter([f'{{"tool":"more_{n}","arguments":{{}}}}' for n in range(4)])

    class Greedy(ScriptedLlm):
        async def chat(self, messages, settings):  # type: ignore[no-untyped-def]
            yield next(wants)

    parts = await parts_of(Orchestrator(SPEC, Greedy(), tools), "My order?")
    assert isinstance(parts[0], Failed) and len(tools.used) == 3


async def test_a_tool_that_there_is_not_is_no_answer() -> None:
    tools = ScriptedTools((LOOK,), {})
    replying, _ = agent({"order": ['{"tool":"hack","arguments":{}}']}, tools)
    assert isinstance((await parts_of(replying, "My order?"))[0], Failed)
    assert tools.used == []


def test_arguments_that_never_make_sense() -> None:
    reader = AnswerReader()
    assert reader.feed('{"tool":"look_up","arguments":7}') == ""
    assert reader.tool is None and not reader.complete
