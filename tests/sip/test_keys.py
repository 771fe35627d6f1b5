"""Each key exactly once, whichever way it comes."""

from __future__ import annotations

import struct

import pytest
from sip_bot import Bot, BotCall
from sip_peer import EVENT, Peer

from telephony.sip import NATIVE
from telephony.transport import Ended, Key

pytest_plugins = ["sip_fixtures"]
pytestmark = pytest.mark.sip


async def keys(call: BotCall) -> list[tuple[str, str]]:
    """All keys of a call that is over."""
    await call.until(Ended)
    return [(key.symbol, key.method) for key in call.events if isinstance(key, Key)]


async def test_rfc4733(bot: Bot) -> None:
    async with Peer(bot.port) as peer:
        await peer.call()
        call = await bot.call()
        for n, symbol in enumerate("0123456789*#ABCD55", 1):
            peer.rtp.key(symbol)
            await call.until(Key, n)
        await peer.bye()
        assert await keys(call) == [(symbol, "rfc4733") for symbol in "0123456789*#ABCD55"]


@pytest.mark.skipif(not NATIVE, reason="pjsua's own receiver, the fallback's, gets this wrong")
async def test_rfc4733_out_of_order_and_past_the_longest_duration(bot: Bot) -> None:
    async with Peer(bot.port) as peer:
        await peer.call()
        call = await bot.call()
        peer.rtp.key("7")
        await call.until(Key, 1)
        # A straggler of the 7 after the 8 has begun.
        old = peer.rtp.timestamp - 160 * 45
        start = peer.rtp.timestamp
        peer.rtp.send(struct.pack("!BBH", 8, 10, 160), EVENT, True)
        peer.rtp.send(struct.pack("!BBH", 7, 0x8A, 960), EVENT, timestamp=old)
        for n in range(2, 6):
            peer.rtp.send(struct.pack("!BBH", 8, 10, n * 160), EVENT)
        # Held past 0xFFFF: a new segment under a new timestamp without a marker (RFC 4733 section 2.5.1.3).
        peer.rtp.send(struct.pack("!BBH", 8, 10, 0xFFFF), EVENT)
        peer.rtp.timestamp = start + 0xFFFF
        peer.rtp.send(struct.pack("!BBH", 8, 10, 160), EVENT)
        for _ in range(3):
            peer.rtp.send(struct.pack("!BBH", 8, 0x8A, 320), EVENT)
        peer.rtp.timestamp += 8000
        peer.rtp.key("9")
        await call.until(Key, 3)
        await peer.bye()
        assert [symbol for symbol, _ in await keys(call)] == ["7", "8", "9"]


@pytest.mark.parametrize(
    ("kind", "body", "symbol"),
    [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", "Signal= *\r\nDuration= 250\r\n", "*"),
        ("application/dtmf-relay", "Signal=11\r\n", "#"),
        ("application/dtmf", "3", "3"),
        ("application/dtmf", "Signal=d", "D"),
        ("application/dtmf-relay", "5", "5"),
    ],
)
async def test_info(bot: Bot, kind: str, body: str, symbol: str) -> None:
    async with Peer(bot.port) as peer:
        await peer.call()
        cseq = peer.request("INFO", body, kind=kind)
        answer = await peer.final(cseq)
        # pjsua alone knows no application/dtmf: it says 500, but the key has been read.
        assert answer.status == 200 or not NATIVE
        peer.request("INFO", body, kind=kind, cseq=cseq, branch=peer.branch)  # sent again: no second key
        assert (await peer.final(cseq)).status == answer.status
        call = await bot.call()
        await call.until(Key)
        await peer.bye()
        assert await keys(call) == [(symbol, "info")]


async def test_info_that_is_no_key(bot: Bot) -> None:
    async with Peer(bot.port) as peer:
        await peer.call()
        nothing = [
            ("application/dtmf-relay", "Signal=\r\n", 200),
            ("text/plain", "5", 415),
            ("application/dtmf", "", 200),
        ]
        for kind, body, status in nothing:
            answer = await peer.final(peer.request("INFO", body, kind=kind))
            assert answer.status == status or not NATIVE
        await peer.bye()
        assert await keys(await bot.call()) == []
