"""Calls over SIP and RTP to `offhook serve`, with scripted engines: what a caller gets, and what a call leaves."""

from __future__ import annotations

import asyncio
import time
import wave

import numpy as np
import pytest
from e2e_bot import Bot, arun, until
from e2e_calls import RATE, audible_s, calling, chirp, kept, kept_blocks, likeness, position
from e2e_engines import FakeLlm, FakeSpeech

from media.frame import Pcm
from media.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw
from telephony.caller.call import Caller
from telephony.caller.codecs import CODECS, PCMA, PCMU, Codec
from telephony.caller.diary import CallOver
from telephony.caller.in_dialog import Manners
from telephony.caller.media_clock import MediaClock
from telephony.caller.options import CallOptions
from telephony.caller.report import report_of, timelines_of

pytestmark = pytest.mark.sip


@pytest.mark.parametrize(
    ("codec", "through"),
    [(PCMU, lambda pcm: decode_ulaw(encode_ulaw(pcm))), (PCMA, lambda pcm: decode_alaw(encode_alaw(pcm)))],
    ids=["PCMU", "PCMA"],
)
async def test_the_echo_is_the_same_sample_by_sample(bot: Bot, clock: MediaClock, codec, through) -> None:
    async with calling(bot, "echo", clock, codecs=(codec,)) as caller:
        await caller.pause(0.3)
        await caller.say(chirp())
        await caller.pause(0.3)
        await caller.hangup()
    heard = through(chirp())
    assert kept_blocks(heard, timelines_of(caller)[2].pcm) > 0.9
    record = await kept(bot, caller)
    assert (record["plan"], record["codec"], record["end"]["by"]) == ("echo", codec.name, "caller")
    await recorded(record["folder"] / "recording.wav", heard, record["duration_s"])


async def recorded(path, heard: Pcm, duration_s: float) -> None:
    """The recording has the caller on its left, the bot on its right, and the length of the call."""
    with wave.open(str(path)) as wav:
        assert (wav.getnchannels(), wav.getframerate()) == (2, RATE)
        both = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)
    assert abs(both.shape[0] / RATE - duration_s) < 0.5
    assert kept_blocks(heard, both[:, 0]) > 0.9 and kept_blocks(heard, both[:, 1]) > 0.9
    assert position(heard, both[:, 0]) <= position(heard, both[:, 1])  # an echo comes after


@pytest.mark.parametrize("codec", ["g722", "opus"])
async def test_the_echo_through_other_codecs(bot: Bot, clock: MediaClock, codec: str) -> None:
    async with calling(bot, "echo", clock, codecs=(CODECS[codec],)) as caller:
        said = chirp(caller.rate_hz)
        await caller.pause(0.2)
        await caller.say(said)
        await caller.pause(0.3)
        await caller.hangup()
    assert likeness(said, timelines_of(caller)[2].pcm) > 0.5
    assert (await kept(bot, caller))["codec"].lower() == codec


@pytest.mark.parametrize("ptime_ms", [10, 30, 60])
async def test_packets_of_another_length(bot: Bot, clock: MediaClock, ptime_ms: int) -> None:
    async with calling(bot, "echo", clock, ptime_ms=ptime_ms) as caller:
        await caller.pause(0.2)
        await caller.say(chirp())
        await caller.pause(0.3)
        await caller.hangup()
    assert kept_blocks(decode_ulaw(encode_ulaw(chirp())), timelines_of(caller)[2].pcm) > 0.5
    await kept(bot, caller)


@pytest.mark.parametrize("method", ["rfc4733", "info", "info-dtmf", "inband"])
async def test_keys(bot: Bot, clock: MediaClock, method) -> None:
    async with calling(bot, "keys", clock) as caller:
        await caller.wait_for_bot_onset()
        await caller.press("1337", method)  # over the prompt: keys always work
        await caller.wait_for_end(20)
    record = await kept(bot, caller)
    assert record["slots"]["number"] == "1337"
    assert record["end"]["by"] == "bot"


@pytest.mark.parametrize("method", ["rfc4733", "info", "info-dtmf"])
async def test_a_sensitive_answer_is_nowhere_in_what_is_kept(bot: Bot, clock: MediaClock, method) -> None:
    async with calling(bot, "pin", clock) as caller:
        await caller.wait_for_bot_onset()
        await caller.press("9374", method)  # over the greeting: before it is asked for
        await caller.press("9374#", method)
        await caller.wait_for_bot_onset()
        await caller.press("1", method)
        await caller.wait_for_end(20)
    record = await kept(bot, caller)
    assert record["slots"]["pin"] == "***" and record["said"][-1]["text"] == "Fine."
    files = {path.name: path.read_bytes().decode("latin-1") for path in record["folder"].iterdir()}
    assert files["sip.jsonl"].count("INFO sip:") == (0 if method == "rfc4733" else 10)
    for text in (*files.values(), bot.output):
        assert "9374" not in text and "nine three" not in text
        assert "KeyPressed" not in text and "Signal=9" not in text and "\\r\\n\\r\\n9" not in text
    replayed = await arun("replay", str(record["folder"]))
    assert replayed.returncode == 0 and "redacted from" in replayed.stdout


@pytest.mark.parametrize("when", ["thinking", "speaking"])
async def test_the_key_of_an_exit_is_taken_at_once(
    bot: Bot, clock: MediaClock, speech: FakeSpeech, llm: FakeLlm, words: Pcm, when: str
) -> None:
    speech.stt.next, answer = ["when are you open"], llm.answer
    llm.answer = "From eight to six on every day of the week, and on Sundays until five."
    if when == "thinking":
        llm.hangs.set()
    try:
        async with calling(bot, "talk", clock) as caller:
            await caller.wait_for_bot_silence(300)
            await caller.say(words)
            if when == "speaking":
                await caller.wait_for_bot_onset()
                await caller.press("7")  # means nothing: it goes on
            else:
                await caller.pause(1.0)
            await caller.press("0")
            await caller.wait_for_end(20)
    finally:
        llm.hangs.clear()
        llm.answer = answer
    record = await kept(bot, caller)
    assert record["said"][-1]["text"] == "Bye." and len(record["turns"]) == 2
    assert record["turns"][0]["complete"] is False or when == "thinking"


async def test_speech_is_heard_and_its_turn_recorded(
    bot: Bot, clock: MediaClock, speech: FakeSpeech, words: Pcm
) -> None:
    speech.stt.next = ["no"]
    async with calling(bot, "ask", clock) as caller:
        await caller.wait_for_bot_silence(300)
        await caller.say(words)
        await caller.wait_for_end(20)
    record = await kept(bot, caller)
    assert record["slots"]["answer"] == "no"
    [turn] = record["turns"]
    assert turn["caller"] == "no" and turn["ms"]["endpoint"] is not None
    assert [said["text"] for said in record["said"]] == ["Is it?", "Bye."]


async def test_on_hold_the_bot_is_silent_and_deaf(
    bot: Bot, clock: MediaClock, speech: FakeSpeech, words: Pcm
) -> None:
    async with calling(bot, "ask", clock) as caller:
        await caller.wait_for_bot_silence(300)
        assert await caller.hold() == 200
        held = time.time_ns()
        speech.stt.next = ["no"]
        await caller.say(words)
        await caller.pause(0.6)
        resumed = time.time_ns()
        assert speech.stt.next == ["no"]  # nobody listened
        assert await caller.resume() == 200
        await caller.say(words)
        await caller.wait_for_end(20)
    record = await kept(bot, caller)
    assert audible_s(caller, held, resumed) == 0.0
    assert [turn["caller"] for turn in record["turns"]] == ["no"]


async def test_a_hold_in_the_middle_of_a_sentence_loses_none_of_it(
    bot: Bot, clock: MediaClock, speech: FakeSpeech, words: Pcm
) -> None:
    async with calling(bot, "ask", clock) as caller:
        await caller.wait_for_bot_silence(300)
        speech.stt.next = ["no", "yes"]
        async with asyncio.TaskGroup() as both:
            saying = both.create_task(caller.say(words))
            await until(lambda: len(speech.stt.next) == 1)  # they are being heard
            assert await caller.hold() == 200
            await saying
        await caller.pause(0.5)
        assert await caller.resume() == 200
        await caller.wait_for_end(20)
    speech.stt.next = []
    record = await kept(bot, caller)
    assert [turn["caller"] for turn in record["turns"]] == ["no"] and record["slots"]["answer"] == "no"


async def test_an_echo_on_hold_says_nothing(bot: Bot, clock: MediaClock) -> None:
    async with calling(bot, "echo", clock) as caller:
        await caller.say(chirp())
        await caller.pause(0.2)
        await caller.hold()
        held = time.time_ns()
        await caller.say(chirp())
        await caller.pause(0.2)
        resumed = time.time_ns()
        await caller.resume()
        await caller.say(chirp())
        await caller.pause(0.2)
        await caller.hangup()
    assert audible_s(caller, held, resumed) == 0.0
    assert audible_s(caller, resumed, time.time_ns()) > 0.4


@pytest.mark.parametrize(
    ("manner", "by", "reason", "said"),
    [
        ("accept", "bot", "transferred", ["Moment."]),
        ("fail", "bot", "nobody there", ["Moment.", "Sorry."]),
        ("decline", "bot", "nobody there", ["Moment.", "Sorry."]),
    ],
)
async def test_a_transfer_and_the_plan_without_one(
    bot: Bot, clock: MediaClock, manner, by: str, reason: str, said: list[str]
) -> None:
    async with calling(bot, "desk", clock, manners=Manners(on_refer=manner)) as caller:
        await caller.wait_for_end(20)
    record = await kept(bot, caller)
    assert report_of(caller).referred == ("sip:desk@127.0.0.1",)
    assert (record["end"]["by"], record["end"]["reason"]) == (by, reason)
    assert [item["text"] for item in record["said"]] == said


async def test_the_dialled_user_selects_the_plan_and_else_the_default(bot: Bot, clock: MediaClock) -> None:
    plans = {}
    for user in ("echo", "long", "nobody", "4930123456"):
        async with calling(bot, user, clock) as caller:
            await caller.hangup()
        plans[user] = (await kept(bot, caller))["plan"]
    assert plans == {"echo": "echo", "long": "long", "nobody": "keys", "4930123456": "keys"}


async def test_headers_reach_the_plan_and_the_record(bot: Bot, clock: MediaClock) -> None:
    headers = (
        ("X-Customer", "Ann"),
        ("P-Asserted-Identity", '"Ann" <sip:+493012345@pbx>'),
        ("Diversion", "<sip:desk@pbx>;reason=no-answer"),
        ("User-to-User", "616263;encoding=hex"),
        ("Subject", "not for plans"),
    )
    async with calling(bot, "customer", clock, headers=headers, caller="sip:+493012345@pbx") as caller:
        await caller.wait_for_end(20)
    record = await kept(bot, caller)
    assert record["headers"] == {name.lower(): value for name, value in headers[:4]}
    assert record["caller"] == "+493012345"
    assert [item["text"] for item in record["said"]] == ["Hi Ann."]
    assert "+493012345" not in bot.output


async def test_a_call_whose_rtp_stops_is_ended(bot: Bot, clock: MediaClock) -> None:
    async with calling(bot, "echo", clock) as caller:
        await caller.pause(0.2)
        caller.line.close()
        ended = await caller.wait_for_end(20)
    assert ended.by == "callee"
    record = await kept(bot, caller)
    assert (record["end"]["by"], record["end"]["reason"]) == ("bot", "no RTP")


async def test_the_model_answers_and_its_failure_is_spoken_over(
    bot: Bot, clock: MediaClock, speech: FakeSpeech, llm: FakeLlm, words: Pcm
) -> None:
    questions = ["when are you open", "when are you open today", "and when are you open tomorrow"]
    speech.stt.next = [*questions, "goodbye"]
    async with calling(bot, "talk", clock) as caller:
        await caller.wait_for_bot_silence(300)
        await caller.say(words)
        await caller.wait_for_bot_silence(300)
        llm.failing = True
        await caller.say(words)
        await caller.wait_for_bot_silence(300)
        llm.failing = False
        await caller.say(words)
        await caller.wait_for_bot_silence(300)
        await caller.say(words)
        await caller.wait_for_end(20)
    record = await kept(bot, caller)
    assert [turn["caller"] for turn in record["turns"]] == [*questions, "goodbye"]
    assert [turn["bot"] for turn in record["turns"][:3]] == [llm.answer, "Sorry.", llm.answer]
    assert any("500" in error for error in record["errors"])
    assert (record["end"]["by"], record["said"][-1]["text"]) == ("bot", "Bye.")


async def test_a_model_that_hangs_is_given_up(
    bot: Bot, clock: MediaClock, speech: FakeSpeech, llm: FakeLlm, words: Pcm
) -> None:
    speech.stt.next = ["when are you open", "goodbye"]
    llm.hangs.set()
    try:
        async with calling(bot, "talk", clock) as caller:
            await caller.wait_for_bot_silence(300)
            await caller.say(words)
            await caller.wait_for_bot_silence(300)
            llm.hangs.clear()
            await caller.say(words)
            await caller.wait_for_end(20)
    finally:
        llm.hangs.clear()
    record = await kept(bot, caller)
    assert record["turns"][0]["bot"] == "Sorry."
    assert any("no word" in error for error in record["errors"])


async def test_speech_that_can_not_be_recognised_leads_to_keys(
    bot: Bot, clock: MediaClock, speech: FakeSpeech, words: Pcm
) -> None:
    async with calling(bot, "ask", clock) as caller:
        await caller.wait_for_bot_silence(300)
        speech.stt.failure = "it broke"
        speech.stt.fail("it broke")
        await caller.say(words)
        await until(lambda: caller.bot_replied or None)
        await caller.press("1")
        await caller.wait_for_end(20)
    speech.stt.failure = None
    record = await kept(bot, caller)
    assert record["slots"]["answer"] == "yes"
    assert any("stt" in error for error in record["errors"])
    assert not record["turns"] or all(turn["caller"] == "" for turn in record["turns"])


async def test_many_callers_at_once_are_not_mixed_up(bot: Bot, clock: MediaClock) -> None:
    async def one(number: int) -> tuple[str, str]:
        async with calling(bot, "keys", clock) as caller:
            await caller.wait_for_bot_onset()
            await caller.press(f"{number:04}")
            await caller.wait_for_end(30)
        return f"{number:04}", (await kept(bot, caller))["slots"]["number"]

    pairs = await asyncio.gather(*(one(number) for number in range(1001, 1021)))
    assert all(pressed == noted for pressed, noted in pairs)


async def test_a_delayed_offer_and_prack(bot: Bot, clock: MediaClock) -> None:
    for options in ({"delayed_offer": True}, {"prack": "required"}, {"transport": "tcp"}):
        async with calling(bot, "echo", clock, **options) as caller:
            await caller.pause(0.2)
            await caller.say(chirp())
            await caller.pause(0.3)
            await caller.hangup()
        assert kept_blocks(decode_ulaw(encode_ulaw(chirp())), timelines_of(caller)[2].pcm) > 0.5
        assert (await kept(bot, caller))["transport"] == options.get("transport", "udp")


async def test_what_a_call_leaves_is_for_its_owner_only(bot: Bot, clock: MediaClock) -> None:
    async with calling(bot, "keys", clock) as caller:
        await caller.hangup()
    folder = (await kept(bot, caller))["folder"]
    names = {path.name for path in folder.iterdir()}
    assert names == {"record.json", "recording.wav", "journal.jsonl", "sip.jsonl"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder, *folder.iterdir()))


async def test_no_codec_in_common_is_refused(bot: Bot, clock: MediaClock) -> None:
    async with Caller(bot.uri("echo"), CallOptions(codecs=(Codec("GSM", 3, 8000, 8000),)), clock) as caller:
        with pytest.raises(CallOver, match="488"):
            await caller.dial()
