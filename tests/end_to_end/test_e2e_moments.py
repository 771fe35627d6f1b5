"""Callers who leave at any moment, and callers who say nothing that helps: nothing breaks, nothing is left."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from e2e_bot import Bot, arun, rtp_ports, serving, until
from e2e_calls import RATE, calling, kept
from e2e_engines import FakeLlm, FakeSpeech, settings

from media.frame import Pcm
from telephony.caller.call import Caller
from telephony.caller.diary import CallOver, TooLate
from telephony.caller.events import Answered
from telephony.caller.media_clock import MediaClock
from telephony.caller.options import CallOptions

pytestmark = pytest.mark.sip

SEED = 20_260_102
CALLS = 1000
AT_ONCE = 25
WAYS = ("before the 200", "before the ACK", "in the prompt", "in the transcript", "vanishing")
"""Who vanishes does so after the ACK: before it, they are given 64*T1 twice (tests/sip/test_moments.py)."""
PLANS = ("ask", "talk", "keys", "long", "echo", "desk")


@pytest.fixture(scope="module")
def patient(
    tmp_path_factory: pytest.TempPathFactory, cache: Mapping[str, str]
) -> Iterator[Bot]:
    """A bot of this module's own, whose process is watched from its first call on."""
    with FakeSpeech().running() as speech, FakeLlm().running() as llm:
        sip = {"lines": 120, "rtp_timeout_s": 2.0, "rtp_ports": rtp_ports(4000)}
        config = settings(speech.address, llm.url, sip=sip)
        with serving(tmp_path_factory.mktemp("patient"), config | {"log_level": "info"}, environment=cache) as bot:
            yield bot


def files(pid: int) -> Counter[str]:
    """What a process has open, by kind."""
    found: Counter[str] = Counter()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[os.readlink(f"/proc/{pid}/fd/{name}").partition(":")[0]] += 1
        except OSError:
            continue  # it was that of the listing itself, or has just been closed
    return found


def threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))


async def leave(bot: Bot, clock: MediaClock, number: int, words: Pcm) -> tuple[str, str | None]:
    """One caller, who leaves at a moment of the seed's choosing: what they did, and their Call-ID."""
    rng = random.Random(SEED * CALLS + number)
    way = rng.choice(WAYS)
    moment = rng.random() ** 2 * {"before the 200": 0.01, "in the transcript": 1.2}.get(way, 0.8)
    options = CallOptions(
        ack="never" if way == "before the ACK" else "at once",
        delayed_offer=rng.random() < 0.1,
        transport="tcp" if rng.random() < 0.1 else "udp",
    )
    async with Caller(bot.uri(rng.choice(PLANS)), options, clock) as caller:
        try:
            if way in ("in the transcript", "vanishing"):
                await caller.dial()
            async with asyncio.timeout(moment):
                if way == "in the transcript":
                    await caller.say(words)
                elif way != "vanishing":
                    await caller.dial()
                if rng.random() < 0.2:
                    await caller.press("1", rng.choice(("rfc4733", "info")))
                await asyncio.Event().wait()
        except (TimeoutError, CallOver, TooLate):
            pass  # it is time to leave
        if way == "vanishing":
            caller.vanish()
    answered = any(isinstance(event, Answered) for event in caller.diary.events)
    return way, caller.core.call_id if answered else None


@pytest.fixture(scope="module")
def baseline() -> dict[str, int]:
    """What the worker held before the storm."""
    return {}


async def test_a_thousand_callers_leave_at_any_moment(
    patient: Bot, clock: MediaClock, words: Pcm, baseline: dict[str, int]
) -> None:
    bot = patient
    for plan in PLANS:  # what is opened once only is open now
        async with calling(bot, plan, clock) as caller:
            await caller.pause(0.3)
            await caller.hangup()
        await kept(bot, caller)
    worker = bot.worker
    baseline.update(worker=worker, files=sum(files(worker).values()), threads=threads(worker))
    ways: Counter[str] = Counter()
    answered: set[str] = set()
    known = len(bot.records()) + len(bot.refused())
    numbers = iter(range(CALLS))

    async def callers() -> None:
        for number in numbers:
            way, call_id = await leave(bot, clock, number, words)
            ways[way] += 1
            if call_id is not None:
                answered.add(call_id)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(callers())
    assert ways.total() == CALLS and set(ways) == set(WAYS)

    def folders() -> list[Path]:
        return list(bot.data.glob("calls/*"))

    await until(lambda: all((folder / "record.json").exists() for folder in folders()))
    records = bot.records()
    assert len(records) == len(folders())
    assert answered <= set(records)
    assert len(answered) > CALLS // 2
    await until(lambda: len(records) + len(bot.refused()) - known == CALLS)  # written once a second
    assert not [r for r in records.values() if r["end"]["reason"] == "fault"]

    async with calling(bot, "keys", clock) as caller:  # and it still answers
        await caller.wait_for_bot_onset()
        await caller.press("4321")
        await caller.wait_for_end(20)
    assert (await kept(bot, caller))["slots"]["number"] == "4321"
    assert bot.worker == worker
    # Only callers who left while their line's last call was being put away have no record of their own.
    assert {row["status"] for row in bot.refused()} <= {487}


SOUNDS = {
    "silence": lambda rng: np.zeros(2 * RATE),
    "noise": lambda rng: rng.normal(0, 1500, 2 * RATE),
    "hum": lambda rng: 3000 * np.sin(2 * np.pi * 50 * np.arange(2 * RATE) / RATE),
    "clipping": lambda rng: np.sign(rng.normal(0, 1, 2 * RATE)) * 32767,
    "clicks": lambda rng: np.where(rng.random(2 * RATE) < 0.001, 32767.0, 0.0),
}


async def test_callers_who_make_noises_only(patient: Bot, clock: MediaClock) -> None:
    async def one(pcm: np.ndarray) -> None:
        async with calling(patient, "ask", clock) as caller:
            await caller.wait_for_bot_silence(300)
            await caller.say(np.clip(pcm, -32768, 32767).astype(np.int16))
            with suppress(CallOver):
                await caller.wait_for_bot_onset()  # it asks again, or takes its leave
        record = await kept(patient, caller)
        assert record["errors"] == []

    await asyncio.gather(*(one(make(np.random.default_rng(1))) for make in SOUNDS.values()))


async def test_a_caller_who_sends_no_audio_at_all_is_let_go(patient: Bot, clock: MediaClock) -> None:
    async with Caller(patient.uri("ask"), CallOptions(), clock) as caller:
        caller.line.agree = lambda media: None  # type: ignore[method-assign]
        await caller.dial()
        await caller.wait_for_end(20)
    assert (await kept(patient, caller))["end"]["reason"] == "no RTP"


async def test_keys_alone_are_enough(patient: Bot, clock: MediaClock) -> None:
    async with calling(patient, "ask", clock) as caller:
        with suppress(CallOver):
            for key in "5*#" + "2" * 20:  # to a bot that may be speaking, listening or between the two
                await caller.press(key)
    record: dict[str, Any] = await kept(patient, caller)
    assert record["end"]["by"] == "bot" and record["errors"] == []


async def test_the_doctor_finds_the_bot_well(patient: Bot) -> None:
    doctor = await arun("doctor", "--config", str(patient.data.parent / "offhook.json"))
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    for codec in ("pcmu", "pcma", "g722", "opus"):
        assert any(line.startswith("ok") and f"call {codec}" in line for line in doctor.stdout.splitlines())
    await until(lambda: sum(row["caller"] == "doctor" for row in patient.records().values()) == 4)


async def test_nothing_is_left_of_them_all(patient: Bot, baseline: dict[str, int]) -> None:
    """No file, no thread, no line of a traceback; the last BYEs to those who vanished wait 32 s (64*T1)."""
    if not baseline:
        pytest.skip("the storm didn't run")
    worker = patient.worker
    assert worker == baseline["worker"]
    await until(lambda: sum(files(worker).values()) <= baseline["files"])
    assert threads(worker) <= baseline["threads"]
    assert "Traceback" not in patient.output and " ERROR " not in patient.output
