"""A caller on a speakerphone: the bot doesn't hear itself, and hears the caller. Its voice is a person's."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
from e2e_bot import Bot, serving
from e2e_calls import calling, kept
from e2e_engines import FakeLlm, FakeSpeech, settings

from benchmarks.human_clips import spoken_sample, two_cities
from brain.engines import SpeechAudio, TtsSettings
from brain.tts.fake import ToneTts
from media.frame import Pcm
from telephony.caller.media_clock import MediaClock
from telephony.caller.speakerphone import EchoSettings

pytestmark = pytest.mark.sip

ECHO = EchoSettings(delay_ms=120.0, loss_db=10.0)
PLAN = """
name: reading
steps:
  read:
    - say: It was the best of times, it was the worst of times, it was the age of wisdom.
    - gather:
        slot: answer
        type: yes_no
        prompt: Is it?
        reprompts: Is it?
        keys_prompt: One or two.
        silence_s: 4
        on_fail: bye
    - goto: bye
  bye:
    - say: Bye.
    - hangup
"""
READ_S = 14.0
OWN_WORDS = "it was the best of times it was the worst of times"


class Reader(ToneTts):
    """Reads the beginning of a novel aloud, whatever the text; short texts end soon."""

    def __init__(self, pcm: Pcm) -> None:
        super().__init__()
        self._pcm = pcm

    async def speak(
        self, clauses: AsyncIterator[str], settings: TtsSettings, rate_hz: int
    ) -> AsyncGenerator[SpeechAudio, None]:
        number = 0
        async for clause in clauses:
            length_s = READ_S if clause.startswith("It was") else 1.5
            yield SpeechAudio(number, clause, self._pcm[: int(length_s * rate_hz)], last=True)
            number += 1


@pytest.fixture(scope="module")
def speech() -> Iterator[FakeSpeech]:
    """A recogniser that hears the bot's own words in whatever it is given, as in an echo, and the reader's voice."""
    try:
        novel = two_cities().telephone()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    speech = FakeSpeech()
    speech.tts = Reader(novel[: int(READ_S * 8000)])
    speech.stt.always = OWN_WORDS
    with speech.running():
        yield speech


@pytest.fixture(scope="module")
def bot(
    tmp_path_factory: pytest.TempPathFactory, speech: FakeSpeech, llm: FakeLlm, cache: Mapping[str, str]
) -> Iterator[Bot]:
    """A bot that reads aloud."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "reading.yaml").write_text(PLAN)
    config = settings(speech.address, llm.url) | {"plans": {"default": "reading", "folder": str(folder)}}
    with serving(folder / "bot", config, environment=cache) as bot:
        yield bot


def actions(record: dict[str, Any]) -> list[str]:
    """What the turn manager did, in order."""
    lines = [json.loads(line) for line in (record["folder"] / "journal.jsonl").read_text().splitlines()]
    return [action["action"] for line in lines for action in line.get("actions", [])]


async def test_it_finishes_what_it_says_into_its_own_echo(bot: Bot, clock: MediaClock) -> None:
    async with calling(bot, "reading", clock, echo=ECHO) as caller:
        await caller.pause(READ_S + 3.0)
        await caller.press("1")
        await caller.wait_for_end(20)
    record = await kept(bot, caller)
    assert record["said"][0]["complete"] and record["slots"] == {"answer": "yes"}
    assert [turn["caller"] for turn in record["turns"]] == [""]  # the key: nothing was heard
    assert "StopSpeaking" not in actions(record)
    echo = record["echo"]
    # A machine that is busy moves the buffers, and the canceller looks again: but it knew the line.
    doubts = [json.loads(line) for line in (record["folder"] / "journal.jsonl").read_text().splitlines()]
    assert any(row.get("event") == "EchoChanged" and not row["doubted"] for row in doubts)
    # On top of the phone's 120 ms come its packet and the bot's buffers, which a busy machine fills.
    assert 120 <= echo["delay_ms"] <= 300, echo


async def test_a_caller_who_speaks_over_it_is_heard_through_the_echo(
    bot: Bot, clock: MediaClock, speech: FakeSpeech
) -> None:
    words = spoken_sample("quick_brown_fox").telephone()
    async with calling(bot, "reading", clock, echo=ECHO) as caller:
        await caller.wait_for_bot_onset()
        await caller.pause(6.0)
        speech.stt.next = ["stop I want to talk to a doctor please"]
        await caller.say(words, "stop")
        await caller.pause(1.5)
        await caller.hangup()
    record = await kept(bot, caller)
    assert record["said"][0]["complete"] is False and speech.stt.next == []
    assert actions(record).count("StopSpeaking") >= 1
