"""A session owns its call: whatever its leg, its plan or its caller do, it ends and leaves its record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
import pytest
from fake_line import FRAME, RATE
from stage import HELD, MEDIA, Stage

from brain import journal
from dialplans.call import Call
from media.dtmf import DtmfDetector, KeyDown
from media.frame import level_dbfs
from media.recorder import Recorder, wav_header
from media.sound import read_wav
from telephony import call_audio, records
from telephony.records import open_private
from telephony.state import CallState
from telephony.transport import Ended, Key


async def wait(call: Call) -> None:
    await asyncio.Event().wait()


async def test_a_plan_that_ends_hangs_up(tmp_path: Path) -> None:
    async def journey(call: Call) -> None:
        call.note("name", "Ann")

    stage = Stage(tmp_path, journey)
    await stage.settle()
    assert stage.leg.did == ["ring", "answer"] and stage.session.state is CallState.ANSWERED
    await stage.up()
    record = await stage.over()
    assert stage.leg.did == ["ring", "answer", "hangup", "release"]
    assert record["slots"] == {"name": "Ann"}
    assert record["end"] == {"by": "bot", "status": 200, "reason": "plan ended"}
    assert (record["codec"], record["quality"]["rx_packets"], record["duration_s"]) == ("PCMU", 3, 0.0)


async def test_a_caller_who_leaves_before_the_ack_never_meets_the_plan(tmp_path: Path) -> None:
    async def journey(call: Call) -> None:
        raise AssertionError("the call was never up")

    stage = Stage(tmp_path, journey)
    await stage.settle()
    stage.leg.leave()
    record = await stage.over()
    assert record["end"]["by"] == "caller" and "hangup" not in stage.leg.did


async def test_a_caller_who_leaves_while_it_rings(tmp_path: Path) -> None:
    stage = Stage(tmp_path, wait)
    stage.leg.gone = True
    stage.leg.post(Ended(0.0, 487, "Request Terminated", "caller"))
    record = await stage.over()
    assert record["answered_at"] is None and record["end"]["status"] == 487


async def test_a_caller_who_leaves_ends_the_plan(tmp_path: Path) -> None:
    cancelled = asyncio.Event()

    async def journey(call: Call) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    stage = Stage(tmp_path, journey)
    await stage.up()
    stage.leg.leave()
    record = await stage.over()
    assert cancelled.is_set() and record["end"]["by"] == "caller"


async def test_a_fault_of_ours_ends_this_call_and_is_seen(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def journey(call: Call) -> None:
        raise RuntimeError("a bug")

    stage = Stage(tmp_path, journey)
    await stage.up()
    record = await stage.over()
    assert record["end"]["reason"] == "fault" and "hangup" in stage.leg.did
    assert "a bug" in caplog.text


async def test_a_voice_that_fails_does_not_end_the_call(tmp_path: Path) -> None:
    async def journey(call: Call) -> None:
        spoken = await call.say("Hello.")
        call.note("complete", str(spoken.complete))

    stage = Stage(tmp_path, journey)
    stage.tts.failure = "broken"
    await stage.up()
    record = await stage.over()
    assert record["slots"] == {"complete": "False"} and record["end"]["reason"] == "plan ended"
    assert record["errors"] == ["tts: broken"]


async def test_what_is_said_is_recorded_on_the_right(tmp_path: Path) -> None:
    async def journey(call: Call) -> None:
        await call.say("Hi.")
        await asyncio.Event().wait()

    stage = Stage(tmp_path, journey)
    await stage.up()
    await stage.pass_time(20, level=1000)
    stage.leg.leave()
    record = await stage.over()
    assert record["said"][0]["text"] == "Hi." and record["said"][0]["complete"]
    folder = stage.session.folder.path
    both = np.frombuffer((folder / "recording.wav").read_bytes()[44:], "<i2").reshape(-1, 2)
    assert read_wav(folder / "recording.wav")[1] == RATE
    assert (both[: 19 * FRAME, 0] == 1000).all()
    said = np.concatenate(stage.lines.heard)
    start, heard = np.flatnonzero(both[:, 1])[0], np.flatnonzero(said)[0]
    assert np.array_equal(both[start : start + 8 * FRAME, 1], said[heard : heard + 8 * FRAME])
    assert journal.replay((folder / "journal.jsonl").read_text().splitlines()) == []


async def test_an_echo_sends_back_what_it_hears_and_keeps_nothing_of_a_hold(tmp_path: Path) -> None:
    async def journey(call: Call) -> None:
        await call.echo()

    stage = Stage(tmp_path, journey)
    await stage.up()
    await stage.pass_time(5, level=77)
    assert (np.concatenate(stage.lines.heard[1:]) == 77).all()
    stage.leg.post(HELD)
    await stage.settle()
    assert stage.session.state is CallState.HELD
    stage.lines.held = True
    await stage.pass_time(100, level=88)
    assert stage.lines.waiting <= 8
    stage.lines.held = False
    stage.leg.post(MEDIA)
    await stage.settle()
    await stage.pass_time(20, level=99)
    assert (stage.lines.heard[-1] == 99).all()
    stage.leg.leave()
    await stage.over()


async def test_a_call_that_begins_on_hold_is_held(tmp_path: Path) -> None:
    async def journey(call: Call) -> None:
        await call.say("Hi.")
        await asyncio.Event().wait()

    stage = Stage(tmp_path, journey)
    await stage.up(HELD)
    assert stage.session.state is CallState.HELD
    await stage.pass_time(10)
    assert not np.concatenate(stage.lines.heard).any()
    stage.leg.post(MEDIA)
    await stage.settle()
    await stage.pass_time(20)
    assert np.concatenate(stage.lines.heard).any()
    stage.leg.leave()
    record = await stage.over()
    assert record["said"][0]["complete"]
    lines = (stage.session.folder.path / "journal.jsonl").read_text().splitlines()
    assert journal.replay(lines) == []


async def test_a_bed_sounds_where_nobody_speaks_and_lies_one_frame_ahead(tmp_path: Path) -> None:
    path = tmp_path / "room.wav"
    tone = 3000 * np.sin(2 * np.pi * 400 * np.arange(2 * RATE) / RATE)
    path.write_bytes(wav_header(RATE, 1, 2 * RATE * 2) + tone.astype("<i2").tobytes())

    async def journey(call: Call) -> None:
        call.bed(path, -20.0)
        await wait(call)

    stage = Stage(tmp_path, journey)
    await stage.up()
    await stage.pass_time(40)
    assert stage.lines.waiting == 1
    heard = np.concatenate(stage.lines.heard)
    assert -42 < level_dbfs(heard[-5 * FRAME :]) < -36  # 20 dB under the loudness of speech
    stage.leg.leave()
    await stage.over()
    both = np.frombuffer((stage.session.folder.path / "recording.wav").read_bytes()[44:], "<i2").reshape(-1, 2)
    assert np.array_equal(both[:, 1], heard[: len(both)])


async def test_keys_are_pressed_by_the_leg_or_played(tmp_path: Path) -> None:
    async def journey(call: Call) -> None:
        assert await call.press("12", "info")
        assert await call.press("5", "inband")

    stage = Stage(tmp_path, journey)
    await stage.up()
    await stage.pass_time(30)
    await stage.over()
    assert "press 12 by info" in stage.leg.did
    detector = DtmfDetector(RATE)
    found = [event for n, frame in enumerate(stage.lines.heard) for event in detector.feed(frame, n * FRAME)]
    assert [event.symbol for event in found if isinstance(event, KeyDown)] == ["5"]


@pytest.mark.parametrize(("status", "reason"), [(200, "transferred"), (603, "plan ended"), (408, "plan ended")])
async def test_a_transfer_ends_the_plan_only_if_it_is_taken(tmp_path: Path, status: int, reason: str) -> None:
    async def journey(call: Call) -> None:
        assert not await call.transfer("sip:desk@example.net")

    stage = Stage(tmp_path, journey)
    stage.leg.transfer_status = status
    await stage.up()
    record = await stage.over()
    assert record["end"]["reason"] == reason and "refer sip:desk@example.net" in stage.leg.did


async def test_rtp_that_stops_ends_the_call_but_not_on_hold(tmp_path: Path) -> None:
    stage = Stage(tmp_path, wait, rtp_timeout_s=10.0)
    await stage.up()
    stage.leg.age_s = 9.0
    await stage.session.check(0.0)
    stage.leg.post(HELD)
    await stage.settle()
    stage.leg.age_s = 11.0
    await stage.session.check(0.0)
    assert "hangup" not in stage.leg.did
    stage.leg.post(MEDIA)
    await stage.settle()
    await stage.session.check(0.0)
    assert (await stage.over())["end"]["reason"] == "no RTP"


async def test_keys_reach_the_turns_once_the_call_is_up(tmp_path: Path) -> None:
    stage = Stage(tmp_path, wait)
    await stage.settle()
    stage.leg.post(Key(0.0, "1", "rfc4733"))  # before the ACK: nobody is there to take it
    await stage.up()
    stage.leg.post(Key(0.0, "2", "info"))
    await stage.settle()
    stage.leg.leave()
    await stage.over()
    text = (stage.session.folder.path / "journal.jsonl").read_text()
    assert text.count("KeyPressed") == 1


async def test_cancelling_a_session_hangs_up(tmp_path: Path) -> None:
    stage = Stage(tmp_path, wait)
    await stage.up()
    stage.running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stage.running
    assert stage.leg.did[-2:] == ["hangup", "release"]
    assert (stage.session.folder.path / "record.json").is_file()


async def test_without_recordings_there_is_no_recording(tmp_path: Path) -> None:
    async def journey(call: Call) -> None:
        return

    stage = Stage(tmp_path, journey, recordings=False)
    await stage.up()
    await stage.over()
    assert not (stage.session.folder.path / "recording.wav").exists()


async def test_a_check_that_comes_after_the_end_does_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path, wait, rtp_timeout_s=10.0)
    await stage.up()
    stage.leg.leave()
    await stage.over()
    did = list(stage.leg.did)
    stage.leg.age_s = 11.0
    await stage.session.check(0.0)
    assert stage.leg.did == did


FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")


def full_disk(name: str) -> Callable[..., IO[Any]]:
    """`open_private` where writing the file `name` finds the disk full."""

    def opened(path: Path, mode: str = "w") -> IO[Any]:
        if path.name != name:
            return open_private(path, mode)
        return open("/dev/full", mode.replace("+", ""), buffering=-1 if "b" in mode else 1)

    return opened


@FULL
async def test_a_full_disk_ends_the_recording_and_not_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late(Recorder):
        """Its header went through: the disk is full from the first second on."""

        def __init__(self, file: BinaryIO, rate_hz: int) -> None:
            super().__init__(BytesIO(), rate_hz)
            self._file = file

    monkeypatch.setattr(call_audio, "open_private", full_disk("recording.wav"))
    monkeypatch.setattr(call_audio, "Recorder", Late)
    stage = Stage(tmp_path, wait)
    await stage.up()
    await stage.pass_time(120)
    assert stage.session.state is CallState.UP
    stage.leg.leave()
    assert (await stage.over())["errors"] == ["recording.wav: No space left on device"]


@FULL
async def test_a_recording_that_can_not_begin_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_audio, "open_private", full_disk("recording.wav"))
    stage = Stage(tmp_path, wait)
    await stage.up()
    await stage.pass_time(60)
    stage.leg.leave()
    record = await stage.over()
    assert record["end"]["by"] == "caller"
    assert record["errors"] == ["recording.wav: No space left on device"]


@FULL
async def test_a_full_disk_ends_the_journal_and_not_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "open_private", full_disk("journal.jsonl"))
    stage = Stage(tmp_path, wait)
    await stage.up()
    await stage.session.check(0.0)
    assert stage.session.state is CallState.UP
    stage.leg.leave()
    assert (await stage.over())["errors"] == ["journal.jsonl: No space left on device"]


async def test_a_leg_that_can_not_be_followed_is_hung_up(tmp_path: Path) -> None:
    stage = Stage(tmp_path, wait)
    await stage.up()
    stage.leg.post(Key(0.0, "1", "no such way"))
    with pytest.raises(ExceptionGroup):
        await stage.running
    assert stage.leg.did[-2:] == ["hangup", "release"]


async def test_underruns_are_counted_while_the_bot_speaks_and_never_while_it_is_silent(tmp_path: Path) -> None:
    async def journey(call: Call) -> None:
        for _ in range(3):
            await call.say("A sentence.")
        await wait(call)

    stage = Stage(tmp_path, journey)
    await stage.up()
    await stage.pass_time(10)
    for _ in range(3):
        stage.lines.tick()  # the clock goes on, and the loop doesn't come
    await stage.pass_time(240)
    stage.leg.leave()
    record = await stage.over()
    assert len(record["said"]) == 3 and record["said"][-1]["complete"]
    assert record["quality"]["underruns"] == 1
