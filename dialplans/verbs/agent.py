"""`agent`: let the language model talk with the caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, model_validator

from brain import answers as by_heart
from brain.courtesy import Courtesy
from brain.expect import Expect, Interruptible, Kind
from brain.orchestrator import RESERVED, AgentExit, AgentSpec
from dialplans.call import Keyed
from dialplans.scene import Scene
from dialplans.templates import parse
from dialplans.verb import KEY, Loc, Name, Patient, Phrases, Plains, Strict, Text, Texts
from dialplans.yaml_source import refuse

ENDINGS = {
    "silence": "on_silence",
    "turns": "on_turns",
    "max_turns": "on_turns",
    "failed": "on_failed",
    "unheard": "on_unheard",
}
"""How a conversation may end without an exit, and the key that says where to go then."""

TROUBLE = "I am sorry, I have trouble understanding speech at the moment."
SILENT = "I can't hear you."
KEY_TRIES = 2
"""How often the keys are asked for when speech can't be recognised."""

OWN_TEXTS = ("unknown", "off_topic")
"""Sentences that a plan may word; the orchestrator has plain ones."""


class KnownAnswer(Strict):
    """An answer that the agent knows by heart: no model on its way."""

    when: Annotated[Phrases, Field(min_length=1)]
    """Questions it answers, as callers put them."""
    say: Text
    """The answer; may name facts."""


class Exit(Strict):
    """A way out of the conversation, chosen by the caller's words or by the model."""

    when: Annotated[str, Field(min_length=1)]
    """When to take it; completes "the caller wants": "to be called back"."""
    examples: Phrases = []
    """What callers say then; one that is close is taken without asking the model."""
    say: Text | None = None
    """What to say before the plan goes on; may name facts."""
    key: Annotated[str, Field(pattern=KEY)] = ""
    """A key that takes it at any moment: 0 to 9, "*", "#"."""
    goto: Name
    """The step to go to."""


class Agent(Patient):
    """Let the language model talk with the caller, until an exit, a limit or a failure."""

    prompt: Text
    """Who the agent is and what it knows. May name facts; the caller's words never get in."""
    answers: list[KnownAnswer] = []
    """Answers it knows by heart. They also show the model how to word its own."""
    by_heart: bool = True
    """Whether they are said as they stand; `false` leaves every answer to the model."""
    exits: Annotated[dict[Name, Exit], Field(min_length=1)]
    """The ways out."""
    unknown: Text | None = None
    """What to say to a question that the prompt doesn't answer."""
    off_topic: Text | None = None
    """What to say to a question about something else."""
    fallback: Texts = []
    """What to say when the model fails: the first time, the second time... After the last, `on_failed`."""
    openings: Texts = []
    """Said at once, in turn, to a question after a fact that the prompt surely holds: "Sure,". The model goes on from
    there. Give at least two, so that the same isn't said twice running."""
    max_turns: int = Field(20, ge=1, le=200)
    """So many turns of the caller, then `on_turns`."""
    silence_s: float = Field(8.0, gt=0, le=60)
    """After so many seconds of silence the caller is asked; after as many again, asked again, then `on_silence`."""
    still_there: Texts = ["Are you still there?"]
    """How they are asked: the first time, the second time... Without it, the second time tells of the exits' keys."""
    acknowledgements: Plains = ["One moment.", "Let me see."]
    """Said in turn when an answer takes longer than 0.8 s to come; `[]` for silence."""
    placeholders: Plains = ["I'm still looking.", "Just a moment longer, please."]
    """Said in turn, every few seconds, when it still hasn't come."""
    backchannels: bool = True
    """Whether a caller who talks for long hears a low "hmm" now and then."""
    on_silence: Name | None = None
    """The step to go to when the caller says nothing any more. Without it, the next verb follows."""
    on_turns: Name | None = None
    """The step to go to after `max_turns`."""
    on_failed: Name | None = None
    """The step to go to when the model can't answer."""
    on_unheard: Name | None = None
    """The step to go to when speech can't be recognised, and no exit was chosen by its key."""
    keys_prompt: Text | None = None
    """How to ask for the keys of the exits then, and to tell of them on a bad line. Without it: "If you want ...,
    press ..."; without keys, nobody is asked."""

    @model_validator(mode="after")
    def _exits_have_names_of_their_own(self) -> Agent:
        why = "that is how a conversation ends by itself"
        taken = [name for name in self.exits if name in RESERVED or name in ENDINGS]
        refuse((("exits", name), f'an exit can\'t be named "{name}": {why}') for name in taken)
        return self

    async def run(self, scene: Scene) -> str | None:
        outcome = await scene.call.converse(self.spec(scene.facts))
        if outcome.turns:
            scene.talked()
        if outcome.exit in self.exits:
            return self.exits[outcome.exit].goto
        if outcome.exit == "unheard" and (way := await self._by_key(scene)):
            return way.goto
        ending: str | None = getattr(self, ENDINGS.get(outcome.exit, "on_failed"))
        return ending

    async def _by_key(self, scene: Scene) -> Exit | None:
        """The exit that the caller chooses by its key; None where none has one, or none is pressed."""
        keys = {way.key: way for way in self.exits.values() if way.key}
        if not keys:
            return None
        expect = Expect(Kind.CHOICE, 1, 1, terminator="", voice=False, silence_s=self.silence_s)
        for _ in range(KEY_TRIES):
            heard = await scene.ask(self.by_keys_prompt(scene.facts), expect, Interruptible.SPEECH)
            if isinstance(heard, Keyed) and (way := keys.get(heard.keys)):
                if way.say:
                    await scene.say(way.say, Interruptible.SPEECH)
                return way
        return None

    def by_keys_prompt(self, facts: Mapping[str, str]) -> str:
        """How to ask for the keys of the exits."""
        if self.keys_prompt:
            return parse(self.keys_prompt).fill(facts)
        return " ".join([TROUBLE, *self._keys_told()])

    def _keys_told(self) -> list[str]:
        return [f"If you want {way.when}, press {way.key}." for way in self.exits.values() if way.key]

    def asked_in_silence(self, facts: Mapping[str, str]) -> tuple[str, ...]:
        """What a silent caller hears, one after another."""
        asked = tuple(parse(text).fill(facts) for text in self.still_there)
        if "still_there" not in self.model_fields_set and (keys := self._keys_told()):
            asked += (" ".join([SILENT, *keys]),)
        return asked

    def courtesy(self) -> Courtesy:
        return replace(
            super().courtesy(),
            acknowledgements=tuple(self.acknowledgements),
            placeholders=tuple(self.placeholders),
            backchannels=self.backchannels,
        )

    def spec(self, facts: Mapping[str, str]) -> AgentSpec:
        """The agent as the orchestrator takes it; the same in every call, so that its prompt stays warm."""

        def filled(text: str) -> str:
            return parse(text).fill(facts)

        chosen: dict[str, Any] = {
            key: filled(text) for key in OWN_TEXTS if (text := getattr(self, key)) is not None
        }
        if self.fallback:
            chosen["fallback"] = tuple(map(filled, self.fallback))
        return AgentSpec(
            prompt="\n".join(map(filled, self.prompt.strip().splitlines())),
            answers=tuple(
                by_heart.KnownAnswer(tuple(known.when), filled(known.say)) for known in self.answers
            ),
            exits=tuple(
                AgentExit(name, way.when, tuple(way.examples), filled(way.say or ""), way.key)
                for name, way in self.exits.items()
            ),
            max_turns=self.max_turns,
            openings=tuple(map(filled, self.openings)),
            silence_s=self.silence_s,
            still_there=self.asked_in_silence(facts),
            courtesy=self.courtesy(),
            use_answers=self.by_heart,
            keys_prompt=self.by_keys_prompt(facts) if any(way.key for way in self.exits.values()) else "",
            **chosen,
        )

    def spoken(self, facts: Mapping[str, str]) -> list[str]:
        """Every sentence it may say that the model doesn't word."""
        spec = self.spec(facts)
        says = [answer.say for answer in spec.answers] + [way.say for way in spec.exits if way.say]
        says += spec.openings
        if spec.keys_prompt:
            says.append(spec.keys_prompt)
        return [*says, spec.unknown, spec.off_topic, *spec.still_there, *spec.courtesy.texts, *spec.fallback]

    def facts_only(self) -> Iterator[tuple[Loc, str]]:
        yield ("prompt",), self.prompt
        for index, answer in enumerate(self.answers):
            yield ("answers", index, "say"), answer.say
        for name, way in self.exits.items():
            if way.say:
                yield ("exits", name, "say"), way.say
        for key in (*OWN_TEXTS, "keys_prompt"):
            if text := getattr(self, key):
                yield (key,), text
        for many in ("openings", "fallback", "still_there"):
            for index, text in enumerate(getattr(self, many)):
                yield (many, index), text

    def targets(self) -> Iterator[tuple[Loc, str]]:
        for name, way in self.exits.items():
            yield ("exits", name, "goto"), way.goto
        for key in dict.fromkeys(ENDINGS.values()):
            if target := getattr(self, key):
                yield (key,), target

    def own_keys(self) -> Iterator[tuple[Loc, str]]:
        for name, way in self.exits.items():
            if way.key:
                yield ("exits", name, "key"), way.key

    def goes_on(self) -> bool:
        return not all(getattr(self, key) for key in ENDINGS.values())

    def listens(self) -> bool:
        return True
