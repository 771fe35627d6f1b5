"""Who may send us calls: addresses and networks, and the names in the configuration that stand for them."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable

from telephony.transport import SipSettings

_HOST = re.compile(r"(?i)^(?:sips?:)?(?:[^@]*@)?(\[[0-9a-f:.]+\]|[^:;\[\]]+)(?::\d+)?(?:;.*)?$")


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
        except OSError:
            unknown.append(source)
    return list(networks), unknown
