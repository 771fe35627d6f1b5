"""Who may send us calls: addresses and networks, and the names in the configuration that stand for them."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable

from telephony.transport import SipSettings

_NAME = re.compile(r"(?i)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?")
"""RFC 1123 section 2.1, and the underscore that people use. The last label is no number, so 300.1.1.1 is no name."""
_HOST = re.compile(r"(?i)^(?:sips?:)?(?:[^@]*@)?(\[[0-9a-f:.]+\]|[^:;\[\]]+)(?::(\d{1,5}))?(?:;.*)?$")


def check_host(host: str) -> str:
    """`host`, an address or a name that may be looked up. Raises ValueError."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        try:
            ascii_name = host.encode("idna").decode()  # the form in which names are looked up
        except UnicodeError:
            ascii_name = ""
        if len(ascii_name) > 253 or not _NAME.fullmatch(ascii_name):
            raise ValueError(f"{host!r} is neither an address nor a host name") from None
    return host


def check_uri(uri: str) -> str:
    """`uri`, a server as HOST, HOST:PORT or sip:HOST:PORT;PARAMETERS. Raises ValueError."""
    found = _HOST.match(uri)
    if not found or re.search(r"[\s<>\"@]", uri):
        raise ValueError(f"{uri!r} is no server; write sip:HOST or sip:HOST:PORT")
    check_host(found.group(1))
    if found.group(2) and not 0 < int(found.group(2)) <= 65535:
        raise ValueError(f"{found.group(2)} is not a port")
    return uri


def check_source(source: str) -> str:
    """`source`, an address, a network or a host name. Raises ValueError."""
    try:
        ipaddress.ip_network(source, strict=False)
    except ValueError:
        check_uri(source)
    return source


class AccessList:
    """Networks that may call. An empty list lets everybody in."""

    def __init__(self, cidrs: Iterable[str]) -> None:
        self._networks = [ipaddress.ip_network(cidr, strict=False) for cidr in cidrs]

    def allows(self, source: str) -> bool:
        """Whether "address:port" may call; what isn't an address may not."""
        if not self._networks:
            return True
        host = source.rsplit(":", 1)[0].strip("[]")
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def configured_sources(settings: SipSettings) -> tuple[str, ...]:
    """Addresses, networks and host names that the configuration allows; () for everybody.

    With a trunk that lists no sources its registrar and its proxy are the only ones.
    """
    sources = list(settings.allow)
    if trunk := settings.trunk:
        sources += trunk.sources or [trunk.registrar, *([trunk.proxy] if trunk.proxy else [])]
    return tuple(sources)


def resolve(sources: Iterable[str]) -> tuple[list[str], list[str]]:
    """Networks for `sources`, and those that could not be resolved now. Blocks on the name service."""
    networks: dict[str, None] = {}
    unknown = []
    for source in sources:
        try:
            networks[str(ipaddress.ip_network(source, strict=False))] = None
            continue
        except ValueError:
            found = _HOST.match(source.strip())
            host = found.group(1).strip("[]") if found else source
        try:
            for *_, address in socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM):
                networks[f"{address[0]}/32"] = None
        except (OSError, UnicodeError):  # the codec for names that aren't ASCII has limits of its own
            unknown.append(source)
    return list(networks), unknown
