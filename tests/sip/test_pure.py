"""The parts of the user agent that need no network."""

from __future__ import annotations

import select
import threading
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.masking import mask_message, mask_number, mask_text, mask_user
from telephony.owner_thread import OwnerThread
from telephony.ring import DEPTH, PythonMemory, RingLines
from telephony.sip_access import AccessList, configured_sources, resolve
from telephony.sip_config import account_config
from telephony.sip_headers import info_digit, parse_invite
from telephony.sip_sdp import acceptable
from telephony.transport import SipSettings, TrunkSettings

INVITE = (
    'INVITE sip:%2B493055:pw@192.0.2.1:5060;user=phone SIP/2.0\r\nv: SIP/2.0/TLS h;branch=z\r\n'
    'f: "A \\"B\\" C" <sip:+49301234567@x>;tag=1\r\nTo: <tel:+49301>\r\ni: abc\r\n'
    "X-A: 1,\r\n 2\r\nx-a: 3\r\nUser-to-User: 00\r\nSubject: no\r\n\r\nX-Body: no"
)

# ---- headers ----------------------------------------------------------------------------------------------


def test_compact_forms_folding_repeats_and_escapes() -> None:
    info = parse_invite(INVITE, "192.0.2.9:5061")
    assert (info.caller, info.called, info.display_name) == ("+49301234567", "+493055", 'A "B" C')
    assert (info.sip_call_id, info.transport, info.peer) == ("abc", "tls", "192.0.2.9:5061")
    assert dict(info.headers) == {"x-a": "1, 2, 3", "user-to-user": "00"}


@pytest.mark.parametrize(
    ("value", "user", "name"),
    [
        ("<sip:anonymous@anonymous.invalid>;tag=1", "anonymous", ""),
        ("sip:ann@host;tag=1", "ann", ""),
        ("Ann <sips:ann;phone-context=x@host>", "ann", "Ann"),
        ("<tel:+1-201-555-0123;ext=1>", "+1-201-555-0123", ""),
        ('"" <sip:host>', "", ""),
        ("garbage", "", ""),
        ("<sip:%00%0d%0aX@h>", "X", ""),
    ],
)
def test_from(value: str, user: str, name: str) -> None:
    info = parse_invite(f"INVITE sip:h SIP/2.0\r\nFrom: {value}\r\n\r\n", "")
    assert (info.caller, info.display_name) == (user, name)


@given(st.binary(max_size=400))
def test_no_message_raises(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    info = parse_invite(text, text)
    for value in (info.caller, info.called, info.display_name, *info.headers.values(), *info.headers):
        assert value.isprintable() or not value or all(c.isprintable() or c.isspace() for c in value)
        assert len(value) <= 512
        value.encode()
    mask_message(text)
    info_digit(text)
    acceptable(text, ("PCMU",))


def test_headers_are_bounded() -> None:
    many = "".join(f"X-{n}: {'v' * 2000}\r\n" for n in range(500))
    info = parse_invite(f"INVITE sip:h SIP/2.0\r\n{many}\r\n", "")
    assert len(info.headers) == 40 and max(map(len, info.headers.values())) == 512


# ---- SDP --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("media", "fits"),
    [
        ("m=audio 4000 RTP/AVP 0 101", True),
        ("m=audio 4000 RTP/AVP 18 101\r\na=rtpmap:101 telephone-event/8000", False),
        ("m=audio 4000 RTP/AVP 18 96\r\na=rtpmap:96 OPUS/48000/2", True),
        ("m=audio 4000/2 RTP/SAVP 8", True),
        ("m=audio 0 RTP/AVP 18", True),
        ("m=video 4000 RTP/AVP 0", False),
        ("m=video 4000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=audio 4002 RTP/AVP 9", True),
        ("", False),
    ],
)
def test_acceptable(media: str, fits: bool) -> None:
    sdp = f"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{media}\r\n"
    assert acceptable(sdp, ("PCMU", "PCMA", "G722", "opus")) is fits


# ---- access -----------------------------------------------------------------------------------------------


def test_access_list() -> None:
    everybody, some = AccessList(()), AccessList(["192.0.2.0/24", "2001:db8::1", "198.51.100.7/32"])
    assert everybody.allows("203.0.113.1:5060")
    assert some.allows("192.0.2.200:5060") and some.allows("[2001:db8::1]:5060")
    assert not some.allows("203.0.113.1:5060") and not some.allows("[2001:db8::2]:5060")
    assert not some.allows("nonsense") and not some.allows("")


def test_a_name_that_cannot_even_be_looked_up_is_unknown() -> None:
    assert resolve(["foo..bar", "192.0.2.1"]) == (["192.0.2.1/32"], ["foo..bar"])


@pytest.mark.parametrize("registrar", ["sip.example.net:5070", "sip:sip.example.net:5070;transport=tcp"])
def test_a_registrar_with_and_without_its_scheme(registrar: str) -> None:
    trunk = TrunkSettings(registrar, "bot", "pw", proxy="sip-edge.example.net")
    pj = MagicMock()
    config = account_config(pj, SipSettings(trunk=trunk), "127.0.0.1", 5060)
    assert config.idUri == "sip:bot@sip.example.net:5070"
    assert config.regConfig.registrarUri.startswith("sip:sip.example.net:5070")
    config.sipConfig.proxies.append.assert_called_once_with("sip:sip-edge.example.net;lr")


def test_a_trunk_admits_its_own_addresses_only() -> None:
    trunk = TrunkSettings("sip:127.0.0.2:5070;transport=tcp", "u", "p", proxy="127.0.0.3")
    assert configured_sources(SipSettings(allow=("10.0.0.0/8",), trunk=trunk)) == (
        "10.0.0.0/8",
        "sip:127.0.0.2:5070;transport=tcp",
        "127.0.0.3",
    )
    sources = configured_sources(SipSettings(trunk=trunk))
    networks, unknown = resolve([*sources, "localhost", "nowhere.invalid"])
    assert networks == ["127.0.0.2/32", "127.0.0.3/32", "127.0.0.1/32"]
    assert unknown == ["nowhere.invalid"]
    listed = TrunkSettings("sip.example.com", "u", "p", sources=("192.0.2.0/28",))
    assert configured_sources(SipSettings(trunk=listed)) == ("192.0.2.0/28",)


# ---- masking ----------------------------------------------------------------------------------------------


def test_masking() -> None:
    assert mask_number("+49 30 1234567") == "+** ** *****67"
    masked = {"echo": "****", "+4930123": "+******3", "john.smith": "j********h", "42": "**", "": ""}
    assert {user: mask_user(user) for user in masked} == masked
    assert [mask_user(u, ("echo", "menu")) for u in ("echo", "MENU", "echos")] == ["echo", "MENU", "e***s"]
    assert mask_text("to <sip:ann.smith;x=1@h:5060>, sip:h.example") == "to <sip:a*******h;x=1@h:5060>, sip:h.example"
    assert mask_text("call 030 1234567 at 10:30, 4 times") == "call *** *****67 at 10:30, 4 times"


def test_masked_messages_hold_no_number_and_stay_readable() -> None:
    message = INVITE.replace("X-A: 1,", "X-Number: 0171 2345678\r\nX-A: 1,")
    message += "\r\nv=0\r\nm=audio 40000 RTP/AVP 0\r\n"
    masked = mask_message(message)
    for secret in ("1234567", "2345678", "493055"):
        assert secret not in masked
    assert "m=audio 40000" in masked and "branch=z" in masked and "i: abc" in masked
    relay = "INFO sip:x SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=5\r\nDuration=160\r\n"
    plain = "INFO sip:x SIP/2.0\r\nContent-Type: application/dtmf\r\n\r\n5"
    assert "5" not in mask_message(relay).partition("\r\n\r\n")[2]
    assert mask_message(plain).endswith("\r\n\r\n*")
    digest = 'REGISTER sip:x SIP/2.0\r\nAuthorization: Digest username="b", response="0ff1ce"\r\n\r\n'
    assert "0ff1ce" not in mask_message(digest)


# ---- ring -------------------------------------------------------------------------------------------------

FRAME = 160


def make_ring(lines: int = 2) -> tuple[PythonMemory, RingLines]:
    memory = PythonMemory(lines, FRAME)
    return memory, RingLines(memory, 8000)


def frame(value: int) -> np.ndarray:
    return np.full(FRAME, value, np.int16)


@given(st.lists(st.integers(0, 12), max_size=60))
def test_what_is_heard_is_taken_once_and_in_order(bursts: list[int]) -> None:
    memory, lines = make_ring()
    try:
        said, got = 0, []
        for burst in bursts:
            for _ in range(burst):
                said += 1
                memory.heard(1, frame(said).tobytes())
            assert list(lines.new()) == ([1] if burst else [])
            got.extend(lines.take(1)[0].reshape(-1, FRAME)[:, 0].tolist())
        assert got == list(range(1, said + 1))
        assert lines.lost(1) == 0
    finally:
        memory.close()


def test_audio_that_came_too_late_is_silence_of_the_same_length() -> None:
    memory, lines = make_ring()
    for n in range(1, 41):
        memory.heard(0, frame(n).tobytes())
    taken = lines.take(0)[0].reshape(-1, FRAME)[:, 0].tolist()
    lost = 40 - (DEPTH - 1)
    assert taken == [0] * lost + list(range(lost + 1, 41))
    assert lines.lost(0) == lost
    memory.close()


def test_what_is_put_is_said_once_and_in_order_and_silence_where_nothing_is() -> None:
    memory, lines = make_ring()
    said = []
    for n in range(0, 60, 2):
        assert lines.room(0, 3) == 3
        lines.put(0, np.concatenate([frame(n + 1), frame(n + 2)]))
        assert lines.room(0, 3) == 1
        said += [np.frombuffer(memory.wanted(0), np.int16)[0] for _ in range(3)]
    assert [n for n in said if n] == list(range(1, 61))
    assert (lines.taken(0), lines.underruns(0)) == (60, 30)
    lines.reset(0)
    assert (lines.taken(0), lines.underruns(0), lines.room(0, 2)) == (0, 0, 2)
    memory.close()


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_what_was_sent_lies_beside_what_was_heard_meanwhile(spoken: list[bool]) -> None:
    memory, lines = make_ring()
    try:
        expected = []
        for n, speaks in enumerate(spoken, start=1):
            if speaks:
                lines.put(0, frame(n))
            memory.wanted(0)
            memory.heard(0, frame(-n).tobytes())
            heard, sent = lines.take(0)
            expected.append(n if speaks else 0)
            assert (heard[0], sent[0]) == (-n, expected[-1]) and (sent == sent[0]).all()
        memory.heard(0, frame(1).tobytes())  # nothing was asked for: the line is on hold
        assert not lines.take(0)[1].any()
    finally:
        memory.close()


def test_put_takes_whole_frames_that_fit() -> None:
    memory, lines = make_ring()
    with pytest.raises(ValueError, match="whole frames"):
        lines.put(0, np.zeros(100, np.int16))
    with pytest.raises(ValueError, match="room"):
        lines.put(0, np.zeros(FRAME * DEPTH, np.int16))
    assert lines.room(0, 2) == 2
    memory.close()


def test_a_tick_wakes_the_loop_once_until_it_is_drained() -> None:
    memory, lines = make_ring()

    def readable() -> bool:
        return bool(select.select([lines.fileno()], [], [], 0)[0])

    assert not readable()
    for _ in range(3):
        memory.heard(0, b"")
    assert readable()
    lines.drained()
    assert not readable()
    memory.heard(0, b"")
    assert readable()
    assert lines.take(0)[0].size == 4 * FRAME
    memory.close()


# ---- owner thread -----------------------------------------------------------------------------------------


class Library:
    """Polls by waiting for its wake-up."""

    def __init__(self) -> None:
        self.woken = threading.Event()
        self.threads: set[int] = set()
        self.fail = False

    def poll(self, timeout_ms: int) -> None:
        self.threads.add(threading.get_ident())
        if self.fail:
            self.fail = False
            raise RuntimeError("event loop")
        self.woken.wait(timeout_ms / 1000)
        self.woken.clear()

    def wake(self) -> None:
        self.woken.set()


def test_commands_run_on_the_thread_in_order_and_fail_alone() -> None:
    library = Library()
    thread = OwnerThread("owner", library, poll_ms=60_000)  # only the wake-up makes this test end
    thread.start()
    done: list[int] = []
    futures = [thread.submit(lambda n=n: done.append(n) or threading.get_ident()) for n in range(20)]  # type: ignore[misc]
    idents = {future.result(30) for future in futures}
    library.fail = True
    broken = thread.submit(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        broken.result(30)
    assert thread.submit(lambda: "still there").result(30) == "still there"
    thread.stop()
    assert done == list(range(20))
    assert idents == library.threads and threading.get_ident() not in idents
    assert thread.submit(lambda: 1).cancelled()


def test_a_command_that_comes_after_the_last_look_is_not_left_waiting() -> None:
    thread = OwnerThread("owner", Library())
    late: list[Future[int]] = []

    class Queue(SimpleQueue[Any]):
        """Where somebody submits a command just after the thread has found it empty for the last time."""

        stopped = False

        def get_nowait(self) -> Any:
            try:
                item = super().get_nowait()
            except Empty:
                if self.stopped and not late:
                    late.append(thread.submit(lambda: 1))
                raise
            self.stopped = item is None
            return item

    thread._commands = Queue()
    thread.start()
    thread.stop()
    assert late[0].cancelled()
