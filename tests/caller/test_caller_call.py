"""Calls over loopback: our caller against a fake bot, both on real sockets."""

import asyncio
import random

import pytest
from caller_bot import FakeBot, speech
from caller_wire import media

from telephony.caller.audible import audible_runs
from telephony.caller.call import Caller
from telephony.caller.codecs import G722, OPUS, PCMA, PCMU, CodecUnavailable, new_coder
from telephony.caller.diary import CallOver, TooLate, Unreachable
from telephony.caller.digest import Credentials
from telephony.caller.endpoint import Side
from telephony.caller.events import Ended, GotInfo, Rejected
from telephony.caller.media_clock import MediaClock
from telephony.caller.options import CallOptions
from telephony.caller.report import report_of
from telephony.caller.sdp import Direction
from telephony.caller.sip_message import StreamParser
from telephony.caller.uas import Answering, AnswerMachine

pytestmark = pytest.mark.sip
FRAME_MS = 20


@pytest.fixture
def clock():
    with MediaClock() as running:
        yield running


def missing(codec) -> bool:
    try:
        new_coder(codec)
    except CodecUnavailable:
        return True
    return False


async def test_a_turn_is_measured_as_the_bot_made_it(clock):
    async with FakeBot(clock, reply_ms=400) as bot:
        async with Caller(bot.uri, CallOptions(), clock) as caller:
            await caller.dial()
            await caller.wait_for_bot_silence(200, within_s=10)
            await caller.say(speech(500), "question")
            await caller.wait_for_bot_silence(200, within_s=10)
            await caller.hangup()
    report = report_of(caller)
    assert report.answered and report.status == 200 and report.ended_by == "caller"
    assert report.media.codec == "PCMU" and report.media.unstamped == 0 and report.media.lost == 0
    (turn,) = report.turns
    # The same two moments by the bot's own stamps: however late its threads were, both must see the same.
    heard, said = bot.timelines()
    question, reply = audible_runs(heard.pcm, 8000)[-1], audible_runs(said.pcm, 8000)[-1]
    truth_ns = said.time_ns(reply.start) - heard.end_ns(question.end)
    assert abs(turn.ear_to_mouth_ms - truth_ns / 1e6) < 2 * FRAME_MS
    assert not turn.cut_in and not report.faults and bot.ended and not bot.faults


async def test_an_interruption_is_measured(clock):
    async with FakeBot(clock, greeting_ms=4000, stop_ms=100) as bot:
        async with Caller(bot.uri, CallOptions(), clock) as caller:
            await caller.dial()
            await caller.say_over(speech(600), 500, "stop")
            await caller.wait_for_bot_silence(200, within_s=10)
    report = report_of(caller)
    (stop,) = report.interruptions
    heard, said = bot.timelines()
    interruption, greeting = audible_runs(heard.pcm, 8000)[0], audible_runs(said.pcm, 8000)[0]
    truth_ns = said.end_ns(greeting.end) - heard.time_ns(interruption.start)
    assert abs(stop.stop_ms - truth_ns / 1e6) < 2 * FRAME_MS
    assert stop.silent_ms is not None and not stop.caller_still_speaking


@pytest.mark.parametrize("codec", [PCMU, PCMA, G722, OPUS], ids=lambda codec: codec.name)
async def test_every_codec_carries_sound_both_ways(clock, codec):
    if missing(codec):
        pytest.skip(f"no library for {codec.name}")
    async with FakeBot(clock, codecs=(codec,)) as bot:
        async with Caller(bot.uri, CallOptions(codecs=(codec,)), clock) as caller:
            await caller.dial()
            await caller.wait_for_bot_silence(200, within_s=10)
            await caller.say(speech(400, caller.rate_hz), "hello")
            await caller.wait_for_bot_silence(200, within_s=10)
    report = report_of(caller)
    assert report.media.codec == codec.name and len(bot.line.ear.onsets) == 1
    assert report.turns[0].ear_to_mouth_ms > 0 and not report.faults


@pytest.mark.parametrize("ptime_ms", [10, 30])
async def test_other_packet_times(clock, ptime_ms):
    async with FakeBot(clock) as bot:
        async with Caller(bot.uri, CallOptions(ptime_ms=ptime_ms), clock) as caller:
            await caller.dial()
            await caller.wait_for_bot_silence(200, within_s=10)
            await caller.say(speech(300), "hello")
            await caller.wait_for_bot_silence(200, within_s=10)
    assert bot.line.ear.packets[0].pcm.size == ptime_ms * 8
    assert report_of(caller).turns[0].ear_to_mouth_ms > 0


async def test_digits_three_ways(clock):
    async with FakeBot(clock, greeting_ms=0) as bot:
        async with Caller(bot.uri, CallOptions(), clock) as caller:
            await caller.dial()
            await caller.press("12#")
            await caller.press("5", "info")
            await caller.press("6", "info-dtmf")
            await caller.press("78", "inband")
            await caller.hangup()
    infos = [(event.content_type, event.body) for event in bot.events if isinstance(event, GotInfo)]
    assert infos == [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=100\r\n"),
        ("application/dtmf", b"6"),
    ]
    events = bot.line.ear.strangers["payload type 101"]
    assert events == caller.line.ledger.events_sent == 3 * (4 + 3)  # 100 ms of 20 ms, the end three times
    assert len(bot.line.ear.onsets) == 2  # the two tones, with a pause between them
    assert report_of(caller).digits == ((3, "rfc4733"), (1, "info"), (1, "info-dtmf"), (2, "inband"))


async def test_hold_and_resume(clock):
    async with FakeBot(clock) as bot:
        async with Caller(bot.uri, CallOptions(), clock) as caller:
            await caller.dial()
            assert await caller.hold() == 200
            assert bot.line.media.direction is Direction.RECVONLY
            assert await caller.resume() == 200
            assert bot.line.media.direction is Direction.SENDRECV
            assert await caller.reinvite(with_offer=False) == 200
            assert caller.line.media.direction is Direction.SENDRECV
    assert len(caller.diary.holds) == 1 and not caller.diary.faults


@pytest.mark.parametrize("delayed", [False, True])
@pytest.mark.parametrize("early", [False, True])
async def test_offers_early_and_late(clock, delayed, early):
    how = {"early_media": early, "reliable_ringing": True, "answer_s": 0.1}
    async with FakeBot(clock, **how) as bot:
        async with Caller(bot.uri, CallOptions(delayed_offer=delayed), clock) as caller:
            await caller.dial()
            await caller.wait_for_bot_silence(200, within_s=10)
    assert "PRACK" in [request.method for request in bot.machine.requests]
    assert report_of(caller).provisionals == ("183 Ringing" if early else "180 Ringing",)


async def test_digest(clock):
    right, wrong = Credentials("alice", "secret"), Credentials("alice", "guess")
    async with FakeBot(clock, credentials=right) as bot:
        async with Caller(bot.uri, CallOptions(credentials=right), clock) as caller:
            await caller.dial()
    async with FakeBot(clock, credentials=right) as bot:
        async with Caller(bot.uri, CallOptions(credentials=wrong), clock) as caller:
            with pytest.raises(CallOver) as refused:
                await caller.dial()
    assert refused.value.event.status == 401


async def test_busy(clock):
    async with FakeBot(clock, status=486, reason="Busy Here", headers=(("Retry-After", "7"),)) as bot:
        async with Caller(bot.uri, CallOptions(), clock) as caller:
            with pytest.raises(CallOver):
                await caller.dial()
    assert isinstance(caller.over, Rejected) and (caller.over.status, caller.over.retry_after) == (486, "7")
    assert report_of(caller).status == 486


async def test_ringing_too_long_is_cancelled(clock):
    async with FakeBot(clock, answer_s=60) as bot:
        async with Caller(bot.uri, CallOptions(ring_s=0.1), clock) as caller:
            with pytest.raises(TooLate):
                await caller.dial()
        assert bot.ended
    assert report_of(caller).status == 487


async def test_the_bot_hangs_up(clock):
    async with FakeBot(clock) as bot:
        async with Caller(bot.uri, CallOptions(), clock) as caller:
            await caller.dial()
            bot.hangup()
            with pytest.raises(CallOver):
                await caller.wait_for_bot_silence(60_000, within_s=30)
    assert isinstance(caller.over, Ended) and caller.over.by == "callee"


async def test_a_silent_bot_is_too_late(clock):
    async with FakeBot(clock, greeting_ms=0) as bot:
        async with Caller(bot.uri, CallOptions(), clock) as caller:
            await caller.dial()
            with pytest.raises(TooLate):
                await caller.wait_for_bot_silence(200, within_s=0.2)


async def test_vanishing_leaves_no_socket_and_no_stream(clock):
    async with FakeBot(clock) as bot:
        async with Caller(bot.uri, CallOptions(), clock) as caller:
            await caller.dial()
            caller.vanish()
        assert not bot.ended and caller.line.socket.fileno() == -1 and caller.ladder.closed
    assert clock.idle


async def test_twenty_calls_share_one_clock(clock):
    async def one() -> float:
        async with FakeBot(clock) as bot:
            async with Caller(bot.uri, CallOptions(), clock) as caller:
                await caller.dial()
                await caller.wait_for_bot_silence(200, within_s=20)
                await caller.say(speech(400), "hello")
                await caller.wait_for_bot_silence(200, within_s=20)
        return report_of(caller).turns[0].ear_to_mouth_ms

    measured = await asyncio.gather(*(one() for _ in range(20)))
    assert all(reply is not None for reply in measured)
    assert clock.idle


@pytest.mark.parametrize("uri", ["sip:bot@", "tel:123", "sip:bot@127.0.0.1:99999", "sips:bot@127.0.0.1",
                                 "sip:bot@127.0.0.1;transport=sctp"])  # fmt: skip
async def test_what_can_not_be_called(clock, uri):
    with pytest.raises(Unreachable):
        async with Caller(uri, CallOptions(), clock):
            pass
    assert clock.idle


async def test_a_call_over_tcp(clock):
    machines = []

    async def serve(reader, writer):
        address, parser = writer.get_extra_info("sockname")[:2], StreamParser()
        machine = AnswerMachine(Answering(media(7000)), Side(address, "tcp"), random.Random(3))
        machines.append(machine)
        loop = asyncio.get_running_loop()
        while data := await reader.read(100):  # pieces smaller than a message
            for message in parser.feed(data):
                machine.receive(message, address, loop.time())
            machine.handle_timer(loop.time())
            writer.writelines(outgoing.data for outgoing in machine.take())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Caller(f"sip:bot@127.0.0.1:{port};transport=tcp", CallOptions(), clock) as caller:
            await caller.dial()
            await caller.press("5", "info")
            await caller.hangup()
    assert [r.method for r in machines[0].requests] == ["INVITE", "ACK", "INFO", "BYE"]
    assert report_of(caller).ended_by == "caller" and not caller.diary.faults
