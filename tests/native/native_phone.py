"""A caller on plain sockets: one SIP dialog and its RTP, with nothing in it that could hide a fault."""

from __future__ import annotations

import re
import select
import socket
import struct
import uuid
from dataclasses import dataclass, field

PATIENCE_S = 5.0
"""How long a reply over loopback may take before it counts as missing."""


def udp_socket(host: str = "127.0.0.1") -> socket.socket:
    """A bound UDP socket on a free port."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((host, 0))
    return sock


def receive(sock: socket.socket, timeout_s: float = PATIENCE_S) -> bytes | None:
    """The next datagram, or None where none comes."""
    ready, _, _ = select.select([sock], [], [], timeout_s)
    return sock.recv(4096) if ready else None


def rtp(
    sequence: int,
    timestamp: int,
    payload: bytes,
    *,
    payload_type: int = 0,
    marker: bool = False,
    ssrc: int = 0x1234,
) -> bytes:
    """One RTP packet, RFC 3550 section 5.1."""
    first = struct.pack("!BBHII", 0x80, payload_type | marker << 7, sequence & 0xFFFF, timestamp, ssrc)
    return first + payload


@dataclass(frozen=True, slots=True)
class Response:
    """A SIP response, its headers by lower-case name (the last of each)."""

    status: int
    headers: dict[str, str]
    body: str


def parse_response(data: bytes) -> Response:
    """Read a response; raises ValueError where `data` is none."""
    head, _, body = data.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    if not first.startswith("SIP/2.0 "):
        raise ValueError(f"no response: {first}")
    headers = {name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    return Response(int(first.split()[1]), headers, body)


@dataclass
class Phone:
    """A caller at `host`. `target` is the port of the user agent under test on 127.0.0.1."""

    target: int
    host: str = "127.0.0.1"
    sip: socket.socket = field(init=False)
    media: socket.socket = field(init=False)
    call_id: str = field(init=False)
    to_tag: str = ""
    cseq: int = 0
    remote_media: tuple[str, int] = ("", 0)

    def __post_init__(self) -> None:
        self.sip = udp_socket(self.host)
        self.media = udp_socket(self.host)
        self.call_id = uuid.uuid4().hex

    def close(self) -> None:
        self.sip.close()
        self.media.close()

    def request(
        self,
        method: str,
        body: str = "",
        *,
        cseq: int | None = None,
        headers: str = "",
        kind: str = "application/sdp",
    ) -> str:
        """A request of this call (with a new CSeq unless `cseq` is given)."""
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        host, port = self.sip.getsockname()
        to = f"<sip:bot@127.0.0.1:{self.target}>" + (f";tag={self.to_tag}" if self.to_tag else "")
        content = f"Content-Type: {kind}\r\n" if body else ""
        return (
            f"{method} sip:bot@127.0.0.1:{self.target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{uuid.uuid4().hex}\r\n"
            f"From: <sip:phone@{host}>;tag=p{self.call_id[:8]}\r\nTo: {to}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\n"
            f"Contact: <sip:phone@{host}:{port}>\r\n{headers}{content}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def send(
        self,
        method: str,
        body: str = "",
        *,
        cseq: int | None = None,
        headers: str = "",
        kind: str = "application/sdp",
    ) -> None:
        """Send a request of this call."""
        text = self.request(method, body, cseq=cseq, headers=headers, kind=kind)
        self.sip.sendto(text.encode(), ("127.0.0.1", self.target))

    def response(self) -> Response:
        """The next response on the SIP socket; requests of the other side are passed over."""
        while True:
            data = receive(self.sip)
            if data is None:
                raise TimeoutError("no SIP response")
            if data.startswith(b"SIP/2.0"):
                return parse_response(data)

    def final(self) -> Response:
        """The next response that isn't provisional."""
        while (response := self.response()).status < 200:
            continue
        return response

    def offer(self, media: tuple[str, int] | None = None) -> str:
        """An SDP offer of PCMU and telephone-event 101, for `media` or this phone's own RTP socket."""
        host, port = media or self.media.getsockname()
        return (
            f"v=0\r\no=- 1 {self.cseq + 1} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
            "a=fmtp:101 0-16\r\na=sendrecv\r\n"
        )

    def invite(self, media: tuple[str, int] | None = None) -> Response:
        """INVITE (or re-INVITE) and ACK a 200; `remote_media` is then where the answer wants RTP."""
        self.send("INVITE", self.offer(media))
        response = self.final()
        if response.status == 200:
            tag = re.search(r";tag=([^;>\s]+)", response.headers["to"])
            port = re.search(r"m=audio (\d+)", response.body)
            assert tag and port
            self.to_tag = tag.group(1)
            self.remote_media = ("127.0.0.1", int(port.group(1)))
            self.send("ACK", cseq=self.cseq)
        return response

    def bye(self) -> Response:
        """End the call."""
        self.send("BYE")
        return self.final()
