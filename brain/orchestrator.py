"""What the agent says to a caller's words, and which exit of the plan they take.

Three ways, the quickest first: an exit whose examples the words match, an answer known by heart, the
language model. The model answers with one of two JSON forms, and its first tokens say which:
{"say": "..."} or {"exit": "NAME"}. So a reply and its exit can't disagree: what is said on an exit is the
plan's own sentence, and a model that would promise an appointment has no words to do it with. "unknown"
and "off_topic" are exits too, but ours: their sentence is said and the conversation goes on, which keeps
a small model from inventing a fact and a caller from giving it new orders.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from enum import Enum

from brain.agent_prompt import bot_words, build_prefix, caller_words, tool_result
from brain.answers import EXIT_THRESHOLD, KnownAnswer, KnownAnswers, Matcher, content_words
from brain.conversation import Conversation
from brain.courtesy import Courtesy
from brain.engines import EngineError, Llm, LlmSettings, Message
from brain.facts import Facts, matter
from brain.model_answer import (
    ANY_BEGIN,
    OFF_TOPIC,
    SAY_BEGIN,
    UNKNOWN,
    AnswerReader,
    NumberGuard,
    answer_schema,
    as_json,
    numbers_in,
)
from brain.tools import Gate, Tool, Tools, at_once, use

MAX_TURNS = "max_turns"
FAILED = "failed"
RESERVED = frozenset({UNKNOWN, OFF_TOPIC, MAX_TURNS, FAILED, "none"})
"""Names that a plan's exits may not take; the orchestrator itself exits by `MAX_TURNS` and `FAILED`."""


@dataclass(frozen=True, slots=True)
class AgentExit:
    """A way out of the agent. `when` completes "the caller wants ..."; `examples` are what callers say.

    `say` is spoken before the plan goes on; where it is empty the plan's next verb speaks first. `key`
    takes it at any moment.
    """

    name: str
    when: str
    examples: tuple[str, ...] = ()
    say: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """The plan's `agent` verb. `prompt` says who the bot is and all it knows.

    fallback: said when the model fails, one after another; after the last the agent exits by "failed".
    max_turns: the caller's turns that are answered before the agent exits by "max_turns".
    patience_s: how long to wait for each piece of the model's answer.
    openings: words such as "Sure," said at once, in turn, where a question is surely answered; the model goes on.
    silence_s: the caller's silence after which the first of `still_there` is said; after as much again the next, and
    after the last the conversation ends. courtesy: what is said in other dead air.
    keys_prompt: tells of the exits' keys, once, where speech can't be relied on.
    """

    prompt: str
    answers: tuple[KnownAnswer, ...] = ()
    exits: tuple[AgentExit, ...] = ()
    max_turns: int = 20
    unknown: str = "I don't know that, but a colleague can call you back."
    off_topic: str = "I can only help with questions about us."
    fallback: tuple[str, ...] = (
        "Sorry, I didn't get that. Could you say it again?",
        "I'm sorry, I have trouble answering right now.",
    )
    llm: LlmSettings = field(default_factory=lambda: LlmSettings(max_tokens=90))
    use_answers: bool = True
    patience_s: float = 5.0
    openings: tuple[str, ...] = ()
    silence_s: float = 8.0
    still_there: tuple[str, ...] = ("Are you still there?",)
    courtesy: Courtesy = Courtesy()
    keys_prompt: str = ""

    def __post_init__(self) -> None:
        names = [exit_.name for exit_ in self.exits]
        if wrong := [n for n in names if n in RESERVED or names.count(n) > 1]:
            raise ValueError(f"exit {wrong[0]!r}: reserved or used twice")
        if not self.prompt.strip() or not self.fallback or self.max_turns < 1:
            raise ValueError("an agent needs a prompt, a fallback and at least one turn")

    @property
    def keys(self) -> dict[str, AgentExit]:
        """The exits that have a key, by it."""
        return {exit_.key: exit_ for exit_ in self.exits if exit_.key}


class Source(Enum):
    """Where words came from. An opening comes before the model's own."""

    OPENING = "opening"
    ANSWER = "answer"
    EXIT = "exit"
    LLM = "llm"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class Say:
    """A piece of what to say next; pieces join without anything between them."""

    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class Failed:
    """The model failed with `reason`; words to say instead follow."""

    reason: str


@dataclass(frozen=True, slots=True)
class Exit:
    """The reply is complete, and so is the agent: the plan goes on at `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Done:
    """The reply is complete; the caller's turn is next."""


ReplyPart = Say | Failed | Exit | Done

MOST_TOOLS = 3
"""In one reply."""

_WHEN = frozenset(
    content_words(
        """monday tuesday wednesday thursday friday saturday sunday weekday weekend today tomorrow tonight morning
        noon afternoon evening late early open close when"""
    )
)
"""Words of one matter: a prompt that names some of them knows about all, "Monday to Friday" about Tuesday."""


_FACT = r"(?:what|which|who|whose|where|when|how (?:much|many|late|long|far))\b"
_WH_QUESTION = re.compile(rf"(?i)^\W*(?:\w+\W+){{0,5}}{_FACT}")
_IS_THERE = r"\b(?:is|are) there\b|\bdo you have\b"
_FACT_QUESTION = re.compile(rf"(?i)^\W*(?:\w+\W+){{0,2}}{_FACT}|\b{_FACT}.*\?\s*$|{_IS_THERE}")
"""Asks for a fact, and hardly ever for a person or a call back. A recogniser forgets question marks."""

_REQUEST = re.compile(
    r"(?i)^\W*(?:(?:and|but|so|well|okay|yes|no|then)\W+)*(?:can|could|may|might|will|would|please|i|we|let|give|put|get|tell)\b"
)
"""Begins a sentence that may ask for something to be done."""


class Orchestrator:
    """One agent of one plan; holds no state of a call but how often the model failed it in a row."""

    def __init__(self, spec: AgentSpec, llm: Llm, tools: Tools | None = None) -> None:
        self._spec = spec
        self._llm = llm
        self._tools = tools
        self._tool_by_name = {tool.name: tool for tool in tools.all} if tools is not None else {}
        self._prefix = build_prefix(spec, tuple(self._tool_by_name.values()))
        self._answers = KnownAnswers(spec.answers)
        self._exits = Matcher([e.examples for e in spec.exits])
        self._say_on = {e.name: e.say for e in spec.exits}
        self._known = frozenset(content_words(spec.prompt))
        ways_out = " ".join(f"{e.when} {' '.join(e.examples)}" for e in spec.exits)
        self._leaving = frozenset(content_words(ways_out))
        if self._known & _WHEN:
            self._known |= _WHEN
        self._facts = Facts(spec.prompt, spec.answers)
        self._numbers = numbers_in(" ".join([spec.prompt, *(a.say for a in spec.answers)]))
        self._failed_turns: set[int] = set()

    async def warm(self) -> None:
        """Have the model read the prompt, so that the first caller needn't wait. Raises EngineError."""
        await self._llm.warm([*self._prefix, Message("user", caller_words("Hello."))])

    async def prefill(self, conversation: Conversation, words: str = "") -> None:
        """Have the model read the conversation, up to the caller's first `words`. Raises EngineError.

        To be cancelled at any time. What it read stays in the server's prefix cache.
        """
        *before, last = self._messages(conversation, words)
        begun = Message("user", last.content.removesuffix('"'))  # they may go on
        try:
            async with asyncio.timeout(self._spec.patience_s):
                await self._llm.read([*before, begun])
        except TimeoutError as error:
            raise EngineError("llm", f"read nothing for {self._spec.patience_s:g} s") from error

    async def reply(
        self, conversation: Conversation, user_text: str, ready: Gate = at_once, committed: Gate = at_once
    ) -> AsyncGenerator[ReplyPart, None]:
        """What to say to `user_text`, which isn't in the history yet.

        Says come first; Exit or Done is the last part. An EngineError becomes Failed and a fallback.
        The conversation is left as it is; closing the iterator cancels. `ready` is awaited before the model is asked,
        `committed` before a tool with side effects is used.
        """
        if conversation.caller_turns >= self._spec.max_turns:
            yield Exit(MAX_TURNS)
            return
        match = self._exits.best(user_text)
        if match is not None and match.score >= EXIT_THRESHOLD:
            for part in self._leave(self._spec.exits[match.index].name):
                yield part
            return
        if self._spec.use_answers and (found := self._answers.find(user_text)):
            yield Say(found[0].say, Source.ANSWER)
            yield Done()
            return
        said = False
        await ready()
        try:
            async with aclosing(self._ask(conversation, user_text, committed)) as parts:
                async for part in parts:
                    said = said or isinstance(part, Say)
                    yield part
            self._failed_turns.clear()
        except EngineError as error:
            yield Failed(error.reason)
            for part in self._fall_back(conversation.caller_turns, said):
                yield part

    async def _ask(
        self, conversation: Conversation, user_text: str, committed: Gate
    ) -> AsyncGenerator[ReplyPart, None]:
        messages = self._messages(conversation, user_text)
        names = self._names(user_text)
        prices = self._facts.prices(user_text)
        numbers = self._numbers if prices is None else prices
        tools = tuple(self._tool_by_name.values())
        opening = "" if names or tools else self._opening(conversation.caller_turns, user_text)
        for _ in range(MOST_TOOLS):
            reader = AnswerReader()
            async with aclosing(self._answer(messages, names, tools, reader, numbers, opening)) as parts:
                async for part in parts:
                    yield part
            if reader.tool is None or self._tools is None:
                return
            name, arguments = reader.tool
            result = await use(self._tools, self._tool_by_name[name], arguments, committed)
            used = as_json({"tool": name, "arguments": arguments})
            messages = [*messages, Message("assistant", used), Message("user", tool_result(result))]
            numbers, tools = numbers | numbers_in(result), tuple(tool for tool in tools if tool.name != name)
        raise EngineError("llm", "it wants tools, and no answer")

    async def _answer(
        self,
        messages: list[Message],
        names: tuple[str, ...],
        tools: tuple[Tool, ...],
        reader: AnswerReader,
        numbers: frozenset[str],
        opening: str,
    ) -> AsyncGenerator[ReplyPart, None]:
        """One answer of the model's, which `reader` reads: words, or an exit, or nothing where it wants a tool."""
        begin = ANY_BEGIN if names or tools else SAY_BEGIN + as_json({"": opening})[5:-2]
        settings = replace(self._spec.llm, schema=answer_schema(names, tools), begin=begin)
        guard = NumberGuard(numbers)
        said = False
        answer = self._llm.chat(messages, settings)
        async with aclosing(_patient(answer, self._spec.patience_s)) as pieces:
            async for piece in pieces:
                text = guard.feed(reader.feed(piece), reader.complete)
                if opening and piece == begin:
                    yield Say(opening, Source.OPENING)
                    continue
                if text and (said or text.strip()):
                    yield Say(text if said else text.lstrip(), Source.LLM)
                    said = True
                if guard.invented:
                    yield Say(f"... {self._spec.unknown}" if said else self._spec.unknown, Source.EXIT)
                    yield Done()
                    return
                if reader.complete:
                    break
            if reader.tool is not None and reader.tool[0] in self._tool_by_name:
                return
            if reader.exit is not None:
                for part in self._leave(reader.exit):
                    yield part
            elif said:
                yield Done()
            else:
                raise EngineError("llm", "the answer was empty")
            # Nothing but the end is left. Hearing it out leaves the server free for what is read next: asked while
            # it still writes, llama.cpp would take another slot, and read the whole conversation again.
            with suppress(EngineError):  # the answer is whole
                async for _ in pieces:
                    pass

    def _opening(self, turn: int, text: str) -> str:
        """What to begin the answer with; empty after a question that may want a no. Never the same twice running."""
        openings = self._spec.openings
        return openings[turn % len(openings)] if openings and _WH_QUESTION.search(text) else ""

    def _messages(self, conversation: Conversation, text: str) -> list[Message]:
        return conversation.messages(self._prefix, caller_words, bot_words, asking=text)

    def _names(self, text: str) -> tuple[str, ...]:
        """The exits that the model may take on `text`.

        A small model takes them too readily. So a question after a fact ("which doctor ...?") is asked of the
        prompt's lines: where one of them holds the answer no exit is offered, else all. None is either where one
        holds all of any other sentence that is no request. On any other sentence our own aren't offered where a
        line, or most of its words, stands in the prompt, and none where all of them do and none belongs to an exit.
        """
        every = (*self._say_on, UNKNOWN, OFF_TOPIC)
        asked = content_words(text)
        found = self._facts.find(text)
        leaves = any(word in self._leaving for word in matter(text))
        sure = found is not None and found.sure and not leaves
        if _FACT_QUESTION.search(text):
            return () if sure else every
        if sure and found is not None and found.share == 1.0 and not _REQUEST.search(text):
            return ()
        known = sum(word in self._known for word in asked)
        if asked and known == len(asked) and not any(word in self._leaving for word in asked):
            return ()
        return tuple(self._say_on) if sure or (asked and known > len(asked) / 2) else every

    def _leave(self, name: str) -> list[ReplyPart]:
        if name == UNKNOWN:
            return [Say(self._spec.unknown, Source.EXIT), Done()]
        if name not in self._say_on:  # off_topic, or a name of its own from a server without schemas
            return [Say(self._spec.off_topic, Source.EXIT), Done()]
        say = self._say_on[name]
        return [Say(say, Source.EXIT), Exit(name)] if say else [Exit(name)]

    def _fall_back(self, turn: int, in_sentence: bool) -> list[ReplyPart]:
        # Counted by the caller's turn: a speculative reply and the one after it are one failure.
        self._failed_turns.add(turn)
        before = turn
        while before - 1 in self._failed_turns:
            before -= 1
        count = turn - before
        texts = self._spec.fallback
        text = texts[min(count, len(texts) - 1)]
        say = Say(f"... {text}" if in_sentence else text, Source.FALLBACK)
        return [say, Exit(FAILED) if count + 1 >= len(texts) else Done()]


async def _patient(pieces: AsyncIterator[str], patience_s: float) -> AsyncGenerator[str, None]:
    """The same pieces; EngineError if one takes longer than `patience_s`. Closing it closes `pieces`."""
    try:
        while True:
            try:
                async with asyncio.timeout(patience_s):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise EngineError("llm", f"no word for {patience_s:g} s") from error
            yield piece
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
