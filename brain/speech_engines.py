"""What the speech server serves: engines made from its configuration, and how warm they are."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from brain.engines import EngineError, Eot, Stt, SttSettings, Tts, TtsSettings
from brain.speech_scheduler import Scheduler

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """What is loaded before the server says that it is ready; `threads` are its cores (None: all)."""

    listen: str = "127.0.0.1:7070"
    stt: tuple[SttSettings, ...] = (SttSettings(),)
    tts: tuple[TtsSettings, ...] = (TtsSettings(),)
    eot: bool = True
    threads: int | None = None
    decode_threads: int = 1
    script: tuple[str, ...] | None = None
    """With a script there are no models: the fakes answer, and each segment is heard as its next line."""


@dataclass(slots=True)
class Engines:
    """What is served, and what is known of it: None while it warms up, "" when warm, else why not."""

    stt: Stt
    tts: Tts
    eot: Eot | None
    scheduler: Scheduler
    states: dict[str, str | None] = field(default_factory=dict)

    async def warm(self, config: SpeechConfig) -> None:
        """Warm what `config` names, one after the other; failures are kept for `Health`."""
        steps: dict[str, Callable[[], Awaitable[None]]] = {}
        for stt in config.stt:
            steps[f"stt {stt.model} {stt.language}"] = lambda stt=stt: self.stt.warm(stt)  # type: ignore[misc]
        for tts in config.tts:
            steps[f"tts {tts.voice}"] = lambda tts=tts: self.tts.warm(tts)  # type: ignore[misc]
        if self.eot is not None:
            steps["eot smart-turn"] = self.eot.warm
        self.states = dict.fromkeys(steps)
        for name, step in steps.items():
            try:
                await step()
                self.states[name] = ""
                log.info("%s is warm", name)
            except EngineError as error:
                self.states[name] = str(error)
                log.error("%s: %s", name, error)


def build(config: SpeechConfig) -> Engines:
    """The engines of `config`, cold. Raises EngineError for models and voices that aren't there."""
    scheduler = Scheduler(config.threads)
    if config.script is not None:
        from brain.eot.fake import ScriptedEot
        from brain.stt.fake import ScriptedStt
        from brain.tts.fake import ToneTts

        return Engines(ScriptedStt(config.script), ToneTts(), ScriptedEot(), scheduler)
    from brain.eot.smart_turn import SmartTurn, model_file  # loading these takes seconds: not for a fake
    from brain.stt.local import WhisperStt
    from brain.stt.weights import model_folder
    from brain.tts.local import LocalTts, check_voice

    for stt in config.stt:
        model_folder(stt.model)
    for tts in config.tts:
        check_voice(tts)
    if config.eot:
        model_file()
    eot = SmartTurn(scheduler) if config.eot else None
    return Engines(WhisperStt(scheduler, config.decode_threads), LocalTts(scheduler), eot, scheduler)
