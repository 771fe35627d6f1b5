"""The one question about SDP that pjsua leaves to us: can an offer inside a call be answered at all?

pjsua says 488 to a first offer without a codec of ours, but 500 to a later one.
"""

from __future__ import annotations

import re

_STATIC = {"0": "pcmu", "3": "gsm", "8": "pcma", "9": "g722", "18": "g729"}  # RFC 3551, table 4
_MEDIA = re.compile(r"m=audio (\d+)(?:/\d+)? (\S+) (.+)")
_MAP = re.compile(r"a=rtpmap:(\d+) ([^/\s]+)/")


def acceptable(sdp: str, codecs: tuple[str, ...]) -> bool:
    """Whether an audio stream of the offer `sdp` has a codec of `codecs`, or audio is switched off by it.

    An offer without any audio stream is not acceptable (RFC 3261 section 21.4.26).
    """
    ours = {codec.lower() for codec in codecs}
    streams: list[tuple[bool, set[str]]] = []
    for line in sdp.splitlines():
        if line.startswith("m="):
            found = _MEDIA.match(line)
            names = {_STATIC.get(kind, "") for kind in found.group(3).split()} if found else set()
            streams.append((bool(found and found.group(1) == "0"), names))
        elif streams and (found := _MAP.match(line)):
            streams[-1][1].add(found.group(2).lower())
    return any(off or names & ours for off, names in streams)
