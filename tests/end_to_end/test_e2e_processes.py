"""The processes of `offhook serve`: starting, draining, dying and coming back, with callers on the line."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from e2e_bot import SCRIPTED, Bot, alive, arun, children, serving, until
from e2e_calls import calling, kept
from e2e_engines import FakeLlm, FakeSpeech, settings

from media.frame import Pcm
from telephony.caller.call import Caller
from telephony.caller.diary import CallOver
from telephony.caller.events import Rejected
from telephony.caller.media_clock import MediaClock
from telephony.caller.options import CallOptions

pytestmark = pytest.mark.sip


async def refused(bot: Bot, clock: MediaClock) -> Rejected:
    """How the bot refuses a call now."""
    async with Caller(bot.uri("echo"), CallOptions(), clock) as caller:
        with pytest.raises(CallOver) as over:
            await caller.dial()
    assert isinstance(over.value.event, Rejected)
    return over.value.event


async def test_a_full_bot_refuses_and_a_draining_one_finishes(
    tmp_path: Path, clock: MediaClock, speech: FakeSpeech, cache: Mapping[str, str]
) -> None:
    config = settings(speech.address, "", sip={"lines": 1})
    with serving(tmp_path, config, environment=cache) as bot:
        async with calling(bot, "keys", clock) as live:
            assert (await refused(bot, clock)).status == 486
            [row] = await until(bot.refused)
            assert (row["status"], row["called"]) == (486, "echo")
            bot.process.send_signal(signal.SIGTERM)
            await until(lambda: bot.status() == 503)
            refusal = await refused(bot, clock)
            assert refusal.status == 503 and int(refusal.retry_after) > 0
            await live.press("1234")  # the live call goes on to its end
            await live.wait_for_end(20)
        assert await asyncio.to_thread(bot.process.wait, 20) == 0
        record = await kept(bot, live)
        assert record["slots"]["number"] == "1234" and record["end"]["reason"] == "done"


async def test_a_second_signal_hurries(
    tmp_path: Path, clock: MediaClock, speech: FakeSpeech, cache: Mapping[str, str]
) -> None:
    with serving(tmp_path, settings(speech.address, ""), environment=cache) as bot:
        worker = bot.worker
        async with calling(bot, "echo", clock) as live:
            bot.process.send_signal(signal.SIGTERM)
            await until(lambda: bot.status() == 503)
            bot.process.send_signal(signal.SIGTERM)
            assert (await live.wait_for_end(20)).by == "callee"  # hung up, not dropped
        assert await asyncio.to_thread(bot.process.wait, 20) == 0
        assert not alive(worker)
        assert (await kept(bot, live))["end"]["reason"] == "worker stopped"


async def test_the_limit_of_draining_ends_the_last_call(
    tmp_path: Path, clock: MediaClock, speech: FakeSpeech, cache: Mapping[str, str]
) -> None:
    with serving(tmp_path, settings(speech.address, "", drain_s=0.5), environment=cache) as bot:
        async with calling(bot, "echo", clock) as live:
            bot.process.send_signal(signal.SIGTERM)
            ended = await live.wait_for_end(20)
        assert ended.by == "callee"
        assert await asyncio.to_thread(bot.process.wait, 20) == 0
        record = await kept(bot, live)
        assert (record["end"]["by"], record["end"]["reason"]) == ("bot", "worker stopped")


async def test_calls_are_refused_until_every_engine_is_warm(
    tmp_path: Path, clock: MediaClock, cache: Mapping[str, str]
) -> None:
    with FakeSpeech().running() as cold, FakeLlm().running() as llm:
        cold.stt.failure = "still loading"
        with serving(tmp_path, settings(cold.address, llm.url), environment=cache, warm=False) as bot:
            await asyncio.to_thread(bot.wait_for, 503)
            refusal = await refused(bot, clock)
            assert refusal.status == 503 and int(refusal.retry_after) > 0
            cold.stt.failure = None
            await asyncio.to_thread(bot.wait_for, 200)
            assert llm.asked  # its prompt has been read
            async with calling(bot, "echo", clock) as caller:
                await caller.hangup()
            await kept(bot, caller)


async def test_what_dies_is_started_again(
    tmp_path: Path, clock: MediaClock, cache: Mapping[str, str], words: Pcm
) -> None:
    """The speech server in a call, which goes on by keys; then the worker; then all with the supervisor."""
    with serving(tmp_path, settings("", ""), SCRIPTED, cache) as bot:
        dead = bot.child("brain.speech_server")
        assert dead is not None
        async with calling(bot, "ask", clock) as caller:
            await caller.wait_for_bot_silence(300)
            os.kill(dead, signal.SIGKILL)
            await until(lambda: not alive(dead))
            await caller.press("2")
            await caller.wait_for_end(30)
        record = await kept(bot, caller)
        assert record["slots"]["answer"] == "no" and record["end"]["by"] == "bot"

        await until(lambda: bot.child("brain.speech_server") not in (None, dead) or None)
        await until(lambda: "the speech server is warm again" in bot.output)
        await heard_again(bot, clock, words)

        worker = bot.worker
        os.kill(worker, signal.SIGKILL)
        await until(lambda: bot.child("telephony.worker") not in (None, worker) or None)
        await asyncio.to_thread(bot.wait_for, 200)
        async with calling(bot, "ask", clock) as caller:
            await caller.wait_for_bot_silence(300)
            await caller.say(words)
            await caller.wait_for_end(30)
        assert (await kept(bot, caller))["slots"]["answer"] == "yes"

        family = children(bot.process.pid)
        assert len(family) == 2
        bot.process.kill()
        await until(lambda: not any(map(alive, family)))


async def heard_again(bot: Bot, clock: MediaClock, words: Pcm) -> None:
    """Calls until one is understood: the speech server is on its way up."""
    async with asyncio.timeout(60):
        while True:
            async with calling(bot, "ask", clock) as caller:
                await caller.wait_for_bot_silence(300)
                await caller.say(words)
                with suppress(CallOver):
                    await caller.wait_for_bot_onset()  # it says goodbye, or asks for keys
                    await caller.press("2")
                    await caller.wait_for_end(30)
            if (await kept(bot, caller))["slots"]["answer"] == "yes":
                return


async def test_the_commands_read_what_a_call_left(bot: Bot, clock: MediaClock) -> None:
    async with calling(bot, "keys", clock, caller="sip:+4930123456@pbx") as caller:
        await caller.wait_for_bot_onset()
        await caller.press("9876", "info")
        await caller.wait_for_end(20)
    record = await kept(bot, caller)
    call = record["call"]

    trace = await arun("trace", call, "--data", str(bot.data), "--messages")
    assert trace.returncode == 0, trace.stderr
    for part in ("INVITE", "180 Ringing", "200 OK (INVITE)", "ACK", "INFO", "BYE", "a=rtpmap", "RTP in", "RTP out"):
        assert part in trace.stdout, part
    assert "30123456" not in trace.stdout and "Signal=9" not in trace.stdout

    replay = await arun("replay", str(record["folder"]))
    assert replay.returncode == 0 and "the same actions" in replay.stdout

    journal = record["folder"] / "journal.jsonl"
    changed = record["folder"] / "changed.jsonl"
    changed.write_text(journal.read_text().replace('"max_digits": 4', '"max_digits": 5'))
    differing = await arun("replay", str(changed))
    assert differing.returncode == 1 and "differently" in differing.stdout
    assert (await arun("trace", "no-such-call", "--data", str(bot.data))).returncode == 2
    assert (await arun("replay", str(record["folder"] / "no-such-file"))).returncode == 2
