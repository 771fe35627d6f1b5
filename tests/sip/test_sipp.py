"""The scenarios of sipp-scenarios/, run by SIPp itself against the user agent."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
from sip_bot import Bot, BotCall, free_rtp_port, settings
from sip_peer import Peer

from telephony.sip import NATIVE
from telephony.transport import Confirmed, Ended, Key, Media

SCENARIOS = Path(__file__).parents[2] / "sipp-scenarios"

pytest_plugins = ["sip_fixtures"]
pytestmark = [
    pytest.mark.sip,
    pytest.mark.skipif(not shutil.which("sipp"), reason="Debian's sip-tester isn't installed"),
]
raw_sockets = pytest.mark.skipif(os.geteuid() != 0, reason="SIPp's play_dtmf needs root")


async def sipp(bot: Bot, name: str, folder: Path, *options: str) -> None:
    """Run one call of scenario `name`; SIPp's own log is shown where it fails."""
    process = await asyncio.create_subprocess_exec(
        "sipp", f"127.0.0.1:{bot.port}", "-sf", SCENARIOS / f"{name}.xml", "-s", "echo", "-m", "1",
        "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(free_port()), "-mp", str(free_rtp_port()),
        "-nostdin", "-timeout", "30", "-timeout_error", "-trace_err", *options,
        cwd=folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, errors = await process.communicate()
    logs = "".join(path.read_text() for path in folder.glob("*_errors.log"))
    assert process.returncode == 0, f"{name}: {process.returncode}\n{errors.decode()}\n{logs}"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


async def test_basic_call_with_speech(bot: Bot, tmp_path: Path) -> None:
    """The echo hears what SIPp plays, at its level."""
    made = await asyncio.create_subprocess_exec(
        sys.executable, SCENARIOS / "make_audio.py", tmp_path / "speech.ulaw",
        env=os.environ | {"PYTHONPATH": str(SCENARIOS.parent)},
    )  # fmt: skip
    assert await made.wait() == 0
    await sipp(bot, "basic-speech", tmp_path)
    call = await bot.call()
    await call.done.wait()
    heard = np.concatenate(call.heard).astype(float)
    assert heard.size >= 4 * 8000
    assert np.sqrt(np.mean(heard**2)) > 500
    quality = call.leg.quality()
    assert quality.rx_packets > 200 and quality.tx_packets > 200


@raw_sockets
@pytest.mark.skipif(not NATIVE, reason="the fallback takes pjsua's own receiver")
async def test_keys_by_rfc4733(bot: Bot, tmp_path: Path) -> None:
    await sipp(bot, "keys-rfc4733", tmp_path)
    assert await keys(bot) == [("1", "rfc4733"), ("2", "rfc4733"), ("3", "rfc4733"), ("#", "rfc4733")]


async def test_keys_by_info(bot: Bot, tmp_path: Path) -> None:
    await sipp(bot, "keys-info", tmp_path)
    assert await keys(bot) == [("4", "info"), ("5", "info"), ("*", "info")]


async def keys(bot: Bot) -> list[tuple[str, str]]:
    call = await bot.call()
    await call.until(Ended)
    return [(key.symbol, key.method) for key in call.events if isinstance(key, Key)]


async def test_cancel(bot: Bot, tmp_path: Path) -> None:
    async def only_ring(call: BotCall) -> None:
        await call.leg.ring()

    bot.greet = only_ring
    await sipp(bot, "cancel", tmp_path)
    call = await bot.call()
    ended = await call.until(Ended)
    assert isinstance(ended, Ended) and (ended.status, ended.by) == (487, "caller")


async def test_hold_and_resume(bot: Bot, tmp_path: Path) -> None:
    await sipp(bot, "hold-resume", tmp_path)
    call = await bot.call()
    await call.until(Ended)
    assert [event.held for event in call.events if isinstance(event, Media)] == [False, True, True, False]


@pytest.mark.parametrize("name", ["delayed-offer", "prack"])
async def test_other_ways_to_begin(bot: Bot, tmp_path: Path, name: str) -> None:
    await sipp(bot, name, tmp_path)
    call = await bot.call()
    await call.until(Ended)
    assert len(call.of(Confirmed)) == 1 and call.of(Media)


async def test_no_codec_fits(bot: Bot, tmp_path: Path) -> None:
    await sipp(bot, "no-codec", tmp_path)
    assert not bot.calls


async def test_options(bot: Bot, tmp_path: Path) -> None:
    await sipp(bot, "options", tmp_path)


async def test_busy(tmp_path: Path) -> None:
    async with Bot(settings(lines=1)).running() as bot, Peer(bot.port) as peer:
        await peer.call()
        await sipp(bot, "busy", tmp_path)
        assert (await bot.refusal()).status == 486
        await peer.bye()


@pytest.mark.skipif(not NATIVE, reason="the PyPI wheel of pjsua2 always answers OPTIONS with 200")
async def test_drain(bot: Bot, tmp_path: Path) -> None:
    """A live call goes on, and ends as it likes, while new ones are sent elsewhere."""
    async with Peer(bot.port) as peer:
        await peer.call()
        peer.rtp.speak(np.zeros(1600, np.int16))
        bot.transport.accept(503, 5)
        await sipp(bot, "drain", tmp_path)
        await peer.rtp.hear(20)
        assert (await peer.bye()).status == 200


async def test_over_tcp(bot: Bot, tmp_path: Path) -> None:
    await sipp(bot, "delayed-offer", tmp_path, "-t", "t1")
    call = await bot.call()
    await call.until(Ended)
    assert call.leg.info.transport == "tcp"
