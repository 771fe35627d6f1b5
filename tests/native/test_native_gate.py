"""Who is let in, and what a worker that takes no calls says, over real UDP."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from native_agent import Agent, pj
from native_phone import Phone, receive

pytestmark = pytest.mark.sip


@pytest.fixture
def phone(agent: Agent) -> Iterator[Phone]:
    phone = Phone(agent.port_number)
    yield phone
    phone.close()


def test_options_is_answered_as_pjsua_does_while_calls_are_taken(agent: Agent, phone: Phone) -> None:
    phone.send("OPTIONS")
    response = phone.final()
    assert response.status == 200
    assert "INVITE" in response.headers["allow"]
    assert "application/sdp" in response.headers["accept"]
    assert "timer" in response.headers["supported"]


def test_options_and_invite_get_503_and_retry_after(agent: Agent, phone: Phone) -> None:
    agent.gate.setState(503, 7)
    before = agent.gate.refusedCalls()
    phone.send("OPTIONS")
    response = phone.final()
    assert (response.status, response.headers["retry-after"]) == (503, "7")
    phone.send("INVITE", phone.offer())
    response = phone.final()
    assert (response.status, response.headers["retry-after"]) == (503, "7")
    assert agent.gate.refusedCalls() == before + 1
    assert not agent.calls
    agent.gate.setState(200, 0)
    assert phone.invite().status == 200
    assert phone.bye().status == 200


def test_a_call_goes_on_while_new_ones_are_refused(agent: Agent, phone: Phone) -> None:
    assert phone.invite().status == 200
    agent.gate.setState(503, 5)
    assert phone.invite().status == 200  # a re-INVITE
    other = Phone(agent.port_number)
    other.send("INVITE", other.offer())
    assert other.final().status == 503
    other.close()
    assert phone.bye().status == 200


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER", "MESSAGE", "CANCEL"])
def test_a_source_that_is_not_listed_gets_403(agent: Agent, method: str) -> None:
    agent.gate.setAllowed(["127.0.0.2", "10.0.0.0/8"])
    before = agent.gate.refusedSources()
    stranger = Phone(agent.port_number)
    stranger.send(method, stranger.offer() if method == "INVITE" else "")
    assert stranger.final().status == 403
    assert agent.gate.refusedSources() == before + 1
    stranger.close()


def test_a_strangers_ack_gets_no_answer(agent: Agent) -> None:
    agent.gate.setAllowed(["127.0.0.2"])
    stranger = Phone(agent.port_number)
    stranger.send("ACK")
    stranger.send("OPTIONS")
    data = receive(stranger.sip)
    assert data is not None and b"CSeq: 2 OPTIONS" in data  # the first answer is the second request's
    stranger.close()


@pytest.mark.parametrize("entry", ["127.0.0.2", "127.0.0.0/30", "0.0.0.0/0"])
def test_a_listed_source_is_let_in(agent: Agent, entry: str) -> None:
    agent.gate.setAllowed(["192.0.2.1", entry])
    friend = Phone(agent.port_number, "127.0.0.2")
    friend.send("OPTIONS")
    assert friend.final().status == 200
    friend.close()


def test_an_ipv6_address_is_an_address(agent: Agent) -> None:
    agent.gate.setAllowed(["::1"])
    stranger = Phone(agent.port_number)
    stranger.send("OPTIONS")
    assert stranger.final().status == 403
    stranger.close()


@pytest.mark.parametrize("entry", ["", "host", "1.2.3.4/33", "1.2.3.4/", "1.2.3", "::1/64", "1.2.3.4/-1"])
def test_what_is_no_address_is_refused_and_changes_nothing(agent: Agent, entry: str) -> None:
    agent.gate.setAllowed(["127.0.0.2"])
    with pytest.raises(pj.Error):
        agent.gate.setAllowed(["127.0.0.1", entry])
    stranger = Phone(agent.port_number)
    stranger.send("OPTIONS")
    assert stranger.final().status == 403
    stranger.close()


def test_every_message_is_copied_for_the_trace(agent: Agent, phone: Phone) -> None:
    assert phone.invite().status == 200
    assert phone.bye().status == 200
    host, port = phone.sip.getsockname()
    messages = agent.gate.takeMessages(1000)
    ours = [m for m in messages if m.callId == phone.call_id]
    assert all(m.peer == f"{host}:{port}" and m.transport == "UDP" for m in ours)
    lines = [(m.sent, m.text.split("\r\n")[0].removeprefix("SIP/2.0 ").split()[0]) for m in ours]
    assert [x for x in lines if x[1] not in ("100", "180")] == [
        (False, "INVITE"),
        (True, "200"),
        (False, "ACK"),
        (False, "BYE"),
        (True, "200"),
    ]
    assert [m.atNs for m in ours] == sorted(m.atNs for m in ours)
    assert "m=audio" in ours[0].text
    assert not agent.gate.takeMessages(1000)


def test_the_trace_is_taken_in_pieces(agent: Agent, phone: Phone) -> None:
    for _ in range(3):
        phone.send("OPTIONS")
        assert phone.final().status == 200
    taken = [len(agent.gate.takeMessages(4)) for _ in range(3)]
    assert taken == [4, 2, 0]


def test_bad_states_are_refused(agent: Agent) -> None:
    with pytest.raises(pj.Error):
        agent.gate.setState(486, 5)
    with pytest.raises(pj.Error):
        agent.gate.setState(503, -1)


def test_noise_on_the_port_is_survived(agent: Agent, phone: Phone) -> None:
    rng = random.Random(7)
    sound = phone.request("INVITE", phone.offer()).encode()
    for size in range(300):
        noise = bytearray(sound)
        for _ in range(1 + size // 30):
            noise[rng.randrange(len(noise))] = rng.randrange(256)
        phone.sip.sendto(bytes(noise), ("127.0.0.1", agent.port_number))
        phone.sip.sendto(rng.randbytes(size), ("127.0.0.1", agent.port_number))
        if size % 10 == 9:
            other = Phone(agent.port_number)
            other.send("OPTIONS")
            assert other.final().status == 200
            other.close()
