"""What requests get that are no calls: an answer each, and the right one (RFC 3261 section 8.2)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from native_agent import Agent
from native_phone import Phone, receive

pytestmark = pytest.mark.sip

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, NOTIFY"
REFER_TO = "Refer-To: <sip:+4990012345@127.0.0.1>\r\n"
EVENT = "Event: refer\r\nSubscription-State: active\r\n"


@pytest.fixture
def phone(agent: Agent) -> Iterator[Phone]:
    phone = Phone(agent.port_number)
    yield phone
    phone.close()


@pytest.fixture
def caller(agent: Agent, phone: Phone) -> Iterator[Phone]:
    """A phone in a call, which must be alive at the end of the test."""
    assert phone.invite().status == 200
    yield phone
    assert phone.bye().status == 200


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("REFER", REFER_TO),
        ("MESSAGE", ""),
        ("SUBSCRIBE", "Event: presence\r\n"),
        ("PUBLISH", "Event: presence\r\n"),
        ("REGISTER", ""),
    ],
)
def test_what_we_do_not_do_gets_405_and_allow(agent: Agent, phone: Phone, method: str, headers: str) -> None:
    for state in (200, 503):
        agent.gate.setState(state, 5)
        phone.send(method, headers=headers)
        response = phone.final()
        assert (response.status, response.headers["allow"]) == (405, ALLOW)


@pytest.mark.parametrize("method", ["MINCE", "X-Y.z"])
def test_a_method_nobody_knows_gets_501_and_allow(phone: Phone, method: str) -> None:
    phone.send(method)
    response = phone.final()
    assert (response.status, response.headers["allow"]) == (501, ALLOW)


@pytest.mark.parametrize("method", ["BYE", "INFO", "NOTIFY", "UPDATE", "PRACK", "CANCEL"])
def test_what_belongs_in_a_dialog_gets_481_outside_one(phone: Phone, method: str) -> None:
    phone.send(method, headers=EVENT if method == "NOTIFY" else "")
    assert phone.final().status == 481


@pytest.mark.parametrize("method", ["BYE", "INFO", "NOTIFY", "INVITE", "OPTIONS", "REFER", "MESSAGE", "MINCE"])
def test_a_dialog_that_is_not_ours_gets_481(phone: Phone, method: str) -> None:
    phone.to_tag = "gone"
    phone.send(method, phone.offer() if method == "INVITE" else "")
    assert phone.final().status == 481


def test_a_register_with_a_tag_is_answered_too(phone: Phone) -> None:
    phone.to_tag = "gone"
    phone.send("REGISTER")
    assert phone.final().status == 405


def test_options_within_a_call(caller: Phone) -> None:
    caller.send("OPTIONS")
    response = caller.final()
    assert (response.status, response.headers["allow"]) == (200, ALLOW)
    assert response.headers["accept"] == "application/sdp, application/dtmf-relay, application/dtmf"
    assert response.headers["supported"] == "100rel, timer"


@pytest.mark.parametrize(
    ("body", "kind", "headers", "status"),
    [
        ("", "", "", 200),
        ("5", "application/dtmf", "", 200),
        ("Signal=5\r\nDuration=160\r\n", "application/dtmf-relay", "", 200),
        ("5", "Application/DTMF-Relay;x=y", "", 200),
        ("Signal=\r\n", "application/dtmf-relay", "", 200),
        ("Signal=5\r\n", "application/dtmf-relay", "Info-Package: dtmf\r\n", 200),
        ("5", "text/plain", "", 415),
        ("<media_control/>", "application/media_control+xml", "", 415),
        ("a=x", "application/trickle-ice-sdpfrag", "", 415),
        ("a=x", "application/trickle-ice-sdpfrag", "Info-Package: trickle-ice\r\n", 469),
        ("", "", "Info-Package: weather\r\n", 469),
    ],
)
def test_info(caller: Phone, body: str, kind: str, headers: str, status: int) -> None:
    caller.send("INFO", body, kind=kind, headers=headers)
    response = caller.final()
    assert response.status == status
    if status == 415:
        assert response.headers["accept"] == "application/dtmf-relay, application/dtmf"
    if status == 469:
        assert response.headers["recv-info"] == ""


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("NOTIFY", EVENT, 481),
        ("NOTIFY", "", 481),
        ("PRACK", "RAck: 1 1 INVITE\r\n", 400),  # pjsip's own answer
        ("MESSAGE", "", 405),
        ("SUBSCRIBE", "Event: presence\r\n", 405),
        ("PUBLISH", "", 405),
        ("REGISTER", "", 405),
        ("MINCE", "", 501),
    ],
)
def test_other_requests_within_a_call(caller: Phone, method: str, headers: str, status: int) -> None:
    caller.send(method, headers=headers)
    response = caller.final()
    assert response.status == status
    if status in (405, 501):
        assert response.headers["allow"] == ALLOW


def test_a_request_sent_again_gets_the_same_answer(caller: Phone) -> None:
    request = caller.request("INFO", "5", kind="application/dtmf").encode()
    answers = []
    for _ in range(2):
        caller.sip.sendto(request, ("127.0.0.1", caller.target))
        answers.append(receive(caller.sip))
    assert answers[0] == answers[1]


def test_an_extension_nobody_knows_gets_420(phone: Phone) -> None:
    """RFC 3261 section 8.2.2.3; we take over no calls, so `replaces` is one of them."""
    for tag in ("nosuch", "replaces", "siprec"):
        phone.send("INVITE", phone.offer(), headers=f"Require: {tag}\r\n")
        response = phone.final()
        assert (response.status, response.headers["unsupported"]) == (420, tag)


def test_an_extension_nobody_knows_in_a_re_invite_leaves_the_call(caller: Phone) -> None:
    caller.send("INVITE", caller.offer(), headers="Require: nosuch\r\n")
    response = caller.final()
    assert (response.status, response.headers["unsupported"]) == (420, "nosuch")
    caller.send("ACK", cseq=caller.cseq)


def test_an_invite_that_replaces_no_call_gets_481(agent: Agent, phone: Phone) -> None:
    phone.send("INVITE", phone.offer(), headers="Replaces: nobody;to-tag=1;from-tag=2\r\n")
    assert phone.final().status == 481
    assert not agent.calls


def test_the_library_starts_without_a_word() -> None:
    code = "import pjsua2\ne = pjsua2.Endpoint()\ne.libCreate()\ne.libDestroy(1)\n"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")
