"""Offers and answers of one audio stream (RFC 4566, RFC 3264), with telephone-event (RFC 4733)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from telephony.caller.codecs import CODECS, Codec

_EVENT_PAYLOAD_TYPE = {8000: 101, 48000: 110}
_STATIC = {0: ("PCMU", 8000), 8: ("PCMA", 8000), 9: ("G722", 8000), 3: ("GSM", 8000), 18: ("G729", 8000)}


class SdpError(ValueError):
    """The body is not SDP, or it holds no audio that could be used."""


class NoCommonCodec(SdpError):
    """The peer offers or answers nothing that we speak."""


class Direction(Enum):
    """Who may send, seen from the side that writes the SDP (RFC 4566 section 6)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def mirrored(self) -> Direction:
        """The same stream seen from the other side."""
        return _MIRRORED.get(self, self)

    def limited_by(self, other: Direction) -> Direction:
        """What both allow, seen from the same side."""
        mine, theirs = self, other
        sends = mine.sends and theirs.sends
        hears = mine.mirrored.sends and theirs.mirrored.sends
        return _BY_WAYS[sends, hears]


_MIRRORED = {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}
_BY_WAYS = {
    (True, True): Direction.SENDRECV,
    (True, False): Direction.SENDONLY,
    (False, True): Direction.RECVONLY,
    (False, False): Direction.INACTIVE,
}


@dataclass(frozen=True, slots=True)
class Format:
    """One payload type of an m= line and what it stands for."""

    payload_type: int
    name: str
    rtp_hz: int
    channels: int = 1


@dataclass(frozen=True, slots=True)
class Sdp:
    """The audio stream of a session description. `media_lines` are all m= lines as they came."""

    address: str
    port: int
    formats: tuple[Format, ...]
    direction: Direction
    ptime_ms: int | None
    media_lines: tuple[str, ...]
    audio_index: int


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Our side of a stream: where we listen, what we speak (in order of preference)."""

    address: str
    port: int
    codecs: tuple[Codec, ...]
    ptime_ms: int = 20
    events: bool = True


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What offer and answer agreed on. `direction` is ours; `event_payload_type` is what the peer takes."""

    address: str
    port: int
    codec: Codec
    payload_type: int
    event_payload_type: int | None
    direction: Direction
    ptime_ms: int


def parse(body: bytes) -> Sdp:
    """The first audio stream of `body`. Raises SdpError."""
    try:
        lines = body.decode("utf-8").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError:
        raise SdpError("SDP is not UTF-8") from None
    session_address, address, direction, ptime = "", "", Direction.SENDRECV, None
    media: list[str] = []
    audio_index = -1
    rtpmaps: dict[int, Format] = {}
    for line in lines:
        kind, equals, value = line.partition("=")
        if not equals:
            continue
        if kind == "m":
            if value.startswith("audio ") and audio_index < 0:
                audio_index = len(media)
            media.append(value)
            continue
        in_audio = audio_index >= 0 and len(media) - 1 == audio_index
        if kind == "c" and (in_audio or not media):
            found = value.split()
            if len(found) != 3:
                raise SdpError(f"bad connection line: {value[:80]!r}")
            if in_audio:
                address = found[2]
            else:
                session_address = found[2]
        elif kind == "a" and (in_audio or not media):
            name, _, rest = value.partition(":")
            if name in Direction._value2member_map_:
                direction = Direction(name)
            elif name == "rtpmap" and in_audio:
                mapped = _rtpmap(rest)
                rtpmaps[mapped.payload_type] = mapped
            elif name == "ptime" and rest.strip().isdigit():
                ptime = int(rest)
    if audio_index < 0:
        raise SdpError("no audio stream")
    port, formats = _media_line(media[audio_index], rtpmaps)
    if not (address or session_address):
        raise SdpError("no connection address")
    return Sdp(address or session_address, port, formats, direction, ptime, tuple(media), audio_index)


def _rtpmap(text: str) -> Format:
    number, _, encoding = text.partition(" ")
    name, _, rest = encoding.strip().partition("/")
    rate, _, channels = rest.partition("/")
    if not number.isdigit() or not rate.isdigit():
        raise SdpError(f"bad rtpmap: {text[:80]!r}")
    return Format(int(number), name, int(rate), int(channels) if channels.isdigit() else 1)


def _media_line(value: str, rtpmaps: dict[int, Format]) -> tuple[int, tuple[Format, ...]]:
    parts = value.split()
    port = parts[1].partition("/")[0] if len(parts) > 3 else ""
    if not port.isdigit() or int(port) > 65_535:
        raise SdpError(f"bad media line: {value[:80]!r}")
    formats = []
    for number in parts[3:]:
        if not number.isdigit():
            raise SdpError(f"bad media line: {value[:80]!r}")
        key = int(number)
        name, rate = _STATIC.get(key, ("", 0))
        formats.append(rtpmaps.get(key) or Format(key, name, rate))
    return int(port), tuple(formats)


def write_offer(local: LocalMedia, direction: Direction, session_id: int, version: int) -> bytes:
    """An offer of all of `local`'s codecs, and telephone-event at each of their RTP rates."""
    formats = [(c.payload_type, c) for c in local.codecs]
    events = {c.rtp_hz: _EVENT_PAYLOAD_TYPE[c.rtp_hz] for c in local.codecs} if local.events else {}
    lines = [_audio_line(local.port, [pt for pt, _ in formats] + list(events.values()))]
    return _write(local, direction, session_id, version, lines, 0, formats, events)


def accept(answer: Sdp, local: LocalMedia, wanted: Direction) -> Negotiated:
    """What the peer's answer to our offer means for us. Raises NoCommonCodec."""
    return _negotiate(answer, local, wanted)


def write_answer(
    offer: Sdp, local: LocalMedia, wanted: Direction, session_id: int, version: int
) -> tuple[bytes, Negotiated]:
    """Our answer to `offer`, and what it means. Other streams are refused. Raises NoCommonCodec."""
    agreed = _negotiate(offer, local, wanted)
    formats = [(agreed.payload_type, agreed.codec)]
    events = {}
    if agreed.event_payload_type is not None:
        events[agreed.codec.rtp_hz] = agreed.event_payload_type
    lines = []
    for index, line in enumerate(offer.media_lines):
        if index == offer.audio_index:
            lines.append(_audio_line(local.port, [agreed.payload_type, *events.values()]))
        else:  # RFC 3264 section 6: a stream is refused with port zero, in its place
            kind, _, *rest = line.split()
            lines.append(" ".join([kind, "0", *rest]))
    body = _write(local, agreed.direction, session_id, version, lines, offer.audio_index, formats, events)
    return body, agreed


def _negotiate(theirs: Sdp, local: LocalMedia, wanted: Direction) -> Negotiated:
    if theirs.port == 0:
        raise NoCommonCodec("the peer refused the audio stream")
    ours = {codec.name.lower() for codec in local.codecs}
    for candidate in theirs.formats:
        codec = CODECS.get(candidate.name.lower())
        if codec is None or codec.name.lower() not in ours or candidate.rtp_hz != codec.rtp_hz:
            continue
        event = next(
            (f.payload_type for f in theirs.formats
             if f.name.lower() == "telephone-event" and f.rtp_hz == codec.rtp_hz),
            None,
        )  # fmt: skip
        direction = wanted.limited_by(theirs.direction.mirrored)
        if theirs.address == "0.0.0.0":  # the hold of RFC 2543: still seen on old trunks
            direction = direction.limited_by(Direction.RECVONLY)
        return Negotiated(
            theirs.address, theirs.port, codec, candidate.payload_type,
            event if local.events else None, direction, local.ptime_ms,
        )  # fmt: skip
    raise NoCommonCodec(f"no common codec in {[f.name or f.payload_type for f in theirs.formats]}")


def _audio_line(port: int, payload_types: list[int]) -> str:
    return f"audio {port} RTP/AVP {' '.join(map(str, payload_types))}"


def _write(
    local: LocalMedia,
    direction: Direction,
    session_id: int,
    version: int,
    media_lines: list[str],
    audio_index: int,
    formats: list[tuple[int, Codec]],
    events: dict[int, int],
) -> bytes:
    family = "IP6" if ":" in local.address else "IP4"
    lines = [
        "v=0", f"o=- {session_id} {version} IN {family} {local.address}", "s=-",
        f"c=IN {family} {local.address}", "t=0 0",
    ]  # fmt: skip
    for index, media in enumerate(media_lines):
        lines.append(f"m={media}")
        if index != audio_index:
            continue
        for payload_type, codec in formats:
            channels = f"/{codec.channels}" if codec.channels > 1 else ""
            lines.append(f"a=rtpmap:{payload_type} {codec.name}/{codec.rtp_hz}{channels}")
            if codec.fmtp:
                lines.append(f"a=fmtp:{payload_type} {codec.fmtp}")
        for rtp_hz, payload_type in events.items():
            lines.append(f"a=rtpmap:{payload_type} telephone-event/{rtp_hz}")
            lines.append(f"a=fmtp:{payload_type} 0-15")
        lines += [f"a=ptime:{local.ptime_ms}", f"a={direction.value}"]
    return ("\r\n".join(lines) + "\r\n").encode()
