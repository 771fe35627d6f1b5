"""SIP messages as values: parse and serialise (RFC 3261 section 7 and 25).

Only what a caller needs is understood; every other header is kept as it came, in its order. A message
is bytes in and bytes out, with no socket and no clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

MAX_MESSAGE_BYTES = 65_536

_COMPACT = {  # RFC 3261 section 7.3.3 and the IANA registry of compact forms
    "a": "accept-contact", "b": "referred-by", "c": "content-type", "d": "request-disposition",
    "e": "content-encoding", "f": "from", "i": "call-id", "k": "supported", "l": "content-length",
    "m": "contact", "o": "event", "r": "refer-to", "s": "subject", "t": "to", "u": "allow-events",
    "v": "via", "x": "session-expires",
}  # fmt: skip
_LISTS = frozenset({
    "via", "route", "record-route", "contact", "supported", "require", "allow", "unsupported",
})  # fmt: skip
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6]\d\d)(?: (.*))?$")
_REQUEST_LINE = re.compile(r"([A-Za-z0-9.!%*_+`'~-]+) (\S+) SIP/2\.0$")
_URI = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^@\s<>\"]+)@)?(?P<host>\[[^\]]+\]|[^:;?\s<>\"]+)(?::(?P<port>\d+))?"
)


class SipSyntaxError(ValueError):
    """The bytes are not a SIP message, or a header isn't what its name promises."""


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in their order; names compare without case and through their compact forms."""

    fields: tuple[tuple[str, str], ...] = ()

    def all(self, name: str) -> list[str]:
        """Every value of `name`; headers that are lists are split at their commas."""
        key = _canonical(name)
        found = [value for field, value in self.fields if _canonical(field) == key]
        if key not in _LISTS:
            return found
        return [part for value in found for part in split_list(value)]

    def get(self, name: str, default: str = "") -> str:
        """The first value of `name`."""
        values = self.all(name)
        return values[0] if values else default

    def has_token(self, name: str, token: str) -> bool:
        """Whether the list header `name` holds `token` (Require: 100rel)."""
        return any(value.lower() == token for value in self.all(name))

    def plus(self, *more: tuple[str, str]) -> Headers:
        """These headers with `more` at the end."""
        return Headers((*self.fields, *more))

    def without(self, *names: str) -> Headers:
        """These headers with every `names` left out."""
        keys = {_canonical(name) for name in names}
        return Headers(tuple(field for field in self.fields if _canonical(field[0]) not in keys))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.fields)


@dataclass(frozen=True, slots=True)
class Request:
    """A SIP request."""

    method: str
    uri: str
    headers: Headers
    body: bytes = b""

    @property
    def start_line(self) -> str:
        return f"{self.method} {self.uri} SIP/2.0"


@dataclass(frozen=True, slots=True)
class Response:
    """A SIP response."""

    status: int
    reason: str
    headers: Headers
    body: bytes = b""

    @property
    def start_line(self) -> str:
        return f"SIP/2.0 {self.status} {self.reason}"


Message = Request | Response


def serialise(message: Message) -> bytes:
    """The bytes of `message`, with a Content-Length that is true."""
    lines = [message.start_line]
    lines += [f"{name}: {value}" for name, value in message.headers.without("content-length")]
    lines.append(f"Content-Length: {len(message.body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + message.body


def parse(data: bytes) -> Message:
    """The message in one datagram. Raises SipSyntaxError."""
    head, separator, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not separator:
        raise SipSyntaxError("no end of headers")
    message = _parse_head(head)
    length = content_length(message.headers)
    if length is not None and length > len(body):
        raise SipSyntaxError(f"body of {len(body)} bytes, Content-Length {length}")
    return replace(message, body=body if length is None else body[:length])


def _parse_head(head: bytes) -> Message:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SipSyntaxError(f"headers are not UTF-8: {error}") from None
    start, *lines = text.split("\r\n")
    fields: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and fields:  # a folded line goes on with the field before it
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise SipSyntaxError(f"not a header: {line[:80]!r}")
        fields.append((name.strip(), value.strip()))
    headers = Headers(tuple(fields))
    if status := _STATUS_LINE.match(start):
        return Response(int(status[1]), status[2] or "", headers)
    if request := _REQUEST_LINE.match(start):
        return Request(request[1], request[2], headers)
    raise SipSyntaxError(f"not a start line: {start[:80]!r}")


def content_length(headers: Headers) -> int | None:
    """The length that the headers announce, or None. Raises SipSyntaxError."""
    value = headers.get("content-length")
    if not value:
        return None
    if not value.isdigit() or int(value) > MAX_MESSAGE_BYTES:
        raise SipSyntaxError(f"bad Content-Length: {value[:20]!r}")
    return int(value)


class StreamParser:
    """Cuts a TCP stream into messages (RFC 3261 section 18.3) and drops keep-alives (RFC 5626)."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` completes. Raises SipSyntaxError; the stream is lost then."""
        self._buffer += data
        messages: list[Message] = []
        while True:
            self._buffer = self._buffer.lstrip(b"\r\n")
            head, separator, rest = self._buffer.partition(b"\r\n\r\n")
            if not separator:
                if len(self._buffer) > MAX_MESSAGE_BYTES:
                    raise SipSyntaxError("headers without end")
                return messages
            message = _parse_head(head)
            length = content_length(message.headers) or 0
            if len(rest) < length:
                return messages
            messages.append(replace(message, body=rest[:length]))
            self._buffer = rest[length:]


def split_list(value: str) -> list[str]:
    """Split at the commas that are outside quotes and angle brackets."""
    parts, start, quoted, depth = [], 0, False, 0
    escaped = False
    for index, char in enumerate(value):
        if escaped:
            escaped = False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif char in "<>":
            depth += 1 if char == "<" else -1
        elif char == "," and depth <= 0:
            parts.append(value[start:index].strip())
            start = index + 1
    parts.append(value[start:].strip())
    return [part for part in parts if part]


@dataclass(frozen=True, slots=True)
class Uri:
    """A sip: or sips: URI; `host` keeps the brackets of an IPv6 address."""

    scheme: str
    user: str
    host: str
    port: int | None
    params: tuple[tuple[str, str], ...] = ()

    def param(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.params if key == name), default)

    @property
    def loose(self) -> bool:
        """Whether this route is a loose one (RFC 3261 section 19.1.1, `lr`)."""
        return any(key == "lr" for key, _ in self.params)


def parse_uri(text: str) -> Uri:
    """Parse `sip:user@host:port;param=value`. Raises SipSyntaxError."""
    match = _URI.match(text.strip())
    if match is None:
        raise SipSyntaxError(f"not a SIP URI: {text[:80]!r}")
    rest = text.strip()[match.end() :].partition("?")[0]
    if rest and (not rest.startswith(";") or any(char.isspace() for char in rest)):
        raise SipSyntaxError(f"not a SIP URI: {text[:80]!r}")
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port < 65_536:
        raise SipSyntaxError(f"no such port: {port}")
    return Uri(match["scheme"], match["user"] or "", match["host"], port, tuple(_params(rest)))


@dataclass(frozen=True, slots=True)
class NameAddr:
    """The value of From, To, Contact or a route: a URI (as text) and its header parameters."""

    uri: str
    params: tuple[tuple[str, str], ...] = ()

    @property
    def tag(self) -> str:
        return next((value for key, value in self.params if key == "tag"), "")


def parse_name_addr(value: str) -> NameAddr:
    """Parse `"Name" <sip:a@b>;tag=x` or `sip:a@b;tag=x`. Raises SipSyntaxError."""
    unquoted = re.sub(r'^\s*"(?:[^"\\]|\\.)*"', "", value)
    open_at, close_at = unquoted.find("<"), unquoted.find(">")
    if open_at >= 0:
        if close_at < open_at:
            raise SipSyntaxError(f"no closing bracket: {value[:80]!r}")
        return NameAddr(unquoted[open_at + 1 : close_at].strip(), tuple(_params(unquoted[close_at + 1 :])))
    # Without brackets every parameter belongs to the header, not to the URI (RFC 3261 section 20.10).
    uri, _, params = unquoted.strip().partition(";")
    if not uri:
        raise SipSyntaxError(f"no address: {value[:80]!r}")
    return NameAddr(uri, tuple(_params(";" + params)))


def _params(text: str) -> Iterable[tuple[str, str]]:
    for part in text.split(";"):
        name, _, value = part.strip().partition("=")
        if name:
            yield name.strip().lower(), value.strip().strip('"')


def header_param(value: str, name: str) -> str:
    """Parameter `name` of a header such as Via or Session-Expires, or ""."""
    return next((found for key, found in _params(value.partition(";")[2]) if key == name), "")


def cseq(message: Message) -> tuple[int, str]:
    """The number and the method of CSeq. Raises SipSyntaxError."""
    number, _, method = message.headers.get("cseq").partition(" ")
    if not number.isdigit() or not method.strip():
        raise SipSyntaxError("no CSeq")
    return int(number), method.strip()


def branch(message: Message) -> str:
    """The branch of the topmost Via. Raises SipSyntaxError."""
    found = header_param(message.headers.get("via"), "branch")
    if not found:
        raise SipSyntaxError("no branch in Via")
    return found


def _canonical(name: str) -> str:
    lowered = name.lower()
    return _COMPACT.get(lowered, lowered)
