"""What an INVITE says of who calls whom, read from the whole message as it came over the wire.

pjsua2 hands over the text and parses only what it needs itself. All of it is the caller's data: it is
bounded, stripped of control characters and never interpreted. No input raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from dialplans.call import CallInfo

MAX_VALUE_CHARS = 512
MAX_HEADERS = 40

_COMPACT = {"f": "from", "t": "to", "i": "call-id", "v": "via", "c": "content-type"}  # RFC 3261 section 7.3.3
_PLAN_HEADERS = frozenset({"user-to-user", "diversion", "p-asserted-identity"})
_FOLD = re.compile(r"\r?\n[ \t]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_ADDRESS = re.compile(r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^<"]*))\s*<(?P<uri>[^>]*)>')
_URI = re.compile(
    r"(?i)\s*(?:(?:sips?:)(?:(?P<user>[^@>\s]*)@)?(?P<host>[^;?>\s]*)|tel:(?P<tel>[^;?>\s]+))"
)
_VIA = re.compile(r"(?i)SIP\s*/\s*2\.0\s*/\s*(UDP|TCP|TLS|WSS?)\b")
_SIGNAL = re.compile(r"(?im)^\s*signal\s*=\s*([0-9]{1,2}|[*#a-d])\s*$")
_BARE_KEY = re.compile(r"(?i)\s*([0-9]{1,2}|[*#a-d])\s*$")
_REQUEST_LINE = re.compile(r"(\S+) +(\S+) +SIP/2\.0")


def parse_invite(message: str, source: str) -> CallInfo:
    """The `CallInfo` of an INVITE that came from `source` ("address:port").

    The caller is the user part of From (RFC 3261 section 20.20), the called that of the request URI, which
    a proxy may have changed, else that of To. A `tel:` URI (RFC 3966) counts as its number.
    """
    head = _FOLD.sub(" ", message.partition("\r\n\r\n")[0])
    fields = list(_fields(head))
    first = {name: value for name, value in reversed(fields)}
    start = _REQUEST_LINE.match(head)
    via = _VIA.search(first.get("via", ""))
    called = uri_user(start.group(2)) if start else ""
    return CallInfo(
        sip_call_id=first.get("call-id", ""),
        caller=uri_user(address_uri(first.get("from", ""))),
        called=called or uri_user(address_uri(first.get("to", ""))),
        display_name=display_name(first.get("from", "")),
        peer=clean(source),
        transport=via.group(1).lower() if via else "udp",
        headers=_plan_headers(fields),
    )


def header(message: str, name: str) -> str:
    """The first value of header `name` in a SIP message, or ""."""
    head = _FOLD.sub(" ", message.partition("\r\n\r\n")[0])
    return next((value for field, value in _fields(head) if field == name.lower()), "")


def address_uri(value: str) -> str:
    """The URI of a name-addr or addr-spec (RFC 3261 section 25.1): '"Ann" <sip:a@b>;tag=1' -> "sip:a@b"."""
    found = _ADDRESS.match(value)
    return found["uri"] if found else value.split(";", 1)[0].strip()


def display_name(value: str) -> str:
    """The display name of a name-addr, unquoted."""
    found = _ADDRESS.match(value)
    if not found:
        return ""
    if found["quoted"] is not None:
        return clean(re.sub(r"\\(.)", r"\1", found["quoted"]))
    return clean(found["token"] or "")


def uri_user(uri: str) -> str:
    """The user part of a SIP URI without its password and parameters, or the number of a tel: URI."""
    found = _URI.match(uri)
    if not found:
        return ""
    user = found["tel"] or (found["user"] or "").split(":", 1)[0].split(";", 1)[0]
    return clean(unquote(user))


def clean(value: str) -> str:
    """`value` on one line, without control characters or broken surrogates, at most 512 characters."""
    return _CONTROL.sub(" ", value).strip()[:MAX_VALUE_CHARS]


def info_digit(message: str) -> str:
    """The key that a SIP INFO carries, or "".

    Understands application/dtmf-relay ("Signal=5") and application/dtmf ("5"). Neither has a standard:
    switches send either body under either name, and number the star and the hash 10 and 11 as RFC 4733
    does. RFC 6086 packages are not used for keys.
    """
    kind = header(message, "content-type").split(";", 1)[0].strip().lower()
    if kind not in ("application/dtmf", "application/dtmf-relay"):
        return ""
    body = message.partition("\r\n\r\n")[2]
    found = _SIGNAL.search(body) or _BARE_KEY.match(body)
    symbol = found.group(1).upper() if found else ""
    return {"10": "*", "11": "#"}.get(symbol, symbol if len(symbol) == 1 else "")


def _fields(head: str) -> Iterator[tuple[str, str]]:
    for line in head.splitlines()[1:]:
        name, colon, value = line.partition(":")
        if colon:
            name = name.strip().lower()
            yield _COMPACT.get(name, name), clean(value)


def _plan_headers(fields: list[tuple[str, str]]) -> dict[str, str]:
    """X- headers and the four that plans may see; a header that repeats is joined with commas."""
    found: dict[str, str] = {}
    for name, value in fields:
        if not (name.startswith("x-") or name in _PLAN_HEADERS):
            continue
        if name in found:
            found[name] = f"{found[name]}, {value}"[:MAX_VALUE_CHARS]
        elif len(found) < MAX_HEADERS:
            found[clean(name)] = value
    return found
