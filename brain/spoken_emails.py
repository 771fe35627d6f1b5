"""E-mail addresses as callers say them: "john dot smith at example dot com", "j-o-h-n at gmail", "all one word".

Pure, over a transcript. What comes out is a dot-atom address in small letters (RFC 5321 4.1.2, RFC 5322 3.2.3, with
the signs that people have: letters, digits, dot, underscore, hyphen, plus). Whether it exists nobody can know here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from brain.corrections import attempts
from brain.phrases import distance, sounds_like
from brain.spoken_letters import CODE_WORDS
from brain.spoken_numbers import ONES, TENS

PROVIDERS = {
    "gmail": "gmail.com", "googlemail": "googlemail.com", "yahoo": "yahoo.com", "hotmail": "hotmail.com",
    "outlook": "outlook.com", "icloud": "icloud.com", "aol": "aol.com", "proton": "proton.me", "gmx": "gmx.net",
}  # fmt: skip
"""Domains that callers leave without their end: "at gmail"."""
_MAY_GO_ON = frozenset({"co", "ac"})
"""Mostly followed by a country: co.uk, ac.at."""
_SIGNS = {
    "dot": ".", "period": ".", "point": ".", "underscore": "_", "dash": "-", "hyphen": "-", "minus": "-", "plus": "+",
    "underline": "_",
}  # fmt: skip
_OPENING = re.compile(
    r"^(?:(?:um|uh|er|yes|yeah|sure|okay|ok|well|so|it's|its|it is|that's|that is|that would be|it would be|my|the|"
    r"e-?mail|address|is|of course)\b[ ,:.]*)+",
    re.I,
)
_ASIDE = re.compile(
    r"\b(?:all (?:one|1) word|(?:all |in )?lower ?case|all (?:in )?small(?: letters)?|all together|no spaces|please|"
    r"thank you|thanks|capital|um+|uh+|er)\b",
    re.I,
)
_HYPHENED = re.compile(r"(?<![\w-])\w(?:-\w)+(?![\w-])")
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|[@._+-]")
_LOCAL = re.compile(r"[a-z0-9](?:[a-z0-9_+-]|\.(?!\.))*[a-z0-9_]|[a-z0-9]")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}")
_MISHEARD = (
    (re.compile(r"\bg[ -]?mail\b"), "gmail"),
    (re.compile(r"\bhot[ -]mail\b"), "hotmail"),
    (re.compile(r"\bout[ -]look\b"), "outlook"),
    (re.compile(r"\bi[ -]cloud\b"), "icloud"),
    (re.compile(r"\bunder[ -](?:score|scored)\b"), "underscore"),
    (re.compile(r"\bdot[ -]?com(?:e|m)?\b"), "dot com"),
    (re.compile(r"(?:\bdot|\.)\s*(?:code|cool|coat|go)(?=\s*(?:\bdot\b|\.)\s*u\.?k)"), " dot co"),
    (re.compile(r"\bat sign\b"), "at"),
    (re.compile(r"\b(double|triple)-"), r"\1 "),
    (re.compile(r"\bu\.k\b"), "uk"),
)
MAX_LOCAL, MAX_ADDRESS = 64, 254


@dataclass(frozen=True, slots=True)
class Email:
    """The parts of an address so far: what stands before the at and behind it, None where no at was said.

    `guessed` says that the domain's end was added. `open`: more has to follow.
    """

    local: str
    domain: str | None
    guessed: bool = False
    open: bool = False

    @property
    def address(self) -> str | None:
        """The address, where there is a whole one."""
        if self.domain is None or not _LOCAL.fullmatch(self.local) or not _DOMAIN.fullmatch(self.domain):
            return None
        whole = f"{self.local}@{self.domain}"
        return whole if len(self.local) <= MAX_LOCAL and len(whole) <= MAX_ADDRESS else None

    @property
    def may_go_on(self) -> bool:
        """Whether another label may follow: "co" and "uk", or the end of a domain that was guessed."""
        return self.guessed or (self.domain or "").rpartition(".")[2] in _MAY_GO_ON


def spoken_email(text: str) -> Email | None:
    """The address in `text`, or what there is of one. A correction replaces its like: what stands behind the at
    where it has an at, the whole where it has both, else the word before. None where there is nothing.
    """
    tries = attempts(text)
    found: Email | None = None
    for attempt in tries:
        said = _read(attempt)
        if said is None:
            continue
        if found is not None and said.domain is not None and not said.local:
            said = Email(found.local, said.domain, said.guessed, said.open)
        elif found is not None and said.domain is None and found.domain is not None:
            said = Email(said.local, found.domain, found.guessed)
        found = said
    if found is not None and tries[-1:] == [""]:
        return Email(found.local, found.domain, found.guessed, True)
    return found


def _read(text: str) -> Email | None:
    plain = unicodedata.normalize("NFKD", text).replace("’", "'").lower()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = _ASIDE.sub(" ", _OPENING.sub("", plain.strip()))
    for pattern, put in _MISHEARD:
        plain = pattern.sub(put, plain)
    plain = _HYPHENED.sub(lambda found: found[0].replace("-", " "), plain)
    words = _WORD.findall(plain.rstrip(" .,?!"))
    at = _at(words)
    if at is None:
        local = _joined(words)
        return Email(local, None, open=True) if local else None
    local, domain = _joined(words[:at]), _joined(words[at + 1 :])
    if words[at] in PROVIDERS:
        domain = _joined(words[at:])
    guessed = domain in PROVIDERS
    domain = PROVIDERS.get(domain, domain)
    return Email(local, domain, guessed, open="." not in domain or domain.endswith((".", "-")))


def _at(words: list[str]) -> int | None:
    """Where the at is: "@", the last "at" before a domain, or a provider that the at before was lost of."""
    if "@" in words:
        return words.index("@")
    ats = [place for place, word in enumerate(words) if word == "at" and place > 0]
    # "at" is a top-level domain too: "example dot at". A correction may begin with it.
    ats = [place for place in ats if words[place - 1] not in ("dot", ".")] or ([0] if words[:1] == ["at"] else [])
    if ats:
        return ats[-1]
    for place in range(1, len(words)):
        if words[place] in PROVIDERS and words[place + 1 : place + 2] in (["dot"], ["."]):
            return place
    return None


def _joined(words: list[str]) -> str:
    """The words of one side as they are written: signs, digits, spelled runs in place of the word they spell."""
    parts: list[str] = []
    at = 0
    while at < len(words):
        word, after = words[at], words[at + 1] if at + 1 < len(words) else ""
        letters, width = _spelled(words, at)
        if width > 1 and letters:
            if parts and _same(parts[-1], letters):
                parts.pop()
            parts.append(letters)
            at += width
        elif word in _SIGNS:
            parts.append(_SIGNS[word])
            at += 1
        elif word in ("double", "triple") and after:
            repeated = str(ONES[after]) if ONES.get(after, 10) < 10 else after[:1]
            parts.append(repeated * (3 if word == "triple" else 2))
            at += 2
        elif word in ONES:
            parts.append(str(ONES[word]))
            at += 1
        elif word in TENS:
            one = ONES.get(after, 0)
            parts.append(str(TENS[word] + (one if 0 < one < 10 else 0)))
            at += 2 if 0 < one < 10 else 1
        else:
            parts.append(word.replace("'", ""))
            at += 1
    return "".join(parts)


def _spelled(words: list[str], at: int) -> tuple[str, int]:
    """Letters spelled from `at` on, with the words that explain them, and how many words they take."""
    start, letters = at, ""
    while at < len(words):
        word = words[at]
        if word == "double" and len(words[at + 1 : at + 2]) == 1 and len(words[at + 1]) == 1:
            letters, at = letters + words[at + 1] * 2, at + 2
            continue
        joint = words[at + 1 : at + 3] in (["as", "in"], ["is", "in"])
        if (len(word) != 1 and not joint) or not word.isalpha():
            break
        if joint and at + 3 < len(words):
            letters, at = letters + words[at + 3][0], at + 4
        elif words[at + 1 : at + 2] == ["for"] and words[at + 2 : at + 3] and words[at + 2] not in _SIGNS:
            letters, at = letters + words[at + 2][0], at + 3
        else:
            letters, at = letters + word, at + 1
    if not letters and words[start] in CODE_WORDS and words[start + 1 : start + 2]:
        while at < len(words) and words[at] in CODE_WORDS:
            letters, at = letters + CODE_WORDS[words[at]], at + 1
        return (letters, at - start) if at - start >= 3 else ("", 0)
    return letters, at - start


def _same(word: str, letters: str) -> bool:
    """Whether `letters` spell `word`."""
    if not word.isalpha() or len(word) < 2:
        return False
    return distance(word, letters) <= max(1, len(letters) // 3) or sounds_like(word) == sounds_like(letters)
