"""Values in their normal form -> words to read back: "2026-07-04" is "Saturday, July 4th, 2026".

For callers who have to tell by ear whether they were understood: a weekday checks a date, a word checks a letter. A
value that isn't in its form is left as it is.
"""

from __future__ import annotations

import re
from datetime import date

from brain.spoken_emails import PROVIDERS
from brain.spoken_letters import ALPHABET
from brain.spoken_money import CURRENCIES

_MONTHS = "January February March April May June July August September October November December".split()
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONEY = re.compile(r"(-?[0-9]+)(?:\.([0-9]{2}))?(?: ([A-Z]{3}))?")
EXPLAINED = frozenset("BDPTVMNSF")
"""Letters that are read with a word: a telephone's band makes them alike."""
_GROUP = 4
_SIGNS = {".": "dot", "_": "underscore", "-": "hyphen", "+": "plus", "@": "at"}


def date_aloud(value: str) -> str:
    """An ISO 8601 date with its weekday."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return value
    ending = "th" if 10 <= day.day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    return f"{_WEEKDAYS[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}{ending}, {day.year}"


def time_aloud(value: str) -> str:
    """A time of 24 hours ("15:30") with its part of the day."""
    found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", value)
    if found is None:
        return value
    hour, minute = int(found[1]), int(found[2])
    if minute == 0 and hour in (0, 12):
        return "noon" if hour else "midnight"
    clock = f"{hour % 12 or 12}:{found[2]}" if minute else f"{hour % 12 or 12} o'clock"
    part = "the morning" if hour < 12 else "the afternoon" if hour < 18 else "the evening"
    return f"{clock} in {part}" if hour < 22 else f"{clock} at night"


def money_aloud(value: str) -> str:
    """ "40.50 USD" in units and hundredths."""
    found = _MONEY.fullmatch(value)
    if found is None:
        return value
    unit, cent = CURRENCIES.get(found[3] or "", (found[3] or "", ""))
    whole, hundredths = found[1], int(found[2] or 0)
    said = f"{whole} {_many(unit, whole)}".strip() if unit else whole
    if not hundredths:
        return said
    if not cent:
        return f"{whole}.{found[2]} {_many(unit, '2')}".strip()
    cents = f"{hundredths} {_many(cent, str(hundredths))}"
    return cents if whole == "0" else f"{said} and {cents}"


def _many(unit: str, count: str) -> str:
    if count == "1" or unit in ("yen", ""):
        return unit
    return {"penny": "pence", "paisa": "paise"}.get(unit, unit + "s")


def email_aloud(value: str) -> str:
    """An address with what stands before the at letter by letter, and a domain that is no big provider's too."""
    local, at, domain = value.partition("@")
    if not at:
        return value
    name, dot, ending = domain.partition(".")
    spelled = domain if domain in PROVIDERS.values() else f"{_signs(name)}{dot}{ending}"
    return f"{_signs(local)}, at {spelled.replace('.', ' dot ')}"


def _signs(text: str) -> str:
    return ", ".join(_SIGNS.get(sign, sign.upper()) for sign in text)


def code_aloud(value: str) -> str:
    """Letters and digits in groups, with a word for letters that are easily misheard: "B as in Bravo, K. 4, 7"."""
    signs = [sign for sign in value.upper() if sign.isalnum()]
    said = [_explained(sign) for sign in signs]
    groups = [", ".join(said[at : at + _GROUP]) for at in range(0, len(said), _GROUP)]
    return "; ".join(groups)


def _explained(sign: str) -> str:
    word = ALPHABET.get(sign.lower(), "")
    return f"{sign} as in {word.capitalize()}" if sign in EXPLAINED else sign
