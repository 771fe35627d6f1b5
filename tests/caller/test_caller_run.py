"""Whole scripts against a fake bot, their reports, recordings, and the command line."""

import argparse
import json
import socket
import wave
from dataclasses import replace

import numpy as np
import pytest
from caller_bot import FakeBot, speech

from telephony.caller import cli
from telephony.caller.bad_line import LinePair, LineSettings
from telephony.caller.calibrate import calibrate
from telephony.caller.media_clock import MediaClock
from telephony.caller.options import CallOptions, masked
from telephony.caller.report import record, timelines_of
from telephony.caller.runner import place_and_keep, place_call
from telephony.caller.script_file import parse
from telephony.caller.speakerphone import EchoSettings
from telephony.caller.voice import Voices, levelled, read_wav, write_wav

pytestmark = pytest.mark.sip


class Parrot:
    """Hears the same in every sound."""

    def text(self, pcm, rate_hz):
        return "We are open from nine."


@pytest.fixture
def clock():
    with MediaClock() as running:
        yield running


@pytest.fixture
def script(tmp_path):
    write_wav(tmp_path / "q.wav", speech(400), 8000)

    def made(steps: str):
        return parse("steps:\n" + steps, tmp_path / "call.yaml")

    return made


async def test_a_script_from_greeting_to_goodbye(clock, script, tmp_path):
    steps = script("""
  - wait_for: bot
    silence_ms: 200
  - say: q.wav
  - expect: ["nine|9", open]
  - noise: -50
  - press: "1"
    method: info
  - wait_for: bot
    silence_ms: 200
  - hold: 0.1
  - reinvite
  - repeat: {times: 2, steps: [{silence: 0.05}]}
  - hangup
  - say: q.wav
""")
    async with FakeBot(clock) as bot:
        report, caller = await place_and_keep(bot.uri, steps, CallOptions(), None, Parrot(), clock)
    assert (report.exit_status, report.outcome, report.faults) == (0, "done", ())
    assert [(e.outcome, e.line) for e in report.expectations] == [("met", 6)]
    assert len(report.turns) == 1 and report.turns[0].label == "q.wav" and len(report.transcript) == 3
    assert report.sender.packets > 0 and report.media.gaps.count > 0
    assert sum("INVITE" in rung and "->" in rung and " to " not in rung for rung in report.ladder) == 4
    recording, summary = record(caller, report, tmp_path / "out")
    assert json.loads(summary.read_text())["answered"] is True
    with wave.open(str(recording)) as stereo:
        assert (stereo.getnchannels(), stereo.getframerate()) == (2, 8000)
        sound = np.frombuffer(stereo.readframes(stereo.getnframes()), "<i2").reshape(-1, 2)
    assert np.abs(sound[:, 0]).max() > 1000 and np.abs(sound[:, 1]).max() > 1000


@pytest.mark.parametrize(("step", "outcome"), [
    ("{expect: closed}", "missed"), ("{expect: open}", "met"),
])  # fmt: skip
async def test_expectations_decide(clock, script, step, outcome):
    async with FakeBot(clock) as bot:
        report = await place_call(
            bot.uri, script(f"  - {step}\n"), CallOptions(), transcriber=Parrot(), clock=clock
        )
    assert report.expectations[0].outcome == outcome and report.exit_status == (outcome == "missed")


async def test_without_transcripts_expectations_are_unchecked(clock, script):
    async with FakeBot(clock) as bot:
        report = await place_call(bot.uri, script("  - expect: open\n"), CallOptions(), clock=clock)
    assert report.expectations[0].outcome == "unchecked" and report.exit_status == 0
    assert "--transcribe" in cli.summary(report)


@pytest.mark.parametrize(("how", "steps", "outcome"), [
    ({"greeting_ms": 0}, "  - wait_for: bot\n    within_s: 0.2\n", "line 2: the bot didn't speak"),
    (
        {"status": 486, "reason": "Busy", "headers": (("Retry-After", "9"),)},
        "  - hangup\n",
        "the call was over before the script: 486 Busy",
    ),
    ({"answer_s": 9}, "  - hangup\n", "no answer in 0.3 s"),
])  # fmt: skip
async def test_failures_are_reported(clock, script, how, steps, outcome):
    async with FakeBot(clock, **how) as bot:
        report = await place_call(bot.uri, script(steps), CallOptions(ring_s=0.3), clock=clock)
    assert report.retry_after == ("9" if "headers" in how else "")
    assert report.exit_status == 1 and report.outcome.startswith(outcome) and outcome in cli.summary(report)
    assert clock.idle


@pytest.mark.parametrize(("options", "loss_db"), [
    (CallOptions(), 6), (CallOptions(echo=EchoSettings(90.0, 15.0)), 15),
])  # fmt: skip
async def test_the_scripts_echo_unless_the_options_have_one(clock, script, options, loss_db):
    steps = replace(script("  - wait_for: bot\n    silence_ms: 300\n"), echo=EchoSettings(60.0, 6.0))
    async with FakeBot(clock, greeting_ms=400) as bot:
        report, caller = await place_and_keep(bot.uri, steps, options, clock=clock)
    speech, sent, heard = (timeline.pcm.astype(float) for timeline in timelines_of(caller))
    assert not speech.any() and report.turns == ()
    # The bot's greeting is a tone, of which the room takes 4 dB more than of noise.
    assert 10 * np.log10((heard**2).sum() / (sent**2).sum()) == pytest.approx(loss_db + 4, abs=1.5)


async def test_a_call_that_takes_too_long(clock, script):
    async with FakeBot(clock) as bot:
        report = await place_call(bot.uri, script("  - silence: 60\n"), CallOptions(max_s=0.3), clock=clock)
    assert report.exit_status == 1 and "longer than 0.3 s" in report.outcome and report.ended_by == "caller"


@pytest.mark.parametrize("after_ms", [0, 1, 3, 10, 40, 80, 200, 600])
@pytest.mark.parametrize("vanish", [False, True])
async def test_hanging_up_at_any_moment(clock, script, after_ms, vanish):
    options = CallOptions(hang_up_after_s=after_ms / 1000, vanish=vanish)
    steps = script("  - wait_for: bot\n    silence_ms: 100\n  - say: q.wav\n  - wait_for: bot\n")
    async with FakeBot(clock, answer_s=0.05, greeting_ms=100) as bot:
        report = await place_call(bot.uri, steps, options, clock=clock)
        assert report.exit_status == 0 and (vanish or not report.faults)
        assert vanish or bot.ended or not report.answered
    assert clock.idle


async def test_nobody_there(clock, script):
    """ICMP says so at once; a host that says nothing is given up when it has rung for long enough."""
    async with FakeBot(clock) as bot:
        uri = bot.uri
    report = await place_call(uri, script("  - hangup\n"), CallOptions(), clock=clock)
    nobody = f"nobody answers at 127.0.0.1:{uri.rpartition(':')[2]}"
    assert (report.exit_status, report.answered, report.outcome) == (2, False, nobody)
    assert report.faults == () and cli.summary(report).splitlines() == [f"call      {report.uri}: {nobody}"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        uri = f"sip:bot@127.0.0.1:{mute.getsockname()[1]}"
        report = await place_call(uri, script("  - hangup\n"), CallOptions(ring_s=0.2), clock=clock)
    assert report.exit_status == 2 and report.outcome.startswith("nobody answers at ")
    assert "refused" not in cli.summary(report)


async def test_a_bad_line_is_between_the_caller_and_the_wire(clock, script):
    """What the line lost of ours the bot never got; what it lost of the bot's is not in the recording."""
    line = LinePair(LineSettings(loss=0.3, duplicate=0.3), LineSettings(loss=0.5, burst=3, delay_ms=80), 3)
    async with FakeBot(clock, greeting_ms=600) as bot:
        steps = script("  - wait_for: bot\n    silence_ms: 200\n  - say: q.wav\n  - silence: 0.2\n")
        report, caller = await place_and_keep(bot.uri, steps, CallOptions(line=line), None, None, clock)
        [got] = bot.line.ear.stats.values()
        there, back = report.lines["sent"], report.lines["received"]
    assert report.exit_status == 0, report.outcome
    assert there.lost > 0 and back.lost > 0 and back.loss_runs < back.lost
    assert got.duplicates > 0
    # The last packets may still have been under way when the call ended.
    assert there.packets - there.lost - 5 <= got.received <= there.packets - there.lost
    assert back.packets - back.lost - 8 <= report.media.packets <= back.packets - back.lost
    # The caller hears later, the wire is measured where it is: the bot's first sound is stamped before it was heard.
    first = next(p for p in caller.line.ear.packets if np.abs(p.pcm).max() > 3000)
    assert caller.line.ear.onsets[0].at_ns - first.received_ns >= 80_000_000
    assert "line      sent: " in cli.summary(report) and json.loads(report.to_json())["lines"]["sent"]["lost"]


async def test_calibration_on_real_sockets(capsys):
    result = await calibrate(500.0, 2, 200.0, CallOptions())
    with capsys.disabled():
        errors = ", ".join(f"{measured - result.expected_ms:+.3f}" for measured in result.measured_ms)
        print(f"\n[calibration: off by {errors} ms; echo late by {result.peer_late_p50_ms} ms]")
    assert len(result.measured_ms) == 2 and result.report.media.unstamped == 0
    # Both ends see the same packets: whatever this machine's load, the error is the echo's lateness.
    slack_ms = 40 + result.peer_late_max_ms
    assert all(abs(measured - result.expected_ms) <= slack_ms for measured in result.measured_ms)


async def test_a_burst_must_fit_before_its_echo():
    with pytest.raises(ValueError):
        await calibrate(500.0, 1, 400.0, CallOptions())


# ---- the command line -------------------------------------------------------------------------------------


def test_options_of_the_line_replace_those_of_the_script():
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    script_line = LinePair(LineSettings(loss=0.1, burst=2), LineSettings(delay_ms=30), 4)
    args = parser.parse_args(["sip:x", "keys", "--loss", "3%/0", "--jitter-ms", "20", "--drift-ppm=-200"])
    assert cli._line(args, script_line) == LinePair(
        LineSettings(loss=0.03, burst=2, jitter_ms=20, drift_ppm=-200),
        LineSettings(delay_ms=30, jitter_ms=20, drift_ppm=-200),
        4,
    )
    assert cli._line(parser.parse_args(["sip:x", "keys", "--seed", "9"]), script_line).seed == 9
    assert cli._line(parser.parse_args(["sip:x", "keys"]), None) is None


def test_the_echo_of_the_options():
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    assert cli._options(parser.parse_args(["sip:x", "keys", "--echo", "120/12"])).echo == EchoSettings(120.0, 12.0)
    assert cli._options(parser.parse_args(["sip:x", "keys"])).echo is None


def run(*args: str) -> int:
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    return cli.run(parser.parse_args(args))


@pytest.mark.parametrize(("args", "about"), [
    (("sip:x@127.0.0.1:9", "no-such.yaml"), "no-such.yaml"),
    (("tel:1", "clinic"), "tel:1"),
    (("sip:x@127.0.0.1:9", "clinic", "--codec", "mp3"), "unknown codec 'mp3'"),
    (("sip:x@127.0.0.1:9", "clinic", "--ptime", "7"), "ptime 7"),
    (("sip:x@127.0.0.1:9", "clinic", "--header", "nonsense"), "--header wants NAME:VALUE"),
    (("sip:x@127.0.0.1:9", "clinic", "--user", "me"), "go together"),
    (("sip:x@127.0.0.1:9", "keys", "--local", "203.0.113.1"), "203.0.113.1"),
    (("sip:x@127.0.0.1:9", "keys", "--loss", "3"), "loss is 3; a share is from 0 to 1"),
    (("sip:x@127.0.0.1:9", "keys", "--jitter-ms", "5/much"), "jitter_ms is 'much'"),
    (("sip:x@127.0.0.1:9", "keys", "--echo", "120"), "an echo is written MS/DB"),
])  # fmt: skip
def test_bad_usage_is_one_line_and_status_2(capsys, args, about):
    assert run(*args) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and about in said.err


# ---- sounds -----------------------------------------------------------------------------------------------


def test_wav_files_read_back(tmp_path):
    stereo = np.stack([np.arange(100), np.zeros(100)], axis=1).astype(np.int16)
    write_wav(tmp_path / "s.wav", stereo, 16000)
    pcm, rate_hz = read_wav(tmp_path / "s.wav")
    assert rate_hz == 16000 and (pcm == np.arange(100)).all()


def test_levels_count_loud_frames_only():
    tone = np.concatenate([np.zeros(8000, np.int16), speech(1000), np.zeros(8000, np.int16)])
    even = levelled(tone, 8000, -20.0)[8000:16000].astype(float)
    assert 10 * np.log10((even**2).mean() / 32768**2) == pytest.approx(-20.0, abs=0.1)
    assert not levelled(np.zeros(800, np.int16), 8000).any()


@pytest.mark.models
def test_texts_are_read_aloud_once(tmp_path):
    from telephony.caller.script import Sound

    voices = Voices(tmp_path)
    first = voices.load(Sound("Good morning."), 8000)
    assert first.size > 4000 and len(list(tmp_path.iterdir())) == 1
    assert (voices.load(Sound("Good morning."), 8000) == first).all()


def test_masking():
    assert masked("sip:+15550123@h:5060;x=12") == "sip:+******23@h:5060;x=12"
    assert masked("<sip:127.0.0.1:5060> and tel:5551234") == "<sip:127.0.0.1:5060> and tel:*****34"
