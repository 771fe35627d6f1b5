"""What a log, a trace or a record may say of a number or a user: its length, and little of its ends.

Callers' names and numbers, the digits they press and the answers to digest challenges are personal or secret.
Everything here is pure and total: any text goes in, text comes out.
"""

from __future__ import annotations

import re
from collections.abc import Collection

KEEP = 2
SHORT = 5
"""A user of fewer characters is masked whole: two of four digits say too much of an extension."""

_NUMBER = re.compile(r"\+?\d(?:[ ().\-]?\d){4,}")
_URI_USER = re.compile(r"(?i)\b(sips?:(?=[^<>\s]*@)|tel:)([^@<>;\s\"]+)")
_SECRET = re.compile(r'(?i)\b(response|cnonce|password|inline)(\s*[=:]\s*)("[^"]*"|[^\s,;|]+)')
_LETTER = re.compile(r"\w")
_INFO = re.compile(r"(?s)(INFO\s.*?\r?\n\r?\n)(.*)")
_VALUE = re.compile(r"(?m)^([ \t]*\w+[ \t]*=)?[^\n]*[^\r\n]")
_DISPLAY = re.compile(
    r"(?im)^((?:From|f|To|t|Contact|m|P-Asserted-Identity|Diversion|Remote-Party-ID)\s*:\s*)([^\r\n]*)"
)
_SPOKEN_HEADER = re.compile(r"(?im)^((?:X-[A-Za-z0-9-]+|User-to-User)\s*:\s*)([^\r\n]*)")


def mask_number(number: str) -> str:
    """`number` with all but its last two digits replaced: "+493012345" -> "+*******45"."""
    digits = sum(c.isdigit() for c in number)
    hidden = max(digits - KEEP, 0) if digits > KEEP else digits
    out = []
    for c in number:
        if c.isdigit() and hidden:
            out.append("*")
            hidden -= 1
        else:
            out.append(c)
    return "".join(out)


def mask_user(user: str, known: Collection[str] = ()) -> str:
    """The user part of a SIP URI but for its first and last character: "john.smith" -> "j********h".

    Whoever is in `known`, the names of plans, is nobody and stays readable.
    """
    if user in known or user.lower() in known:
        return user
    return "*" * len(user) if len(user) < SHORT else user[0] + "*" * (len(user) - 2) + user[-1]


def mask_text(text: str) -> str:
    """Any text with the users of URIs and all that looks like a telephone number (five digits or more) masked."""
    return _NUMBER.sub(lambda m: mask_number(m.group()), _mask_uris(text, ()))


def mask_message(message: str, known: Collection[str] = ()) -> str:
    """A SIP message for a trace: the users of URIs but those in `known`, names, X- headers, keys, digest answers.

    Call-ID, Via, CSeq and SDP stay readable, because a ladder without them is useless.
    """
    head, gap, body = mask_keys(message).partition("\r\n\r\n")
    head = _DISPLAY.sub(lambda m: m.group(1) + _mask_names(m.group(2)), head)
    head = _SPOKEN_HEADER.sub(lambda m: m.group(1) + mask_text(m.group(2)), head)
    head = _mask_uris(head, known)
    head = _SECRET.sub(r"\1\2***", head)
    body = _SECRET.sub(r"\1\2***", _mask_uris(body, known))
    return head + gap + body


def mask_keys(message: str) -> str:
    """A SIP message without the key that it carries, where it is an INFO; any other message as it is.

    All values of its body go: senders put keys under several names, and some under none. What is kept of a
    call holds no key in clear, whatever it was pressed for.
    """
    info = _INFO.match(message)
    return info.group(1) + _VALUE.sub(r"\1*", info.group(2)) if info else message


def _mask_uris(text: str, known: Collection[str]) -> str:
    return _URI_USER.sub(lambda m: m.group(1) + mask_user(m.group(2), known), text)


def _mask_names(value: str) -> str:
    """A display name says who somebody is; addresses and tags behind it are left to `_mask_uris`."""
    name, bracket, rest = value.partition("<")
    return (_LETTER.sub("*", name) if bracket else name) + bracket + rest
