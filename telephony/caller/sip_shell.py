"""A thin asyncio shell around a sans-IO SIP core: one UDP socket or one TCP connection, one timer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from telephony.caller.endpoint import Address, Outgoing, Side
from telephony.caller.sip_message import Message, Request, SipSyntaxError, StreamParser, cseq, parse

_IP_RECVERR, _IPV6_RECVERR = (socket.IPPROTO_IP, 11), (socket.IPPROTO_IPV6, 25)
"""ip(7), ipv6(7); the module socket doesn't name them."""


class SipCore(Protocol):
    """What the shell drives: `UacCall`, or the answering machine of the calibration."""

    def receive(self, message: Message, source: Address, now: float) -> None: ...

    def handle_timer(self, now: float) -> None: ...

    def deadline(self) -> float | None: ...

    def take(self) -> list[Outgoing]: ...


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of the ladder: no addresses, no numbers, only what kind of message went which way."""

    at: float
    outgoing: bool
    summary: str


def _summary(message: Message) -> str:
    number, method = cseq(message)
    about = f"(CSeq {number}{', SDP' if message.body else ''})"
    if isinstance(message, Request):
        return f"{method} {about}"
    return f"{message.status} {message.reason} to {method} {about}"


class SipShell:
    """Moves bytes and time between the network and a core; `on_turn` is called after each change.

    `on_refused` is called when a host says that nobody listens at the port we sent to.
    """

    def __init__(self, on_turn: Callable[[], None], on_refused: Callable[[], None] = lambda: None) -> None:
        self.ladder: list[Step] = []
        self.malformed: list[str] = []
        self._on_turn, self._on_refused = on_turn, on_refused
        self._core: SipCore | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    async def open(self, transport: str, local: str, peer: Address) -> Side:
        """Bind or connect; tells who we are. Raises OSError."""
        if transport == "tcp":
            tcp, _ = await self._loop.create_connection(
                lambda: _TcpPeer(self, peer), peer[0], peer[1], local_addr=(local, 0)
            )
            self._tcp = tcp
            return Side(tcp.get_extra_info("sockname")[:2], "tcp")
        sock = _udp_socket(local)
        udp, _ = await self._loop.create_datagram_endpoint(lambda: _UdpPeer(self, sock), sock=sock)
        self._udp = udp
        return Side(udp.get_extra_info("sockname")[:2], "udp")

    def drive(self, core: SipCore) -> None:
        """Use this core from now on."""
        self._core = core

    def turn(self) -> None:
        """Send all that the core has to send and set the timer anew: call it after each change."""
        if self._core is None:
            return
        for outgoing in self._core.take():
            self._note(parse(outgoing.data), True)
            if self._tcp is not None:
                self._tcp.write(outgoing.data)
            elif self._udp is not None:
                self._udp.sendto(outgoing.data, outgoing.to)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._core.deadline()
        if deadline is not None and (self._udp or self._tcp):
            self._timer = self._loop.call_at(deadline, self._on_timer)
        self._on_turn()

    def received(self, message: Message, source: Address) -> None:
        """A message came."""
        if self._core is None:
            return
        try:
            self._note(message, False)
            self._core.receive(message, source, self._loop.time())
        except SipSyntaxError as error:
            self.malformed.append(str(error))
        self.turn()

    def _on_timer(self) -> None:
        self._timer = None
        if self._core is not None:
            self._core.handle_timer(self._loop.time())
            self.turn()

    def refused(self) -> None:
        """ICMP brought "port unreachable" for something we sent."""
        self._on_refused()

    @property
    def answered(self) -> bool:
        """Whether anybody has sent us SIP."""
        return any(not step.outgoing for step in self.ladder)

    def _note(self, message: Message, outgoing: bool) -> None:
        self.ladder.append(Step(self._loop.time(), outgoing, _summary(message)))

    def close(self) -> None:
        """Close the socket and forget the timer."""
        if self._timer is not None:
            self._timer.cancel()
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        self._udp = self._tcp = self._timer = None

    @property
    def closed(self) -> bool:
        """There is no socket (any more)."""
        return self._udp is None and self._tcp is None


def _udp_socket(local: str) -> socket.socket:
    """Bound, and told of ICMP errors though it isn't connected: answers may come from other addresses."""
    ip6 = ":" in local
    sock = socket.socket(socket.AF_INET6 if ip6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(*(_IPV6_RECVERR if ip6 else _IP_RECVERR), 1)
        sock.setblocking(False)
        sock.bind((local, 0))
    except OSError:
        sock.close()
        raise
    return sock


class _UdpPeer(asyncio.DatagramProtocol):
    def __init__(self, shell: SipShell, sock: socket.socket) -> None:
        self._shell = shell
        self._sock = sock

    def error_received(self, exc: Exception) -> None:
        try:
            while True:  # what is left in the error queue wakes the loop again and again
                self._sock.recvmsg(0, 512, socket.MSG_ERRQUEUE)
        except OSError:
            pass  # it is empty
        if isinstance(exc, ConnectionRefusedError):
            self._shell.refused()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not data.strip(b"\r\n\0"):
            return  # a keep-alive
        try:
            message = parse(data)
        except SipSyntaxError as error:
            self._shell.malformed.append(str(error))
            return
        self._shell.received(message, addr[:2])


class _TcpPeer(asyncio.Protocol):
    def __init__(self, shell: SipShell, peer: Address) -> None:
        self._shell = shell
        self._peer = peer
        self._parser = StreamParser()
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._parser.feed(data)
        except SipSyntaxError as error:
            self._shell.malformed.append(str(error))
            if self._transport is not None:
                self._transport.close()
            return
        for message in messages:
            self._shell.received(message, self._peer)


def local_address_towards(peer: Address) -> str:
    """The address of ours from which `peer` is reached. Raises OSError."""
    family = socket.AF_INET6 if ":" in peer[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(peer)
        return str(probe.getsockname()[0])
