"""RFC 4733 presses through a bad network: each is reported exactly once."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.telephone_event import (
    LOST_END_S,
    SYMBOLS,
    Digit,
    EventPacket,
    EventPayload,
    TelephoneEventReceiver,
    TelephoneEventSender,
    pack_event,
    parse_event,
)

TICK = 160
SSRC = 0xC0FFEE


@dataclass(frozen=True)
class Packet:
    """What the receiver is told, and when it was sent."""

    event: int
    end: bool
    duration: int
    timestamp: int
    sequence: int
    marker: bool
    ssrc: int
    at: float


def packets(
    presses: list[tuple[str, int]],
    *,
    timestamp: int = 0,
    sequence: int = 0,
    ssrc: int = SSRC,
    at: float = 0.0,
) -> list[list[Packet]]:
    """What a sender makes of (symbol, milliseconds) presses: one list a press."""
    sender = TelephoneEventSender()
    for symbol, ms in presses:
        sender.press(symbol, ms)
    made: list[list[Packet]] = []
    tick = 0
    while sender.busy:
        stamp = (timestamp + tick * TICK) % 2**32
        packet = sender.tick(stamp)
        if packet is not None:
            payload = parse_event(packet.payload)
            if packet.marker:
                made.append([])
            made[-1].append(
                Packet(
                    payload.event, payload.end, payload.duration, packet.timestamp,
                    (sequence + tick) % 2**16, packet.marker, ssrc, at + tick * 0.02,
                )
            )  # fmt: skip
        tick += 1
    return made


def deliver(receiver: TelephoneEventReceiver, sent: list[Packet], late_s: float = 0.0) -> list[Digit]:
    digits = []
    for p in sent:
        digits += receiver.receive(
            p.event, p.end, p.duration, p.timestamp, p.sequence, p.marker, p.ssrc, p.at + late_s
        )
    return digits


def symbols(digits: list[Digit]) -> str:
    return "".join(digit.symbol for digit in digits)


def flat(presses: list[list[Packet]]) -> list[Packet]:
    return [packet for press in presses for packet in press]


TWO_EQUAL = [("5", 100), ("5", 60)]


@pytest.mark.parametrize("lost", [{-1}, {-2}, {-3}, {-1, -2}, {-1, -3}, {-2, -3}, {-1, -2, -3}], ids=str)
def test_end_packets_lost(lost: set[int]) -> None:
    sent = [[p for n, p in enumerate(press, -len(press)) if n not in lost] for press in packets(TWO_EQUAL)]
    assert symbols(deliver(TelephoneEventReceiver(), flat(sent))) == "55"


@pytest.mark.parametrize("at", range(8))
def test_packets_swapped_and_doubled(at: int) -> None:
    first, second = packets(TWO_EQUAL)
    swapped = [*first[:at], *first[at : at + 2][::-1], *first[at + 2 :]]
    in_order = [replace(packet, at=n * 0.02) for n, packet in enumerate(swapped)]
    doubled = [packet for packet in [*in_order, *second] for _ in range(2)]
    assert symbols(deliver(TelephoneEventReceiver(), doubled)) == "55"


@pytest.mark.parametrize("marker", [False, True])
def test_markers_on_none_or_on_all(marker: bool) -> None:
    sent = [replace(packet, marker=marker) for packet in flat(packets([*TWO_EQUAL, ("5", 300)]))]
    assert symbols(deliver(TelephoneEventReceiver(), sent)) == "555"


@pytest.mark.parametrize("zeros", [slice(0, 1), slice(None), slice(-3, None)], ids=["first", "all", "ends"])
def test_zero_durations(zeros: slice) -> None:
    sent = packets(TWO_EQUAL)
    for press in sent:
        press[zeros] = [replace(packet, duration=0) for packet in press[zeros]]
    assert symbols(deliver(TelephoneEventReceiver(), flat(sent))) == "55"


@pytest.mark.parametrize("pause_s", [0.2, 2.0])
@pytest.mark.parametrize("after", [1, 3, 6])
def test_a_key_that_spans_a_talk_spurt(pause_s: float, after: int) -> None:
    """The sender falls silent in the middle of it, goes on with a marked packet (RFC 3551, 4.1) and with audio
    between the events; the key is the same, since its timestamp is."""
    (press,) = packets([("3", 200)])
    rest = [
        replace(p, at=p.at + pause_s, marker=n == 0, sequence=p.sequence + 1 + n)
        for n, p in enumerate(press[after:])
    ]
    (following,) = packets([("3", 100)], timestamp=80_000, sequence=60, at=5.0)
    assert symbols(deliver(TelephoneEventReceiver(), [*press[:after], *rest, *following])) == "33"


def test_all_keys_in_order() -> None:
    sent = packets([(symbol, 100) for symbol in SYMBOLS])
    assert symbols(deliver(TelephoneEventReceiver(), flat(sent))) == SYMBOLS


def test_a_press_is_reported_with_its_first_packet() -> None:
    (press,) = packets([("5", 200)])
    receiver = TelephoneEventReceiver()
    assert deliver(receiver, press[:1]) == [Digit("5", 0.0, TICK)]
    assert receiver.held == "5"
    assert deliver(receiver, press[1:]) == []
    assert receiver.held is None


def test_a_press_of_which_only_an_end_arrived() -> None:
    (press,) = packets([("#", 100)])
    receiver = TelephoneEventReceiver()
    assert deliver(receiver, press[-1:]) == [Digit("#", press[-1].at, 800)]
    assert receiver.held is None and receiver.deadline() is None


def test_equal_digits_in_a_row_are_two_even_with_one_packet_each() -> None:
    first, second = packets([("7", 60), ("7", 60)])
    assert symbols(deliver(TelephoneEventReceiver(), [*first, *second])) == "77"
    lost_ends = [first[0], replace(second[1], marker=False)]
    assert symbols(deliver(TelephoneEventReceiver(), lost_ends)) == "77"


def test_a_lost_end_is_noticed_by_time() -> None:
    (press,) = packets([("3", 100)])
    receiver = TelephoneEventReceiver()
    deliver(receiver, press[:2])
    deadline = receiver.deadline()
    assert deadline == pytest.approx(press[1].at + LOST_END_S)
    receiver.expire(deadline - 0.001)
    assert receiver.held == "3"
    receiver.expire(deadline)
    assert receiver.held is None and receiver.deadline() is None
    # It wasn't over after all: the same press isn't a second one.
    assert deliver(receiver, press[2:], late_s=1.0) == []


@pytest.mark.parametrize("ms", [8190, 8200, 16500, 25000])
@pytest.mark.parametrize("start", [0, 2**32 - 70000])
def test_a_press_longer_than_a_duration_can_say(ms: int, start: int) -> None:
    (press,) = packets([("0", ms)], timestamp=start)
    assert all(packet.duration <= 0xFFFF for packet in press)
    assert len({packet.timestamp for packet in press}) == 1 + ms * 8 // 65440
    assert symbols(deliver(TelephoneEventReceiver(), press)) == "0"
    # Senders may also count a segment as 0xFFFF long, whatever their last packet said.
    moved = []
    for packet in press:
        segment = (packet.timestamp - start) % 2**32 // 65440
        moved.append(replace(packet, timestamp=(start + segment * 0xFFFF) % 2**32))
    assert symbols(deliver(TelephoneEventReceiver(), moved)) == "0"


def test_the_next_press_after_a_long_one_is_its_own() -> None:
    long, same = packets([("4", 9000), ("4", 100)])
    assert symbols(deliver(TelephoneEventReceiver(), [*long, *same])) == "44"


@pytest.mark.parametrize("sequence", [0, 30000, 65530])
def test_a_stream_that_starts_over_with_another_ssrc(sequence: int) -> None:
    receiver = TelephoneEventReceiver()
    before = flat(packets([("1", 100), ("2", 100)], timestamp=5000, sequence=sequence))
    after = flat(packets([("2", 100), ("1", 100)], timestamp=5000, sequence=sequence, ssrc=1, at=1.0))
    assert symbols(deliver(receiver, [*before, *after])) == "1221"


def test_a_key_held_while_the_stream_changes_its_ssrc_is_one_press() -> None:
    (press,) = packets([("9", 400)])
    rest = press[10:]
    changed = [replace(p, ssrc=77, timestamp=p.timestamp + 10**6, sequence=p.sequence + 999) for p in rest]
    assert symbols(deliver(TelephoneEventReceiver(), [*press[:10], *changed])) == "9"


def test_a_sender_that_starts_every_press_at_the_same_timestamp() -> None:
    receiver = TelephoneEventReceiver()
    first, second, third = (
        flat(packets([(key, 100)], timestamp=24000, sequence=sequence, at=at))
        for key, sequence, at in (("1", 1, 0.0), ("2", 20, 0.4), ("2", 40, 0.8))
    )
    assert symbols(deliver(receiver, first + second + third)) == "122"
    unmarked = [replace(p, marker=False, sequence=p.sequence + 200) for p in third]
    assert symbols(deliver(receiver, unmarked, late_s=3.0)) == "2"


def test_a_stream_that_starts_over_with_the_same_ssrc() -> None:
    receiver = TelephoneEventReceiver()
    assert symbols(deliver(receiver, flat(packets([("6", 100)], timestamp=9 * 10**6, sequence=40000)))) == "6"
    again = flat(packets([("6", 100)], timestamp=100, sequence=7, at=5.0))
    assert symbols(deliver(receiver, again)) == "6"


def test_presses_that_come_late_do_not_lift_the_key_that_is_down() -> None:
    one, two, three = packets([("1", 60), ("2", 60), ("3", 400)])
    receiver = TelephoneEventReceiver()
    in_time = [replace(packet, at=1.0) for packet in (three[0], one[0], two[0])]
    assert symbols(deliver(receiver, in_time)) == "312"
    assert receiver.held == "3"
    assert deliver(receiver, [replace(packet, at=1.0) for packet in three[1:-3]]) == []
    assert receiver.held == "3"


@pytest.mark.parametrize("event", [16, 32, 255, -1])
def test_events_that_are_not_keys(event: int) -> None:
    assert TelephoneEventReceiver().receive(event, False, 160, 0, 0, True, SSRC, 0.0) == []


def test_memory_is_bounded_over_ssrcs_and_presses() -> None:
    receiver = TelephoneEventReceiver()
    for n in range(5000):
        assert len(receiver.receive(n % 16, True, 800, n * 1600, n * 10 % 65536, True, n % 3, n * 0.2)) == 1
    for n in range(5000):
        assert len(receiver.receive(1, True, 800, n * 1600, 0, True, 1000 + n, 1000 + n * 0.2)) == 1
    assert len(pickle.dumps(receiver)) < 30_000


press_lists = st.lists(
    st.tuples(st.sampled_from(SYMBOLS), st.integers(40, 300)), min_size=1, max_size=8
)
starts = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1))


@given(presses=press_lists, start=starts, data=st.data())
@settings(deadline=None)
def test_loss_doubling_and_reordering(
    presses: list[tuple[str, int]], start: tuple[int, int], data: st.DataObject
) -> None:
    """Any packets but one of each press may be lost, any doubled, any late by up to 60 ms."""
    arriving: list[tuple[float, int, Packet]] = []
    first_seen: list[float] = []
    for press in packets(presses, timestamp=start[0], sequence=start[1]):
        kept = data.draw(st.sets(st.sampled_from(range(len(press))), min_size=1))
        seen = []
        for index in sorted(kept):
            for late in data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=2)):
                # Ends and the next press lie 60 ms apart: nothing is late enough to swap two presses.
                arriving.append((press[index].at + late * 0.02, len(arriving), press[index]))
                seen.append(arriving[-1][0])
        first_seen.append(min(seen))
    receiver = TelephoneEventReceiver()
    digits = []
    for at, _, p in sorted(arriving, key=lambda item: item[:2]):
        digits += receiver.receive(p.event, p.end, p.duration, p.timestamp, p.sequence, p.marker, p.ssrc, at)
    assert symbols(digits) == "".join(symbol for symbol, _ in presses)
    assert [digit.at for digit in digits] == pytest.approx(first_seen)


@given(presses=press_lists, start=starts, data=st.data())
@settings(deadline=None)
def test_any_order_within_the_window_gives_every_press_once(
    presses: list[tuple[str, int]], start: tuple[int, int], data: st.DataObject
) -> None:
    """A network that shuffles wildly may change the order of presses, not their number."""
    sent = flat(packets(presses[:4], timestamp=start[0], sequence=start[1]))[:95]
    expected = sorted(SYMBOLS[event] for event, _ in {(p.event, p.timestamp) for p in sent})
    shuffled = [replace(p, at=1.0, marker=False) for p in data.draw(st.permutations(sent))]
    assert sorted(symbols(deliver(TelephoneEventReceiver(), shuffled))) == expected


@given(st.binary(min_size=4, max_size=8))
def test_payloads_survive(payload: bytes) -> None:
    event = parse_event(payload)
    packed = pack_event(event)
    assert parse_event(packed) == event
    assert packed[0] == payload[0] and packed[1] | 0x40 == payload[1] | 0x40 and packed[2:] == payload[2:4]


def test_a_short_payload() -> None:
    with pytest.raises(ValueError, match="4 bytes"):
        parse_event(b"\x01\x02\x03")


def test_what_the_sender_sends() -> None:
    sender = TelephoneEventSender(volume_db=7)
    sender.press("b", 60)
    sent = [sender.tick(1000 + n * TICK) for n in range(12)]
    assert not sender.busy
    expected = [(False, 160), (False, 320), (False, 480), (True, 480), (True, 480), (True, 480)]
    got = [packet for packet in sent if packet is not None]
    assert sent.index(None) == 6 == len(got)
    assert got[0] == EventPacket(pack_event(EventPayload(13, False, 7, 160)), 1000, True)
    assert [(parse_event(p.payload).end, parse_event(p.payload).duration) for p in got] == expected
    assert {p.timestamp for p in got} == {1000} and [p.marker for p in got] == [True] + [False] * 5


def test_the_sender_pauses_between_keys() -> None:
    sender = TelephoneEventSender()
    sender.press("1", 40)
    sender.press("1", 40)
    sent = [sender.tick(n * TICK) for n in range(20)]
    marks = [n for n, packet in enumerate(sent) if packet is not None and packet.marker]
    assert marks == [0, 2 + 3 + 3] and sent[5:8] == [None] * 3


@pytest.mark.parametrize("symbol", ["", "12", "E", "é"])
def test_the_sender_refuses_what_is_not_a_key(symbol: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        TelephoneEventSender().press(symbol)
