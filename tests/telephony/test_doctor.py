"""The doctor says what is wrong, and where."""

import socket
import threading

import pytest

from telephony import doctor
from telephony.config import Config, LlmSection, Plans, Sip, SpeechSection
from telephony.main import main


def findings(**sections):
    config = Config(llm=LlmSection(enabled=False)).model_copy(update=sections)
    return {finding.name: finding for finding in doctor.local_checks(config)}


@pytest.fixture
def port():
    """A free UDP and TCP port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def answering():
    """A UDP socket that answers whatever comes with its status line."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        yield peer


def answer_once(peer, reply):
    def work():
        _, source = peer.recvfrom(4096)
        peer.sendto(reply, source)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (b"SIP/2.0 200 OK\r\n\r\n", 200),
        (b"SIP/2.0 503 Service Unavailable\r\n\r\n", 503),
        (b"nonsense", None),
        (b"SIP/2.0 x", None),
    ],
)
def test_options(answering, reply, status):
    thread = answer_once(answering, reply)
    assert doctor.options(*answering.getsockname(), 5.0) == status
    thread.join()


def test_nobody_answers_options(port):
    assert doctor.options("127.0.0.1", port, 0.05) is None


def test_a_bot_that_could_start(tmp_path, port, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = findings(sip=Sip(listen=f"127.0.0.1:{port}"), speech=SpeechSection(address="127.0.0.1:7070"))
    assert found["configuration"].fine and found["port"].fine and found["llm"].fine is None
    assert str(found["port"]).startswith("ok") and str(found["llm"]).startswith("-")


def test_what_is_wrong_is_named(tmp_path, monkeypatch, answering):
    monkeypatch.chdir(tmp_path)  # the port is taken by something that is no bot
    host, port = answering.getsockname()
    found = findings(
        sip=Sip(listen=f"{host}:{port}"), speech=SpeechSection(stt_models=["/no/such/model"]), plans=Plans()
    )
    assert found["configuration"].fine is False and f"{host}:{port}" in found["configuration"].detail
    assert found["speech model"].fine is False and "/no/such/model" in found["speech model"].detail
    assert str(found["configuration"]).startswith("FAIL")


def test_the_exit_status(tmp_path, capsys):
    path = tmp_path / "offhook.yaml"
    path.write_text("sip: {listne: x}\n")
    assert main(["doctor", "--config", str(path)]) == 2
    assert "offhook.yaml:1" in capsys.readouterr().err
    path.write_text("llm: {enabled: false}\nspeech: {stt_models: [/no/such/model]}\nsip: {listen: '127.0.0.1:0'}\n")
    assert main(["doctor", "--no-calls", "--config", str(path), "--data", str(tmp_path / "data")]) == 1
    assert "FAIL speech model" in capsys.readouterr().out
