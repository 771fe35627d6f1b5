"""REFER (RFC 3515): ours with its result, and the caller's, which is refused."""

from __future__ import annotations

import asyncio

import pytest
from sip_bot import Bot, settings
from sip_peer import Message, Peer, offer

from dialplans.call import CallEnded
from telephony.transport import Confirmed

pytest_plugins = ["sip_fixtures"]
pytestmark = pytest.mark.sip


def notify(peer: Peer, refer: Message, status: str, state: str) -> int:
    headers = f"Event: refer\r\nSubscription-State: {state}\r\n"
    return peer.request("NOTIFY", f"SIP/2.0 {status}\r\n", headers, kind="message/sipfrag;version=2.0")


async def transfer(bot: Bot, peer: Peer) -> tuple[asyncio.Task[int], Message]:
    await peer.call()
    call = await bot.call(len(bot.calls) - 1 if bot.calls else 0)
    await call.until(Confirmed)
    task = asyncio.create_task(call.leg.refer("sip:desk@127.0.0.1"))
    return task, await peer.expect("REFER")


async def test_a_transfer_that_works(bot: Bot) -> None:
    async with Peer(bot.port) as peer:
        task, refer = await transfer(bot, peer)
        assert "sip:desk@127.0.0.1" in refer.header("Refer-To")
        peer.raw(accepted(peer, refer))
        assert (await peer.final(notify(peer, refer, "180 Ringing", "active;expires=60"))).status == 200
        assert not task.done()
        assert (await peer.final(notify(peer, refer, "200 OK", "terminated;reason=noresource"))).status == 200
        assert await task == 200
        await peer.bye()


async def test_a_transfer_that_fails_leaves_the_call(bot: Bot) -> None:
    async with Peer(bot.port) as peer:
        task, refer = await transfer(bot, peer)
        peer.raw(accepted(peer, refer))
        await peer.final(notify(peer, refer, "486 Busy Here", "terminated;reason=noresource"))
        assert await task == 486
        assert (await peer.call(offer(peer.rtp.port, version=2))).status == 200
        await peer.bye()


async def test_a_transfer_that_is_refused(bot: Bot) -> None:
    async with Peer(bot.port) as peer:
        task, refer = await transfer(bot, peer)
        peer.raw(accepted(peer, refer).replace("202 Accepted", "603 Decline"))
        assert await task == 603
        await peer.bye()


async def test_hanging_up_after_a_transfer_was_accepted_counts_as_transferred(bot: Bot) -> None:
    async with Peer(bot.port) as peer:
        task, refer = await transfer(bot, peer)
        peer.raw(accepted(peer, refer))
        await peer.final(notify(peer, refer, "100 Trying", "active;expires=60"))
        await peer.bye()
        assert await task == 200


async def test_hanging_up_before_that_ends_the_call(bot: Bot) -> None:
    async with Peer(bot.port) as peer:
        task, _ = await transfer(bot, peer)
        await peer.bye()
        with pytest.raises(CallEnded) as ended:
            await task
        assert ended.value.by == "caller"


@pytest.mark.parametrize("target", ["not a uri", "", "sip:a@b\r\nX: y", "desk"])
async def test_a_target_that_is_no_uri(bot: Bot, target: str) -> None:
    async with Peer(bot.port) as peer:
        await peer.call()
        call = await bot.call()
        await call.until(Confirmed)
        assert await call.leg.refer(target) == 400
        await peer.bye()


async def test_a_caller_may_not_make_us_dial() -> None:
    """RFC 3515 from the caller, in a call and out of one, and an INVITE that would replace a call."""
    async with Bot(settings()).running() as bot, Peer(bot.port) as peer, Peer(bot.port) as thief:
        await peer.call()
        refer = await peer.final(peer.request("REFER", headers="Refer-To: <sip:+4990012345@127.0.0.1>\r\n"))
        assert refer.status >= 400
        thief.request("REFER", headers=f"Refer-To: <sip:+4990012345@127.0.0.1:{thief.port}>\r\n")
        dialog = f"{peer.call_id};to-tag={peer.to.partition('tag=')[2]};from-tag=t{peer.number}"
        stolen = await thief.call(headers=f"Replaces: {dialog}\r\nRequire: replaces\r\n")
        assert stolen.status >= 400
        assert not [message for message in thief.kept if message.method == "INVITE"]
        assert (await peer.call(offer(peer.rtp.port, version=2))).status == 200
        await peer.bye()
        assert len(bot.calls) == 1


def accepted(peer: Peer, request: Message) -> str:
    """202 to a REFER of the bot's."""
    head = request.text.partition("\r\n\r\n")[0].split("\r\n")[1:]
    keep = [h for h in head if h.split(":")[0].lower() in ("via", "from", "to", "call-id", "cseq")]
    return (
        "SIP/2.0 202 Accepted\r\n" + "\r\n".join(keep) + f"\r\nContact: <sip:peer@127.0.0.1:{peer.port}>\r\n"
        "Content-Length: 0\r\n\r\n"
    )
