"""What RFC 3261 promises a caller: calls that are answered, refused, held, and over when they are over."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest
from sip_bot import Bot, BotCall, settings
from sip_peer import Peer, offer

from telephony.sip import NATIVE
from telephony.transport import Confirmed, Ended, Media

pytest_plugins = ["sip_fixtures"]
pytestmark = pytest.mark.sip

NOISE = (4000 * np.random.default_rng(1).standard_normal(8000)).clip(-20000, 20000).astype(np.int16)


def tone(hz: float) -> np.ndarray:
    return (8000 * np.sin(2 * np.pi * hz * np.arange(8000) / 8000)).astype(np.int16)


def strongest_hz(pcm: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(pcm.size)))
    return float(np.argmax(spectrum)) * 8000 / pcm.size


async def test_a_call_is_rung_answered_heard_and_ended(bot: Bot) -> None:
    async with Peer(bot.port) as peer:
        answer = await peer.call()
        assert [m.status for m in peer.kept] == [100, 180]
        assert "PCMU/8000" in answer.body and "telephone-event" in answer.body
        peer.rtp.speak(tone(500))
        await peer.rtp.hear(25)
        assert strongest_hz(await peer.rtp.hear(50)) == pytest.approx(500, abs=10)
        assert (await peer.bye()).status == 200
        call = await bot.call()
        await call.done.wait()
    ended = call.of(Ended)[0]
    assert ended.by == "caller"
    assert [type(e) for e in call.events] == [Media, Confirmed, Ended]
    media = call.of(Media)[0]
    assert (media.codec, media.rate_hz, media.ptime_ms, media.held) == ("PCMU", 8000, 20, False)
    assert media.remote == f"127.0.0.1:{peer.rtp.port}"
    quality = call.leg.quality()
    assert quality.rx_packets >= 75 and quality.tx_packets >= 75 and quality.rx_lost == 0


async def test_the_invite_reaches_the_plan(bot: Bot) -> None:
    headers = (
        "X-Queue: billing\r\nUser-to-User: 00C81031;encoding=hex\r\nSubject: hidden\r\n"
        "Diversion: <sip:+4930111@pbx>;reason=no-answer\r\nP-Asserted-Identity: <sip:+493099@trunk>\r\n"
    )
    async with Peer(bot.port, user="clinic") as peer:
        await peer.call(headers=headers)
        info = (await bot.call()).leg.info
        await peer.bye()
    assert (info.called, info.caller, info.display_name) == ("clinic", "+493012345678", "Ann Example")
    assert info.sip_call_id == peer.call_id
    assert info.peer == f"127.0.0.1:{peer.port}" and info.transport == "udp"
    assert dict(info.headers) == {
        "x-queue": "billing",
        "user-to-user": "00C81031;encoding=hex",
        "diversion": "<sip:+4930111@pbx>;reason=no-answer",
        "p-asserted-identity": "<sip:+493099@trunk>",
    }


async def test_cancel_before_the_answer(bot: Bot) -> None:
    async def never(call: BotCall) -> None:
        await call.leg.ring()

    bot.greet = never
    async with Peer(bot.port) as peer:
        cseq = peer.request("INVITE", offer(peer.rtp.port))
        branch = peer.branch
        await peer.expect(180)
        peer.request("CANCEL", cseq=cseq, branch=branch)
        assert (await peer.final(cseq)).cseq[1] == "CANCEL"
        assert (await peer.expect(487)).cseq[1] == "INVITE"
        call = await bot.call()
        await call.done.wait()
    assert [(e.status, e.by) for e in call.of(Ended)] == [(487, "caller")]


async def test_the_bot_hangs_up(bot: Bot) -> None:
    async with Peer(bot.port) as peer:
        await peer.call()
        call = await bot.call()
        await call.until(Confirmed)
        await call.leg.hangup()
        peer.ok(await peer.expect("BYE"))
        await call.done.wait()
        await call.leg.hangup()
        await call.leg.reject(486)
    assert [(e.status, e.by) for e in call.of(Ended)] == [(200, "bot")]


async def test_an_unanswered_call_is_rejected_with_retry_after(bot: Bot) -> None:
    async def refuse(call: BotCall) -> None:
        await call.leg.reject(480, 30)

    bot.greet = refuse
    async with Peer(bot.port) as peer:
        answer = await peer.call()
        assert (answer.status, answer.header("Retry-After")) == (480, "30")
        call = await bot.call()
        await call.done.wait()
    assert [(e.status, e.by) for e in call.of(Ended)] == [(480, "bot")]


@pytest.mark.parametrize(
    ("offered", "answered"),
    [("sendonly", "recvonly"), ("inactive", "inactive"), ("0.0.0.0", "")],
)
async def test_hold_and_resume(bot: Bot, offered: str, answered: str) -> None:
    """RFC 3264 section 8.4; on hold the bot neither hears nor is heard."""
    async with Peer(bot.port) as peer:
        await peer.call()
        call = await bot.call()
        peer.rtp.speak(tone(500))
        await peer.rtp.hear(20)

        if offered == "0.0.0.0":  # how RFC 2543 did it
            body = offer(peer.rtp.port, version=2).replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0")
        else:
            body = offer(peer.rtp.port, direction=offered, version=2)
        held = await peer.call(body)
        assert f"a={answered}" in held.body
        assert (await call.until(Media, 2)).held
        assert call.leg.rtp_age_s(1e12) == 0.0
        peer.rtp.forget()
        mark = sum(pcm.size for pcm in call.heard)
        before = bot.ticks
        while bot.ticks < before + 25:  # half a second of the bot's own clock
            await asyncio.sleep(0.02)
        deaf = np.concatenate(call.heard)[mark + 3 * 160 :]
        assert deaf.size and not deaf.any()
        silent = peer.rtp.forget()
        assert silent <= 5

        resumed = await peer.call(offer(peer.rtp.port, version=3))
        assert "a=sendrecv" in resumed.body
        assert not (await call.until(Media, 3)).held
        await peer.rtp.hear(25)
        assert strongest_hz(await peer.rtp.hear(50)) == pytest.approx(500, abs=10)
        await peer.bye()


async def test_a_reinvite_that_changes_nothing_connects_nothing_twice(bot: Bot) -> None:
    async with Peer(bot.port) as peer:
        await peer.call()
        peer.rtp.speak(tone(500))
        await peer.rtp.hear(30)
        loud = np.abs(await peer.rtp.hear(30)).max()
        for version in (2, 3, 4):
            assert (await peer.call(offer(peer.rtp.port, version=version))).status == 200
        await peer.rtp.hear(40)
        assert np.abs(await peer.rtp.hear(30)).max() == pytest.approx(loud, rel=0.1)
        await peer.bye()


async def test_delayed_offer(bot: Bot) -> None:
    """An INVITE without SDP: our 200 carries the offer, ACK the answer (RFC 3261 section 13.2.1)."""
    async with Peer(bot.port) as peer:
        cseq = peer.request("INVITE")
        answer = await peer.final(cseq)
        assert answer.status == 200 and "m=audio" in answer.body and "a=sendrecv" in answer.body
        peer.learn(answer)
        peer.request("ACK", offer(peer.rtp.port), cseq=cseq)
        peer.rtp.speak(tone(500))
        await peer.rtp.hear(25)
        assert strongest_hz(await peer.rtp.hear(50)) == pytest.approx(500, abs=10)
        await peer.bye()


async def test_no_codec_fits(bot: Bot) -> None:
    async with Peer(bot.port) as peer:
        assert (await peer.call(offer(peer.rtp.port, "18"))).status == 488
    async with Peer(bot.port) as peer:
        await peer.call()
        assert (await peer.call(offer(peer.rtp.port, "18", version=2))).status == 488
        peer.rtp.speak(tone(500))
        await peer.rtp.hear(30)  # the call goes on as it was
        await peer.bye()
    assert len(bot.calls) == 1


@pytest.mark.parametrize(
    ("formats", "codec"), [("8 101", "PCMA"), ("9 101", "G722"), ("96 101", "opus"), ("9 0", "G722")]
)
async def test_codecs(bot: Bot, formats: str, codec: str) -> None:
    if codec == "opus" and not NATIVE:
        pytest.skip("the PyPI wheel of pjsua2 has no Opus")
    async with Peer(bot.port) as peer:
        assert (await peer.call(offer(peer.rtp.port, formats))).status == 200
        call = await bot.call()
        media = await call.until(Media)
        assert media.codec == codec
        await peer.rtp.packet()
        await peer.bye()


async def test_all_lines_busy() -> None:
    async with Bot(settings(lines=1)).running() as bot, Peer(bot.port) as first, Peer(bot.port) as second:
        await first.call()
        answer = await second.call()
        assert answer.status == 486 and int(answer.header("Retry-After")) > 0
        refused = await bot.refusal()
        assert (refused.status, refused.info.caller) == (486, "+493012345678")
        await first.bye()
        await (await bot.call()).done.wait()
        async with Peer(bot.port) as third:
            assert (await third.call()).status == 200
            await third.bye()


async def test_not_taking_calls_while_a_call_goes_on(bot: Bot) -> None:
    async with Peer(bot.port) as first, Peer(bot.port) as second:
        await first.call()
        first.rtp.speak(NOISE)
        bot.transport.accept(503, 7)
        answer = await second.call()
        assert (answer.status, answer.header("Retry-After")) == (503, "7")
        if NATIVE:
            probe = await second.final(second.request("OPTIONS"))
            assert (probe.status, probe.header("Retry-After")) == (503, "7")
        await first.rtp.hear(20)
        assert (await first.call(offer(first.rtp.port, version=2))).status == 200
        await first.bye()
        bot.transport.accept(200)
        async with Peer(bot.port) as third:
            assert (await third.final(third.request("OPTIONS"))).status == 200


async def test_prack_where_required(bot: Bot) -> None:
    """RFC 3262: a caller who requires reliable provisional responses gets 180 with RSeq, and sends PRACK."""
    async with Peer(bot.port) as peer:
        cseq = peer.request("INVITE", offer(peer.rtp.port), "Require: 100rel\r\n")
        ringing = await peer.expect(180)
        assert "100rel" in ringing.header("Require")
        peer.learn(ringing)
        prack = peer.request("PRACK", headers=f"RAck: {ringing.header('RSeq')} {cseq} INVITE\r\n")
        first, second = await peer.message(), await peer.message()
        assert {first.cseq, second.cseq} == {(prack, "PRACK"), (cseq, "INVITE")}
        assert first.status == second.status == 200
        peer.learn(first if first.cseq[1] == "INVITE" else second)
        peer.request("ACK", cseq=cseq)
        await (await bot.call()).until(Confirmed)
        await peer.bye()


async def test_session_timer(bot: Bot) -> None:
    """RFC 4028: the interval is agreed on, and one that is too short is refused with what we'd take."""
    async with Peer(bot.port) as peer:
        answer = await peer.call(headers="Supported: timer\r\nSession-Expires: 600\r\nMin-SE: 90\r\n")
        assert answer.header("Session-Expires").startswith("600")
        await peer.bye()
    async with Peer(bot.port) as peer:
        answer = await peer.call(headers="Supported: timer\r\nSession-Expires: 60\r\nMin-SE: 60\r\n")
        assert (answer.status, answer.header("Min-SE")) == (422, "90")


async def test_glare(bot: Bot) -> None:
    """A re-INVITE while one is being answered is refused, and the call lives (RFC 3261 section 14.2)."""
    async with Peer(bot.port) as peer:
        await peer.call()
        one = peer.request("INVITE", offer(peer.rtp.port, version=2))
        two = peer.request("INVITE", offer(peer.rtp.port, version=3))
        answers = {}
        while len(answers) < 2:
            message = await peer.message()
            if message.status >= 200:
                answers[message.cseq[0]] = message.status
        assert answers[one] == 200 and answers[two] in (200, 491, 500)
        peer.request("ACK", cseq=one)
        peer.request("ACK", cseq=two)
        assert (await peer.bye()).status == 200


async def test_media_that_moves_by_reinvite(bot: Bot) -> None:
    """A PBX that takes itself out of the media path: RTP goes to the new address and is heard from there."""
    async with Peer(bot.port) as peer, Peer(bot.port) as other:
        await peer.call()
        peer.rtp.speak(tone(500))
        await peer.rtp.hear(25)
        assert (await peer.call(offer(other.rtp.port, version=2))).status == 200
        other.rtp.remote, other.rtp.ssrc = peer.rtp.remote, 0xABCDEF
        await peer.rtp.close()
        other.rtp.speak(tone(1200))
        await other.rtp.hear(25)
        assert strongest_hz(await other.rtp.hear(50)) == pytest.approx(1200, abs=10)
        call = await bot.call()
        assert (await call.until(Media, 2)).remote == f"127.0.0.1:{other.rtp.port}"
        await peer.bye()


@pytest.mark.skipif(not NATIVE, reason="the fallback looks at RTP every two seconds only")
async def test_rtp_that_stops_and_comes_back(bot: Bot) -> None:
    async with Peer(bot.port) as peer:
        await peer.call()
        peer.rtp.speak(tone(500)).set_name("speaker")
        await peer.rtp.hear(25)
        call = await bot.call()
        assert peer.rtp.speaker is not None
        peer.rtp.speaker.cancel()
        await peer.rtp.hear(30)
        silent = call.leg.rtp_age_s(time.monotonic())
        assert silent >= 0.4  # 30 frames of the bot's, less those that were on their way
        peer.rtp.speak(tone(500))
        await peer.rtp.hear(10)
        assert call.leg.rtp_age_s(time.monotonic()) < silent
        await peer.bye()
