"""Every key checked, every wrong one named with its place."""

import json

import pytest

from dialplans.yaml_source import SourceError, load
from telephony.config import Config, sip_settings, split_address


def read(tmp_path, text):
    path = tmp_path / "offhook.yaml"
    path.write_text(text)
    return load(path, Config)


def test_nothing_configured_listens_on_loopback():
    settings = sip_settings(Config().sip)
    assert (settings.listen_host, settings.listen_port) == ("127.0.0.1", 5060)
    assert settings.allow == () and settings.trunk is None


def test_a_whole_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUNK_PASSWORD", "secret")
    config = read(
        tmp_path,
        """
sip:
  listen: 10.0.0.5:5070
  rtp_ports: 20000-20999
  lines: 4
  trunk: {registrar: "sip:sip.example.net", user: alice, password_env: TRUNK_PASSWORD, sources: [198.51.100.7]}
plans: {default: echo}
""",
    )
    settings = sip_settings(config.sip)
    assert (settings.rtp_port, settings.rtp_port_range, settings.lines) == (20000, 1000, 4)
    assert settings.trunk.password == "secret"
    assert "secret" not in repr(settings)
    assert Config.model_validate(json.loads(config.model_dump_json())) == config


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("sip:\n  listne: 127.0.0.1:5060\n", 2, "listen"),
        ("sip:\n  listen: nowhere:5060\n", 2, "nowhere"),
        ("sip:\n  listen: 127.0.0.1:99999\n", 2, "99999"),
        ("sip:\n  rtp_ports: 2000-1000\n", 2, "2000-1000"),
        ("sip:\n  codecs: [PCMU, GSM]\n", 2, "codecs"),
        ("sip:\n  allow: [300.1.1.1]\n", 2, "300.1.1.1"),
        ("plans:\n  default: x\ndrain_s: soon\n", 3, "drain_s"),
        ("llm:\n  api_key_env: NO_SUCH_VARIABLE_HERE\n", 1, "NO_SUCH_VARIABLE_HERE"),
        ("sip: [\n", 2, "YAML"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_line(tmp_path, text, line, word):
    with pytest.raises(SourceError) as caught:
        read(tmp_path, text)
    problem = str(caught.value)
    assert word.lower() in problem.lower()
    assert f"offhook.yaml:{line}" in problem


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:5060", ("127.0.0.1", 5060)),
        ("127.0.0.1", ("127.0.0.1", 5060)),
        ("[::1]:5061", ("::1", 5061)),
        ("[::1]", ("::1", 5060)),
    ],
)
def test_addresses(text, address):
    assert split_address(text, 5060) == address
