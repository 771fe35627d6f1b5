"""A plan, ready to be travelled: a YAML file becomes a coroutine over a call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from brain.engines import SttSettings, TtsSettings
from brain.orchestrator import AgentSpec
from dialplans import checks
from dialplans.call import Call
from dialplans.scene import GoesNowhere, Scene
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
        """How callers are understood."""
        return SttSettings(self._engine(self.spec.stt), self.spec.language, tuple(self.spec.phrases))

    @property
    def tts(self) -> TtsSettings:
        """The voice."""
        return TtsSettings(self._engine(self.spec.voice), self.spec.speed)

    @property
    def listens(self) -> bool:
        """Whether any verb needs speech recognition."""
        return any(verb.listens() for _, verb in self.spec.verbs())

    @property
    def private(self) -> bool:
        """Whether any question is private."""
        return any(verb.private() for _, verb in self.spec.verbs())

    def fixed_texts(self) -> list[str]:
        """Every text that is the same in all calls, exactly as it is said: worth rendering once."""
        texts: dict[str, None] = {}
        for _, verb in self.spec.verbs():
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
        call.settings(self.stt, self.tts, self.private, self.spec.mask)
        await call.answer()
        scene.lay_ambience(self.spec.ambience)
        try:
            step: str | None = self.spec.first
            while step is not None:
                step = await self._walk(step, scene)
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
