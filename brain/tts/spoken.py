"""Text as it is written -> text as it is said, in English, before a voice gets it.

Voices read "020 7946 0018" as numbers of millions and stars of markdown as stars. What a voice reads
well by itself (money, ordinals, years, titles) is left to it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from brain.spoken_money import CURRENCIES
from brain.tts.aloud import money_aloud

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty".split()

MONTHS = "January February March April May June July August September October November December".split()

ABBREVIATIONS = {
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "approx.": "approximately",
    "appt.": "appointment",
    "vs.": "versus",
    "Mr.": "Mister",
    "Mrs.": "Missus",
    "Ms.": "Miz",
    "Dr.": "Doctor",
    "Prof.": "Professor",
    "Ave.": "Avenue",
    "Rd.": "Road",
    "Apt.": "Apartment",
    "Mon.": "Monday",
    "Tue.": "Tuesday",
    "Wed.": "Wednesday",
    "Thu.": "Thursday",
    "Fri.": "Friday",
    "Sat.": "Saturday",
    "Sun.": "Sunday",
}

MAX_PIECE = 160
"""Letters a voice is given at once: a longer sentence is spoken in pieces, so that the first comes soon."""


def plain(text: str) -> str:
    """Without markdown, emoji and control characters; any language."""
    text = re.sub(r"\[([^\[\]]+)\]\([^)]*\)", r"\1", text)  # [text](link)
    text = re.sub(r"(?m)^\s*(?:[-*+•]|#+|>)\s+", "", text)
    text = re.sub(r"[*_`#|~<>\[\]{}\\]+", " ", text)
    kept = (" " if unicodedata.category(c)[0] == "C" or unicodedata.category(c) == "So" else c for c in text)
    return " ".join("".join(kept).split())


def spoken(text: str) -> str:
    """English `text` in words that voices pronounce."""
    text = plain(text)
    for rule, replacement in _RULES:
        text = rule.sub(replacement, text)
    return " ".join(text.split())


def digits_aloud(digits: str) -> str:
    """ "0207" -> "zero two zero seven"; what isn't a digit is left out."""
    return " ".join(DIGITS[int(c)] for c in digits if c.isascii() and c.isdigit())


def pieces(text: str) -> list[str]:
    """`text` in sentences, those longer than MAX_PIECE split again at commas, at spaces if need be."""
    found: list[str] = []
    for sentence in re.split(r"(?<=[.!?])\s+(?=\S)", text.strip()):
        while len(sentence) > MAX_PIECE:
            cut = max((sentence.rfind(mark, 0, MAX_PIECE) + 1 for mark in (", ", "; ", ": ")), default=0)
            cut = cut or sentence.rfind(" ", 0, MAX_PIECE) or MAX_PIECE
            cut = cut if cut > 0 else MAX_PIECE
            found.append(sentence[:cut].strip())
            sentence = sentence[cut:].strip()
        found.append(sentence)
    return [piece for piece in found if piece]


def _phone(match: re.Match[str]) -> str:
    text = match[0]
    if sum(c.isdigit() for c in text) < 7:
        return text
    groups = [digits_aloud(group) for group in re.findall(r"\d+", text)]
    if len(groups) == 1 or all(" " not in group for group in groups):
        groups = _chunks(re.sub(r"\D", "", text))
    return ("plus " if text.startswith("+") else "") + ", ".join(groups)


def _chunks(digits: str) -> list[str]:
    """Threes, with a four or two fours at the end where that comes out even: as people say numbers."""
    sizes = [3] * (len(digits) // 3)
    for place in range(len(digits) % 3 if sizes else 0):
        sizes[-1 - place % len(sizes)] += 1
    sizes = sizes or [len(digits)]
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    return [digits_aloud(digits[at : at + size]) for at, size in zip(starts, sizes, strict=True)]


def _number(value: int) -> str:
    """0 to 59 in words."""
    if value < 10:
        return DIGITS[value]
    if value < 20:
        return _TEENS[value - 10]
    rest = f" {DIGITS[value % 10]}" if value % 10 else ""
    return _TENS[value // 10 - 2] + rest


def _time(match: re.Match[str]) -> str:
    hour, minute, written = int(match[1]), int(match[2] or 0), match[3] or ""
    if hour > 23 or minute > 59:
        return match[0]
    half = written[:1].upper()
    if not half and (hour > 12 or hour == 0):
        half = "P" if hour > 12 else "A"
    said = _number(hour % 12 or 12)
    if minute:
        said += f" oh {DIGITS[minute]}" if minute < 10 else f" {_number(minute)}"
    elif not half:
        said += " o'clock"
    if not half:
        return said
    rest = match.string[match.end() :].lstrip()
    ends = written.endswith(".") and (not rest or rest[0].isupper())  # the dot ends the sentence too
    return f"{said} {half} M" + ("." if ends else "")


def _days(match: re.Match[str]) -> str:
    return " to ".join(ABBREVIATIONS[f"{day}."] for day in match.groups())


def _date(match: re.Match[str]) -> str:
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    ending = "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{MONTHS[month - 1]} {day}{ending}, {year}"


def _code(match: re.Match[str]) -> str:
    return " ".join(DIGITS[int(c)] if c.isdigit() else c for c in match[0])


def _address(match: re.Match[str]) -> str:
    said = re.sub(r"^(?:https?://)?(?:www\.)?", "", match[0]).rstrip("/")
    return said.replace("@", " at ").replace(".", " dot ").replace("/", " slash ")


_RULES: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(r"\b(?:https?://|www\.)[\w./-]*\w|\b[\w.]+@[\w.]*\w"), _address),
    (re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\s?[-–]\s?(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b"), _days),
    (
        re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, ABBREVIATIONS)) + ")"),
        lambda match: ABBREVIATIONS[match[0]],
    ),
    (re.compile(rf"(?<![\w.,-])\d+(?:\.\d\d)? (?:{'|'.join(CURRENCIES)})\b"), lambda match: money_aloud(match[0])),
    (re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b"), _date),
    (re.compile(r"\b(\d{1,2}):(\d{2})(?:\s*([ap]m\b|[ap]\.m\.))?", re.I), _time),
    (re.compile(r"\b(\d{1,2})()\s*([ap]m\b|[ap]\.m\.)", re.I), _time),
    (re.compile(r"\b24/7\b"), "twenty four seven"),
    (re.compile(r"\+?\(?\d[\d() .-]{5,}\d(?![\d,])"), _phone),
    (re.compile(r"\b(\d{1,2})\s?[-–]\s?(\d{1,2})\b"), r"\1 to \2"),
    (re.compile(r"(?<![\d.,])\d(?: \d)+(?![\d.,]\d|\d)"), lambda match: digits_aloud(match[0])),
    (re.compile(r"(?<![\d.,$£€])(?:0\d+|\d{5,})(?![.,]?\d)"), lambda match: ", ".join(_chunks(match[0]))),
    (re.compile(r"\b(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z\d]{4,}\b"), _code),
    (re.compile(r"\s*&\s*"), " and "),
    (re.compile(r"(?<=\d)\s*%"), " percent"),
    (re.compile(r"\s*[–—]\s*"), ", "),
    (re.compile(r"(?<=\w)/(?=[a-z])"), " or "),
]
