"""The lines of the stack, over a pjsua2 that does nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from telephony.sip_events import Disconnected, Offered, StackEvent
from telephony.sip_stack import Directors, SipStack
from telephony.transport import LineQuality, Refused, SipSettings

INVITE = "INVITE sip:bot@h SIP/2.0\r\nFrom: <sip:ann@h>;tag=1\r\nCall-ID: {}\r\n\r\n"


class FakeCall(SimpleNamespace):
    """A call of pjsua's with an audio port; `answered` is what it was answered with."""

    def __init__(self, line: int) -> None:
        super().__init__(line=line, port=object(), quality=LineQuality(), ended_by="", answered=[])
        self.answer = self.answered.append


class Response(SimpleNamespace):
    """pj.CallOpParam."""

    def __init__(self, *_: Any) -> None:
        super().__init__(txOption=SimpleNamespace(headers=SimpleNamespace(append=lambda header: None)))


def make(lines: int) -> tuple[SipStack, list[StackEvent]]:
    posted: list[StackEvent] = []
    directors = Directors(
        log=lambda: None,
        account=lambda stack: None,
        call=lambda stack, account, line: FakeCall(line),
        port=lambda memory, line, rate: None,
    )
    pj = SimpleNamespace(CallOpParam=Response, SipHeader=SimpleNamespace)
    stack = SipStack(pj, directors, SipSettings(lines=lines), posted.append)
    stack.set_state(200, 0)
    return stack, posted


def invite(stack: SipStack, line: int, call_id: str) -> FakeCall:
    stack.incoming(None, line, INVITE.format(call_id), "127.0.0.1:5062")
    call: FakeCall = stack._calls.get(line) or stack._refusing[line]
    return call


def test_a_call_that_never_ends_does_not_keep_its_line() -> None:
    stack, posted = make(lines=1)
    stuck = invite(stack, 0, "1")
    stack.release(0, forced=True)
    assert stuck.port is None
    invite(stack, 1, "2")
    assert [type(event) for event in posted] == [Offered, Offered]
    stack.disconnected(stuck, 200, "OK", "bot")  # late: nobody is there to be told
    invite(stack, 0, "3")
    assert [type(event) for event in posted] == [Offered, Offered, Refused]
    stack.memory.close()


def test_a_forced_release_leaves_the_call_that_waits_for_the_line_alone() -> None:
    stack, posted = make(lines=2)
    first = invite(stack, 0, "1")
    stack.disconnected(first, 200, "OK", "caller")
    second = invite(stack, 0, "2")
    stack.release(0, forced=True)
    assert [type(event) for event in posted] == [Offered, Disconnected, Offered]
    assert second.port is not None
    stack.memory.close()


def test_what_is_asked_for_a_call_that_is_over_does_not_hit_the_one_that_waits_for_its_line() -> None:
    stack, posted = make(lines=2)
    first = invite(stack, 0, "1")
    stack.disconnected(first, 200, "OK", "caller")
    second = invite(stack, 0, "2")
    asked = [stack.hangup(0), stack.respond(0, 200), stack.refer(0, "sip:x@h"), stack.press(0, "1", "info", 100)]
    assert asked == ["the call is over"] * 4
    assert second.answered == [] and second.ended_by == ""
    stack.release(0, forced=False)
    assert stack.respond(0, 180) == "" and len(second.answered) == 1
    stack.memory.close()
