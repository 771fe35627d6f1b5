from pathlib import Path

import numpy as np
import pytest

from telephony.caller import script as s
from telephony.caller.bad_line import LinePair, LineSettings
from telephony.caller.script_file import ScriptError, load, parse
from telephony.caller.speakerphone import EchoSettings
from telephony.caller.voice import write_wav

SHIPPED = sorted((Path(s.__file__).parent / "scripts").glob("*.yaml"))


@pytest.fixture
def folder(tmp_path):
    write_wav(tmp_path / "hello.wav", np.zeros(800, np.int16), 8000)
    return tmp_path


def read(folder: Path, text: str) -> s.Script:
    return parse(text, folder / "call.yaml")


def test_every_step(folder):
    script = read(
        folder,
        """
name: all
voice: joe
noise_dbfs: -60
steps:
  - wait_for: bot
  - wait_for: bot_starts
    within_s: 3
  - say: hello.wav
  - say: "What is  it?"
  - say: {text: Hi, voice: other.onnx}
  - say_over: {file: hello.wav, after_ms: 300}
  - say_over: Stop it
    after_ms: 250
  - press: "12#"
  - press: {digits: 7, method: info}
  - press: "*"
    method: inband
    tone_ms: 70
  - silence: 1.5
  - noise: -45
  - noise: off
  - hold: 2
  - reinvite
  - reinvite: {offer: no}
  - expect: [open, "nine|9"]
    within_s: 4
  - expect: closed
  - repeat: 2
    steps:
      - press: "1"
  - repeat: {times: 3, steps: [reinvite]}
  - wait_for: {what: hangup, within_s: 9}
  - hangup
""",
    )
    wav = s.Sound(file=folder / "hello.wav")
    assert (script.name, script.noise_dbfs) == ("all", -60.0)
    assert list(script.steps) == [
        s.WaitFor(6, "bot"), s.WaitFor(7, "bot_starts", within_s=3.0), s.Say(9, wav),
        s.Say(10, s.Sound("What is it?")), s.Say(11, s.Sound("Hi", voice="other.onnx")),
        s.SayOver(12, wav, 300.0), s.SayOver(13, s.Sound("Stop it"), 250.0),
        s.PressKeys(15, "12#"), s.PressKeys(16, "7", "info"), s.PressKeys(17, "*", "inband", 70),
        s.Silence(20, 1.5), s.Noise(21, -45.0), s.Noise(22, None), s.Hold(23, 2.0),
        s.Reinvite(24), s.Reinvite(25, False), s.Expect(26, ("open", "nine|9"), 4.0),
        s.Expect(28, ("closed",)),
        s.Repeat(29, 2, (s.PressKeys(31, "1"),)), s.Repeat(32, 3, (s.Reinvite(32),)),
        s.WaitFor(33, "hangup", within_s=9.0), s.Hangup(34),
    ]  # fmt: skip
    assert s.sounds(script.steps) == [
        wav, s.Sound("What is it?"), s.Sound("Hi", voice="other.onnx"), s.Sound("Stop it"),
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "about"), [
    ("", 1, "empty"),
    ("steps", 1, "a script must be a mapping"),
    ("name: x", 1, "needs 'steps'"),
    ("steps: []", 1, "at least one step"),
    ("steps:\n  - jump: 3", 2, "unknown step 'jump'; a step is one of: wait_for"),
    ("steps:\n  - jump", 2, "not a step"),
    ("steps:\n  - hangup\n  - wait_for: godot", 3, "'what' is 'godot'; possible: bot, bot_starts, hangup"),
    ("steps:\n  - wait_for: bot\n    whithin_s: 3", 3, "wait_for has no 'whithin_s'; it has: what"),
    ("steps:\n  - wait_for: bot\n    within_s: soon", 3, "'within_s' must be a number"),
    ("steps:\n  - silence: -1", 2, "'seconds' is -1; it must be from 0"),
    ("steps:\n  - silence: {}", 2, "needs 'seconds'"),
    ("steps:\n  - press: 12x", 2, "not digits: '12x'"),
    ("steps:\n  - press: '1'\n    method: smoke", 3, "'method' is 'smoke'; possible: rfc4733"),
    ("steps:\n  - say: missing.wav", 2, "no sound file"),
    ("steps:\n  - say: {}", 2, "needs either 'text' or 'file'"),
    ("steps:\n  - say: {text: a, file: b.wav}", 2, "needs either"),
    ("steps:\n  - say_over: {text: a}", 2, "needs 'after_ms'"),
    ("steps:\n  - noise: loud", 2, "noise is a level in dBFS"),
    ("steps:\n  - expect: []", 2, "'contains' must be"),
    ("steps:\n  - repeat: {times: 0, steps: [hangup]}", 2, "must be from 1 to 1000"),
    ("steps:\n  - repeat: 2", 2, "'steps' must be a list"),
    ("steps:\n  - hold: {seconds: 1}\n    say: x", 3, "a step has one name"),
    ("steps:\n  - hangup: now", 2, "hangup must be a mapping"),
    ("name: a\nname: b\nsteps: [hangup]", 2, "stands here twice"),
        ("line: {loss: 3}\nsteps: [hangup]", 1, "a share is from 0 to 1"),
        ("line:\n  burst: x\nsteps: [hangup]", 2, "burst is 'x', which is no number"),
        ("line:\n  sent:\n    jitter: 3\nsteps: [hangup]", 3, "sent has no 'jitter'"),
        ("line: {seed: -1}\nsteps: [hangup]", 1, "'seed' is -1"),
        ("line: 3%\nsteps: [hangup]", 1, "line must be a mapping"),
        ("echo: 120\nsteps: [hangup]", 1, "echo must be a mapping"),
        ("echo: {delay_ms: 120}\nsteps: [hangup]", 1, "echo needs 'loss_db'"),
        ("echo:\n  delay_ms: 120\n  loss_db: -3\nsteps: [hangup]", 3, "'loss_db' is -3; it must be from 0 to 60"),
        ("echo:\n  delay_ms: 1\n  loss_db: 3\n  room: 2\nsteps: [hangup]", 4, "echo has no 'room'"),
    ("noise_dbfs: 3\nsteps: [hangup]", 1, "noise is a level"),
    ("steps: [hangup\n", 2, "expected"),
    ("a: b: c", 1, "mapping values"),
])  # fmt: skip
def test_errors_give_file_and_line(folder, text, line, about):
    with pytest.raises(ScriptError) as error:
        read(folder, text)
    assert str(error.value).startswith(f"{folder / 'call.yaml'}:{line}: ") and about in str(error.value)


def test_an_empty_line_section_is_allowed(folder):
    assert read(folder, "line: {}\nsteps: [hangup]").steps == (s.Hangup(2),)


def test_a_missing_file(tmp_path):
    with pytest.raises(ScriptError):
        load(tmp_path / "none.yaml")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scripts_are_valid(path):
    assert load(path).steps


def test_an_echo(folder):
    script = read(folder, "echo: {delay_ms: 120, loss_db: 12.5}\nsteps: [hangup]")
    assert script.echo == EchoSettings(120.0, 12.5)
    assert read(folder, "echo:\nsteps: [hangup]").echo is None and read(folder, "steps: [hangup]").echo is None


def test_the_scripts_of_the_documentation_are_valid():
    scripts = sorted((Path(__file__).parents[2] / "docs" / "examples").glob("*.yaml"))
    assert scripts and all(load(path).steps for path in scripts)


def test_a_bad_line_both_ways_and_one(folder):
    script = read(
        folder,
        """
line:
  seed: 7
  loss: 3%
  burst: 2
  received: {loss: 0.5%, jitter_ms: 30, drift_ppm: -200}
  sent: {duplicate: 1%}
steps: [hangup]
""",
    )
    assert script.line == LinePair(
        LineSettings(loss=0.03, burst=2, duplicate=0.01),
        LineSettings(loss=0.005, burst=2, jitter_ms=30, drift_ppm=-200),
        7,
    )
    assert read(folder, "line:\nsteps: [hangup]").line is None
