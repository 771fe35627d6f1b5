"""Which processes a configuration comes to."""

import argparse
import json

import pytest

from telephony import serve
from telephony.config import Config, Data, LlmSection, Sip, SpeechSection


def commands(config, tmp_path):
    servers, workers = serve.children(config, tmp_path)
    return {child.name: " ".join(child.argv) for child in servers}, workers


def test_everything_here(tmp_path):
    servers, [worker] = commands(Config(), tmp_path)
    assert set(servers) == {"speech server", "language model"}
    assert f"unix:{tmp_path / 'speech.sock'}" in servers["speech server"]
    assert "--voice hibari" in servers["speech server"] and "--no-eot" not in servers["speech server"]
    settings = tmp_path / "worker.json"
    assert worker.argv[-1] == str(settings) and settings.stat().st_mode & 0o077 == 0
    row = json.loads(settings.read_text())
    assert Config.model_validate(row["config"]) == Config()
    assert row["llm"].split("/v1")[0].removeprefix("http://") in servers["language model"]
    assert worker.grace_s > Config().drain_s


def test_servers_elsewhere_are_not_started(tmp_path):
    config = Config(
        speech=SpeechSection(address="10.0.0.2:7070"), llm=LlmSection(url="http://10.0.0.3:8000/v1")
    )
    servers, _ = commands(config, tmp_path)
    assert servers == {}
    row = json.loads((tmp_path / "worker.json").read_text())
    assert (row["speech"], row["llm"]) == ("10.0.0.2:7070", "http://10.0.0.3:8000/v1")


def test_without_a_language_model_and_an_eot(tmp_path):
    config = Config(llm=LlmSection(enabled=False), speech=SpeechSection(eot=False, voices=["joe", "hibari"]))
    servers, _ = commands(config, tmp_path)
    assert set(servers) == {"speech server"}
    assert "--voice joe --voice hibari --no-eot" in servers["speech server"]
    assert json.loads((tmp_path / "worker.json").read_text())["llm"] == ""


def test_a_public_name_that_nobody_knows_is_named(tmp_path):
    config = Config(sip=Sip(public_address="nowhere.invalid"), data=Data(folder=tmp_path / "data"))
    with pytest.raises(serve.Wrong, match="^sip.public_address nowhere.invalid: "):
        serve.check(config, ports=False)


def test_what_is_wrong_is_one_line_and_exit_2(tmp_path, capsys):
    path = tmp_path / "offhook.yaml"
    path.write_text("llm:\n  url: gpu:8000/v1\n")
    args = argparse.Namespace(config=path, sip=None, plan=None, data=tmp_path / "data")
    assert serve.run(args) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"offhook: {path}:2: llm.url: 'gpu:8000/v1'")


def test_a_speech_server_elsewhere_has_its_own_voices(tmp_path):
    section = SpeechSection(address="10.0.0.2:7070", voices=["theirs"], stt_models=["/their/model"])
    config = Config(speech=section, llm=LlmSection(enabled=False), data=Data(folder=tmp_path / "data"))
    routes, plans = serve.check(config, ports=False)
    assert routes.find("echo")[0] == "echo" and plans
