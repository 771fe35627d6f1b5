"""The configuration: one YAML file, every key optional, every key checked.

A wrong key or value is a `dialplans.yaml_source.SourceError` with file and line. Secrets may stand in the
environment instead: `password_env` and `api_key_env` name variables.
"""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from telephony.sip_access import check_host, check_source, check_uri
from telephony.transport import SipSettings, TrunkSettings


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def split_address(text: str, default_port: int) -> tuple[str, int]:
    """ "127.0.0.1:5060", "[::1]:5060" or "127.0.0.1" as host and port. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(default_port)
    host = host.strip("[]")
    ipaddress.ip_address(host)  # raises ValueError: names are not listened on
    if not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError(f"{port!r} is not a port")
    return host, int(port)


def _listen(text: object) -> object:
    if isinstance(text, str):
        try:
            split_address(text, 5060)
        except ValueError as error:
            raise ValueError(f"not an ADDR:PORT: {text!r} ({error})") from error
    return text


def _public(address: str) -> str:
    if address and ":" in check_host(address):
        raise ValueError(f"{address!r} is no IPv4 address")
    return address


class Trunk(_Section):
    """A provider to register with. With a trunk, calls from anywhere but `sources` are refused; without
    sources the registrar and the proxy are the only ones."""

    registrar: Annotated[str, AfterValidator(check_uri)]
    user: str
    password: str = ""
    password_env: str = ""
    realm: str = "*"
    proxy: Annotated[str, AfterValidator(lambda uri: uri and check_uri(uri))] = ""
    expires_s: int = Field(300, ge=30, le=86400)
    sources: list[Annotated[str, AfterValidator(check_source)]] = []

    @field_validator("user")
    @classmethod
    def _user(cls, user: str) -> str:
        if not _USER.fullmatch(user):
            raise ValueError(f"{user!r} is not the user of a SIP URI")
        return user

    @model_validator(mode="after")
    def _has_password(self) -> Trunk:
        if self.password_env and self.password_env not in os.environ:
            raise ValueError(f"environment variable {self.password_env} is not set")
        return self


_USER = re.compile(r"(?:[A-Za-z0-9_.!~*'()&=+$,;?/-]|%[0-9A-Fa-f]{2})+")
"""RFC 3261 section 25.1."""

Codec = Literal["PCMU", "PCMA", "G722", "opus"]


class Sip(_Section):
    """The SIP user agent."""

    listen: Annotated[str, BeforeValidator(_listen)] = "127.0.0.1:5060"
    transports: list[Literal["udp", "tcp"]] = Field(["udp", "tcp"], min_length=1)
    public_address: Annotated[str, AfterValidator(_public)] = ""
    dscp_rtp: int = Field(46, ge=0, le=63)
    dscp_sip: int = Field(24, ge=0, le=63)
    lines: int = Field(30, ge=1, le=250)
    rtp_ports: str = Field("10000-11999", pattern=r"^\d{1,5}-\d{1,5}$")  # after lines, which its check needs
    codecs: list[Codec] = Field(["PCMU", "PCMA", "G722", "opus"], min_length=1)
    rate_hz: Literal[8000, 16000] = 8000
    allow: list[str] = []
    trunk: Trunk | None = None
    session_timer_s: int = Field(1800, ge=90)
    rtp_timeout_s: float = Field(30.0, gt=0)

    @field_validator("rtp_ports")
    @classmethod
    def _range(cls, text: str, info: ValidationInfo) -> str:
        low, high = (int(part) for part in text.split("-"))
        if not 1024 <= low < high <= 65535:
            raise ValueError(f"not a range of ports from 1024 to 65535: {text}")
        lines, ports = info.data.get("lines", 1), high - low + 1
        if ports < 2 * lines + 2:  # pjsua gives ports to a caller before we can say 486
            raise ValueError(f"{text} are {ports} ports; {lines} lines need {2 * lines + 2}: two each, and two more")
        return text

    @field_validator("allow")
    @classmethod
    def _networks(cls, sources: list[str]) -> list[str]:
        for source in sources:
            ipaddress.ip_network(source, strict=False)
        return sources


class Plans(_Section):
    """Which plan answers: the dialled user's, else `default`, found in `folder` or among the shipped ones."""

    default: str = "reception"
    folder: Path | None = None


class SpeechSection(_Section):
    """The speech server. `stt_models` and `voices` are what it keeps warm."""

    address: str = ""
    stt_models: list[str] = Field(["base"], min_length=1)
    voices: list[str] = Field(["hibari"], min_length=1)
    eot: bool = True
    threads: int = Field(2, ge=1, le=64)


class LlmSection(_Section):
    """The language model: packaged or GGUF `model` served here, or any OpenAI-compatible `url`."""

    model: str = "qwen2.5-1.5b"
    url: str = ""
    api_key_env: str = ""
    threads: int = Field(2, ge=1, le=64)
    context: int = Field(4096, ge=512)
    slots: int = Field(2, ge=1, le=64)
    enabled: bool = True

    @field_validator("url")
    @classmethod
    def _http(cls, url: str) -> str:
        if url:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"{url!r} is no URL; write http://HOST:PORT/v1")
            check_host(parts.hostname)
            _ = parts.port  # raises ValueError for what is no port
        return url

    @model_validator(mode="after")
    def _has_key(self) -> LlmSection:
        if self.api_key_env and self.api_key_env not in os.environ:
            raise ValueError(f"environment variable {self.api_key_env} is not set")
        return self


class Data(_Section):
    """What a call leaves behind, and where."""

    folder: Path = Path("data")
    recordings: bool = True
    trace: bool = True


class Config(_Section):
    """All of it."""

    sip: Sip = Sip()
    plans: Plans = Plans()
    speech: SpeechSection = SpeechSection()
    llm: LlmSection = LlmSection()
    data: Data = Data()
    drain_s: float = Field(300.0, ge=0)
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def sip_settings(sip: Sip) -> SipSettings:
    """What the SIP adapter needs to know."""
    host, port = split_address(sip.listen, 5060)
    low, high = (int(part) for part in sip.rtp_ports.split("-"))
    trunk = None if sip.trunk is None else TrunkSettings(
        registrar=sip.trunk.registrar,
        user=sip.trunk.user,
        password=os.environ[sip.trunk.password_env] if sip.trunk.password_env else sip.trunk.password,
        realm=sip.trunk.realm,
        proxy=sip.trunk.proxy,
        expires_s=sip.trunk.expires_s,
        sources=tuple(sip.trunk.sources),
    )
    return SipSettings(
        listen_host=host,
        listen_port=port,
        transports=tuple(sip.transports),
        public_host=sip.public_address,
        rtp_port=low,
        rtp_port_range=high - low - 1,
        dscp_rtp=sip.dscp_rtp,
        dscp_sip=sip.dscp_sip,
        lines=sip.lines,
        rate_hz=sip.rate_hz,
        codecs=tuple(sip.codecs),
        allow=tuple(sip.allow),
        trunk=trunk,
        session_timer_s=sip.session_timer_s,
    )
