"""Addresses, ports, transports and registrars."""

from __future__ import annotations

import asyncio
import hashlib
import re
import socket
import threading

import numpy as np
import pytest
from sip_bot import Bot, free_rtp_port, settings
from sip_peer import PATIENCE_S, Message, Peer, Rtp, offer

from telephony.config import Sip, sip_settings
from telephony.sip import NATIVE, SipTransport
from telephony.transport import Confirmed, Ended, Media, TrunkSettings

pytest_plugins = ["sip_fixtures"]
pytestmark = pytest.mark.sip

native_only = pytest.mark.skipif(not NATIVE, reason="the PyPI wheel of pjsua2 can't")


def tone(hz: float) -> np.ndarray:
    return (8000 * np.sin(2 * np.pi * hz * np.arange(8000) / 8000)).astype(np.int16)


def strongest_hz(pcm: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(pcm.size)))
    return float(np.argmax(spectrum)) * 8000 / pcm.size


async def test_tcp(bot: Bot) -> None:
    async with Rtp_() as rtp:
        reader, writer = await asyncio.open_connection("127.0.0.1", bot.port)

        def send(method: str, to: str, body: str = "", cseq: int = 1) -> None:
            writer.write(
                f"{method} sip:echo@127.0.0.1:{bot.port};transport=tcp SIP/2.0\r\n"
                f"Via: SIP/2.0/TCP 127.0.0.1:5999;branch=z9hG4bK-tcp-{method}-{cseq}\r\nMax-Forwards: 70\r\n"
                f"From: <sip:tcp@127.0.0.1>;tag=1\r\nTo: {to}\r\n"
                f"Call-ID: over-tcp\r\nCSeq: {cseq} {method}\r\n"
                f"Contact: <sip:tcp@127.0.0.1:5999;transport=tcp>\r\nContent-Type: application/sdp\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
            )

        async def final() -> Message:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).decode()
                    length = int(re.search(r"(?i)content-length:\s*(\d+)", head).group(1))  # type: ignore[union-attr]
                    message = Message(head + (await reader.readexactly(length)).decode())
                    if message.status >= 200:
                        return message

        send("INVITE", "<sip:echo@127.0.0.1>", offer(rtp.port))
        answer = await final()
        assert answer.status == 200
        send("ACK", answer.header("To"))
        call = await bot.call()
        await call.until(Confirmed)
        assert call.leg.info.transport == "tcp"
        send("BYE", answer.header("To"), cseq=2)
        assert (await final()).status == 200
        writer.close()


async def test_the_port_is_taken() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        transport = SipTransport(settings(listen_port=port))
        with pytest.raises(OSError, match=rf"127\.0\.0\.1:{port}/udp.*in use"):
            await transport.start()
        await transport.stop()
    async with Bot(settings(listen_port=port)).running() as bot, Peer(bot.port) as peer:
        assert (await peer.call()).status == 200
        await peer.bye()


@pytest.mark.parametrize("fails", ["telephony.sip.resolve", "telephony.sip_stack.sip_config.account_config"])
async def test_a_start_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    threads = set(threading.enumerate())
    with monkeypatch.context() as patch:
        patch.setattr(fails, broken)
        transport = SipTransport(settings(allow=("127.0.0.1",)))
        with pytest.raises(RuntimeError, match="broken"):
            await transport.start()
    assert not [t for t in threading.enumerate() if t not in threads and t.name == "sip"]
    async with Bot(settings()).running() as bot, Peer(bot.port) as peer:
        assert (await peer.call()).status == 200
        await peer.bye()


async def test_public_address() -> None:
    async with Bot(settings(public_host="203.0.113.7")).running() as bot, Peer(bot.port) as peer:
        answer = await peer.call()
        assert "c=IN IP4 203.0.113.7" in answer.body
        assert f"@203.0.113.7:{bot.port}" in answer.header("Contact")
        peer.target = f"sip:echo@127.0.0.1:{bot.port}"
        await peer.bye()


async def test_rtp_stays_in_its_range() -> None:
    made = settings(rtp_port=21_000, rtp_port_range=200)
    async with Bot(made).running() as bot, Peer(bot.port) as one, Peer(bot.port) as two:
        await one.call()
        await two.call()
        ports = {one.rtp.remote[1], two.rtp.remote[1]}
        assert len(ports) == 2 and all(21_000 <= port <= 21_200 and port % 2 == 0 for port in ports)
        await one.bye()
        await two.bye()


async def test_the_fewest_ports_are_enough_for_every_line_and_for_saying_busy() -> None:
    base = free_rtp_port()
    sip = Sip(lines=2, rtp_ports=f"{base}-{base + 5}", listen="127.0.0.1:0")
    async with Bot(sip_settings(sip)).running() as bot, Peer(bot.port) as one, Peer(bot.port) as two:
        assert [(await peer.call()).status for peer in (one, two)] == [200, 200]
        async with Peer(bot.port) as three:
            assert (await three.call()).status == 486
        assert {peer.rtp.remote[1] for peer in (one, two)} <= {base, base + 2, base + 4}
        await one.bye()
        await two.bye()


async def test_dscp() -> None:
    """RFC 4594: EF for audio, CS3 for signalling, or what the configuration says."""
    async with Bot(settings(dscp_rtp=46, dscp_sip=24)).running() as bot:
        sip, rtp = _tos_socket(), _tos_socket()
        port = sip.getsockname()[1]
        sip.sendto(
            (
                f"INVITE sip:echo@127.0.0.1:{bot.port} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKdscp\r\nMax-Forwards: 70\r\n"
                f"From: <sip:a@b>;tag=1\r\nTo: <sip:echo@b>\r\nCall-ID: dscp\r\nCSeq: 1 INVITE\r\n"
                f"Contact: <sip:a@127.0.0.1:{port}>\r\nContent-Type: application/sdp\r\n\r\n"
                + offer(rtp.getsockname()[1])
            ).encode(),
            ("127.0.0.1", bot.port),
        )
        call = await bot.call()
        await call.until(Media)
        assert await _tos(rtp) >> 2 == 46
        assert await _tos(sip) >> 2 == 24
        sip.close()
        rtp.close()


@native_only
async def test_media_follows_a_nated_peer_once_and_then_locks(bot: Bot) -> None:
    """The SDP's address leads nowhere; RTP comes from elsewhere, and later from a thief too."""
    async with Peer(bot.port) as peer, Rtp_() as nowhere, Rtp_() as thief:
        await peer.call(offer(nowhere.port))
        peer.rtp.speak(tone(500))
        await peer.rtp.hear(25)
        thief.remote, thief.ssrc = peer.rtp.remote, 0xBADC0DE
        stealing = thief.speak(tone(1500))
        await peer.rtp.hear(50)
        call = await bot.call()
        call.heard.clear()
        assert strongest_hz(await peer.rtp.hear(50)) == pytest.approx(500, abs=10)
        assert strongest_hz(np.concatenate(call.heard)) == pytest.approx(500, abs=10)
        assert not stealing.done() and thief.forget() == 0
        await peer.bye()
        await call.done.wait()
        assert call.leg.quality().refused >= 50


async def test_sources_that_are_not_allowed() -> None:
    async with Bot(settings(allow=("192.0.2.0/24",))).running() as bot, Peer(bot.port) as peer:
        assert (await peer.call()).status == 403
        assert not bot.calls
    async with Bot(settings(allow=("192.0.2.0/24", "localhost"))).running() as bot, Peer(bot.port) as peer:
        assert (await peer.call()).status == 200
        await peer.bye()


async def test_a_name_that_cannot_be_resolved_lets_nobody_in() -> None:
    async with Bot(settings(allow=("nowhere.invalid",))).running() as bot, Peer(bot.port) as peer:
        assert (await peer.call()).status == 403


async def test_register() -> None:
    """Digest, a first failure that is retried, a refresh, and goodbye; the trunk's calls come in."""
    async with Peer(0) as registrar:
        trunk = TrunkSettings(f"127.0.0.1:{registrar.port}", "bot", "s3cret", expires_s=300)
        assert "s3cret" not in repr(trunk)
        bot = Bot(settings(trunk=trunk))
        accepted: list[Message] = []
        async with bot.running():
            serving = asyncio.create_task(_registrar(registrar, bot.port, accepted))
            async with asyncio.timeout(PATIENCE_S):
                while len(accepted) < 2 or not bot.transport.registration.active:
                    await asyncio.sleep(0.01)
            async with Peer(bot.port) as caller:
                assert (await caller.call()).status == 200
                await caller.bye()
                await (await bot.call()).until(Ended)
        serving.cancel()
    assert all(_digest_is_right(request, "bot", "s3cret") for request in accepted)
    assert [request.header("Expires") for request in accepted[:2]] == ["300", "300"]
    assert accepted[-1].header("Expires") == "0"


async def _registrar(registrar: Peer, port: int, accepted: list[Message]) -> None:
    """Fails once, then challenges who doesn't show a digest, and grants six seconds."""
    request = await registrar.expect("REGISTER")
    _answer(registrar, port, request, "503 Service Unavailable")
    while True:
        request = await registrar.expect("REGISTER")
        if request.header("Authorization"):
            accepted.append(request)
            _answer(registrar, port, request, "200 OK")
        else:
            _answer(registrar, port, request, "401 Unauthorized")


def _answer(registrar: Peer, port: int, request: Message, status: str) -> None:
    head = request.text.partition("\r\n\r\n")[0].split("\r\n")[1:]
    keep = [line for line in head if line.split(":")[0].lower() in ("via", "from", "call-id", "cseq")]
    more = f"To: {request.header('To')};tag=registrar\r\n"
    if status.startswith("401"):
        more += 'WWW-Authenticate: Digest realm="trunk", nonce="n0nce", algorithm=MD5, qop="auth"\r\n'
    if status.startswith("200"):
        more += f"Contact: {request.header('Contact').split(';expires')[0]};expires=6\r\n"
    text = f"SIP/2.0 {status}\r\n" + "\r\n".join(keep) + f"\r\n{more}Content-Length: 0\r\n\r\n"
    registrar._transport.sendto(text.encode(), ("127.0.0.1", port))


def _digest_is_right(request: Message, user: str, password: str) -> bool:
    """RFC 2617 section 3.2.2."""
    found = dict(re.findall(r'(\w+)="?([^",]+)"?', request.header("Authorization")))

    def md5(*parts: str) -> str:
        return hashlib.md5(":".join(parts).encode()).hexdigest()

    one, two = md5(user, "trunk", password), md5("REGISTER", found["uri"])
    return found["response"] == md5(one, found["nonce"], found["nc"], found["cnonce"], found["qop"], two)


class Rtp_(Rtp):
    async def __aenter__(self) -> Rtp:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _tos_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock


async def _tos(sock: socket.socket) -> int:
    """The type-of-service byte of the next packet."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sock, ready.set)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await ready.wait()
        _, ancillary, _, _ = sock.recvmsg(4096, 64)
        return next(data[0] for level, kind, data in ancillary if kind == socket.IP_TOS)
    finally:
        loop.remove_reader(sock)
