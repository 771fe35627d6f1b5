import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.caller.sip_message import (
    Headers,
    Message,
    NameAddr,
    Request,
    Response,
    SipSyntaxError,
    StreamParser,
    Uri,
    branch,
    cseq,
    parse,
    parse_name_addr,
    parse_uri,
    serialise,
    split_list,
)

# After the torture test's "wsinv" (RFC 4475 section 3.1.1.1): odd white space, folding, compact names.
WSINV = (
    b"INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
    b"TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
    b'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n'
    b"MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\nCSeq: 0009\r\n  INVITE\r\n"
    b"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
    b" SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
    b'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n'
    b"  secondparam ; q = 0.33\r\n"
    b"l: 4\r\n\r\nbodyrest"
)


def test_torture():
    message = parse(WSINV)
    assert isinstance(message, Request) and message.method == "INVITE" and message.body == b"body"
    assert parse_name_addr(message.headers.get("to")).tag == "1918181833n"
    assert parse_name_addr(message.headers.get("From")) == NameAddr(
        "sip:jdrosen@example.com", (("tag", "98asjd8"),)
    )
    assert cseq(message) == (9, "INVITE")
    assert len(message.headers.all("via")) == 2 and branch(message) == "z9hG4bK9ikj8"
    assert parse_name_addr(message.headers.get("contact")).uri == "sip:jdrosen@example.com"


def test_round_trip_and_true_length():
    headers = Headers((("Via", "SIP/2.0/UDP a;branch=z9hG4bK1"), ("CSeq", "2 BYE"), ("Content-Length", "77")))
    for message in (Request("BYE", "sip:a@b", headers, b"x\r\n"), Response(200, "OK", headers, b"")):
        again = parse(serialise(message))
        assert again.body == message.body and again.headers.get("content-length") == str(len(message.body))
        assert again.headers.get("cseq") == "2 BYE" and again.start_line == message.start_line


@pytest.mark.parametrize("data", [
    b"", b"\r\n\r\n", b"INVITE sip:a SIP/2.0\r\nTo: x", b"INVITE sip:a SIP/3.0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n", b"SIP/2.0 99 Low\r\n\r\n", b"BYE sip:a SIP/2.0\r\nno colon\r\n\r\n",
    b"BYE sip:a SIP/2.0\r\nTo: \xff\r\n\r\n",
    b"BYE sip:a SIP/2.0\r\nl: 9\r\n\r\nshort", b"BYE sip:a SIP/2.0\r\nl: -1\r\n\r\n",
    b"BYE sip:a SIP/2.0\r\nl: 99999999999\r\n\r\n",
])  # fmt: skip
def test_what_is_no_message(data):
    with pytest.raises(SipSyntaxError):
        parse(data)


@given(st.binary(max_size=300))
def test_any_bytes_parse_or_are_refused(data):
    try:
        parse(b"INVITE sip:a SIP/2.0\r\n" + data)
    except SipSyntaxError:
        return


@given(st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_a_stream_may_be_cut_anywhere(cuts):
    one = serialise(Request("INFO", "sip:a@b", Headers((("CSeq", "1 INFO"),)), b"Signal=5\r\n\r\n"))
    two = serialise(Response(200, "OK", Headers((("CSeq", "1 INFO"),))))
    stream, parser = b"\r\n\r\n" + one + b"\r\n\r\n" + two + one, StreamParser()
    found: list[Message] = []
    at = index = 0
    while at < len(stream):
        size = cuts[index % len(cuts)]
        found += parser.feed(stream[at : at + size])
        at, index = at + size, index + 1
    assert [serialise(message) for message in found] == [one, two, one]


def test_a_stream_of_nonsense_is_given_up():
    with pytest.raises(SipSyntaxError):
        StreamParser().feed(b"x" * 70_000)


@pytest.mark.parametrize(("text", "expected"), [
    ("sip:a@b", Uri("sip", "a", "b", None)),
    ("sips:b:5061;transport=tcp;lr", Uri("sips", "", "b", 5061, (("transport", "tcp"), ("lr", "")))),
    ("sip:+1;phone-context=x@[::1]:5060", Uri("sip", "+1;phone-context=x", "[::1]", 5060)),
])  # fmt: skip
def test_uris(text, expected):
    assert parse_uri(text) == expected


@pytest.mark.parametrize(
    "text", ["", "tel:1", "sip:", "sip:a@b:0", "sip:a@b:70000", "sip:a@b:x", "sip:a@b junk"]
)
def test_what_is_no_uri(text):
    with pytest.raises(SipSyntaxError):
        parse_uri(text)


def test_lists_and_name_addresses():
    assert split_list('"a, b" <sip:x,y>;q=1, <sip:z>') == ['"a, b" <sip:x,y>;q=1', "<sip:z>"]
    assert parse_name_addr("sip:a@b;tag=7") == NameAddr("sip:a@b", (("tag", "7"),))
    assert parse_name_addr('"<x>" <sip:a@b;lr>;tag=7') == NameAddr("sip:a@b;lr", (("tag", "7"),))
    with pytest.raises(SipSyntaxError):
        parse_name_addr("")
