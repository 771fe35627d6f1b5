"""`min` and `max` of a gather, as plans write them: "today", "today+30", "2026-12-31", "9:00", "4"."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation

_FROM_TODAY = re.compile(r"today(?:\s*([+-])\s*([0-9]{1,5}))?|tomorrow|yesterday")
_NEAR = {"tomorrow": 1, "yesterday": -1}


def check_limit(kind: str, text: str) -> None:
    """Raises ValueError where `text` is no limit for a gather of type `kind`."""
    limit(kind, text, date(2000, 1, 1))


def limit(kind: str, text: str, today: date) -> str:
    """The limit in the normal form of the values that it bounds. Raises ValueError."""
    if kind == "date":
        return _date(text.strip(), today).isoformat()
    if kind == "time":
        found = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", text.strip())
        if found is None or int(found[1]) > 23 or int(found[2]) > 59:
            raise ValueError(f'"{text}" is no time: 9:00 or 17:30 is expected')
        return f"{time(int(found[1]), int(found[2])):%H:%M}"
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f'"{text}" is no number') from None
    if not number.is_finite() or (kind == "spelled" and not (number == int(number) and 1 <= number <= 30)):
        raise ValueError(f'"{text}" is not a number from 1 to 30' if kind == "spelled" else f'"{text}" is no number')
    return text.strip()


def _date(text: str, today: date) -> date:
    found = _FROM_TODAY.fullmatch(text)
    if found is not None:
        days = _NEAR.get(text, int(found[2] or 0) * (-1 if found[1] == "-" else 1))
        return today + timedelta(days)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f'"{text}" is no date: today, tomorrow, today+30 or 2026-12-31 is expected') from None
