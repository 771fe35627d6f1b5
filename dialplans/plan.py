"""A plan, ready to be travelled: a YAML file becomes a coroutine over a call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from brain.engines import SttSettings, TtsSettings
from brain.orchestrator import AgentSpec
from dialplans import checks
from dialplans.call import Call
from dialplans.scene import GoesNowhere, OtherTongue, Scene
from dialplans.schema import PlanSpec
from dialplans.templates import parse
from dialplans.verb import Verb
from dialplans.verbs.agent import Agent
from dialplans.yaml_source import SourceError, read


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked plan. `folder` is where it was read from."""

    name: str
    spec: PlanSpec
    folder: Path

    @property
    def stt(self) -> SttSettings:
        """How callers are understood, before it is known whether they speak another language."""
        return self._stt(self.spec.language)

    @property
    def tts(self) -> TtsSettings:
        """The voice."""
        return self.voices[self.spec.language]

    @property
    def voices(self) -> dict[str, TtsSettings]:
        """The voice of each language."""
        names = {self.spec.language: self.spec.voice}
        names |= {language: other.voice for language, other in self.spec.languages.items()}
        return {language: TtsSettings(self._engine(name), self.spec.speed) for language, name in names.items()}

    @property
    def listens(self) -> bool:
        """Whether any verb needs speech recognition."""
        return any(verb.listens() for _, verb in self.spec.verbs())

    @property
    def private(self) -> bool:
        """Whether any question is private."""
        return any(verb.private() for _, verb in self.spec.verbs())

    def fixed_texts(self, language: str = "") -> list[str]:
        """Every text that is the same in all calls, exactly as it is said: worth rendering once. What callers
        hear who speak `language`, the plan's own where it is empty."""
        texts: dict[str, None] = {}
        reached = checks.reachable(self.spec, self._first(language or self.spec.language))
        for loc, verb in self.spec.verbs():
            if str(loc[1]) not in reached:
                continue
            for _, text in verb.texts():
                template = parse(text)
                if template.names <= self.spec.facts.keys():
                    texts[template.fill(self.spec.facts)] = None
            if isinstance(verb, Agent):
                texts.update(dict.fromkeys(verb.spoken(self.spec.facts)))
        return list(texts)

    def recordings(self) -> list[Path]:
        """Every recording it may play: worth reading before a call needs it."""
        return [self.folder / path for _, path in self.spec.files()]

    def agents(self) -> Iterator[AgentSpec]:
        """Every conversation the plan can come to."""
        for _, verb in self.spec.verbs():
            if isinstance(verb, Agent):
                yield verb.spec(self.spec.facts)

    async def travel(self, call: Call) -> None:
        """Take `call` through the plan, and hang up at its end. Raises CallEnded, always."""
        info = call.info
        values = {"caller": info.caller, "called": info.called, "caller_name": info.display_name}
        values |= {slot: info.headers.get(name.lower(), "") for slot, name in self.spec.headers.items()}
        scene = Scene(call, self.folder, self.spec.facts, values)
        scene.speaks = self.spec.language
        call.settings(self.stt, self.tts, self.private, self.spec.mask)
        await call.answer()
        scene.lay_ambience(self.spec.ambience)
        try:
            step: str | None = self.spec.first
            while step is not None:
                try:
                    step = await self._walk(step, scene)
                except OtherTongue as found:
                    step = self._switch(found.language, scene)
        except GoesNowhere as error:
            await call.hangup(str(error))
        await call.hangup("plan ended")

    async def _walk(self, step: str, scene: Scene) -> str | None:
        """The verbs of `step`, in order. Returns the step to go to, None at the end."""
        verbs: list[Verb] = self.spec.steps[step]
        for verb in verbs:
            target = await verb.run(scene)
            if target is not None:
                scene.jump(target)
                return target
        return None

    def _switch(self, language: str, scene: Scene) -> str:
        """Go over to another language. Returns the step to go to."""
        scene.speaks = language
        scene.call.settings(self._stt(language), self.voices[language], self.private, self.spec.mask)
        return self._first(language)

    def _first(self, language: str) -> str:
        """The step that callers of a language begin with."""
        return self.spec.first if language == self.spec.language else self.spec.languages[language].goto

    def _stt(self, language: str) -> SttSettings:
        others = tuple(other for other in self.voices if other != language)
        return SttSettings(self._engine(self.spec.stt), language, tuple(self.spec.phrases), others)

    def _engine(self, name: str) -> str:
        return str(self.folder / Path(name).expanduser()) if checks.is_path(name) else name


def load_plan(path: Path) -> Plan:
    """The plan in the file at `path`, checked. Raises SourceError with all that is wrong."""
    source = read(path)
    spec = source.validate(PlanSpec)
    found = checks.problems(source, spec, path.parent)
    if found:
        raise SourceError(found)
    return Plan(spec.name or path.stem, spec, path.parent)
