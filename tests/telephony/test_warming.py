"""What a worker has its engines load and read: before its first call, and after a server was started again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from brain.eot.fake import ScriptedEot
from brain.llm.fake import ScriptedLlm
from brain.stt.fake import ScriptedStt
from brain.tts.fake import ToneTts
from brain.tts.prompts import CachedTts
from dialplans.plan import load_plan
from media.sound import Sounds
from telephony import warming as module
from telephony.warming import Warming

RATE = 8000
PLAN = """
voice: joe
steps:
  start:
    - say: "Willow Street Clinic."
    - agent:
        prompt: "You answer for a clinic. Hours: eight to six."
        exits: {bye: {when: "to say goodbye", goto: end}}
  end: [hangup]
"""


class Engines:
    """Fakes, and a `Warming` of them for one plan."""

    def __init__(self, folder: Path) -> None:
        (folder / "desk.yaml").write_text(PLAN)
        self.stt, self.tts, self.eot, self.llm = ScriptedStt([]), ToneTts(), ScriptedEot(), ScriptedLlm()
        tts = CachedTts(self.tts, folder=None)
        plans = [load_plan(folder / "desk.yaml")]
        self.warming = Warming(plans, self.stt, tts, self.eot, self.llm, Sounds(RATE), RATE)

    @property
    def warmed(self) -> tuple[list[str], list[str], int]:
        """The recogniser's models, the voices, and how often a prompt was read, since the last look."""
        found = [s.model for s in self.stt.warmed], [s.voice for s in self.tts.warmed], len(self.llm.warmed)
        for warmed in (self.stt.warmed, self.tts.warmed, self.llm.warmed):
            warmed.clear()
        return found


async def settle() -> None:
    for _ in range(200):
        await asyncio.sleep(0)


@asynccontextmanager
async def kept_warm(engines: Engines) -> AsyncIterator[None]:
    await engines.warming.first()
    assert engines.warmed == (["base"], ["joe"], 1)
    task = asyncio.create_task(engines.warming.again())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_model_that_was_started_again_reads_the_prompts_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engines = Engines(tmp_path)
    async with kept_warm(engines):
        with caplog.at_level(logging.INFO, "offhook.warming"):
            await settle()
            assert engines.warmed == ([], [], 0)
            engines.warming.model_restarted.set()
            await settle()
        # Speech has lost nothing, and the slots of a model that is warm hold what live calls have said.
        assert engines.warmed == ([], [], 1)
        assert "language model is warm again" in caplog.text


async def test_a_speech_server_that_was_started_again_loads_what_plans_need(tmp_path: Path) -> None:
    engines = Engines(tmp_path)
    async with kept_warm(engines):
        rendered = len(engines.tts.spoken)
        engines.warming.speech_restarted.set()
        await settle()
        assert engines.warmed == (["base"], ["joe"], 0)
        assert len(engines.tts.spoken) == rendered  # prompts are kept, the voice isn't


async def test_a_voice_is_loaded_also_where_its_prompts_are_kept_from_before(tmp_path: Path) -> None:
    engines = Engines(tmp_path)
    await engines.warming.first()
    rendered = len(engines.tts.spoken)
    await engines.warming.first()
    assert len(engines.tts.spoken) == rendered and engines.warmed[1] == ["joe", "joe"]


async def test_what_is_not_there_yet_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.0)
    engines = Engines(tmp_path)
    async with kept_warm(engines):
        engines.stt.failure = "no speech server"
        engines.warming.speech_restarted.set()
        engines.warming.model_restarted.set()
        await settle()
        assert engines.warmed == ([], [], 1)  # the model waits for nobody else
        engines.stt.failure = None
        await settle()
        assert engines.warmed == (["base"], ["joe"], 0)
