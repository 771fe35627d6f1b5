"""Every key checked, every wrong one named with its place."""

import json

import pytest

from dialplans.yaml_source import SourceError, load
from telephony.config import Config, sip_settings, split_address
from telephony.sip_access import check_source, configured_sources


def read(tmp_path, text):
    path = tmp_path / "offhook.yaml"
    path.write_text(text)
    return load(path, Config)


TRUNK = "sip:\n  trunk:\n    registrar: sip:sip.example.net\n    user: alice\n    {}\n"


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
    assert (settings.rtp_port, settings.rtp_port_range, settings.lines) == (20000, 998, 4)  # RTP's last port is 20998
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
        ("llm:\n  model: x\n  url: gpu:8000/v1\n", 3, "http://"),
        ("llm:\n  url: ftp://gpu/v1\n", 2, "http://"),
        ("llm:\n  url: http:///v1\n", 2, "http://"),
        ("llm:\n  url: http://gpu:80000/v1\n", 2, "port"),
        ("llm:\n  url: http://foo..bar/v1\n", 2, "foo..bar"),
        ("sip:\n  allow: [foo..bar]\n", 2, "foo..bar"),
        (TRUNK.format("sources: [192.0.2.1, foo..bar]"), 5, "foo..bar"),
        (TRUNK.format("sources: [300.1.1.1]"), 5, "300.1.1.1"),
        (TRUNK.format("proxy: 'sip:a b'"), 5, "sip.trunk.proxy"),
        (TRUNK.replace("sip:sip.example.net", "'sip:sip.example.net:0'").format("realm: x"), 3, "0 is not a port"),
        (TRUNK.replace("sip:sip.example.net", "'<sip:x>'").format("realm: x"), 3, "sip.trunk.registrar"),
        (TRUNK.replace("alice", "'a b'").format("realm: x"), 4, "sip.trunk.user"),
        ("sip:\n  lines: 4\n  public_address: 203.0.113.5:5060\n", 3, "public_address"),
        ("sip:\n  public_address: '2001:db8::1'\n", 2, "IPv4"),
        ("sip:\n  rtp_ports: 10000-10001\n", 2, "30 lines need 62"),
        ("sip:\n  rtp_ports: 10000-10010\n  lines: 5\n", 2, "5 lines need 12"),
        ("sip: [\n", 2, "YAML"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_line(tmp_path, text, line, word):
    with pytest.raises(SourceError) as caught:
        read(tmp_path, text)
    problem = str(caught.value)
    assert word.lower() in problem.lower()
    assert f"offhook.yaml:{line}" in problem


def test_what_is_right_is_taken(tmp_path):
    text = TRUNK.format("proxy: 'sip:edge_1.example.net:5080;transport=tcp'") + "  public_address: bot.example.net\n"
    config = read(tmp_path, text + "  lines: 2\n  rtp_ports: 10000-10005\nllm: {url: 'https://[::1]:8000/v1'}\n")
    settings = sip_settings(config.sip)
    assert settings.trunk.sources == ()  # the registrar and the proxy may call
    assert configured_sources(settings) == ("sip:sip.example.net", "sip:edge_1.example.net:5080;transport=tcp")


@pytest.mark.parametrize("source", ["192.0.2.1", "198.51.100.0/28", "2001:db8::/32", "sip.example.net", "localhost",
                                    "büro.example", "example.net."])  # fmt: skip
def test_sources(source):
    assert check_source(source) == source


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
