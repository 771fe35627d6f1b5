"""Digest authentication of a caller: MD5 and SHA-256, with and without qop (RFC 3261, 22; RFC 8760)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from telephony.caller.sip_message import Response

_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_HASHES: dict[str, Callable[[bytes], str]] = {
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "sha-256": lambda data: hashlib.sha256(data).hexdigest(),
}
_ANSWERS = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a trunk gave the caller; never logged."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge, and the header that answers it."""

    answer_header: str
    realm: str
    nonce: str
    algorithm: str
    qop: str
    opaque: str
    stale: bool


def challenge_of(response: Response) -> Challenge | None:
    """The first challenge in a 401 or 407 that can be answered, or None."""
    if response.status not in _ANSWERS:
        return None
    asked, answer = _ANSWERS[response.status]
    for value in response.headers.all(asked):
        scheme, _, rest = value.partition(" ")
        if scheme.lower() != "digest":
            continue
        found = parameters(rest)
        algorithm = found.get("algorithm", "MD5")
        offered = [item.strip() for item in found.get("qop", "").split(",") if item.strip()]
        if algorithm.lower() not in _HASHES or (offered and "auth" not in offered):
            continue
        return Challenge(
            answer_header=answer,
            realm=found.get("realm", ""),
            nonce=found.get("nonce", ""),
            algorithm=algorithm,
            qop="auth" if offered else "",
            opaque=found.get("opaque", ""),
            stale=found.get("stale", "").lower() == "true",
        )
    return None


def answer(
    challenge: Challenge, credentials: Credentials, method: str, uri: str, count: int, cnonce: str
) -> tuple[str, str]:
    """The header (name, value) that answers `challenge` for the `count`-th use of its nonce (from 1)."""
    digest = _HASHES[challenge.algorithm.lower()]
    ha1 = digest(f"{credentials.user}:{challenge.realm}:{credentials.password}".encode())
    ha2 = digest(f"{method}:{uri}".encode())
    uses = f"{count:08x}"
    middle = f"{uses}:{cnonce}:{challenge.qop}:" if challenge.qop else ""
    response = digest(f"{ha1}:{challenge.nonce}:{middle}{ha2}".encode())
    parts = [
        f'username="{credentials.user}"', f'realm="{challenge.realm}"', f'nonce="{challenge.nonce}"',
        f'uri="{uri}"', f'response="{response}"', f"algorithm={challenge.algorithm}",
    ]  # fmt: skip
    if challenge.qop:
        parts += [f"qop={challenge.qop}", f"nc={uses}", f'cnonce="{cnonce}"']
    if challenge.opaque:
        parts.append(f'opaque="{challenge.opaque}"')
    return challenge.answer_header, "Digest " + ", ".join(parts)


def parameters(value: str) -> dict[str, str]:
    """The name=value parameters of a digest header."""
    return {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(value)}
