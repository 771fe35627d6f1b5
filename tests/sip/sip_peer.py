"""A caller of plain sockets on the test's own loop: it says what a test tells it to, right or wrong."""

from __future__ import annotations

import asyncio
import re
import struct
import time
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from media.frame import Pcm
from media.g711 import decode_ulaw, encode_ulaw

PATIENCE_S = 45.0
PCMU, EVENT = 0, 101

_serial = iter(range(1, 1 << 30))


@dataclass(frozen=True)
class Message:
    """A SIP message as text, with the few looks into it that tests need."""

    text: str

    @property
    def start(self) -> str:
        return self.text.split("\r\n", 1)[0]

    @property
    def status(self) -> int:
        found = re.match(r"SIP/2\.0 (\d{3})", self.text)
        return int(found.group(1)) if found else 0

    @property
    def method(self) -> str:
        return "" if self.status else self.start.split(" ", 1)[0]

    @property
    def body(self) -> str:
        return self.text.partition("\r\n\r\n")[2]

    def header(self, name: str) -> str:
        found = re.search(rf"(?im)^{name}\s*:\s*(.*?)\r?$", self.text.partition("\r\n\r\n")[0])
        return found.group(1) if found else ""

    @property
    def cseq(self) -> tuple[int, str]:
        number, _, method = self.header("CSeq").partition(" ")
        return int(number), method.strip()


class _Socket(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: asyncio.Queue[tuple[bytes, float]] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received.put_nowait((data, time.monotonic()))

    def error_received(self, exc: Exception) -> None:
        self.received.put_nowait((b"", time.monotonic()))


@dataclass
class Rtp:
    """One RTP socket: frames of PCMU out at 20 ms each, everything in kept."""

    remote: tuple[str, int] = ("", 0)
    sequence: int = 100
    timestamp: int = 16_000
    ssrc: int = 0x0FF40000
    speaker: asyncio.Task[None] | None = None

    async def open(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, self._socket = await loop.create_datagram_endpoint(_Socket, ("127.0.0.1", 0))
        return self

    @property
    def port(self) -> int:
        return int(self._transport.get_extra_info("sockname")[1])

    def send(
        self, payload: bytes, kind: int = PCMU, marker: bool = False, timestamp: int | None = None
    ) -> None:
        stamp = self.timestamp if timestamp is None else timestamp
        head = struct.pack(
            "!BBHII", 0x80, kind | marker << 7, self.sequence & 0xFFFF, stamp & 0xFFFFFFFF, self.ssrc
        )
        self.sequence += 1
        self._transport.sendto(head + payload, self.remote)

    def raw(self, data: bytes) -> None:
        """Send a datagram as it is."""
        self._transport.sendto(data, self.remote)

    def key(self, symbol: str, packets: int = 5) -> None:
        """One key by RFC 4733: packets of growing duration under one timestamp, the last three the end."""
        code = "0123456789*#ABCD".index(symbol)
        for n in range(1, packets + 1):
            self.send(struct.pack("!BBH", code, 10, n * 160), EVENT, n == 1)
        for _ in range(3):
            self.send(struct.pack("!BBH", code, 0x80 | 10, (packets + 1) * 160), EVENT)
        self.timestamp += 160 * (packets + 40)

    def speak(self, pcm: Pcm) -> asyncio.Task[None]:
        """Send `pcm` (8 kHz) at its own pace, again and again."""
        self.speaker = asyncio.create_task(self._speak(pcm))
        return self.speaker

    async def _speak(self, pcm: Pcm) -> None:
        loop = asyncio.get_running_loop()
        frames = pcm[: pcm.size // 160 * 160].reshape(-1, 160)
        due, n = loop.time(), 0
        while True:
            self.send(encode_ulaw(frames[n % len(frames)]))
            self.timestamp += 160
            n += 1
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def packet(self) -> tuple[bytes, float]:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                data, at = await self._socket.received.get()
                if len(data) > 12:
                    return data, at

    async def hear(self, frames: int) -> Pcm:
        """The next `frames` packets of PCMU, decoded."""
        out: list[Pcm] = []
        while len(out) < frames:
            data, _ = await self.packet()
            if data[1] & 0x7F == PCMU:
                out.append(decode_ulaw(data[12:]))
        return np.concatenate(out)

    def forget(self) -> int:
        """Throw away what has come in; how many packets that was."""
        count = 0
        while not self._socket.received.empty():
            count += len(self._socket.received.get_nowait()[0]) > 12
        return count

    async def close(self) -> None:
        if self.speaker:
            self.speaker.cancel()
            await asyncio.gather(self.speaker, return_exceptions=True)
        self._transport.close()


NAMES = {
    "0": "PCMU/8000",
    "8": "PCMA/8000",
    "9": "G722/8000",
    "18": "G729/8000",
    "96": "opus/48000/2",
    "101": "telephone-event/8000",
}


def offer(port: int, formats: str = "0 101", direction: str = "sendrecv", version: int = 1) -> str:
    """An SDP offer of one audio stream."""
    maps = "".join(f"a=rtpmap:{n} {NAMES[n]}\r\n" for n in formats.split())
    return (
        f"v=0\r\no=peer 1 {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {formats}\r\n{maps}a={direction}\r\n"
    )


@dataclass
class Peer:
    """One dialog over UDP with a bot at 127.0.0.1:`bot`."""

    bot: int
    user: str = "echo"
    caller: str = '"Ann Example" <sip:+493012345678@127.0.0.1>'
    rtp: Rtp = field(default_factory=Rtp)
    number: int = field(default_factory=lambda: next(_serial))

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, self._socket = await loop.create_datagram_endpoint(_Socket, ("127.0.0.1", 0))
        self.port = int(self._transport.get_extra_info("sockname")[1])
        await self.rtp.open()
        self.call_id = f"call-{self.number}@peer"
        self.to = f"<sip:{self.user}@127.0.0.1>"
        self.target = f"sip:{self.user}@127.0.0.1:{self.bot}"
        self.sent = 0
        self.branch = ""
        self.kept: list[Message] = []
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.rtp.close()
        self._transport.close()

    def raw(self, text: str | bytes) -> None:
        self._transport.sendto(text.encode() if isinstance(text, str) else text, ("127.0.0.1", self.bot))

    def request(
        self,
        method: str,
        body: str = "",
        headers: str = "",
        cseq: int | None = None,
        kind: str = "application/sdp",
        branch: str = "",
    ) -> int:
        """Send a request in this dialog; its CSeq number."""
        if cseq is None:
            self.sent += 1
            cseq = self.sent
        self.branch = branch or f"z9hG4bK-{self.number}-{method}-{cseq}-{len(headers)}"
        content = f"Content-Type: {kind}\r\n" if body else ""
        self.raw(
            f"{method} {self.target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};rport;branch={self.branch}\r\n"
            f"Max-Forwards: 70\r\nFrom: {self.caller};tag=t{self.number}\r\nTo: {self.to}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {cseq} {method}\r\n"
            f"Contact: <sip:peer@127.0.0.1:{self.port}>\r\n{headers}{content}"
            f"Content-Length: {len(body.encode())}\r\n\r\n{body}"
        )
        return cseq

    async def message(self) -> Message:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                data, _ = await self._socket.received.get()
                if data.strip() and data[0] < 0x80:  # the RTP of a call that had this port before may go on
                    return Message(data.decode())

    async def expect(self, what: int | str, method: str = "") -> Message:
        """The next response with status `what` (to `method`), or request `what`; others are kept aside."""
        while True:
            message = await self.message()
            if isinstance(what, int):
                if message.status == what and (not method or message.cseq[1] == method):
                    return message
            elif message.method == what:
                return message
            self.kept.append(message)

    async def final(self, cseq: int) -> Message:
        """The final response to request `cseq`."""
        while True:
            message = await self.message()
            if message.status >= 200 and message.cseq[0] == cseq:
                return message
            self.kept.append(message)

    def ok(self, request: Message, body: str = "") -> None:
        """200 to a request of the bot's."""
        head = request.text.partition("\r\n\r\n")[0].split("\r\n")[1:]
        keep = [line for line in head if re.match(r"(?i)(via|from|to|call-id|cseq)\s*:", line)]
        content = "Content-Type: application/sdp\r\n" if body else ""
        self.raw(
            "SIP/2.0 200 OK\r\n" + "\r\n".join(keep) + f"\r\nContact: <sip:peer@127.0.0.1:{self.port}>\r\n"
            f"{content}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def learn(self, response: Message) -> None:
        """Take the dialog and the media address from a response (RFC 3261 section 12.1.2)."""
        self.to = response.header("To")
        if contact := re.search(r"<([^>]+)>", response.header("Contact")):
            self.target = contact.group(1)
        if media := re.search(r"(?m)^m=audio (\d+)", response.body):
            self.rtp.remote = ("127.0.0.1", int(media.group(1)))

    async def call(self, body: str | None = None, headers: str = "") -> Message:
        """INVITE, wait for the final response, ACK it. Returns the response."""
        cseq = self.request("INVITE", offer(self.rtp.port) if body is None else body, headers)
        branch = self.branch
        response = await self.final(cseq)
        if response.status == 200:
            self.learn(response)
            self.request("ACK", cseq=cseq)
        else:
            to, self.to = self.to, response.header("To")
            self.request("ACK", cseq=cseq, branch=branch)
            self.to = to
        return response

    async def bye(self) -> Message:
        return await self.final(self.request("BYE"))
