"""The caller's SIP core against the answering machine's, in virtual time."""

import random

import pytest
from caller_wire import Wire, media

from telephony.caller.codecs import G722, PCMA, PCMU
from telephony.caller.digest import Credentials
from telephony.caller.events import Answered, Ended, MediaChanged, Referred, Rejected, RequestDone
from telephony.caller.in_dialog import Manners, Talk
from telephony.caller.sdp import Direction
from telephony.caller.sip_message import Request, Response, header_param
from telephony.caller.uac import CallState


def talking(wire: Wire) -> Wire:
    wire.caller.start(0.0)
    wire.run(5.0, lambda: wire.caller.state is CallState.TALKING)
    wire.run(wire.now + 0.1)
    return wire


def test_a_plain_call():
    wire = talking(Wire())
    wire.caller.hangup(wire.now)
    wire.run(60.0)
    assert wire.sent("caller") == ["INVITE", "ACK", "BYE"]
    assert wire.sent("bot") == ["180", "200", "200"]
    assert wire.kinds() == ["Provisional", "Answered", "Ended"]
    assert wire.caller.state is CallState.OVER and wire.bot.over
    assert wire.caller.deadline() is None and wire.bot.deadline() is None


def test_the_bot_hangs_up():
    wire = talking(Wire())
    wire.bot.hangup(wire.now)
    wire.run(60.0)
    assert wire.events[-1] == Ended(wire.events[-1].at, "callee", "")
    assert wire.caller.state is CallState.OVER


def test_timers_a_and_b_when_nobody_answers():
    wire = Wire(loses=lambda message, count: True)
    wire.caller.start(0.0)
    wire.run(60.0)
    assert [round(at, 2) for at, _, _ in wire.log] == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert [type(e) for e in wire.events] == [Rejected] and wire.events[0].status == 408
    assert wire.events[0].at == 32.0


def test_over_tcp_nothing_is_repeated():
    wire = Wire(transport="tcp", loses=lambda message, count: True)
    wire.caller.start(0.0)
    wire.run(60.0)
    assert wire.sent("caller") == ["INVITE"] and wire.events[0].status == 408


@pytest.mark.parametrize("seed", range(40))
def test_a_bad_line_loses_no_call(seed):
    rng = random.Random(seed)
    wire = Wire(loses=lambda message, count: rng.random() < 0.3)
    wire.caller.start(0.0)
    wire.run(40.0, lambda: wire.caller.state is CallState.TALKING)
    wire.run(wire.now + 0.5)
    wire.caller.hangup(wire.now)
    wire.run(200.0)
    assert wire.kinds().count("Answered") == 1 and wire.kinds()[-1] == "Ended"
    assert wire.caller.deadline() is None and wire.bot.deadline() is None


def test_a_lost_ack_is_repeated_for_each_200():
    lost = []

    def loses(message, count):
        if isinstance(message, Request) and message.method == "ACK" and len(lost) < 2:
            lost.append(count)
            return True
        return False

    wire = Wire(loses=loses)
    wire.caller.start(0.0)
    wire.run(10.0)
    assert wire.sent("caller").count("ACK") == 3 and wire.sent("bot").count("200") == 3
    assert wire.kinds().count("Answered") == 1


def test_a_caller_who_never_acknowledges():
    wire = Wire(request={"ack": "never"})
    wire.caller.start(0.0)
    wire.run(120.0)
    assert "ACK" not in wire.sent("caller") and wire.sent("bot").count("200") > 5
    assert wire.sent("bot")[-1] == "BYE" and wire.bot.over


def test_cancel_waits_for_a_provisional():
    wire = Wire(answering={"answer_s": 5.0})
    wire.caller.start(0.0)
    wire.caller.hangup(0.0)
    assert wire.caller.state is CallState.CANCEL_WANTED
    wire.run(60.0)
    assert wire.sent("caller") == ["INVITE", "CANCEL", "ACK"]
    assert wire.sent("bot") == ["180", "200", "487"]
    assert wire.events[-1].status == 487 and wire.caller.state is CallState.OVER


def test_a_200_that_crosses_our_cancel_is_hung_up():
    wire = Wire(answering={"answer_s": 0.015})
    wire.caller.start(0.0)
    wire.run(5.0, lambda: wire.caller.state is CallState.RINGING)
    wire.caller.hangup(wire.now)
    wire.run(60.0)
    assert wire.sent("caller") == ["INVITE", "CANCEL", "ACK", "BYE"]
    assert wire.kinds()[-1] == "Ended" and wire.bot.over


def test_a_cancel_that_nobody_answers_ends_too():
    wire = Wire(answering={"answer_s": 600.0}, loses=lambda message, count: count > 1)
    wire.caller.start(0.0)
    wire.run(1.0)
    wire.caller.hangup(wire.now)
    wire.run(60.0)
    assert wire.events[-1] == Rejected(wire.events[-1].at, 487, "CANCEL Got No Answer")


def test_busy_with_retry_after():
    wire = Wire(answering={"status": 503, "reason": "Draining", "headers": (("Retry-After", "9"),)})
    wire.caller.start(0.0)
    wire.run(60.0)
    assert wire.events[-1] == Rejected(wire.events[-1].at, 503, "Draining", "9")
    assert wire.sent("caller") == ["INVITE", "ACK"]


def test_a_lost_ack_of_a_refusal():
    wire = Wire(answering={"status": 486, "reason": "Busy"}, loses=lambda message, count: count in (3, 5))
    wire.caller.start(0.0)
    wire.run(100.0)
    assert wire.sent("caller").count("ACK") >= 2 and wire.kinds().count("Rejected") == 1
    assert wire.caller.deadline() is None and wire.bot.deadline() is None


@pytest.mark.parametrize(("given_password", "kind"), [("pw", "Answered"), ("no", "Rejected")])
def test_digest(given_password, kind):
    wire = Wire({"credentials": Credentials("u", given_password)}, {"credentials": Credentials("u", "pw")})
    wire.caller.start(0.0)
    wire.run(3.0)
    assert wire.kinds()[-1] == kind
    assert wire.sent("caller")[:3] == ["INVITE", "ACK", "INVITE"]
    invites = [
        m for _, who, m in wire.log if who == "caller" and isinstance(m, Request) and m.method == "INVITE"
    ]
    assert [m.headers.get("cseq") for m in invites] == ["1 INVITE", "2 INVITE"]
    assert len({m.headers.get("call-id") for m in invites}) == 1


def test_a_challenge_without_credentials():
    wire = Wire(answering={"credentials": Credentials("u", "pw")})
    wire.caller.start(0.0)
    wire.run(60.0)
    assert wire.events[-1].status == 401 and wire.sent("caller") == ["INVITE", "ACK"]


@pytest.mark.parametrize("delayed", [False, True])
@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("lossy", [False, True])
def test_reliable_ringing(delayed, early, lossy):
    answering = {"early_media": early, "reliable_ringing": True, "answer_s": 0.2}
    wire = talking(Wire({"delayed_offer": delayed}, answering, loses=lambda m, count: lossy and count == 1))
    assert wire.sent("caller").count("PRACK") == 1
    answered = next(e for e in wire.events if isinstance(e, Answered))
    assert (answered.media.codec, answered.media.port) == (PCMU, 7000)
    assert wire.bot.session.book.media.port == 6000
    assert ("EarlyMedia" in wire.kinds()) is early
    wire.caller.hangup(wire.now)
    wire.run(wire.now + 60.0)
    assert wire.bot.over and wire.kinds()[-1] == "Ended"


def test_a_delayed_offer_is_answered_in_the_ack():
    wire = talking(Wire({"delayed_offer": True, "local": media(6000, (PCMA,))}))
    ack = next(m for _, who, m in wire.log if isinstance(m, Request) and m.method == "ACK")
    assert b"m=audio 6000 RTP/AVP 8" in ack.body
    assert isinstance(wire.bot_events[0], MediaChanged) and wire.bot_events[0].media.codec is PCMA


def test_no_common_codec_is_refused_with_488():
    wire = Wire(answering={"local": media(7000, (G722,))})
    wire.caller.start(0.0)
    wire.run(60.0)
    assert wire.events[-1].status == 488


def test_hold_resume_and_an_offerless_reinvite():
    wire = talking(Wire())
    for direction in (Direction.SENDONLY, Direction.SENDRECV):
        assert wire.caller.session.reinvite(direction, wire.now)
        assert not wire.caller.session.reinvite(direction, wire.now)  # one at a time
        wire.run(wire.now + 0.5)
        assert wire.caller.session.book.media.direction is direction
        assert wire.bot.session.book.media.direction is direction.mirrored
    wire.caller.session.reinvite(Direction.SENDRECV, wire.now, with_offer=False)
    wire.run(wire.now + 0.5)
    done = [e for e in wire.events if isinstance(e, RequestDone)]
    assert [e.status for e in done] == [200, 200, 200]
    assert wire.caller.session.book.media.port == 7000 and wire.bot.session.book.media.port == 6000


def test_both_sides_can_reinvite_and_collide():
    wire = talking(Wire())
    wire.caller.session.reinvite(Direction.SENDONLY, wire.now)
    wire.bot.session.reinvite(Direction.SENDONLY, wire.now)
    wire.run(wire.now + 1.0)
    assert [e.status for e in wire.events if isinstance(e, RequestDone)] == [491]
    assert wire.bot.session.reinvite(Direction.INACTIVE, wire.now)
    wire.run(wire.now + 1.0)
    assert wire.caller.session.book.media.direction is Direction.INACTIVE


@pytest.mark.parametrize(("manner", "statuses", "accepted"), [
    ("accept", ["202", "NOTIFY", "NOTIFY"], True), ("fail", ["202", "NOTIFY", "NOTIFY"], False),
    ("decline", ["603"], False),
])  # fmt: skip
def test_refer(manner, statuses, accepted):
    wire = talking(Wire({"manners": Manners(on_refer=manner)}))
    before = len(wire.sent("caller"))
    wire.bot.session.ask("REFER", wire.now, ("Refer-To", "<sip:human@127.0.0.1>"))
    wire.run(wire.now + 1.0)
    assert wire.sent("caller")[before:] == statuses
    (referred,) = [e for e in wire.events if isinstance(e, Referred)]
    assert (referred.target, referred.accepted) == ("<sip:human@127.0.0.1>", accepted)
    fragments = [m.body for _, _, m in wire.log if isinstance(m, Request) and m.method == "NOTIFY"]
    outcome = b"SIP/2.0 200 OK" if accepted else b"SIP/2.0 503 Service Unavailable"
    assert fragments == ([] if manner == "decline" else [b"SIP/2.0 100 Trying", outcome])


def test_a_forgotten_dialog_ends_the_call():
    wire = talking(Wire())
    wire.bot.session.talk = Talk.CLOSED  # the bot has lost its mind: it answers 481 to all but BYE
    wire.caller.session.info("application/dtmf", b"1", wire.now)
    wire.run(wire.now + 60.0)
    assert RequestDone in map(type, wire.events) and wire.kinds()[-1] == "Ended"


def test_session_timers_refresh_the_call():
    expires = (("Require", "timer"), ("Session-Expires", "90;refresher=uac"))
    wire = Wire({"manners": Manners(session_expires_s=90)}, {"headers": expires})
    talking(wire).run(200.0)
    reinvites = [
        at for at, who, m in wire.log if who == "caller" and isinstance(m, Request) and m.method == "INVITE"
    ]
    assert len(reinvites) >= 3 and wire.caller.state is CallState.TALKING


def test_a_session_that_nobody_refreshes_is_ended():
    expires = (("Session-Expires", "90;refresher=uas"),)
    wire = Wire({"manners": Manners(session_expires_s=90)}, {"headers": expires})
    talking(wire).run(200.0)
    bye = next((at, m) for at, _, m in wire.log if isinstance(m, Request) and m.method == "BYE")
    assert 59 < bye[0] < 61 and "cause=408" in bye[1].headers.get("reason")


def test_options_strays_and_old_requests():
    wire = talking(Wire())
    dialog = wire.bot.dialog
    for method in ("OPTIONS", "MESSAGE"):
        wire.bot.session.ask(method, wire.now)
    wire.run(wire.now + 1.0)
    assert wire.sent("caller")[-2:] == ["200", "405"]
    dialog.local_seq = 0  # behind what the caller has seen
    wire.bot.session.ask("INFO", wire.now)
    wire.run(wire.now + 1.0)
    assert wire.sent("caller")[-1] == "500"
    dialog.local_seq, dialog.remote = 50, dialog.remote.replace("tag=", "tag=x")
    wire.bot.session.ask("INFO", wire.now)
    wire.run(wire.now + 1.0)
    assert wire.sent("caller")[-1] == "481"


def test_responses_carry_what_they_must():
    wire = talking(Wire())
    invite = next(m for _, _, m in wire.log if isinstance(m, Request))
    ok = next(m for _, _, m in wire.log if isinstance(m, Response) and m.status == 200)
    assert ok.headers.all("via") == invite.headers.all("via")
    assert ok.headers.get("to").startswith(invite.headers.get("to")) and header_param(
        ok.headers.get("to"), "tag"
    )
    assert ok.headers.get("call-id") == invite.headers.get("call-id") == wire.caller.call_id
