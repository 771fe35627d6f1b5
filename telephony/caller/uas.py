"""A small answering side for calibration and tests, built from the caller's own pieces. Sans-IO.

It takes one call, answers it as `Answering` says, and is a full peer inside the dialog. It is no
server: no registration, no second line.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import Enum

from telephony.caller import dialog as dialogs
from telephony.caller import digest, sdp
from telephony.caller.dialog import Authenticator, Dialog
from telephony.caller.endpoint import (
    ALLOW,
    Address,
    Endpoint,
    Indication,
    NewRequest,
    Outgoing,
    Side,
)
from telephony.caller.events import Answered, CallEvent, Ended
from telephony.caller.in_dialog import InDialog, Manners, OfferBook, Talk, belongs
from telephony.caller.sdp import LocalMedia
from telephony.caller.sip_message import Message, Request, cseq
from telephony.caller.transaction import ServerTransaction

_NONCE = "5f1c0de5"


@dataclass(frozen=True, slots=True)
class Answering:
    """How the call is taken: 180 at once, the final `status` after `answer_s` seconds.

    `reliable_ringing` sends the 180 reliably (RFC 3262), with SDP where `early_media` says so, and waits
    for its PRACK before the answer. With `credentials` an INVITE without them is challenged.
    """

    local: LocalMedia
    answer_s: float = 0.0
    status: int = 200
    reason: str = "OK"
    early_media: bool = False
    reliable_ringing: bool = False
    credentials: digest.Credentials | None = None
    headers: tuple[tuple[str, str], ...] = ()
    manners: Manners = field(default_factory=Manners)


class LineState(Enum):
    FREE = "free"
    RINGING = "ringing"
    PRACK_AWAITED = "prack awaited"
    TALKING = "talking"
    REFUSED = "refused"


class AnswerMachine:
    """One line that answers one call."""

    def __init__(self, answering: Answering, side: Side, rng: random.Random) -> None:
        self.state = LineState.FREE
        self.session: InDialog | None = None
        self.requests: list[Request] = []
        self._answering = answering
        self._endpoint = Endpoint(side, ("127.0.0.1", 5060), rng)
        self._contact = f"sip:bot@{side.address[0]}:{side.address[1]}"
        self._book = OfferBook(answering.local, rng.getrandbits(31))
        self._events: list[CallEvent] = []
        self.dialog: Dialog | None = None
        self._invite: ServerTransaction | None = None
        self._answer_at: float | None = None
        self._answer_body = b""

    def hangup(self, now: float) -> None:
        """Send BYE."""
        if self.session is not None:
            self.session.bye(now)

    def receive(self, message: Message, source: Address, now: float) -> None:
        """Take a message. Raises SipSyntaxError."""
        for indication in self._endpoint.receive(message, source, now):
            self._indicate(indication, now)

    def _indicate(self, indication: Indication, now: float) -> None:
        if isinstance(indication, NewRequest):
            self.requests.append(indication.request)
            if self._before_answer(indication, now):
                return
        if self.session is not None:
            self.session.receive(indication, now)
        elif isinstance(indication, NewRequest) and indication.transaction is not None:
            self._endpoint.reply(indication.transaction, 481, "Call Does Not Exist", now, to_tag="none")

    def _before_answer(self, indication: NewRequest, now: float) -> bool:
        request, transaction = indication.request, indication.transaction
        if transaction is None:
            return self.session is None
        if request.method == "OPTIONS" and self.session is None:
            self._endpoint.reply(transaction, 200, "OK", now, ("Allow", ALLOW), to_tag="options")
            return True
        if request.method == "INVITE" and self.session is None:
            self._on_invite(request, transaction, now)
            return True
        if request.method == "CANCEL":
            self._on_cancel(transaction, now)
            return True
        if request.method == "PRACK" and self.dialog is not None and belongs(self.dialog, request):
            self._on_prack(request, transaction, now)
            return True
        return False

    def _on_invite(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        how, contact = self._answering, ("Contact", f"<{self._contact}>")
        if self.state in (LineState.RINGING, LineState.PRACK_AWAITED):
            self._endpoint.reply(transaction, 486, "Busy Here", now, to_tag="busy")
            return
        if how.credentials is not None and not self._authorised(request, how.credentials):
            challenge = f'Digest realm="offhook", nonce="{_NONCE}", algorithm=MD5, qop="auth"'
            ask = ("WWW-Authenticate", challenge)
            self._endpoint.reply(transaction, 401, "Unauthorized", now, ask, to_tag=self._endpoint.token())
            return
        self.dialog = dialogs.of_callee(request, self._endpoint.token(), self._contact)
        self._invite = transaction
        try:
            self._answer_body = self._book.answer(request.body) if request.body else self._book.offer()
        except sdp.SdpError:
            self.state = LineState.REFUSED
            self._endpoint.reply(transaction, 488, "Not Acceptable Here", now, to_tag=self.dialog.local_tag)
            return
        more, body = [contact], self._answer_body if how.early_media else b""
        if how.reliable_ringing:
            more += [("Require", "100rel"), ("RSeq", "7001")]
        self.state = LineState.PRACK_AWAITED if how.reliable_ringing else LineState.RINGING
        self._endpoint.reply(
            transaction, 183 if how.early_media else 180, "Ringing", now, *more,
            to_tag=self.dialog.local_tag, body=body, until_prack=how.reliable_ringing,
        )  # fmt: skip
        self._answer_at = now + how.answer_s

    def _authorised(self, request: Request, credentials: digest.Credentials) -> bool:
        given = request.headers.get("authorization")
        if not given:
            return False
        found = digest.parameters(given)
        challenge = digest.Challenge("Authorization", "offhook", _NONCE, "MD5", "auth", "", False)
        count, cnonce = int(found.get("nc", "0"), 16), found.get("cnonce", "")
        _, expected = digest.answer(challenge, credentials, "INVITE", request.uri, count, cnonce)
        return digest.parameters(expected)["response"] == found.get("response")

    def _on_cancel(self, transaction: ServerTransaction, now: float) -> None:
        waiting = self.state in (LineState.RINGING, LineState.PRACK_AWAITED)
        known = waiting and self._invite is not None
        self._endpoint.reply(transaction, *((200, "OK") if known else (481, "No Such Call")), now, to_tag="c")
        if known and self._invite is not None and self.dialog is not None:
            self.state, self._answer_at = LineState.REFUSED, None
            tag = self.dialog.local_tag
            self._endpoint.reply(self._invite, 487, "Request Terminated", now, to_tag=tag)
            self._events.append(Ended(now, "callee", "cancelled"))

    def _on_prack(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        self._endpoint.reply(transaction, 200, "OK", now)
        if self.dialog is not None:
            self.dialog.remote_seq = cseq(request)[0]
        if self._invite is not None and request.headers.get("rack").startswith("7001 "):
            self._invite.pracked()
            if request.body:
                self._book.accept(request.body)
            if self.state is LineState.PRACK_AWAITED:
                self.state = LineState.RINGING

    def _answer(self, now: float) -> None:
        how = self._answering
        if self._invite is None or self.dialog is None:
            return
        tag, contact = self.dialog.local_tag, ("Contact", f"<{self._contact}>")
        if how.status >= 300:
            self.state = LineState.REFUSED
            self._endpoint.reply(self._invite, how.status, how.reason, now, *how.headers, to_tag=tag)
            return
        self.state = LineState.TALKING
        self.session = InDialog(
            self._endpoint, self.dialog, self._book, Authenticator(None), how.manners, self._events
        )
        # An offer that went out reliably in the 183 was answered in its PRACK and isn't made again.
        done = how.early_media and how.reliable_ringing
        body = b"" if done else self._answer_body
        self._endpoint.reply(self._invite, 200, "OK", now, contact, *how.headers, to_tag=tag, body=body)
        if self._book.media is not None:
            self._events.append(Answered(now, self._book.media))
        else:
            self.session.await_answer()

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
        answer = self._answer_at if self.state is LineState.RINGING else None
        due = (self._endpoint.deadline(), session, answer)
        return min((at for at in due if at is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Answer when it is time; send again what is due."""
        if self._answer_at is not None and self.state is LineState.RINGING and now >= self._answer_at:
            self._answer_at = None
            self._answer(now)
        for indication in self._endpoint.handle_timer(now):
            self._indicate(indication, now)
        if self.session is not None:
            self.session.handle_timer(now)

    @property
    def over(self) -> bool:
        """The call is finished, or it was refused."""
        ended = self.session is not None and self.session.talk is Talk.CLOSED
        return ended or self.state is LineState.REFUSED
