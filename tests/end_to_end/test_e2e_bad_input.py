"""`offhook serve` with something wrong: one clear line that says what and where, status 2, and no call answered."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from e2e_bot import run

import telephony.serve
from benchmarks.bot import free_port
from telephony.main import main

GOOD_PLAN = "name: good\nsteps:\n  - say: Hello.\n"


Serve = Callable[[Path, str], tuple[int, list[str]]]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Serve:
    """Status and lines of stderr of `offhook serve` with a configuration that must not get to any process."""

    def refuse(servers: object, workers: object) -> None:
        raise AssertionError("a wrong configuration is being served")

    monkeypatch.setattr(telephony.serve, "_supervise", refuse)

    def serve(folder: Path, text: str) -> tuple[int, list[str]]:
        path = folder / "offhook.yaml"
        free = "" if "sip:" in text else "sip: {listen: '127.0.0.1:0'}\n"
        path.write_text(text + free)
        return main(["serve", "--config", str(path)]), capsys.readouterr().err.splitlines()

    return serve


def plan(folder: Path, text: str) -> Path:
    (folder / "plans").mkdir()
    (folder / "plans" / "good.yaml").write_text(GOOD_PLAN)
    (folder / "plans" / "bad.yaml").write_text(text)
    return folder / "plans"


QUIET = "llm: {enabled: false}\n"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("sip: {listne: '127.0.0.1:5060'}\n", "offhook.yaml:1", ["listne"]),
        ("sip:\n  listen: nowhere:5060\n", "offhook.yaml:2", ["nowhere"]),
        ("sip:\n  lines: 1000\n", "offhook.yaml:2", ["250"]),
        ("sip: ]\n", "offhook.yaml:1", ["']'"]),
        (f"{QUIET}plans: {{default: recepton}}\n", "recepton", ["no such plan", "reception"]),
        (f"{QUIET}plans: {{folder: /no/such/folder}}\n", "/no/such/folder", ["no such folder"]),
        ("llm: {model: /no/such/model.gguf}\n", "llm.model", ["/no/such/model.gguf"]),
        (f"{QUIET}speech: {{stt_models: [/no/such/stt]}}\n", "speech.stt_models", ["/no/such/stt"]),
        (f"{QUIET}speech: {{voices: [/no/such/voice.onnx]}}\n", "speech.voices", ["/no/such/voice.onnx"]),
        (f"{QUIET}speech: {{voices: [nobody]}}\n", "speech.voices", ["nobody"]),
        (f"{QUIET}data: {{folder: /proc/offhook}}\n", "data.folder /proc/offhook", []),
    ],
)
def test_one_line_says_what_is_wrong_and_where(
    serve: Serve, tmp_path: Path, text: str, place: str, words: list[str]
) -> None:
    if "data:" not in text:
        text += f"data: {{folder: {tmp_path / 'data'}}}\n"
    status, lines = serve(tmp_path, text)
    assert status == 2 and len(lines) == 1, lines
    assert place in lines[0]
    assert all(word in lines[0] for word in words), lines


def test_every_mistake_of_a_plan_is_a_line(serve: Serve, tmp_path: Path) -> None:
    folder = plan(tmp_path, "name: bad\nsteps:\n  - sya: Hello.\n  - goto: nowhere\n")
    status, lines = serve(tmp_path, f"{QUIET}plans: {{default: good, folder: {folder}}}\n")
    assert status == 2
    assert lines and all("bad.yaml:" in line for line in lines)
    assert any("sya" in line for line in lines)


@pytest.mark.parametrize(("setting", "value"), [("voice", "/no/such/voice.onnx"), ("stt", "/no/such/stt")])
def test_a_voice_or_model_that_only_a_plan_wants(
    serve: Serve, tmp_path: Path, setting: str, value: str
) -> None:
    folder = plan(tmp_path, f"name: bad\n{setting}: {value}\nsteps:\n  - gather: {{slot: a, prompt: Hello.}}\n")
    status, lines = serve(
        tmp_path, f"{QUIET}plans: {{default: good, folder: {folder}}}\ndata: {{folder: {tmp_path}}}\n"
    )
    assert status == 2 and len(lines) == 1, lines
    assert value in lines[0] and "bad" in lines[0]


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["udp", "tcp"])
def test_a_port_in_use(tmp_path: Path, kind: socket.SocketKind) -> None:
    port = free_port()
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", port))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        done = run("serve", "--sip", f"127.0.0.1:{port}", "--data", str(tmp_path))
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
    assert f"127.0.0.1:{port}" in done.stderr and "in use" in done.stderr


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    done = run("serve", "--config", str(tmp_path / "nothing.yaml"))
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert "nothing.yaml" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(["--plan", "no-such-plan"], "no-such-plan"), (["--sip", "here:5060"], "--sip here:5060")],
)
def test_the_command_line(arguments: list[str], word: str, tmp_path: Path) -> None:
    done = run("serve", *arguments, "--data", str(tmp_path))  # wrong before any port is looked at
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
    assert word in done.stderr
