"""The transaction layer of one caller: matches messages to transactions and knows where they go.

Sans-IO. `receive` and `handle_timer` return what the layer above must see; `take` gives what to send.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from telephony.caller.sip_message import (
    Headers,
    Message,
    Request,
    Response,
    SipSyntaxError,
    Uri,
    branch,
    cseq,
    serialise,
)
from telephony.caller.transaction import ClientState, ClientTransaction, ServerState, ServerTransaction

Address = tuple[str, int]
USER_AGENT = "offhook-call"
ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, INFO, UPDATE, REFER, NOTIFY"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Bytes for the wire. Over TCP `to` doesn't matter: there is one connection."""

    data: bytes
    to: Address


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request of the peer, seen once. An ACK has no transaction to answer."""

    request: Request
    transaction: ServerTransaction | None


@dataclass(frozen=True, slots=True)
class NewResponse:
    """A response to a request of ours that matters."""

    request: Request
    response: Response


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Nobody answered our request."""

    request: Request


@dataclass(frozen=True, slots=True)
class AckMissing:
    """Nobody acknowledged our final answer to an INVITE."""

    request: Request


Indication = NewRequest | NewResponse | TimedOut | AckMissing


@dataclass(frozen=True, slots=True)
class Side:
    """Who we are on the wire. `transport` is "udp" or "tcp"."""

    address: Address
    transport: str = "udp"

    @property
    def reliable(self) -> bool:
        return self.transport != "udp"


class Endpoint:
    """All transactions of one caller. `peer` is where requests go whose next hop is no IP address."""

    def __init__(self, side: Side, peer: Address, rng: random.Random) -> None:
        self.side = side
        self.rng = rng
        self._peer = peer
        self._clients: dict[tuple[str, str], tuple[ClientTransaction, Address]] = {}
        self._servers: dict[tuple[str, str], tuple[ServerTransaction, Address]] = {}
        self._out: list[Outgoing] = []

    # ---- sending ------------------------------------------------------------------------------------------

    def token(self, digits: int = 16) -> str:
        """Random hexadecimal digits for tags, branches and Call-IDs."""
        return f"{self.rng.getrandbits(4 * digits):0{digits}x}"

    def via(self) -> tuple[str, str]:
        """A Via of a new transaction (RFC 3261 section 8.1.1.7; rport: RFC 3581)."""
        host, port = self.side.address
        protocol = f"SIP/2.0/{self.side.transport.upper()}"
        return "Via", f"{protocol} {host}:{port};rport;branch=z9hG4bK{self.token()}"

    def hop(self, uri: Uri) -> Address:
        """Where a request for `uri` goes: an IP address literally, any other name to the peer."""
        host = uri.host.strip("[]")
        if all(part.isdigit() for part in host.split(".")) or ":" in host:
            return host, uri.port or 5060
        return self._peer

    def request(self, request: Request, to: Address, now: float) -> ClientTransaction:
        """Send `request` in a new transaction (its topmost Via must be `via()`)."""
        transaction = ClientTransaction(request, self.side.reliable, now)
        self._clients[branch(request), request.method] = (transaction, to)
        self._flush()
        return transaction

    def send(self, message: Message, to: Address) -> None:
        """Send a message that has no transaction: the ACK of a 2xx."""
        self._out.append(Outgoing(serialise(message), to))

    def respond(
        self, transaction: ServerTransaction, response: Response, now: float, until_prack: bool = False
    ) -> None:
        transaction.respond(response, now, until_prack)
        self._flush()

    def reply(
        self,
        transaction: ServerTransaction,
        status: int,
        reason: str,
        now: float,
        *more: tuple[str, str],
        to_tag: str = "",
        body: bytes = b"",
        until_prack: bool = False,
    ) -> None:
        """Answer a request with the headers RFC 3261 section 8.2.6 asks for, and `more`."""
        response = reply_to(transaction.request, status, reason, to_tag, body, *more)
        self.respond(transaction, response, now, until_prack)

    def take(self) -> list[Outgoing]:
        """What must be sent now, in order."""
        out, self._out = self._out, []
        return out

    # ---- receiving ----------------------------------------------------------------------------------------

    def receive(self, message: Message, source: Address, now: float) -> list[Indication]:
        """Take a message from the wire. Raises SipSyntaxError for one that can't be matched."""
        if isinstance(message, Response):
            return self._receive_response(message, now)
        if message.method == "ACK":
            self._receive_ack(message, now)
            return [NewRequest(message, None)]
        key = (branch(message), message.method)
        if key in self._servers:
            self._servers[key][0].receive_again()
            self._flush()
            return []
        for required in ("from", "to", "call-id"):
            if not message.headers.get(required):
                raise SipSyntaxError(f"no {required} in {message.method}")
        cseq(message)
        transaction = ServerTransaction(message, self.side.reliable, now)
        self._servers[key] = (transaction, source)
        return [NewRequest(message, transaction)]

    def _receive_response(self, response: Response, now: float) -> list[Indication]:
        _, method = cseq(response)
        found = self._clients.get((branch(response), method))
        if found is None:
            return []
        transaction, _ = found
        passed = transaction.receive(response, now)
        self._flush()
        return [NewResponse(transaction.request, response)] if passed else []

    def _receive_ack(self, ack: Request, now: float) -> None:
        # The ACK of a 2xx is a transaction of its own, with another branch: its CSeq tells what it answers.
        number, _ = cseq(ack)
        for transaction, _ in self._servers.values():
            invite = transaction.request
            if invite.method == "INVITE" and cseq(invite)[0] == number:
                if invite.headers.get("call-id") == ack.headers.get("call-id"):
                    transaction.acked(now)

    def invite_transaction(self) -> ServerTransaction | None:
        """The INVITE of the peer that still has no final answer, if there is one."""
        open_states = (ServerState.TRYING, ServerState.PROCEEDING)
        return next(
            (t for t, _ in self._servers.values()
             if t.request.method == "INVITE" and t.state in open_states),
            None,
        )  # fmt: skip

    # ---- time ---------------------------------------------------------------------------------------------

    def deadline(self) -> float | None:
        """When `handle_timer` wants to be called next."""
        due = [client.deadline() for client, _ in self._clients.values()]
        due += [server.deadline() for server, _ in self._servers.values()]
        return min((at for at in due if at is not None), default=None)

    def handle_timer(self, now: float) -> list[Indication]:
        """Send again what is due, forget what is over."""
        found: list[Indication] = []
        for client, _ in self._clients.values():
            if client.handle_timer(now):
                found.append(TimedOut(client.request))
        for server, _ in self._servers.values():
            if server.handle_timer(now):
                found.append(AckMissing(server.request))
        self._flush()
        self._clients = {k: v for k, v in self._clients.items() if v[0].state is not ClientState.TERMINATED}
        self._servers = {k: v for k, v in self._servers.items() if v[0].state is not ServerState.TERMINATED}
        return found

    @property
    def idle(self) -> bool:
        """Nothing of ours waits for an answer any more."""
        return not any(
            t.state in (ClientState.CALLING, ClientState.PROCEEDING) for t, _ in self._clients.values()
        )

    def _flush(self) -> None:
        for client, to in self._clients.values():
            self._out += [Outgoing(serialise(request), to) for request in client.outbox]
            client.outbox.clear()
        for server, to in self._servers.values():
            self._out += [Outgoing(serialise(response), to) for response in server.outbox]
            server.outbox.clear()


def reply_to(
    request: Request, status: int, reason: str, to_tag: str = "", body: bytes = b"", *more: tuple[str, str]
) -> Response:
    """A response to `request`; `to_tag` is added where the request has none."""
    to = request.headers.get("to")
    if to_tag and ";tag=" not in to.lower():
        to = f"{to};tag={to_tag}"
    fields = [("Via", value) for value in request.headers.all("via")]
    fields += [("Record-Route", value) for value in request.headers.all("record-route")]
    fields += [
        ("From", request.headers.get("from")), ("To", to), ("Call-ID", request.headers.get("call-id")),
        ("CSeq", request.headers.get("cseq")), ("Server", USER_AGENT), *more,
    ]  # fmt: skip
    if body and not any(name.lower() == "content-type" for name, _ in more):
        fields.append(("Content-Type", "application/sdp"))
    return Response(status, reason, Headers(tuple(fields)), body)
