"""Keys that the bot presses, for machines at the other end: as telephone-events and as SIP INFO."""

from __future__ import annotations

import asyncio

import pytest
from sip_bot import Bot
from sip_peer import Peer

from media.telephone_event import SYMBOLS, TelephoneEventReceiver, parse_event
from telephony.transport import Confirmed

pytest_plugins = ["sip_fixtures"]
pytestmark = pytest.mark.sip

TELEPHONE_EVENT = 101


async def test_telephone_events_are_pressed_each_once_and_in_order(bot: Bot) -> None:
    async with Peer(bot.port) as peer:
        await peer.call()
        call = await bot.call()
        await call.until(Confirmed)
        pressing = asyncio.create_task(call.leg.press("12#A", "rfc4733"))
        receiver, got, ended = TelephoneEventReceiver(), "", set()
        while not pressing.done():
            data, at = await peer.rtp.packet()
            if data[1] & 0x7F != TELEPHONE_EVENT:
                continue
            sequence, timestamp = int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:8], "big")
            event = parse_event(data[12:])
            if event.end:
                ended.add(timestamp)
            ssrc, marker = int.from_bytes(data[8:12], "big"), bool(data[1] & 0x80)
            for digit in receiver.receive(
                event.event, event.end, event.duration, timestamp, sequence, marker, ssrc, at
            ):
                got += digit.symbol
        assert await pressing
        assert got == "12#A" and len(ended) == 4
        assert set(got) <= set(SYMBOLS)
        await peer.bye()


async def test_info_carries_a_key_each(bot: Bot) -> None:
    async with Peer(bot.port) as peer:
        await peer.call()
        call = await bot.call()
        await call.until(Confirmed)
        pressing = asyncio.create_task(call.leg.press("4*", "info"))
        bodies = []
        for _ in range(2):
            info = await peer.expect("INFO")
            peer.ok(info)
            bodies.append((info.header("Content-Type"), info.body.splitlines()[0].replace(" ", "")))
        assert await pressing
        assert bodies == [("application/dtmf-relay", "Signal=4"), ("application/dtmf-relay", "Signal=*")]
        await peer.bye()
