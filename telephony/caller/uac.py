"""A call of ours from its INVITE to its end (RFC 3261 section 13, RFC 3262), without sockets.

Drive it with `start`, `receive` and `handle_timer`; after each, send what `take` gives, read `take_events`,
and wait until `deadline`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from telephony.caller import dialog as dialogs
from telephony.caller import sdp
from telephony.caller.dialog import Authenticator, Dialog
from telephony.caller.digest import Credentials
from telephony.caller.endpoint import (
    ALLOW,
    USER_AGENT,
    Address,
    Endpoint,
    Indication,
    NewRequest,
    NewResponse,
    Outgoing,
    Side,
    TimedOut,
)
from telephony.caller.events import Answered, CallEvent, EarlyMedia, Provisional, Rejected
from telephony.caller.in_dialog import InDialog, Manners, OfferBook, Talk, belongs
from telephony.caller.sdp import LocalMedia
from telephony.caller.sip_message import (
    Headers,
    Message,
    Request,
    Response,
    SipSyntaxError,
    cseq,
    parse_name_addr,
)
from telephony.caller.transaction import TIMEOUT_S, ServerTransaction


@dataclass(frozen=True, slots=True)
class CallRequest:
    """Whom to call, and how. `ack="never"` plays a caller who dies between the 200 and the ACK."""

    uri: str
    local: LocalMedia
    caller: str = "sip:caller@localhost"
    credentials: Credentials | None = None
    headers: tuple[tuple[str, str], ...] = ()
    delayed_offer: bool = False
    prack: Literal["no", "supported", "required"] = "supported"
    ack: Literal["at once", "never"] = "at once"
    manners: Manners = field(default_factory=Manners)


class CallState(Enum):
    IDLE = "idle"
    CALLING = "calling"
    RINGING = "ringing"
    CANCEL_WANTED = "cancel wanted"  # a CANCEL may not go out before a provisional came
    CANCELLING = "cancelling"
    TALKING = "talking"
    OVER = "over"


class _Trigger(Enum):
    START = "start"
    PROVISIONAL = "provisional"
    ANSWER = "answer"
    REFUSAL = "refusal"
    HANGUP = "hangup"
    END = "end"


_S, _T = CallState, _Trigger
_WAITING = (_S.CALLING, _S.RINGING, _S.CANCEL_WANTED, _S.CANCELLING)
_TABLE = {
    (_S.IDLE, _T.START): _S.CALLING,
    (_S.CALLING, _T.PROVISIONAL): _S.RINGING,
    (_S.CALLING, _T.HANGUP): _S.CANCEL_WANTED,
    (_S.RINGING, _T.HANGUP): _S.CANCELLING,
    (_S.CANCEL_WANTED, _T.PROVISIONAL): _S.CANCELLING,
    **{(state, _T.ANSWER): _S.TALKING for state in _WAITING},
    **{(state, _T.REFUSAL): _S.OVER for state in _WAITING},
    (_S.TALKING, _T.END): _S.OVER,
}


class UacCall:
    """One outgoing call. All times are seconds of one monotonic clock."""

    def __init__(self, request: CallRequest, side: Side, peer: Address, rng: random.Random) -> None:
        self.state = CallState.IDLE
        self.session: InDialog | None = None
        self.call_id = f"{rng.getrandbits(64):016x}@{side.address[0]}"
        self._request = request
        self._endpoint = Endpoint(side, peer, rng)
        self._peer = peer
        self._events: list[CallEvent] = []
        self._authenticator = Authenticator(request.credentials)
        self._book = OfferBook(request.local, rng.getrandbits(31))
        transport = "" if side.transport == "udp" else f";transport={side.transport}"
        user = parse_name_addr(request.caller).uri.partition(":")[2].partition("@")[0] or "caller"
        self._contact = f"sip:{user}@{side.address[0]}:{side.address[1]}{transport}"
        self._invite: Request | None = None
        self._early: Dialog | None = None
        self._last_rseq = 0
        self._delayed_answer = b""
        self._give_up_at: float | None = None

    def _to(self, trigger: _Trigger) -> bool:
        """Move by the table; False where `trigger` means nothing in this state."""
        after = _TABLE.get((self.state, trigger))
        if after is None:
            return False
        self.state = after
        return True

    # ---- what the caller does -----------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Send the INVITE."""
        if not self._to(_T.START):
            raise ValueError(f"a call is made once; it is {self.state.value}")
        wish, manners = self._request, self._request.manners
        name_addr = wish.caller if "<" in wish.caller else f"<{wish.caller}>"
        fields = [
            self._endpoint.via(), ("Max-Forwards", "70"),
            ("From", f"{name_addr};tag={self._endpoint.token()}"),
            ("To", f"<{wish.uri}>"), ("Call-ID", self.call_id), ("CSeq", "1 INVITE"),
            ("Contact", f"<{self._contact}>"), ("Allow", ALLOW), ("User-Agent", USER_AGENT),
        ]  # fmt: skip
        supported = [] if wish.prack == "no" else ["100rel"]
        if manners.session_expires_s is not None:
            supported.append("timer")
            fields += [("Session-Expires", str(manners.session_expires_s)), ("Min-SE", "90")]
        if supported:
            fields.append(("Supported", ", ".join(supported)))
        if wish.prack == "required":
            fields.append(("Require", "100rel"))
        fields += wish.headers
        if not wish.delayed_offer:
            fields.append(("Content-Type", "application/sdp"))
        body = b"" if wish.delayed_offer else self._book.offer()
        self._send_invite(Request("INVITE", wish.uri, Headers(tuple(fields)), body), now)

    def _send_invite(self, invite: Request, now: float) -> None:
        self._invite = invite
        self._early = None
        self._endpoint.request(invite, self._peer, now)

    def hangup(self, now: float) -> None:
        """End the call in the way its state asks for: CANCEL, BYE, or CANCEL as soon as it is allowed."""
        if self.state is _S.TALKING and self.session is not None:
            self.session.bye(now)
        elif self._to(_T.HANGUP) and self.state is _S.CANCELLING:
            self._cancel(now)

    def _cancel(self, now: float) -> None:
        invite = self._required_invite()
        number, _ = cseq(invite)
        names = ("via", "from", "to", "call-id", "route", "max-forwards")
        kept = tuple((name, value) for name, value in invite.headers if name.lower() in names)
        cancel = Request("CANCEL", invite.uri, Headers((*kept, ("CSeq", f"{number} CANCEL"))))
        self._endpoint.request(cancel, self._peer, now)
        self._give_up_at = now + TIMEOUT_S  # RFC 3261 section 9.1: a 487 may never come

    def _required_invite(self) -> Request:
        if self._invite is None:
            raise ValueError("no INVITE was sent")
        return self._invite

    # ---- what comes ---------------------------------------------------------------------------------------

    def receive(self, message: Message, source: Address, now: float) -> None:
        """Take a message. Raises SipSyntaxError for one that can't be understood; the call goes on."""
        for indication in self._endpoint.receive(message, source, now):
            self._indicate(indication, now)

    def _indicate(self, indication: Indication, now: float) -> None:
        session = self.session
        match indication:
            case NewRequest(request, transaction):
                if session is not None and self._early is not None and belongs(self._early, request):
                    session.receive(indication, now)
                elif transaction is not None:
                    self._on_stray(request, transaction, now)
            case NewResponse(request, response) if request is self._invite:
                self._on_invite_response(response, now)
            case TimedOut(request) if request is self._invite:
                self._refused(408, "No Answer To INVITE", "", now)
            case _ if session is not None:
                session.receive(indication, now)
        if session is not None and session.talk is Talk.CLOSED:
            self._to(_T.END)

    def _on_stray(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        if request.method == "OPTIONS":
            self._endpoint.reply(transaction, 200, "OK", now, ("Allow", ALLOW), to_tag=self._endpoint.token())
        else:
            self._endpoint.reply(transaction, 481, "Call Does Not Exist", now, to_tag=self._endpoint.token())

    def _on_invite_response(self, response: Response, now: float) -> None:
        if response.status < 200:
            self._on_provisional(response, now)
        elif response.status < 300:
            self._on_answer(response, now)
        else:
            self._on_refusal(response, now)

    def _on_provisional(self, response: Response, now: float) -> None:
        if self._to(_T.PROVISIONAL) and self.state is _S.CANCELLING:
            self._cancel(now)
        if response.status == 100 or self.state not in (_S.RINGING, _S.CANCELLING):
            return
        self._events.append(Provisional(now, response.status, response.reason))
        answer = b""
        if response.body:
            try:
                if self._request.delayed_offer:
                    answer = self._book.answer(response.body)
                else:
                    self._book.accept(response.body)
            except sdp.SdpError as error:
                raise SipSyntaxError(f"SDP of {response.status}: {error}") from error
            if self._book.media is not None:
                self._events.append(EarlyMedia(now, self._book.media))
        rseq = response.headers.get("rseq")
        if response.headers.has_token("require", "100rel") and rseq.isdigit():
            self._prack(response, int(rseq), answer, now)

    def _prack(self, response: Response, rseq: int, answer: bytes, now: float) -> None:
        if rseq <= self._last_rseq:
            return
        self._last_rseq = rseq
        invite = self._required_invite()
        if self._early is None:
            self._early = dialogs.of_caller(invite, response, self._contact)
        rack = ("RAck", f"{rseq} {response.headers.get('cseq')}")
        prack = self._early.request(self._endpoint, "PRACK", rack, body=answer)
        self._endpoint.request(prack, self._early.hop(self._endpoint), now)

    def _on_answer(self, response: Response, now: float) -> None:
        invite = self._required_invite()
        if self.session is not None:
            tag = parse_name_addr(response.headers.get("to")).tag
            if self._early is not None and self._early.remote_tag == tag:
                self._acknowledge(response, self._delayed_answer)
            else:
                self._drop_fork(response, now)
            return
        hung_up = self.state in (_S.CANCEL_WANTED, _S.CANCELLING)
        if not self._to(_T.ANSWER):
            return
        dialog = dialogs.of_caller(invite, response, self._contact)
        if self._early is not None and self._early.remote_tag == dialog.remote_tag:
            dialog.local_seq = self._early.local_seq  # PRACK has used numbers already
        self._early = dialog
        self._give_up_at = None
        manners = self._request.manners
        session = InDialog(self._endpoint, dialog, self._book, self._authenticator, manners, self._events)
        self.session = session
        try:
            if self._request.delayed_offer and self._book.media is None:
                self._delayed_answer = self._book.answer(response.body)
            elif response.body and self._book.media is None:
                self._book.accept(response.body)
            if self._book.media is None:
                raise sdp.SdpError("the 200 has no SDP")
        except sdp.SdpError as error:
            self._acknowledge(response, b"")
            session.bye(now)
            self._events.append(Rejected(now, 488, f"unusable SDP in the answer: {error}"))
            return
        self._acknowledge(response, self._delayed_answer)
        session.start_timers(response, now)
        self._events.append(Answered(now, self._book.media))
        if hung_up:
            session.bye(now)

    def _acknowledge(self, response: Response, body: bytes) -> None:
        if self._request.ack == "at once" and self.session is not None:
            self.session.ack(response, self._required_invite(), body)

    def _drop_fork(self, response: Response, now: float) -> None:
        # Two phones answered (RFC 3261 section 13.2.2.4): acknowledge the second and hang it up.
        invite = self._required_invite()
        fork = dialogs.of_caller(invite, response, self._contact)
        hop = fork.hop(self._endpoint)
        self._endpoint.send(fork.request(self._endpoint, "ACK", seq=cseq(invite)[0]), hop)
        self._endpoint.request(fork.request(self._endpoint, "BYE"), hop, now)

    def _on_refusal(self, response: Response, now: float) -> None:
        invite = self._required_invite()
        number, _ = cseq(invite)
        header = self._authenticator.answer(self._endpoint, invite, response)
        if header is None and response.status == 422 and response.headers.get("min-se").isdigit():
            header = ("Session-Expires", response.headers.get("min-se"))
        if header is not None and self.state in (_S.CALLING, _S.RINGING):
            self._send_invite(dialogs.repeated(invite, self._endpoint, number + 1, header), now)
            return
        self._refused(response.status, response.reason, response.headers.get("retry-after"), now)

    def _refused(self, status: int, reason: str, retry_after: str, now: float) -> None:
        if self._to(_T.REFUSAL):
            self._give_up_at = None
            self._events.append(Rejected(now, status, reason, retry_after))

    # ---- output and time ----------------------------------------------------------------------------------

    def take(self) -> list[Outgoing]:
        """Bytes to send, in order."""
        return self._endpoint.take()

    def take_events(self) -> list[CallEvent]:
        """What happened since the last time."""
        events = self._events[:]
        self._events.clear()
        return events

    def deadline(self) -> float | None:
        """When `handle_timer` wants to be called next."""
        session = self.session.deadline() if self.session is not None else None
        due = [at for at in (self._endpoint.deadline(), session, self._give_up_at) if at is not None]
        return min(due, default=None)

    def handle_timer(self, now: float) -> None:
        """Send again what is due, give up what is late."""
        for indication in self._endpoint.handle_timer(now):
            self._indicate(indication, now)
        if self.session is not None:
            self.session.handle_timer(now)
        if self._give_up_at is not None and now >= self._give_up_at:
            self._refused(487, "CANCEL Got No Answer", "", now)
