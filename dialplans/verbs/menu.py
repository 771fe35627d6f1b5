"""`menu`: one choice among a few, by key or by word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, model_validator

from brain.expect import Expect, Kind
from brain.phrases import match
from brain.spoken import GOOD_MATCH, parse_digits
from dialplans.call import Heard, Keyed, Said, Unheard
from dialplans.scene import Scene
from dialplans.verb import KEY, Loc, Name, Patient, Phrases, Speaking, Strict, Text, Texts
from dialplans.yaml_source import refuse
from media.line_quality import LineStep

SORRY = "Sorry, I did not get that."
NEAR = 0.05
"""Two options whose matches differ by less are not told apart."""


class Option(Strict):
    """One way on."""

    phrases: Phrases = []
    """What callers say to choose it. An option without phrases is chosen by its key only."""
    goto: Name
    """The step to go to."""


class Menu(Patient, Speaking):
    """Let the caller choose, by key or by word. Without any phrases it needs no speech recognition."""

    prompt: Text
    """What there is to choose from."""
    short_prompt: Text | None = None
    """The same in fewer words, for a bad line."""
    options: Annotated[dict[Annotated[str, Field(pattern=KEY)], Option], Field(min_length=1)]
    """The options by key: 0 to 9, "*", "#"."""
    reprompts: Texts = []
    """What to say when nothing was chosen: the first time, the second time..."""
    keys_prompt: Text | None = None
    """What to say when speech can't be recognised, the line is too bad for it (without it the prompt), or words have
    led to nothing: then once, and only keys are taken."""
    retries: int = Field(2, ge=0, le=5)
    """How often to ask again."""
    silence_s: float = Field(6.0, gt=0, le=60)
    """Seconds of silence that count as no answer."""
    on_fail: Name | None = None
    """The step to go to when nothing was chosen; without it the next verb follows."""

    @model_validator(mode="after")
    def _no_phrase_twice(self) -> Menu:
        owner: dict[str, str] = {}
        mistakes: list[tuple[Loc, str]] = []
        for key, option in self.options.items():
            for phrase in option.phrases:
                other = owner.setdefault(phrase.lower(), key)
                if other != key:
                    where = ("options", key, "phrases")
                    mistakes.append((where, f'options {other} and {key} have the same phrase "{phrase}"'))
        refuse(mistakes)
        return self

    async def run(self, scene: Scene) -> str | None:
        prompt, voice, failures = scene.text(scene.for_line(self.prompt, self.short_prompt)), self.listens(), 0
        if scene.line is LineStep.BAD and voice:
            prompt, voice = scene.text(self.keys_prompt or self.prompt), False
        while True:
            heard = await scene.ask(prompt, self._expect(voice), self.interruptible)
            option = self._chosen(heard)
            if option is not None:
                return option.goto
            failures += 1
            if voice and (isinstance(heard, Unheard) or scene.line is LineStep.BAD):
                voice = False
                prompt = scene.text(self.keys_prompt or self.prompt)
            elif failures > self.retries:
                if not voice or self.keys_prompt is None:
                    return self.on_fail
                voice, prompt = False, scene.text(self.keys_prompt)
            else:
                prompt = scene.text(self._reprompt(failures))

    def _expect(self, voice: bool) -> Expect:
        phrases = tuple(phrase for option in self.options.values() for phrase in option.phrases)
        return Expect(
            kind=Kind.CHOICE,
            min_digits=1,
            max_digits=1,
            terminator="" if "#" in self.options else "#",
            phrases=phrases,
            voice=voice,
            silence_s=self.silence_s,
            courtesy=self.courtesy(),
        )

    def _chosen(self, heard: Heard) -> Option | None:
        if isinstance(heard, Keyed):
            return self.options.get(heard.keys)
        if not isinstance(heard, Said):
            return None
        scored = sorted(
            ((max(map(lambda p: match(heard.text, p), option.phrases), default=0.0), key)
             for key, option in self.options.items()),
            reverse=True,
        )  # fmt: skip
        best, key = scored[0]
        second = scored[1][0] if len(scored) > 1 else 0.0
        if best >= GOOD_MATCH:
            return self.options[key] if best - second >= NEAR else None
        return self.options.get(parse_digits(heard.text) or "")  # "option two", "number 2"

    def _reprompt(self, failures: int) -> str:
        if self.reprompts:
            return self.reprompts[min(failures, len(self.reprompts)) - 1]
        return f"{SORRY} {self.prompt}"

    def texts(self) -> Iterator[tuple[Loc, str]]:
        yield ("prompt",), self.prompt
        if self.short_prompt:
            yield ("short_prompt",), self.short_prompt
        for index, text in enumerate(self.reprompts):
            yield ("reprompts", index), text
        if not self.reprompts:
            yield ("prompt",), self._reprompt(1)
        if self.keys_prompt:
            yield ("keys_prompt",), self.keys_prompt
        if self.listens():
            yield from self.courtesies()

    def targets(self) -> Iterator[tuple[Loc, str]]:
        for key, option in self.options.items():
            yield ("options", key, "goto"), option.goto
        if self.on_fail is not None:
            yield ("on_fail",), self.on_fail

    def goes_on(self) -> bool:
        return self.on_fail is None

    def listens(self) -> bool:
        return any(option.phrases for option in self.options.values())
