"""A confirmed call, seen from either side: what may be asked of it, and how it answers the peer.

Sans-IO, and the same for the caller (`uac.py`) and for the small answering machine (`uas.py`): after the
answer SIP knows no caller and no callee. What happened is appended to `events`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from telephony.caller import sdp
from telephony.caller.dialog import Authenticator, Dialog, repeated
from telephony.caller.endpoint import (
    ALLOW,
    AckMissing,
    Endpoint,
    Indication,
    NewRequest,
    NewResponse,
    TimedOut,
)
from telephony.caller.events import CallEvent, Ended, GotInfo, MediaChanged, Referred, RequestDone
from telephony.caller.sdp import Direction, LocalMedia, Negotiated
from telephony.caller.sip_message import Request, Response, SipSyntaxError, cseq, header_param
from telephony.caller.transaction import ServerTransaction


@dataclass(frozen=True, slots=True)
class Manners:
    """How a side behaves where the standard leaves a choice.

    `on_refer`: take the transfer and report success, take it and report failure, or decline it.
    `session_expires_s`: ask for session timers (RFC 4028) with this interval.
    """

    on_refer: Literal["accept", "fail", "decline"] = "accept"
    session_expires_s: int | None = None


class Talk(Enum):
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class OfferState(Enum):
    """Of offers and answers (RFC 3264, RFC 3261 section 14): only one may be under way."""

    STABLE = "stable"
    OURS_SENT = "our offer is out"
    ANSWER_AWAITED = "our offer went out in a 200 and its answer comes in the ACK"


@dataclass(slots=True)
class OfferBook:
    """Our session description: what is offered, how often it was written (the o= line), what holds."""

    local: LocalMedia
    session_id: int
    version: int = 0
    wanted: Direction = Direction.SENDRECV
    media: Negotiated | None = None

    def offer(self) -> bytes:
        self.version += 1
        return sdp.write_offer(self.local, self.wanted, self.session_id, self.version)

    def answer(self, body: bytes) -> bytes:
        """Our answer to the offer in `body`. Raises SdpError."""
        self.version += 1
        written, self.media = sdp.write_answer(
            sdp.parse(body), self.local, self.wanted, self.session_id, self.version
        )
        return written

    def accept(self, body: bytes) -> Negotiated:
        """Take the peer's answer. Raises SdpError."""
        self.media = sdp.accept(sdp.parse(body), self.local, self.wanted)
        return self.media


class InDialog:
    """One confirmed dialog. Every method takes `now` in seconds of one monotonic clock."""

    def __init__(
        self,
        endpoint: Endpoint,
        dialog: Dialog,
        book: OfferBook,
        authenticator: Authenticator,
        manners: Manners,
        events: list[CallEvent],
    ) -> None:
        self.talk = Talk.OPEN
        self.offer_state = OfferState.STABLE
        self.book = book
        self._endpoint = endpoint
        self._dialog = dialog
        self._authenticator = authenticator
        self._manners = manners
        self._events = events
        self._refresh_at: float | None = None
        self._expires_at: float | None = None

    # ---- what we ask --------------------------------------------------------------------------------------

    def bye(self, now: float, *more: tuple[str, str]) -> None:
        """Hang up."""
        if self.talk is Talk.OPEN:
            self.talk = Talk.CLOSING
            self.ask("BYE", now, *more)

    def reinvite(self, direction: Direction, now: float, with_offer: bool = True) -> bool:
        """Ask for the stream to go `direction`; False while another offer is under way."""
        if self.talk is not Talk.OPEN or self.offer_state is not OfferState.STABLE:
            return False
        self.offer_state = OfferState.OURS_SENT
        self.book.wanted = direction
        self.ask("INVITE", now, *self._timer_headers(), body=self.book.offer() if with_offer else b"")
        return True

    def info(self, content_type: str, body: bytes, now: float) -> None:
        """Send INFO, as for a digit."""
        self.ask("INFO", now, ("Content-Type", content_type), body=body)

    def ask(self, method: str, now: float, *more: tuple[str, str], body: bytes = b"") -> None:
        """Send any request inside the dialog."""
        request = self._dialog.request(self._endpoint, method, *more, body=body)
        self._endpoint.request(request, self._dialog.hop(self._endpoint), now)

    def ack(self, response: Response, invite: Request, body: bytes = b"") -> None:
        """Acknowledge a 2xx to our (re-)INVITE, once for each time it comes."""
        number, _ = cseq(invite)
        ack = self._dialog.request(self._endpoint, "ACK", body=body, seq=number)
        self._endpoint.send(ack, self._dialog.hop(self._endpoint))

    def await_answer(self) -> None:
        """Our 200 to the first INVITE held an offer; its answer comes in the ACK."""
        self.offer_state = OfferState.ANSWER_AWAITED

    # ---- what comes ---------------------------------------------------------------------------------------

    def receive(self, indication: Indication, now: float) -> None:
        """Take what the transaction layer found for this dialog."""
        match indication:
            case NewRequest(request, None):
                self._on_ack(request, now)
            case NewRequest(request, transaction) if transaction is not None:
                self._on_request(request, transaction, now)
            case NewResponse(request, response):
                self._on_response(request, response, now)
            case TimedOut(request):
                self._on_lost(request, 408, now)
            case AckMissing():
                self.bye(now)

    def _on_request(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        number, method = cseq(request)
        seen = self._dialog.remote_seq
        if seen is not None and number < seen:
            self._endpoint.reply(transaction, 500, "CSeq Out Of Order", now)
            return
        self._dialog.remote_seq = number
        if self.talk is not Talk.OPEN and method != "BYE":
            self._endpoint.reply(transaction, 481, "Call Does Not Exist", now)
            return
        handler = self._HANDLERS.get(method)
        if handler is None:
            self._endpoint.reply(transaction, 405, "Method Not Allowed", now, ("Allow", ALLOW))
        else:
            handler(self, request, transaction, now)

    def _on_bye(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        self._endpoint.reply(transaction, 200, "OK", now)
        self._close("callee", request.headers.get("reason"), now)

    def _on_reoffer(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        contact, book = ("Contact", f"<{self._dialog.contact}>"), self.book
        more = [contact, ("Allow", ALLOW), *self._echoed_timer(request, now)]
        if self.offer_state is not OfferState.STABLE:
            self._endpoint.reply(transaction, 491, "Request Pending", now)
            return
        self._dialog.retarget(request.headers.get("contact"))
        try:
            if request.body:
                answer = book.answer(request.body)
                self._endpoint.reply(transaction, 200, "OK", now, *more, body=answer)
                self._media_changed(now)
            elif request.method == "INVITE":
                self.offer_state = OfferState.ANSWER_AWAITED
                self._endpoint.reply(transaction, 200, "OK", now, *more, body=book.offer())
            else:
                self._endpoint.reply(transaction, 200, "OK", now, *more)
        except sdp.SdpError:
            self._endpoint.reply(transaction, 488, "Not Acceptable Here", now)

    def _on_ack(self, request: Request, now: float) -> None:
        if self.offer_state is not OfferState.ANSWER_AWAITED:
            return
        self.offer_state = OfferState.STABLE
        try:
            self.book.accept(request.body)
        except sdp.SdpError:
            self.bye(now)  # the one who answers in an ACK can't be told otherwise
            return
        self._media_changed(now)

    def _on_info(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        self._endpoint.reply(transaction, 200, "OK", now)
        self._events.append(GotInfo(now, request.headers.get("content-type"), request.body))

    def _on_refer(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        target, manner = request.headers.get("refer-to"), self._manners.on_refer
        if manner == "decline" or not target:
            self._endpoint.reply(transaction, 603 if target else 400, "Decline", now)
        else:
            self._endpoint.reply(transaction, 202, "Accepted", now)
            self._notify("SIP/2.0 100 Trying", "active;expires=60", now)
            outcome = "200 OK" if manner == "accept" else "503 Service Unavailable"
            self._notify(f"SIP/2.0 {outcome}", "terminated;reason=noresource", now)
        self._events.append(Referred(now, target, manner == "accept"))

    def _notify(self, fragment: str, state: str, now: float) -> None:
        more = [("Event", "refer"), ("Subscription-State", state), ("Content-Type", "message/sipfrag")]
        self.ask("NOTIFY", now, *more, body=fragment.encode())

    def _on_simple(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        self._endpoint.reply(transaction, 200, "OK", now, ("Allow", ALLOW))

    _HANDLERS: dict[str, Callable[[InDialog, Request, ServerTransaction, float], None]] = {
        "BYE": _on_bye,
        "INVITE": _on_reoffer,
        "UPDATE": _on_reoffer,
        "INFO": _on_info,
        "REFER": _on_refer,
        "OPTIONS": _on_simple,
        "NOTIFY": _on_simple,
    }

    def _on_response(self, request: Request, response: Response, now: float) -> None:
        if response.status < 200:
            return
        header = self._authenticator.answer(self._endpoint, request, response)
        if header is not None:
            again = repeated(request, self._endpoint, self._dialog.next_seq(), header)
            self._endpoint.request(again, self._dialog.hop(self._endpoint), now)
            return
        if request.method == "INVITE":
            accepted, first_time = response.status < 300, self.offer_state is OfferState.OURS_SENT
            self.offer_state = OfferState.STABLE
            if accepted:
                self._on_reoffer_accepted(request, response, first_time, now)
            if not first_time:
                return  # a 2xx that came again has its ACK, and was told before
        self._on_lost(request, response.status, now)

    def _on_reoffer_accepted(
        self, request: Request, response: Response, first_time: bool, now: float
    ) -> None:
        self._dialog.retarget(response.headers.get("contact"))
        try:
            if not request.body:
                self.ack(response, request, self.book.answer(response.body))
            else:
                self.ack(response, request)
                self.book.accept(response.body)
        except sdp.SdpError:
            self.bye(now)
            return
        if first_time:
            self.start_timers(response, now)
            self._media_changed(now)

    def _on_lost(self, request: Request, status: int, now: float) -> None:
        if request.method == "BYE":
            self._close("caller", "" if status < 300 else f"BYE got {status}", now)
            return
        self._events.append(RequestDone(now, request.method, status))
        if status in (408, 481):  # RFC 3261 section 12.2.1.2: the peer has forgotten the dialog
            self.bye(now)

    def _media_changed(self, now: float) -> None:
        if self.book.media is not None:
            self._events.append(MediaChanged(now, self.book.media))

    def _close(self, by: Literal["caller", "callee", "fault"], reason: str, now: float) -> None:
        if self.talk is not Talk.CLOSED:
            self.talk = Talk.CLOSED
            self._refresh_at = self._expires_at = None
            self._events.append(Ended(now, by, reason))

    # ---- session timers (RFC 4028) ------------------------------------------------------------------------

    def _timer_headers(self) -> list[tuple[str, str]]:
        interval = self._manners.session_expires_s
        if interval is None:
            return []
        return [("Supported", "timer"), ("Session-Expires", str(interval)), ("Min-SE", "90")]

    def _echoed_timer(self, request: Request, now: float) -> list[tuple[str, str]]:
        value = request.headers.get("session-expires")
        interval = value.partition(";")[0].strip()
        if not interval.isdigit():
            return []
        # RFC 4028 section 9: of "uac" and "uas" in a refresh, we are the uas.
        ours = header_param(value, "refresher") == "uas"
        self._arm(int(interval), ours, now)
        return [("Require", "timer"), ("Session-Expires", f"{interval};refresher={'uas' if ours else 'uac'}")]

    def start_timers(self, response: Response, now: float) -> None:
        """Take the interval and the refresher from the 2xx to our INVITE."""
        value = response.headers.get("session-expires")
        interval = value.partition(";")[0].strip()
        if interval.isdigit():
            self._arm(int(interval), header_param(value, "refresher") != "uas", now)

    def _arm(self, interval_s: int, ours: bool, now: float) -> None:
        self._refresh_at = now + interval_s / 2 if ours else None
        self._expires_at = now + interval_s - min(32, interval_s / 3)

    def deadline(self) -> float | None:
        return min((at for at in (self._refresh_at, self._expires_at) if at is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Refresh the session, or end one that nobody refreshed."""
        if self._expires_at is not None and now >= self._expires_at:
            self._refresh_at = self._expires_at = None
            self.bye(now, ("Reason", 'SIP;cause=408;text="session expired"'))
        elif self._refresh_at is not None and now >= self._refresh_at:
            self._refresh_at = None
            if not self.reinvite(self.book.wanted, now):
                self._refresh_at = now + 1.0


def belongs(dialog: Dialog, request: Request) -> bool:
    """Whether `request` of the peer is inside `dialog`. Raises SipSyntaxError."""
    to = request.headers.get("to")
    if not to:
        raise SipSyntaxError("no To")
    return request.headers.get("call-id") == dialog.call_id and f"tag={dialog.local_tag}" in to
