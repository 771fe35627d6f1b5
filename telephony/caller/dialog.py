"""A dialog's identity and the requests made in it (RFC 3261 section 12), and answers to challenges."""

from __future__ import annotations

from dataclasses import dataclass, field

from telephony.caller import digest
from telephony.caller.endpoint import ALLOW, USER_AGENT, Address, Endpoint
from telephony.caller.sip_message import Headers, Request, Response, cseq, parse_name_addr, parse_uri


@dataclass(slots=True)
class Dialog:
    """Who talks to whom. `local` and `remote` are whole From/To values, tags included."""

    call_id: str
    local: str
    remote: str
    target: str
    contact: str
    routes: tuple[str, ...] = ()
    local_seq: int = 1
    remote_seq: int | None = None

    @property
    def remote_tag(self) -> str:
        return parse_name_addr(self.remote).tag

    @property
    def local_tag(self) -> str:
        return parse_name_addr(self.local).tag

    def next_seq(self) -> int:
        """The CSeq number of our next request."""
        self.local_seq += 1
        return self.local_seq

    def hop(self, endpoint: Endpoint) -> Address:
        """Where requests of this dialog go: the first (loose) route, else the peer's Contact."""
        first = parse_name_addr(self.routes[0]).uri if self.routes else self.target
        return endpoint.hop(parse_uri(first))

    def request(
        self,
        endpoint: Endpoint,
        method: str,
        *more: tuple[str, str],
        body: bytes = b"",
        seq: int | None = None,
    ) -> Request:
        """A request inside the dialog; an ACK names the CSeq it acknowledges in `seq`."""
        number = self.next_seq() if seq is None else seq
        fields = [
            endpoint.via(), ("Max-Forwards", "70"), *(("Route", route) for route in self.routes),
            ("From", self.local), ("To", self.remote), ("Call-ID", self.call_id),
            ("CSeq", f"{number} {method}"), ("Contact", f"<{self.contact}>"),
            ("User-Agent", USER_AGENT), *more,
        ]  # fmt: skip
        if method in ("INVITE", "UPDATE"):
            fields.append(("Allow", ALLOW))
        if body and not any(name.lower() == "content-type" for name, _ in more):
            fields.append(("Content-Type", "application/sdp"))
        return Request(method, self.target, Headers(tuple(fields)), body)

    def retarget(self, contact: str) -> None:
        """A re-INVITE or its answer may move the peer (target refresh, RFC 3261 section 12.2)."""
        if contact:
            self.target = parse_name_addr(contact).uri


def of_caller(invite: Request, response: Response, contact: str) -> Dialog:
    """The dialog that `response` to our `invite` opens. Raises SipSyntaxError."""
    return Dialog(
        call_id=invite.headers.get("call-id"),
        local=invite.headers.get("from"),
        remote=response.headers.get("to"),
        target=parse_name_addr(response.headers.get("contact")).uri if response.headers.get("contact")
        else invite.uri,
        contact=contact,
        routes=tuple(reversed(response.headers.all("record-route"))),
        local_seq=cseq(invite)[0],
    )  # fmt: skip


def of_callee(invite: Request, local_tag: str, contact: str) -> Dialog:
    """The dialog that the peer's `invite` opens. Raises SipSyntaxError."""
    return Dialog(
        call_id=invite.headers.get("call-id"),
        local=f"{invite.headers.get('to')};tag={local_tag}",
        remote=invite.headers.get("from"),
        target=parse_name_addr(invite.headers.get("contact")).uri,
        contact=contact,
        routes=tuple(invite.headers.all("record-route")),
        local_seq=0,
        remote_seq=cseq(invite)[0],
    )


@dataclass(slots=True)
class Authenticator:
    """Answers challenges with one set of credentials, a nonce at a time, each request at most twice."""

    credentials: digest.Credentials | None
    _uses: dict[str, int] = field(default_factory=dict)

    def answer(self, endpoint: Endpoint, request: Request, response: Response) -> tuple[str, str] | None:
        """The header that lets `request` pass, or None where there is no (new) hope."""
        challenge = digest.challenge_of(response)
        if challenge is None or self.credentials is None:
            return None
        if request.headers.get(challenge.answer_header) and not challenge.stale:
            return None  # these credentials were refused
        count = self._uses[challenge.nonce] = self._uses.get(challenge.nonce, 0) + 1
        return digest.answer(
            challenge, self.credentials, request.method, request.uri, count, endpoint.token(8)
        )


def repeated(request: Request, endpoint: Endpoint, seq: int, *more: tuple[str, str]) -> Request:
    """`request` once more with a new branch and CSeq, and `more` in place of headers of those names."""
    replaced = {name.lower() for name, _ in more}
    kept = [
        (name, value) for name, value in request.headers
        if name.lower() not in ("via", "cseq", "content-length") and name.lower() not in replaced
    ]  # fmt: skip
    fields = (endpoint.via(), *kept, ("CSeq", f"{seq} {request.method}"), *more)
    return Request(request.method, request.uri, Headers(fields), request.body)
