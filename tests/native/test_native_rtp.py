"""The RTP lock, the counters and raw telephone-events, against a call with more than one sender."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Iterator

import numpy as np
import pytest
from native_agent import LINES, PATIENCE_TICKS, Agent
from native_phone import Phone, receive, rtp, udp_socket

pytestmark = pytest.mark.sip

LOUD = b"\x00" * 160  # the loudest negative code of PCMU, G.711 table 2b
QUIET = b"\xff" * 160


@pytest.fixture
def phone(agent: Agent) -> Iterator[Phone]:
    phone = Phone(agent.port_number)
    assert phone.invite().status == 200
    agent.until(lambda: agent.tx_packets[agent.line()] > 0)
    yield phone
    assert phone.bye().status == 200
    phone.close()


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    sock = udp_socket("127.0.0.3")
    yield sock
    sock.close()


def heard_loud(agent: Agent, line: int) -> bool:
    return bool((agent.heard[line] < -8000).any())


def send(agent: Agent, sock: socket.socket, phone: Phone, first: int, count: int, payload: bytes) -> None:
    """Send `count` packets and wait until the agent has judged each of them."""
    line = agent.line()
    seen = int(agent.rx_packets[line] + agent.rx_refused[line])
    for n in range(first, first + count):
        sock.sendto(rtp(n, 160 * n, payload), phone.remote_media)
    agent.until(lambda: agent.rx_packets[line] + agent.rx_refused[line] == seen + count)


def be_followed(agent: Agent, sock: socket.socket, phone: Phone) -> int:
    """Send a packet a tick from `sock` until we send back; how many of them were accepted."""
    before = int(agent.rx_packets[agent.line()])
    for n in range(1, PATIENCE_TICKS):
        send(agent, sock, phone, n, 1, LOUD)
        assert agent.tick()
        if receive(sock, 0) is not None:
            return int(agent.rx_packets[agent.line()]) - before
    raise AssertionError("not followed")


def test_a_second_sender_is_not_heard(agent: Agent, phone: Phone, stranger: socket.socket) -> None:
    line = agent.line()
    send(agent, phone.media, phone, 1, 1, QUIET)
    last = int(agent.rx_last_ns[line])
    assert last > 0
    send(agent, stranger, phone, 100, 60, LOUD)
    assert (agent.rx_packets[line], agent.rx_refused[line]) == (1, 60)
    assert agent.rx_last_ns[line] == last
    ticks = agent.ring.ticks()
    agent.until(lambda: agent.ring.ticks() > ticks + 16)
    assert not heard_loud(agent, line)
    # Not even after the peer has been silent for longer than pjmedia's own patience of ten packets.
    send(agent, phone.media, phone, 2, 5, LOUD)
    agent.until(lambda: heard_loud(agent, line))
    assert receive(stranger, 0) is None


def test_a_peer_behind_nat_is_followed_once(agent: Agent, phone: Phone, stranger: socket.socket) -> None:
    line = agent.line()
    nat = udp_socket("127.0.0.2")
    sent = be_followed(agent, nat, phone)
    assert sent >= 3
    agent.until(lambda: heard_loud(agent, line))
    send(agent, stranger, phone, 50, 40, LOUD)
    send(agent, phone.media, phone, 80, 5, LOUD)  # the negotiated address has missed its chance
    assert (agent.rx_packets[line], agent.rx_refused[line]) == (sent, 45)
    assert receive(stranger, 0) is None
    send(agent, nat, phone, sent + 1, 3, LOUD)
    assert agent.rx_packets[line] == sent + 3
    nat.close()


def test_a_burst_before_the_first_packet_does_not_take_the_call_over(
    agent: Agent, phone: Phone, stranger: socket.socket
) -> None:
    line = agent.line()
    send(agent, stranger, phone, 1, 5, QUIET)
    send(agent, phone.media, phone, 10, 3, LOUD)
    send(agent, stranger, phone, 6, 5, QUIET)
    assert agent.rx_refused[line] == 5
    agent.until(lambda: heard_loud(agent, line))
    assert receive(stranger, 0) is None


def test_packets_of_mixed_types_are_not_followed(
    agent: Agent, phone: Phone, stranger: socket.socket
) -> None:
    line = agent.line()
    for n in range(1, 25):
        packet = rtp(n, 160 * n, event(1, 160), payload_type=101) if n % 2 else rtp(n, 160 * n, QUIET)
        stranger.sendto(packet, phone.remote_media)
        agent.until(lambda sent=n: agent.rx_packets[line] == sent)
        assert agent.tick()
    assert receive(stranger, 0) is None
    send(agent, phone.media, phone, 30, 3, LOUD)
    send(agent, stranger, phone, 40, 5, QUIET)
    assert agent.rx_refused[line] == 5


def test_one_stray_packet_does_not_keep_the_peer_out(
    agent: Agent, phone: Phone, stranger: socket.socket
) -> None:
    nat = udp_socket("127.0.0.2")
    send(agent, stranger, phone, 1, 1, QUIET)
    assert be_followed(agent, nat, phone) >= 3
    nat.close()


def test_a_stray_packet_does_not_take_the_call_over(
    agent: Agent, phone: Phone, stranger: socket.socket
) -> None:
    line = agent.line()
    send(agent, stranger, phone, 1, 2, QUIET)
    send(agent, phone.media, phone, 10, 3, LOUD)
    send(agent, stranger, phone, 3, 10, QUIET)
    assert (agent.rx_packets[line], agent.rx_refused[line]) == (5, 10)
    agent.until(lambda: heard_loud(agent, line))
    assert receive(stranger, 0) is None


def test_a_new_address_in_a_re_invite_opens_the_lock(agent: Agent, phone: Phone) -> None:
    line = agent.line()
    send(agent, phone.media, phone, 1, 3, QUIET)
    moved = udp_socket("127.0.0.2")
    send(agent, moved, phone, 4, 3, QUIET)
    assert (agent.rx_packets[line], agent.rx_refused[line]) == (3, 3)
    assert phone.invite(moved.getsockname()).status == 200
    assert receive(moved) is not None
    send(agent, moved, phone, 7, 3, LOUD)
    assert agent.rx_packets[line] == 6
    send(agent, phone.media, phone, 10, 3, QUIET)
    assert agent.rx_refused[line] == 6
    moved.close()


def test_a_re_invite_with_the_old_address_keeps_the_followed_peer(agent: Agent, phone: Phone) -> None:
    line = agent.line()
    nat = udp_socket("127.0.0.2")
    sent = be_followed(agent, nat, phone)
    assert phone.invite().status == 200
    send(agent, phone.media, phone, 1, 4, QUIET)
    assert (agent.rx_packets[line], agent.rx_refused[line]) == (sent, 4)
    while receive(nat, 0) is not None:
        continue
    assert receive(nat) is not None  # still sent to, before it has spoken again
    nat.close()


def test_a_packet_is_taken_once_and_a_late_one_too(agent: Agent, phone: Phone) -> None:
    line = agent.line()
    for n in (65534, 65535, 1, 2):  # 0, after the wrap, comes late
        phone.media.sendto(rtp(n, 160 * n, QUIET), phone.remote_media)
    agent.until(lambda: agent.rx_packets[line] == 4)
    for n in (0, 0, 65535, 2):
        phone.media.sendto(rtp(n, 160 * n, QUIET), phone.remote_media)
    agent.until(lambda: agent.rx_packets[line] + agent.rx_refused[line] == 8)
    assert (agent.rx_packets[line], agent.rx_refused[line]) == (5, 3)


@pytest.mark.parametrize("other", [{"ssrc": 0xBAD}, {}], ids=["another SSRC", "a jump"])
def test_another_stream_is_taken_once_the_first_is_silent(
    agent: Agent, phone: Phone, other: dict[str, int]
) -> None:
    line = agent.line()
    send(agent, phone.media, phone, 1, 1, QUIET)
    for n in range(20_000, 20_005):
        phone.media.sendto(rtp(n, 160 * n, LOUD, **other), phone.remote_media)
    agent.until(lambda: agent.rx_refused[line] == 5)
    ticks = agent.ring.ticks()
    agent.until(lambda: agent.ring.ticks() > ticks + 6)
    assert not heard_loud(agent, line)
    for n in range(20_005, 20_015):
        phone.media.sendto(rtp(n, 160 * n, LOUD, **other), phone.remote_media)
    agent.until(lambda: agent.rx_packets[line] == 11)
    agent.until(lambda: heard_loud(agent, line))
    phone.media.sendto(rtp(2, 320, QUIET), phone.remote_media)  # and the first is a stranger now
    agent.until(lambda: agent.rx_refused[line] == 6)


def test_events_of_a_stream_of_their_own_are_reported(agent: Agent, phone: Phone) -> None:
    line = agent.line()
    send(agent, phone.media, phone, 1, 2, QUIET)
    phone.media.sendto(rtp(900, 7, event(3, 160), payload_type=101, ssrc=0xD16), phone.remote_media)
    agent.until(lambda: agent.rx_packets[line] == 3)
    send(agent, phone.media, phone, 3, 2, QUIET)
    assert (agent.rx_packets[line], agent.rx_refused[line]) == (5, 0)
    assert [(e.event, e.ssrc) for e in agent.ring.takeEvents()] == [(3, 0xD16)]


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\r\n\r\n",
        bytes(20),  # version 0, as STUN has
        b"\x80\x00\x00\x01",  # short
        b"\x8f" + rtp(1, 160, b"x" * 8)[1:],  # more CSRCs than bytes
        b"\x90" + rtp(1, 160, b"\xbe\xde\xff\xff")[1:],  # an extension longer than the packet
        b"\xa0" + rtp(1, 160, b"\xff" * 20)[1:],  # more padding than packet
        rtp(1, 160, QUIET, payload_type=77),  # RTCP that nobody multiplexed, from elsewhere
        rtp(1, 160, QUIET, payload_type=97),  # a type nobody negotiated
    ],
)
def test_what_is_no_rtp_of_this_call_is_refused(
    agent: Agent, phone: Phone, stranger: socket.socket, packet: bytes
) -> None:
    line = agent.line()
    stranger.sendto(packet, phone.remote_media)
    agent.until(lambda: agent.rx_refused[line] == 1)
    assert agent.rx_packets[line] == 0


def test_noise_from_the_peer_is_survived(agent: Agent, phone: Phone) -> None:
    line = agent.line()
    rng = random.Random(11)
    for n in range(1500):
        packet = bytearray(
            rtp(n, 160 * n, rng.randbytes(rng.randrange(180)), payload_type=rng.choice((0, 101)))
        )
        # All but the payload type: what looks like RTCP is passed on without being counted.
        packet[rng.choice((0, 0, 2, 3, 4, 8))] ^= rng.randrange(256)
        phone.media.sendto(packet[: rng.randrange(1, len(packet) + 1)], phone.remote_media)
        if n % 50 == 49:
            agent.until(lambda sent=n + 1: agent.rx_packets[line] + agent.rx_refused[line] == sent)
    assert 0 < agent.rx_refused[line] < 1500
    heard = int(agent.in_written[line])
    agent.until(lambda: agent.in_written[line] > heard + 3)


def event(digit: int, duration: int, *, end: bool = False, volume: int = 10) -> bytes:
    """One event block, RFC 4733 section 2.3."""
    return struct.pack("!BBH", digit, end << 7 | volume, duration)


def test_telephone_events_come_raw_each_one_in_order(agent: Agent, phone: Phone) -> None:
    line = agent.line()
    packets = [
        rtp(1, 160, event(5, 160), payload_type=101, marker=True),
        rtp(3, 160, event(5, 480), payload_type=101),  # out of order
        rtp(2, 160, event(5, 320), payload_type=101),
        rtp(4, 160, event(5, 800, end=True), payload_type=101),
        rtp(4, 160, event(5, 800, end=True), payload_type=101),  # the same packet again
        rtp(5, 2000, event(5, 160), payload_type=101, marker=True),  # the same digit, later
        rtp(6, 2000, event(11, 160, volume=63) + event(0, 80, end=True), payload_type=101),  # two blocks
    ]
    for packet in packets:
        phone.media.sendto(packet, phone.remote_media)
    agent.until(lambda: agent.rx_packets[line] == len(packets))
    events = agent.ring.takeEvents()
    got = [(e.sequence, e.timestamp, e.event, e.end, e.volume, e.duration, e.marker) for e in events]
    assert got == [
        (1, 160, 5, False, 10, 160, True),
        (3, 160, 5, False, 10, 480, False),
        (2, 160, 5, False, 10, 320, False),
        (4, 160, 5, True, 10, 800, False),
        (4, 160, 5, True, 10, 800, False),
        (5, 2000, 5, False, 10, 160, True),
        (6, 2000, 11, False, 63, 160, False),
        (6, 2160, 0, True, 10, 80, False),
    ]
    assert {e.line for e in events} == {line}
    assert {e.ssrc for e in events} == {0x1234}
    assert [e.atNs for e in events] == sorted(e.atNs for e in events)
    assert not agent.ring.takeEvents()


def test_a_strangers_digits_are_not_reported(agent: Agent, phone: Phone, stranger: socket.socket) -> None:
    line = agent.line()
    send(agent, phone.media, phone, 1, 1, QUIET)
    stranger.sendto(rtp(2, 320, event(9, 160, end=True), payload_type=101), phone.remote_media)
    agent.until(lambda: agent.rx_refused[line] == 1)
    assert not agent.ring.takeEvents()


def test_reset_takes_the_lines_events_along(agent: Agent, phone: Phone) -> None:
    line = agent.line()
    phone.media.sendto(rtp(1, 160, event(1, 160), payload_type=101), phone.remote_media)
    agent.until(lambda: agent.rx_packets[line] == 1)
    agent.ring.reset((line + 1) % LINES)
    phone.media.sendto(rtp(2, 160, event(1, 320), payload_type=101), phone.remote_media)
    agent.until(lambda: agent.rx_packets[line] == 2)
    assert len(agent.ring.takeEvents()) == 2
    phone.media.sendto(rtp(3, 160, event(1, 480), payload_type=101), phone.remote_media)
    agent.until(lambda: agent.rx_packets[line] == 3)
    agent.ring.reset(line)
    assert not agent.ring.takeEvents()
    assert agent.rx_packets[line] == agent.rx_last_ns[line] == 0


def pcmu(code: int) -> int:
    """The sample of a PCMU code, G.711 table 2 (16-bit scale)."""
    code = ~code & 0xFF
    magnitude = (((code & 15) << 3) + 0x84 << (code >> 4 & 7)) - 0x84
    return -magnitude if code & 0x80 else magnitude


def test_samples_pass_unchanged_both_ways(agent: Agent, phone: Phone) -> None:
    line = agent.line()
    depth = agent.ring.depth()
    # 0x7f is PCMU's second zero, which no encoder sends.
    codes = bytes(code for code in range(161) if code != 0x7F)
    samples = np.array([pcmu(code) for code in codes], np.int16)
    for n in range(1, 12):
        phone.media.sendto(rtp(n, 160 * n, codes), phone.remote_media)
    # pjmedia's concealment delays what is heard by a few milliseconds, so a frame begins in mid-packet.
    agent.until(
        lambda: any(np.array_equal(np.roll(heard, -heard.argmin()), samples) for heard in agent.heard[line])
    )

    start = int(agent.out_taken[line])
    for n in range(start, start + 8):
        agent.said[line, n % depth] = samples
    agent.out_written[line] = start + 8
    agent.until(lambda: agent.out_taken[line] == start + 8)
    payloads = [receive(phone.media)[12:] for _ in range(100)]  # two seconds of what we sent
    assert payloads.count(codes) == 8
