"""A conversation and its keys: an exit's key is taken at any moment, any other key is as if it weren't there."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from virtual_call import RATE, Line, call

from brain import events as ev
from brain.conversing import Replier, converse
from brain.engines import EngineError
from brain.llm.fake import ScriptedLlm
from brain.orchestrator import AgentExit, AgentSpec
from brain.stt.fake import ScriptedStt
from brain.tts.fake import ToneTts

SPEC = AgentSpec(
    prompt="You answer.",
    exits=(
        AgentExit("desk", "a person", ("a person please",), "One moment please.", "0"),
        AgentExit("callback", "a call back", ("call me back please",), key="*"),
        AgentExit("bye", "to leave", ("goodbye then",), "Goodbye and thank you for calling us today."),
    ),
    silence_s=5.0,
)
ANSWER = '{"say": "We are open from eight in the morning to six in the evening on every day of the week."}'


async def never(piece: int) -> None:
    """The gate of a model that thinks for ever."""
    await asyncio.Event().wait()


def talk(
    monkeypatch: pytest.MonkeyPatch, script: list[tuple[float, str]], heard: str = "When are you open?", **setup: object
) -> tuple[tuple[str, int], Line, list[str]]:
    """Converse while `script` happens: (seconds to wait before, "key K" | "speak" | "hold" | "resume")."""
    result: list[tuple[str, int]] = []

    async def scene(line: Line) -> None:
        spec, llm = setup.get("spec", SPEC), setup.get("llm", ScriptedLlm(default=[ANSWER]))
        assert isinstance(spec, AgentSpec) and isinstance(llm, ScriptedLlm)
        replier = Replier(line.agent, llm, spec, ToneTts(), RATE, _no_report)
        bad = setup.get("bad_line", lambda: False)
        task = line.tasks.create_task(converse(line.agent, replier, spec, ToneTts(), RATE, bad))  # type: ignore[arg-type]
        for wait, what in script:
            await line.pass_time(wait)
            if what.startswith("key "):
                line.post(lambda at, key=what[-1]: ev.KeyPressed(at, key))
                await line.settle()
            elif what == "speak":
                await line.pass_time(1.2, loud=True)
        for _ in range(30):
            if not task.done():
                await line.pass_time(1.0)
        result.append(await task)

    line = call(scene, monkeypatch, ScriptedStt([heard] * 5))
    return result[0], line, [said.heard for said in line.agent.mouth.said]


def _no_report(error: EngineError) -> None:
    raise AssertionError(error)


def test_a_key_while_the_bot_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, _, said = talk(monkeypatch, [(1.0, "key 0")])
    assert outcome == ("desk", 0) and said == ["One moment please."]


def test_a_key_while_the_bot_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, _, said = talk(monkeypatch, [(0.5, "speak"), (1.5, "key *")])
    assert outcome == ("callback", 1) and len(said) == 1
    assert not said[0].endswith("week.")  # it was stopped


def test_a_key_while_the_bot_thinks_cancels_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    llm = ScriptedLlm(gate=never)
    outcome, _, said = talk(monkeypatch, [(0.5, "speak"), (1.5, "key 0")], llm=llm)
    assert outcome == ("desk", 1) and said[-1] == "One moment please."
    assert llm.cancelled == len(llm.asked) > 0  # also what it was reading ahead


def test_a_key_while_the_caller_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, _, _ = talk(monkeypatch, [(0.5, "speak"), (0.0, "key *")])
    assert outcome == ("callback", 0)


def test_a_key_over_the_last_sentence_of_another_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, _, said = talk(monkeypatch, [(0.5, "speak"), (1.2, "key *")], heard="goodbye then")
    assert outcome == ("callback", 1) and said[0] != SPEC.exits[2].say


def test_an_exit_without_a_sentence_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, line, said = talk(monkeypatch, [(0.5, "speak")], heard="call me back please")
    assert outcome == ("callback", 1) and said == []
    assert line.agent.traces[0].utterance is None


def test_a_key_from_before_the_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, _, _ = talk(monkeypatch, [(0.0, "key 5"), (0.0, "key *")])
    assert outcome == ("callback", 0)


@pytest.mark.parametrize("at", [0.1, 1.5])
def test_a_key_without_a_meaning_disturbs_nothing(monkeypatch: pytest.MonkeyPatch, at: float) -> None:
    """Neither while it thinks or speaks, nor for the verb that follows."""
    outcome, line, said = talk(monkeypatch, [(0.5, "speak"), (at, "key 7"), (12.0, "key 0")])
    assert outcome == ("desk", 1)
    assert said[0].endswith("week.") and line.agent.mouth.said[0].complete
    assert line.agent.turns.floor.keys == ""


def test_keys_mean_nothing_where_no_exit_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = AgentSpec("You answer.", exits=(AgentExit("bye", "to leave"),), silence_s=2.0)
    outcome, _, said = talk(monkeypatch, [(0.5, "speak"), (1.5, "key 0"), (0.2, "key #")], spec=spec)
    assert outcome == ("silence", 1) and said[0].endswith("week.")


def test_on_a_bad_line_the_keys_are_told_once_behind_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    spec, turns = replace(SPEC, keys_prompt="For a person press 0."), []

    def bad() -> bool:
        turns.append(1)
        return len(turns) > 1  # the line falls after the first question

    outcome, _, said = talk(monkeypatch, [(0.5, "speak"), (14.0, "key 0")], spec=spec, bad_line=bad)
    assert outcome == ("desk", 1)
    assert said[0].endswith("every day of the week. For a person press 0.")
    assert sum("press 0" in text for text in said) == 1


def test_who_is_not_understood_is_asked_to_say_it_again_and_no_oftener_than_who_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcome, _, said = talk(monkeypatch, [(0.5, "speak"), (4.0, "speak")], heard="")
    assert outcome == ("silence", 0) and said == [SPEC.fallback[0]]
