"""The types of answers that `gather` takes: how each is heard, keyed, asked for again, and read back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation

from brain.expect import Kind
from brain.phrases import near_phrases
from brain.spoken import parse_yes_no, spoken_digits
from brain.spoken_dates import DateParts, date_parts, dates, years
from brain.spoken_emails import spoken_email
from brain.spoken_letters import spelled
from brain.spoken_money import money
from brain.spoken_names import parse_name
from brain.spoken_numbers import spoken_number
from brain.spoken_times import SpokenTime, spoken_time, times
from brain.tts.aloud import code_aloud, date_aloud, time_aloud
from dialplans.answers import NO_KEY, YES_KEY, Answer, AnswerType, Bounds, Part, Terms
from dialplans.keypad import code_by_keys, name_by_keys

MAX_NAME_KEYS = 60
DOUBT = 0.5
"""Under this confidence an answer is read back."""
_DOUBLE = re.compile("W([A-Z])")
MIN_SURE = 0.6
"""Least share of the words of a spelled code that belong to the spelling."""
LONGEST_LIFE = timedelta(366 * 120)


def digits_said(text: str, bounds: Bounds) -> str | None:
    """A spoken number, of a length the plan takes; with its plus, if it was said."""
    found = spoken_digits(text)
    return found.text if found and bounds.least <= len(found.digits) <= bounds.most else None


def _answer(value: str | None) -> Answer | None:
    return None if value is None else Answer(value)


def _digits_keyed(keys: str, terms: Terms) -> Answer | None:
    fits = keys.isascii() and keys.isdecimal() and terms.bounds.least <= len(keys) <= terms.bounds.most
    return Answer(keys) if fits else None


def _yes_or_no_said(text: str, terms: Terms) -> Answer | None:
    answer = parse_yes_no(text)
    return None if answer is None else Answer("yes" if answer.yes else "no")


def _text_said(text: str, terms: Terms) -> Answer | None:
    return _answer(text.strip() or None)


def _name_said(text: str, terms: Terms) -> Answer | None:
    """A name; one of the plan's list where it sounds like it."""
    name = parse_name(text)
    if name is None or not terms.phrases:
        return _answer(name)
    near = near_phrases(name, terms.phrases)
    return Answer(near[0]) if len(near) == 1 else Answer(name, sure=False)


# ---- dates and times ----------------------------------------------------------------------------------------


def _date_said(text: str, terms: Terms) -> Answer | Part | None:
    parts = date_parts(text)
    if parts is None:
        return None
    if not parts.whole:
        return Part("And the day?") if parts.month is not None else Part()
    return _date_of(parts, terms)


def _date_of(parts: DateParts, terms: Terms) -> Answer | Part | None:
    earliest, latest = _date_bounds(terms)
    if terms.needs_year and earliest is not None and latest is not None:
        two_figures = len(parts.figures) == 2
        if two_figures or years(parts, earliest, latest) > 1:
            return Part("And the year?")
    found = [day.isoformat() for day in dates(parts, terms.today, terms.order, earliest, latest)]
    return _within(found, terms)


def _date_bounds(terms: Terms) -> tuple[date | None, date | None]:
    latest = date.fromisoformat(terms.high) if terms.high else None
    if terms.low:
        return date.fromisoformat(terms.low), latest
    return (latest - LONGEST_LIFE if terms.needs_year and latest is not None else None), latest


def _date_keyed(keys: str, terms: Terms) -> Answer | None:
    """MMDDYYYY or DDMMYYYY, as the plan says; MMDD or DDMM where the year can be told."""
    if not (keys.isascii() and keys.isdecimal() and len(keys) in (4, 8)):
        return None
    figures = (int(keys[:2]), int(keys[2:4]), *([int(keys[4:])] if len(keys) == 8 else []))
    found = _date_of(DateParts(figures=figures), terms)
    return found if isinstance(found, Answer) else None


def _time_said(text: str, terms: Terms) -> Answer | Part | None:
    said = spoken_time(text)
    if said is None:
        return None
    return Part() if said.hour is None else _time_of(said, terms)


def _time_of(said: SpokenTime, terms: Terms) -> Answer | None:
    low = time.fromisoformat(terms.low) if terms.low else None
    high = time.fromisoformat(terms.high) if terms.high else None
    return _within([f"{moment:%H:%M}" for moment in times(said, low, high)], terms)


def _time_keyed(keys: str, terms: Terms) -> Answer | None:
    """Four digits of 24 hours; where only the other half of the day is allowed, that is meant: 0330 for 15:30."""
    if not (keys.isascii() and keys.isdecimal() and len(keys) == 4 and keys[:2] < "24" and keys[2:] < "60"):
        return None
    typed = f"{keys[:2]}:{keys[2:]}"
    other = f"{(int(keys[:2]) + 12) % 24:02}:{keys[2:]}"
    allowed = [value for value in (typed, other) if _allowed(value, terms)]
    return Answer(allowed[0]) if allowed else Answer(typed, outside=True)


def _allowed(value: str, terms: Terms) -> bool:
    return (not terms.low or value >= terms.low) and (not terms.high or value <= terms.high)


def _within(found: list[str], terms: Terms) -> Answer | None:
    """The likeliest of `found` with the others; values that sort as text."""
    if not found:
        return None
    return Answer(found[0], tuple(found[1:]), outside=not _allowed(found[0], terms))


def beyond(kind: str, value: str, terms: Terms) -> str:
    """What is wrong with a value of type `kind` that lies outside of what the plan allows."""
    if kind in ("date", "time"):
        aloud = date_aloud if kind == "date" else time_aloud
        if terms.low and value < terms.low:
            past = kind == "date" and terms.low == terms.today.isoformat()
            return "that day is in the past" if past else f"it can't be before {aloud(terms.low)}"
        future = kind == "date" and terms.high == terms.today.isoformat()
        return "that day is in the future" if future else f"it can't be after {aloud(terms.high)}"
    too_little = terms.low and Decimal(value.split()[0]) < Decimal(terms.low)
    return f"it can't be less than {terms.low}" if too_little else f"it can't be more than {terms.high}"


# ---- money and numbers ----------------------------------------------------------------------------------------


def _money_said(text: str, terms: Terms) -> Answer | Part | None:
    found = [(said.amount, said.currency or terms.currency) for said in money(text)]
    return _amount([(amount, f"{amount:.2f} {code}") for amount, code in found], terms)


def _number_said(text: str, terms: Terms) -> Answer | None:
    found = spoken_number(text)
    return _amount([(found.value, found.text)], terms, found.sure) if found is not None else None


def _amount(found: list[tuple[Decimal, str]], terms: Terms, sure: bool = True) -> Answer | None:
    """The likeliest of amounts, of those that the plan allows if there are any."""
    if not found:
        return None
    low, high = Decimal(terms.low or "-Infinity"), Decimal(terms.high or "Infinity")
    allowed = [value for amount, value in found if low <= amount <= high]
    if not allowed:
        return Answer(found[0][1], outside=True)
    return Answer(allowed[0], tuple(allowed[1:]), sure)


def _keyed_decimal(keys: str) -> Decimal | None:
    try:
        return Decimal(keys.replace("*", ".")) if keys and set(keys) <= set("0123456789*") else None
    except InvalidOperation:
        return None


def _money_keyed(keys: str, terms: Terms) -> Answer | None:
    amount = _keyed_decimal(keys)
    return None if amount is None else _amount([(amount, f"{amount:.2f} {terms.currency}")], terms)


def _number_keyed(keys: str, terms: Terms) -> Answer | None:
    amount = _keyed_decimal(keys)
    return None if amount is None else _amount([(amount, f"{amount.normalize():f}")], terms)


# ---- addresses and codes --------------------------------------------------------------------------------------


def _email_said(text: str, terms: Terms) -> Answer | Part | None:
    email = spoken_email(text)
    if email is None:
        return None
    if email.address is not None and not email.open:
        return Answer(email.address, sure=False)
    return Part() if email.domain is not None else None


def _code_said(text: str, terms: Terms) -> Answer | Part | None:
    found = spelled(text)
    if found is None or found.sure < MIN_SURE or len(found.code) > terms.bounds.most:
        return None
    if len(found.code) < terms.bounds.least:
        return Part(f"I have {code_aloud(found.code)}. And the rest?")
    doubled = _DOUBLE.sub(r"\1\1", found.code)  # "double T" is heard as W T
    others = (doubled,) if doubled != found.code else ()
    return Answer(found.code, others, sure=found.clear and found.sure == 1.0)


def _code_keyed(keys: str, terms: Terms) -> Answer | None:
    code = code_by_keys(keys)
    return Answer(code) if code and terms.bounds.least <= len(code) <= terms.bounds.most else None


TYPES: Mapping[str, AnswerType] = {
    "text": AnswerType(Kind.TEXT, _text_said, None, "", None, 0.0, "You said: {{{}}}. Is that right?", ""),
    "digits": AnswerType(
        Kind.DIGITS,
        lambda text, terms: _answer(digits_said(text, terms.bounds)),
        _digits_keyed,
        "Please type the number on your keypad, and press the hash key at the end.",
        None,
        DOUBT,
        "I have {{{}:digits}}. Is that right?",
        "Please say it one digit at a time.",
    ),
    "yes_no": AnswerType(
        Kind.YES_NO,
        _yes_or_no_said,
        lambda keys, terms: _answer({YES_KEY: "yes", NO_KEY: "no"}.get(keys)),
        "Please press 1 for yes, or 2 for no.",
        Bounds(1, 1),
        0.0,
        "",
        "Please say yes or no.",
    ),
    "name": AnswerType(
        Kind.NAME,
        _name_said,
        lambda keys, terms: _answer(name_by_keys(keys)),
        "Please spell the name on your keypad, with two keys for each letter: the key it is on, and its "
        "place on that key. For B, press 2, then 2. Press 0 twice for a space, and the hash key at the end.",
        Bounds(2, MAX_NAME_KEYS),
        DOUBT,
        "I have {{{}}}. Is that right?",
        "Please spell it, letter by letter.",
    ),
    "date": AnswerType(
        Kind.DATE,
        _date_said,
        _date_keyed,
        "Please type the date as eight digits: {order}, and four for the year.",
        Bounds(4, 8),
        DOUBT,
        "Did you say {{{}:date}}?",
        "Please say the month, the day and the year, like July fourth, 2026.",
    ),
    "time": AnswerType(
        Kind.TIME,
        _time_said,
        _time_keyed,
        "Please type the time as four digits of 24 hours: for half past three in the afternoon, 1 5 3 0.",
        Bounds(4, 4),
        DOUBT,
        "Did you say {{{}:time}}?",
        "Please say the hour and the minutes, and A M or P M.",
    ),
    "money": AnswerType(
        Kind.MONEY,
        _money_said,
        _money_keyed,
        "Please type the amount on your keypad, with the star key as the point, and press the hash key at the end.",
        Bounds(1, 12),
        DOUBT,
        "Did you say {{{}:money}}?",
        "Please say only the amount, like forty dollars and fifty cents.",
    ),
    "number": AnswerType(
        Kind.NUMBER,
        _number_said,
        _number_keyed,
        "Please type the number on your keypad, and press the hash key at the end.",
        Bounds(1, 12),
        DOUBT,
        "Did you say {{{}}}?",
        "Please say only the number.",
    ),
    "email": AnswerType(
        Kind.EMAIL,
        _email_said,
        None,
        "",
        None,
        DOUBT,
        "I have {{{}:email}}. Is that right?",
        "Please spell it, letter by letter, with the words at and dot.",
        max_pause_s=2.0,
    ),
    "spelled": AnswerType(
        Kind.SPELLED,
        _code_said,
        _code_keyed,
        "Please type it on your keypad, with two keys for each sign. For a letter, the key it is on, and its place on "
        "that key: for B, press 2, then 2. For a digit, the digit, then 0. Press the hash key at the end.",
        None,
        DOUBT,
        "I have {{{}:spelled}}. Is that right?",
        "Please say a word with each letter, like B as in Bravo.",
        max_pause_s=2.0,
    ),
}
