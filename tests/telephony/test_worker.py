"""A fault of one call, one file or one engine stays its own: the worker and its other calls go on."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_line import FRAME, FakeLeg, FakeLines, info

pytest.importorskip("pjsua2")

from media.frame import Pcm  # noqa: E402
from telephony import warming  # noqa: E402
from telephony import worker as module  # noqa: E402
from telephony.config import Config  # noqa: E402
from telephony.session import CallSession  # noqa: E402
from telephony.transport import Leg, Refused, SipMessage  # noqa: E402
from telephony.warming import Warming  # noqa: E402
from telephony.worker import Worker  # noqa: E402


class Lines(FakeLines):
    """Two lines that have a frame each at every tick, and a file to wait for that never gets readable."""

    def __init__(self) -> None:
        super().__init__()
        self.pipe = os.pipe()

    def fileno(self) -> int:
        return self.pipe[0]

    def drained(self) -> None:
        return

    def new(self) -> list[int]:
        return [0, 1]

    def take(self, line: int) -> tuple[Pcm, Pcm]:
        return np.zeros(FRAME, np.int16), np.zeros(FRAME, np.int16)


class FakeTransport:
    """See `telephony.transport.Transport`. `offered` is where calls come in."""

    lines_sold = 2

    def __init__(self, settings: object) -> None:
        self.lines = Lines()
        self.offered: asyncio.Queue[Leg | Refused] = asyncio.Queue()
        self.accepted: list[int] = []
        self.messages: list[tuple[str, SipMessage]] = []

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        for end in self.lines.pipe:
            os.close(end)

    async def calls(self) -> AsyncIterator[Leg | Refused]:
        while True:
            yield await self.offered.get()

    def accept(self, status: int, retry_after_s: int = 0) -> None:
        self.accepted.append(status)

    def take_messages(self) -> list[tuple[str, SipMessage]]:
        taken, self.messages = self.messages, []
        return taken


class Stage:
    """A worker over fakes, and the calls that came in."""

    def __init__(self, worker: Worker, transport: FakeTransport, data: Path) -> None:
        self.worker, self.transport, self.data = worker, transport, data

    async def call(self, line: int) -> FakeLeg:
        """Somebody calls the plan `echo` and is answered, or refused."""
        leg = FakeLeg()
        leg.line, leg.info = line, info(called="echo", sip_call_id=f"{line}@test")
        self.transport.offered.put_nowait(leg)
        await self.settle()
        return leg

    async def settle(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)

    def refused(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.data / "refused.jsonl").read_text().splitlines()]


@asynccontextmanager
async def working(
    data: Path, monkeypatch: pytest.MonkeyPatch, warm: list[Exception] | None = None
) -> AsyncIterator[Stage]:
    """A worker that runs, until the end. Its engines are warm once they have failed with each of `warm`."""
    failures = list(warm or [])

    async def warmed(self: Warming) -> None:
        if failures:
            raise failures.pop(0)

    monkeypatch.setattr(module, "SipTransport", FakeTransport)
    monkeypatch.setattr(warming, "RETRY_S", 0.0)
    monkeypatch.setattr(Warming, "_warm_speech", warmed)
    worker = Worker(Config.model_validate({"data": {"folder": data}, "speech": {"eot": False}}), "127.0.0.1:1", "")
    transport = worker._transport
    assert isinstance(transport, FakeTransport)
    running = asyncio.create_task(worker.run())
    stage = Stage(worker, transport, data)
    await stage.settle()
    try:
        yield stage
        assert not running.done()
    finally:
        worker._signalled()
        worker._signalled()
        async with asyncio.timeout(20):
            assert await running == 0


async def test_a_call_that_can_not_begin_is_refused_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> CallSession:
        raise OSError(28, "No space left on device")

    async with working(tmp_path, monkeypatch) as stage:
        first = await stage.call(0)
        with monkeypatch.context() as patch:
            patch.setattr(module, "CallSession", full)
            second = await stage.call(1)
        assert second.did == ["reject 503", "release"] and "No space left" in caplog.text
        third = await stage.call(1)
        assert first.did == third.did == ["ring", "answer"]
        stage.worker._write_refused()
        assert [row["status"] for row in stage.refused()] == [503]


async def test_a_fault_in_one_calls_audio_ends_that_call_and_is_logged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ticked: list[int] = []

    def tick(session: CallSession, heard: Pcm, sent: Pcm) -> None:
        if session.info.sip_call_id == "0@test":
            raise RuntimeError("a bug")
        ticked.append(heard.size)

    monkeypatch.setattr(CallSession, "tick", tick)
    async with working(tmp_path, monkeypatch) as stage:
        first, second = await stage.call(0), await stage.call(1)
        for _ in range(3):
            stage.worker._tick()
        await stage.settle()
        assert ticked == [FRAME] * 3
        assert caplog.text.count("audio failed") == 1
        assert first.did[-2:] == ["hangup", "release"] and second.did == ["ring", "answer"]
    reasons = {json.loads(path.read_text())["end"]["reason"] for path in tmp_path.glob("calls/*/record.json")}
    assert reasons == {"fault", "worker stopped"}


async def test_a_check_that_fails_is_logged_once_and_the_others_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    checked: list[str] = []

    async def check(session: CallSession, now: float) -> None:
        checked.append(session.info.sip_call_id)
        if session.info.sip_call_id == "0@test":
            raise OSError("a bad disk")

    monkeypatch.setattr(CallSession, "check", check)
    monkeypatch.setattr(module, "CHECK_S", 0.0)
    async with working(tmp_path, monkeypatch) as stage:
        await stage.call(0)
        await stage.call(1)
        await stage.settle()
        assert checked.count("1@test") > 2
        assert caplog.text.count("check failed") == 1


async def test_refused_calls_that_can_not_be_written_are_logged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "CHECK_S", 0.0)
    async with working(tmp_path, monkeypatch) as stage:
        (tmp_path / "refused.jsonl").mkdir()
        for _ in range(3):
            stage.transport.offered.put_nowait(Refused(0.0, info(), 486, "all lines busy"))
            await stage.settle()
        assert (await stage.call(0)).did == ["ring", "answer"]
        (tmp_path / "refused.jsonl").rmdir()
        await stage.settle()
        assert caplog.text.count("aren't kept") == 1
        assert [row["not_listed"] for row in stage.refused()] == [3]


async def test_an_engine_that_fails_in_a_new_way_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with working(tmp_path, monkeypatch, [RuntimeError("odd"), KeyError("odder")]) as stage:
        assert stage.transport.accepted == [503, 200]
        assert caplog.text.count("warming the engines failed") == 1
