"""SIP transactions without sockets: what is sent again, when one gives up (RFC 3261, 17; RFC 6026).

A transaction gets messages and `now` (seconds of a monotonic clock) and puts messages into `outbox`.
"""

from __future__ import annotations

from enum import Enum

from telephony.caller.sip_message import Headers, Request, Response, cseq

T1_S = 0.5
T2_S = 4.0
T4_S = 5.0
TIMEOUT_S = 64 * T1_S
"""Timers B, F, H, J, L and M."""
TIMER_D_S = 32.0


class ClientState(Enum):
    CALLING = "calling"
    PROCEEDING = "proceeding"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    TERMINATED = "terminated"


class _Answer(Enum):
    PROVISIONAL = "1xx"
    SUCCESS = "2xx"
    FAILURE = "3xx-6xx"


_C, _A = ClientState, _Answer
_OPEN = (_C.CALLING, _C.PROCEEDING)
_INVITE_CLIENT = {
    **{(state, _A.PROVISIONAL): _C.PROCEEDING for state in _OPEN},
    **{(state, _A.SUCCESS): _C.ACCEPTED for state in (*_OPEN, _C.ACCEPTED)},
    **{(state, _A.FAILURE): _C.COMPLETED for state in (*_OPEN, _C.COMPLETED)},
}
_OTHER_CLIENT = {
    **{(state, _A.PROVISIONAL): _C.PROCEEDING for state in _OPEN},
    **{(state, answer): _C.COMPLETED for state in _OPEN for answer in (_A.SUCCESS, _A.FAILURE)},
}


def _kind(status: int) -> _Answer:
    if status < 200:
        return _A.PROVISIONAL
    return _A.SUCCESS if status < 300 else _A.FAILURE


class ClientTransaction:
    """One request of ours until its final response. The request is in `outbox` at once."""

    def __init__(self, request: Request, reliable: bool, now: float) -> None:
        self.request = request
        self.state = ClientState.CALLING
        self.outbox: list[Request] = [request]
        self._invite = request.method == "INVITE"
        self._reliable = reliable
        self._interval_s = T1_S
        self._resend_at: float | None = None if reliable else now + T1_S
        self._ends_at: float | None = now + TIMEOUT_S
        self._ack: Request | None = None

    def receive(self, response: Response, now: float) -> bool:
        """Take a response of this transaction; True when the one who asked must see it."""
        table = _INVITE_CLIENT if self._invite else _OTHER_CLIENT
        before, answer = self.state, _kind(response.status)
        after = table.get((before, answer))
        if after is None:
            return False
        self.state = after
        if after is _C.PROCEEDING:
            # INVITE is not sent again after a provisional (timer A); others slow down to T2 (timer E).
            if self._invite:
                self._resend_at, self._ends_at = None, None
            elif not self._reliable:
                self._interval_s, self._resend_at = T2_S, now + T2_S
            return True
        self._resend_at = None
        if after is _C.ACCEPTED:
            self._ends_at = now + TIMEOUT_S
            return True
        if before is not _C.COMPLETED:
            wait_s = 0.0 if self._reliable else (TIMER_D_S if self._invite else T4_S)
            self._ends_at = now + wait_s
        if self._invite:
            self._ack = self._ack or ack_of_failure(self.request, response)
            self.outbox.append(self._ack)
        return before is not _C.COMPLETED

    def deadline(self) -> float | None:
        """When `handle_timer` wants to be called next."""
        due = [at for at in (self._resend_at, self._ends_at) if at is not None]
        return min(due) if due and self.state is not _C.TERMINATED else None

    def handle_timer(self, now: float) -> bool:
        """Send again what is due; True when the request has timed out."""
        if self._ends_at is not None and now >= self._ends_at:
            timed_out = self.state in _OPEN
            self.state = _C.TERMINATED
            return timed_out
        if self._resend_at is not None and now >= self._resend_at:
            self.outbox.append(self.request)
            doubled = 2 * self._interval_s
            self._interval_s = doubled if self._invite else min(doubled, T2_S)
            self._resend_at = now + self._interval_s
        return False


def ack_of_failure(invite: Request, response: Response) -> Request:
    """The ACK for a 3xx to 6xx: same branch, hop by hop (RFC 3261 section 17.1.1.3)."""
    number, _ = cseq(invite)
    names = ("via", "from", "call-id", "route", "max-forwards")
    kept = [(name, value) for name, value in invite.headers if name.lower() in names]
    return Request(
        "ACK", invite.uri, Headers((*kept, ("To", response.headers.get("to")), ("CSeq", f"{number} ACK")))
    )


class ServerState(Enum):
    TRYING = "trying"
    PROCEEDING = "proceeding"
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class ServerTransaction:
    """One request of the peer. A final answer to INVITE is sent again until its ACK comes."""

    def __init__(self, request: Request, reliable: bool, now: float) -> None:
        self.request = request
        self.state = ServerState.TRYING
        self.outbox: list[Response] = []
        self._invite = request.method == "INVITE"
        self._reliable = reliable
        self._last: Response | None = None
        self._interval_s = T1_S
        self._resend_at: float | None = None
        self._ends_at: float | None = None

    def receive_again(self) -> None:
        """The request came once more: so goes the last response."""
        if self._last is not None and self.state is not ServerState.CONFIRMED:
            self.outbox.append(self._last)

    def respond(self, response: Response, now: float, until_prack: bool = False) -> None:
        """Send a response. With `until_prack` a provisional one is repeated until `pracked` (RFC 3262)."""
        self._last = response
        self.outbox.append(response)
        final = response.status >= 200
        self.state = ServerState.ANSWERED if final else ServerState.PROCEEDING
        # A 2xx is repeated over TCP too (RFC 3261 section 13.3.1.4): its ACK may cross proxies on UDP.
        repeat = until_prack or (final and self._invite and (not self._reliable or response.status < 300))
        self._interval_s = T1_S
        self._resend_at = now + T1_S if repeat else None
        self._ends_at = now + TIMEOUT_S if final else None

    def acked(self, now: float) -> None:
        """The ACK of our final answer came."""
        if self.state is ServerState.ANSWERED:
            self.state = ServerState.CONFIRMED
            self._resend_at, self._ends_at = None, now + T4_S

    def pracked(self) -> None:
        """The PRACK of our reliable provisional came."""
        if self.state is ServerState.PROCEEDING:
            self._resend_at = None

    def deadline(self) -> float | None:
        due = [at for at in (self._resend_at, self._ends_at) if at is not None]
        return min(due) if due and self.state is not ServerState.TERMINATED else None

    def handle_timer(self, now: float) -> bool:
        """Send again what is due; True when no ACK ever came for an INVITE's answer."""
        if self._ends_at is not None and now >= self._ends_at:
            lost = self._invite and self.state is ServerState.ANSWERED
            self.state = ServerState.TERMINATED
            return lost
        if self._resend_at is not None and now >= self._resend_at and self._last is not None:
            self.outbox.append(self._last)
            self._interval_s = min(2 * self._interval_s, T2_S)
            self._resend_at = now + self._interval_s
        return False
