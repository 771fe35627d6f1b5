"""RTP that is wrong, hostile, or merely unusual: what the bot hears of it, over real sockets and pjmedia.

The caller sends a 500 Hz tone; all that isn't its own is a loud 1700 Hz one. The bot must hear the first without a
click over -30 dBFS, nothing of the second, and each key once.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from sip_bot import Bot, BotCall, settings
from sip_peer import Peer, Rtp, offer
from sip_sound import RATE, between, loudest_click_dbfs, loudest_dbfs, strongest_hz, tone

from media.frame import Pcm
from media.g711 import encode_alaw, encode_ulaw
from telephony.caller.codecs import G722, CodecUnavailable, new_coder
from telephony.sip import NATIVE
from telephony.transport import Key, Media

pytestmark = [pytest.mark.sip, pytest.mark.skipif(not NATIVE, reason="the PyPI wheel of pjsua2 locks nothing")]

OWN_HZ, ALIEN_HZ = 500.0, 1700.0
CLICK_DBFS = -30.0
ALIEN_DBFS = -40.0
ALIEN = encode_ulaw(tone(ALIEN_HZ, 0.02, 16_000.0))


def packet(
    payload: bytes, sequence: int, timestamp: int, ssrc: int, kind: int = 0, first: int = 0x80
) -> bytes:
    head = struct.pack("!BBHII", first, kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
    return head + payload


@dataclass
class Voice:
    """A caller's audio: the tone goes on from packet to packet, whatever codec and packet time."""

    rtp: Rtp
    ptime_ms: int = 20
    kind: int = 0
    encode: Callable[[Pcm], bytes] = encode_ulaw
    rate_hz: int = RATE
    hz: float = OWN_HZ
    sent: list[bytes] = field(default_factory=list)
    phase_s: float = 0.0
    padding: int = 0

    async def speak(self, seconds: float, beside: Callable[[int], Sequence[bytes]] = lambda n: ()) -> None:
        """Send the tone at its own pace; after each packet what `beside` has for it."""
        loop = asyncio.get_running_loop()
        due, size = loop.time(), self.rate_hz * self.ptime_ms // 1000
        for n in range(round(1000 * seconds / self.ptime_ms)):
            t = self.phase_s + np.arange(size) / self.rate_hz
            payload = self.encode((4000 * np.sin(2 * np.pi * self.hz * t)).astype(np.int16))
            rtp = self.rtp
            padded = payload + bytes(self.padding - 1) + bytes([self.padding]) if self.padding else payload
            data = packet(
                padded, rtp.sequence, rtp.timestamp, rtp.ssrc, self.kind, 0xA0 if self.padding else 0x80
            )
            rtp.raw(data)
            self.sent.append(data)
            for other in beside(n):
                rtp.raw(other)
            self.pause(self.ptime_ms / 1000)
            rtp.sequence += 1
            due += self.ptime_ms / 1000
            await asyncio.sleep(max(0.0, due - loop.time()))

    def pause(self, seconds: float) -> None:
        """Let the media clock run on: the tone is where it would be, and the timestamp."""
        self.phase_s += seconds
        self.rtp.timestamp += round(seconds * 8000)


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    async with Bot(settings(lines=24)).running() as bot:
        yield bot


async def call_of(bot: Bot, peer: Peer) -> BotCall:
    """The bot's side of a peer's call: calls of several peers come in any order."""
    async with asyncio.timeout(40):
        while True:
            for call in bot.calls:
                if call.leg.info.sip_call_id == peer.call_id:
                    return call
            await asyncio.sleep(0.01)


async def key_and_bye(peer: Peer, call: BotCall) -> None:
    peer.rtp.key("5")
    await call.until(Key)
    await peer.bye()
    await call.done.wait()


def flaws(call: BotCall, own_hz: float = OWN_HZ) -> list[str]:
    """What is wrong with what the bot heard."""
    heard = np.concatenate(call.heard)
    inner = between(heard)
    found = []
    if abs(strongest_hz(inner) - own_hz) > 10:
        found.append(f"heard {strongest_hz(inner):.0f} Hz")
    if (alien := loudest_dbfs(heard, ALIEN_HZ)) > ALIEN_DBFS:
        found.append(f"somebody else at {alien:.0f} dBFS")
    if (click := loudest_click_dbfs(inner)) > CLICK_DBFS:
        found.append(f"a click of {click:.0f} dBFS")
    if (keys := [key.symbol for key in call.of(Key)]) != ["5"]:
        found.append(f"keys {keys}")
    return found


def test_a_click_is_seen_and_a_tone_is_none() -> None:
    clean = tone(OWN_HZ, 1.0)
    assert loudest_click_dbfs(clean) < -60 and loudest_dbfs(clean, ALIEN_HZ) < -60
    cut = clean.copy()
    cut[4000:4004] = 20_000
    assert loudest_click_dbfs(cut) > CLICK_DBFS
    cut = clean.copy()
    cut[4000:4160] = tone(ALIEN_HZ, 0.02, 16_000.0)
    assert loudest_dbfs(cut, ALIEN_HZ) > -10


# ---- packets between those of the call -----------------------------------------------------------------------


def beside(kind: str, voice: Voice) -> Callable[[int], Sequence[bytes]]:
    """What is sent after each packet of the caller's, from the caller's own address."""

    def wrong(n: int) -> Sequence[bytes]:
        rtp = voice.rtp
        good = packet(ALIEN, rtp.sequence + 1, rtp.timestamp + 160, rtp.ssrc)
        match kind:
            case "truncated":
                return [good[: n % 12]]
            case "version 0" | "version 1" | "version 3":
                return [bytes([int(kind[-1]) << 6]) + good[1:]]
            case "more padding than packet":
                return [b"\xa0" + good[1:-1] + b"\xff", b"\xa0" + good[1:-1] + b"\x00"]
            case "an extension longer than the packet":
                return [b"\x90" + good[1:12] + b"\xbe\xde\xff\xff" + ALIEN]
            case "more sources than bytes":
                return [b"\x8f" + good[1:40]]
            case "a type nobody negotiated":
                return [packet(ALIEN, rtp.sequence + 1, rtp.timestamp + 160, rtp.ssrc, t) for t in (8, 9, 13, 97, 127)]
            case "no payload":
                return [packet(b"", rtp.sequence + 5000 + n, rtp.timestamp, rtp.ssrc)]
            case "another SSRC":
                return [packet(ALIEN, 500 + n, 160 * n, 0xBAD)]
            case "another SSRC, numbered alike":
                return [packet(ALIEN, rtp.sequence + 1, rtp.timestamp + 160, 0xBAD)]
            case "three of another SSRC":
                return [packet(ALIEN, 500 + 3 * n + i, 160 * (3 * n + i), 0xBAD) for i in range(3)]
            case "a jump of sequence and time":
                return [packet(ALIEN, rtp.sequence + 20_000 + n, rtp.timestamp + 10**7 + 160 * n, rtp.ssrc)]
            case "oversized":
                return [packet(ALIEN * 400, rtp.sequence + 20_000, rtp.timestamp, rtp.ssrc)]
        raise ValueError(kind)

    return wrong


KINDS = (
    "truncated", "version 0", "version 1", "version 3", "more padding than packet",
    "an extension longer than the packet", "more sources than bytes", "a type nobody negotiated", "no payload",
    "another SSRC", "another SSRC, numbered alike", "three of another SSRC", "a jump of sequence and time",
    "oversized",
)  # fmt: skip


async def test_what_does_not_belong_to_the_call_is_not_heard(bot: Bot) -> None:
    async def one(kind: str) -> list[str]:
        async with Peer(bot.port) as peer:
            await peer.call()
            voice = Voice(peer.rtp)
            await voice.speak(0.1)
            await voice.speak(1.3, beside(kind, voice))
            call = await call_of(bot, peer)
            await key_and_bye(peer, call)
            assert call.leg.quality().refused >= 40
            return flaws(call)

    found = await asyncio.gather(*(one(kind) for kind in KINDS))
    assert {kind: flaw for kind, flaw in zip(KINDS, found, strict=True) if flaw} == {}


async def test_another_source_is_not_heard(bot: Bot) -> None:
    async with Peer(bot.port) as peer, Peer(bot.port) as thief:
        await peer.call()
        thief.rtp.remote = peer.rtp.remote
        voice = Voice(peer.rtp)

        def steal(n: int) -> Sequence[bytes]:
            thief.rtp.raw(packet(ALIEN, peer.rtp.sequence + 1, peer.rtp.timestamp + 160, peer.rtp.ssrc))
            return ()

        await voice.speak(0.1)
        await voice.speak(1.3, steal)
        call = await call_of(bot, peer)
        await key_and_bye(peer, call)
        assert flaws(call) == [] and call.leg.quality().refused >= 40


@pytest.mark.parametrize("back", [25, 60, 110])
async def test_replayed_packets_are_not_heard(bot: Bot, back: int) -> None:
    """Packets of the call's own past, sent again so many packets later, in order."""
    async with Peer(bot.port) as peer:
        await peer.call()
        past = Voice(peer.rtp, hz=ALIEN_HZ)
        await past.speak(0.5)
        between_s = (back - 25) * 0.02
        voice = Voice(peer.rtp)
        call = await call_of(bot, peer)
        await voice.speak(between_s + 0.6)
        mark = sum(pcm.size for pcm in call.heard)
        await voice.speak(1.0, lambda n: [past.sent[n]] if n < 25 else ())
        await key_and_bye(peer, call)
        heard = [np.concatenate(call.heard)[mark:]]
        call.heard[:] = heard
        assert flaws(call) == [] and call.leg.quality().refused >= 20


async def test_oversized_packets_of_the_stream_itself_break_nothing(bot: Bot) -> None:
    """More than a buffer of pjmedia's holds, from the right source and in order: then the call goes on."""
    async with Peer(bot.port) as peer:
        await peer.call()
        voice = Voice(peer.rtp)
        await voice.speak(0.1)
        for size in (1461, 2001, 4000, 60_000):
            peer.rtp.raw(packet(bytes([0xFF]) * size, peer.rtp.sequence, peer.rtp.timestamp, peer.rtp.ssrc))
            peer.rtp.sequence += 1
            await asyncio.sleep(0.1)
            voice.pause(0.1)
        call = await call_of(bot, peer)
        mark = sum(pcm.size for pcm in call.heard)
        await voice.speak(1.0)
        await key_and_bye(peer, call)
        call.heard[:] = [np.concatenate(call.heard)[mark:]]
        assert flaws(call) == []


# ---- streams that are unusual --------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["after a pause", "at once"])
async def test_a_stream_that_comes_back_as_another(bot: Bot, how: str) -> None:
    """New SSRC, sequence and timestamp: a transfer behind a PBX. What plays on is heard, the joint doesn't click."""
    async with Peer(bot.port) as peer:
        await peer.call()
        voice = Voice(peer.rtp)
        await voice.speak(0.8)
        if how == "after a pause":
            await asyncio.sleep(0.4)
        peer.rtp.ssrc, peer.rtp.sequence, peer.rtp.timestamp = 0x51DE, 40_000, 3_000_000_000
        call = await call_of(bot, peer)
        mark = sum(pcm.size for pcm in call.heard)
        await voice.speak(1.2)
        await key_and_bye(peer, call)
        assert flaws(call) == []
        back = between(np.concatenate(call.heard)[mark:], 0)
        assert back.size > 0.9 * RATE and strongest_hz(back) == pytest.approx(OWN_HZ, abs=10)


async def test_silence_suppression(bot: Bot) -> None:
    """Talk spurts with nothing between them, each with a marker, and comfort noise that nobody negotiated."""
    async with Peer(bot.port) as peer:
        await peer.call()
        voice = Voice(peer.rtp)
        for _ in range(4):
            await voice.speak(0.3)
            peer.rtp.raw(packet(b"\x40", peer.rtp.sequence, peer.rtp.timestamp, peer.rtp.ssrc, 13))
            peer.rtp.sequence += 1
            await asyncio.sleep(0.2)
            voice.pause(0.2)
        call = await call_of(bot, peer)
        await key_and_bye(peer, call)
        assert flaws(call) == []
        loud = np.abs(np.concatenate(call.heard).astype(int)) > 1000
        assert loud.sum() / RATE > 0.6  # of 1.2 s of tone, which is over 1000 for 84 % of the time


async def test_packet_times(bot: Bot) -> None:
    async def one(ptime_ms: int) -> list[str]:
        async with Peer(bot.port) as peer:
            await peer.call(offer(peer.rtp.port) + f"a=ptime:{ptime_ms}\r\n")
            await Voice(peer.rtp, ptime_ms).speak(1.2)
            call = await call_of(bot, peer)
            await key_and_bye(peer, call)
            lost = call.leg.quality().rx_lost
            return flaws(call) + ([f"{lost} lost"] if lost else [])

    times = (10, 30, 40, 60)
    found = await asyncio.gather(*(one(ptime_ms) for ptime_ms in times))
    assert {ptime_ms: flaw for ptime_ms, flaw in zip(times, found, strict=True) if flaw} == {}


async def test_padded_packets_are_heard_without_their_padding(bot: Bot) -> None:
    """RFC 3550 section 5.1: the last byte says how many there are."""

    async def one(padding: int) -> list[str]:
        async with Peer(bot.port) as peer:
            await peer.call()
            await Voice(peer.rtp, padding=padding).speak(1.0)
            call = await call_of(bot, peer)
            await key_and_bye(peer, call)
            return flaws(call)

    assert await asyncio.gather(*(one(padding) for padding in (1, 4, 200))) == [[], [], []]


async def test_keys_of_another_ssrc_count_and_leave_the_audio_alone(bot: Bot) -> None:
    """Some gateways send telephone-events as a stream of their own."""
    async with Peer(bot.port) as peer:
        await peer.call()
        voice = Voice(peer.rtp)

        def press(n: int) -> Sequence[bytes]:
            if not 20 <= n < 28:
                return ()
            ends, duration = n >= 25, 160 * min(n - 19, 6)
            body = struct.pack("!BBH", 5, ends << 7 | 10, duration)
            return [packet(body, 9000 + n, 777_000, 0xD16, 101)]

        await voice.speak(1.2, press)
        call = await call_of(bot, peer)
        await call.until(Key)
        await peer.bye()
        await call.done.wait()
        assert flaws(call) == []


# ---- codecs that change --------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("PCMU", "PCMA", "PCMU"), ("PCMU", "G722", "PCMU"), ("G722", "PCMA")])
async def test_the_codec_changes_by_reinvite(bot: Bot, names: tuple[str, ...]) -> None:
    kinds = {"PCMU": 0, "PCMA": 8, "G722": 9}
    coders: dict[str, tuple[Callable[[Pcm], bytes], int]] = {
        "PCMU": (encode_ulaw, 8000),
        "PCMA": (encode_alaw, 8000),
    }
    if "G722" in names:
        try:
            coders["G722"] = (new_coder(G722).encode, 16_000)
        except CodecUnavailable as error:
            pytest.skip(str(error))
    async with Peer(bot.port) as peer:
        voice = Voice(peer.rtp)
        for version, name in enumerate(names, 1):
            assert (await peer.call(offer(peer.rtp.port, f"{kinds[name]} 101", version=version))).status == 200
            call = await call_of(bot, peer)
            media = await call.until(Media, version)
            assert isinstance(media, Media) and media.codec == name
            voice.kind = kinds[name]
            voice.encode, voice.rate_hz = coders[name]
            await voice.speak(0.8)
        await key_and_bye(peer, call)
        assert flaws(call) == []
