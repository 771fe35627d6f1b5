import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.caller.rtp import ReceiveStats, RtpError, RtpPacket, pack, unpack, unwrap

PACKET = RtpPacket(0, True, 0xFFFE, 0xFFFFFF00, 0x1234, b"sound")


def test_round_trip():
    assert unpack(pack(PACKET)) == PACKET


def test_extension_sources_and_padding_are_left_out():
    data = bytearray(pack(PACKET))
    data[0] |= 0x10 | 0x20 | 2
    body = b"\0\0\0\1" * 2 + b"\xbe\xde\0\1" + b"exte" + b"sound" + b"\0\0\3"
    assert unpack(bytes(data[:12]) + body).payload == b"sound"


@given(st.binary(max_size=40))
def test_any_datagram_is_read_or_refused(data):
    try:
        unpack(data)
    except RtpError:
        return


@pytest.mark.parametrize("data", [b"", b"\x80\0" + b"\0" * 9, b"\x40" + b"\0" * 11, b"\x80\xc8" + b"\0" * 10,
                                  b"\x90" + b"\0" * 11, b"\xa0" + b"\0" * 10 + b"\x09"])  # fmt: skip
def test_what_is_no_rtp(data):
    with pytest.raises(RtpError):
        unpack(data)


@given(st.integers(0, 2**40), st.integers(-30_000, 30_000))
def test_unwrap(previous, step):
    value = max(0, previous + step)
    assert unwrap(value & 0xFFFF, previous, 16) == value


def test_loss_duplicates_and_order():
    stats = ReceiveStats(8000)
    for number in (10, 11, 13, 12, 12, 16):
        stats.add(number, number * 160, number * 20_000_000)
    assert (stats.received, stats.lost, stats.duplicates, stats.reordered, stats.expected) == (5, 2, 1, 1, 7)


def test_jitter_by_the_formula_of_rfc_3550():
    stats, jitter = ReceiveStats(8000), 0.0
    arrivals_ms = [0, 20, 45, 60, 80]
    for number, at in enumerate(arrivals_ms):
        stats.add(number, 160 * number, at * 1_000_000)
    for difference_ms in (0, 5, 5, 0):
        jitter += (difference_ms - jitter) / 16
    assert stats.jitter_ms == pytest.approx(jitter)
