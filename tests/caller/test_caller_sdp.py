import pytest
from caller_wire import media
from hypothesis import given
from hypothesis import strategies as st

from telephony.caller.codecs import G722, OPUS, PCMA, PCMU
from telephony.caller.sdp import (
    Direction,
    NoCommonCodec,
    SdpError,
    accept,
    parse,
    write_answer,
    write_offer,
)

OURS = media(6000)


def test_our_offer_reads_back():
    offer = parse(write_offer(media(6000, (PCMU, OPUS)), Direction.SENDRECV, 1, 1))
    assert (offer.address, offer.port, offer.ptime_ms) == ("127.0.0.1", 6000, 20)
    assert [(f.payload_type, f.name, f.rtp_hz, f.channels) for f in offer.formats] == [
        (0, "PCMU", 8000, 1), (107, "opus", 48000, 2),
        (101, "telephone-event", 8000, 1), (110, "telephone-event", 48000, 1),
    ]  # fmt: skip


def test_answer_takes_the_offerers_first_codec_that_we_speak():
    offer = parse(write_offer(media(7000, (G722, PCMA, PCMU)), Direction.SENDRECV, 1, 1))
    body, agreed = write_answer(offer, OURS, Direction.SENDRECV, 9, 1)
    assert agreed.codec is PCMA and agreed.event_payload_type == 101 and agreed.port == 7000
    again = accept(parse(body), media(7000, (G722, PCMA, PCMU)), Direction.SENDRECV)
    assert again.codec is PCMA and again.port == 6000


@pytest.mark.parametrize(("ours", "theirs", "agreed"), [
    ("sendrecv", "sendrecv", "sendrecv"), ("sendonly", "recvonly", "sendonly"),
    ("sendrecv", "sendonly", "recvonly"), ("sendrecv", "inactive", "inactive"),
    ("sendonly", "sendonly", "inactive"), ("recvonly", "sendrecv", "recvonly"),
])  # fmt: skip
def test_directions(ours, theirs, agreed):
    body = write_offer(media(7000), Direction(theirs), 1, 1)
    assert accept(parse(body), OURS, Direction(ours)).direction is Direction(agreed)


def test_a_foreign_answer():
    body = (
        b"v=0\no=- 1 1 IN IP4 192.0.2.9\ns=x\nc=IN IP4 192.0.2.9\nt=0 0\na=sendonly\n"
        b"m=video 0 RTP/AVP 96\nm=audio 4000/1 RTP/AVP 96 8 97\nc=IN IP4 192.0.2.10\n"
        b"a=rtpmap:96 speex/8000\na=rtpmap:97 telephone-event/8000\na=fmtp:97 0-15\n"
    )
    agreed = accept(parse(body), OURS, Direction.SENDRECV)
    assert (agreed.address, agreed.port, agreed.codec) == ("192.0.2.10", 4000, PCMA)
    assert (agreed.payload_type, agreed.event_payload_type) == (8, 97)
    assert agreed.direction is Direction.RECVONLY


def test_other_streams_are_refused_in_their_place():
    body = (
        b"v=0\r\nc=IN IP4 192.0.2.9\r\nm=video 9 RTP/AVP 96\r\nm=audio 9 RTP/AVP 0\r\nm=text 9 RTP/AVP 98\r\n"
    )
    answer, _ = write_answer(parse(body), OURS, Direction.SENDRECV, 1, 1)
    assert [line.split()[:2] for line in answer.decode().split("\r\n") if line.startswith("m=")] == [
        ["m=video", "0"], ["m=audio", "6000"], ["m=text", "0"],
    ]  # fmt: skip


def test_the_old_hold_silences_us():
    body = b"v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 9 RTP/AVP 0\r\n"
    assert not accept(parse(body), OURS, Direction.SENDRECV).direction.sends


@pytest.mark.parametrize("body", [
    b"", b"v=0\r\nm=audio 9 RTP/AVP 0\r\n", b"v=0\r\nc=IN IP4 1.2.3.4\r\nm=audio x RTP/AVP 0\r\n", b"\xff",
    b"v=0\r\nc=IN IP4 1.2.3.4\r\nm=audio 9 RTP/AVP zero\r\n", b"v=0\r\nc=IN\r\nm=audio 9 RTP/AVP 0\r\n",
    b"v=0\r\nc=IN IP4 1.2.3.4\r\nm=audio 9 RTP/AVP 0\r\na=rtpmap:x\r\n",
])  # fmt: skip
def test_bad_sdp(body):
    with pytest.raises(SdpError):
        parse(body)


@pytest.mark.parametrize("line", ["m=audio 9 RTP/AVP 18", "m=audio 0 RTP/AVP 0"])
def test_nothing_in_common(line):
    with pytest.raises(NoCommonCodec):
        accept(parse(f"v=0\r\nc=IN IP4 1.2.3.4\r\n{line}\r\n".encode()), OURS, Direction.SENDRECV)


@given(st.text(alphabet="vcoam=:/ 0189.\r\naudioINP4rtpm", max_size=200))
def test_any_text_is_read_or_refused(text):
    try:
        accept(parse(text.encode()), OURS, Direction.SENDRECV)
    except SdpError:
        return
