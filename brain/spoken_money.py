"""Amounts of money as callers say them: "forty dollars and fifty cents", "$40.50", "twelve ninety nine".

Pure, over a transcript. Compare the builtin grammar `currency` of VoiceXML 2.0, appendix P: "USD40.50", with the
currency left out where it wasn't said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from brain.corrections import attempts
from brain.spoken_numbers import SCALES, number_at, number_words

CENT = Decimal("0.01")
CURRENCIES = {
    "USD": ("dollar", "cent"),
    "EUR": ("euro", "cent"),
    "GBP": ("pound", "penny"),
    "CHF": ("franc", "centime"),
    "CAD": ("Canadian dollar", "cent"),
    "AUD": ("Australian dollar", "cent"),
    "INR": ("rupee", "paisa"),
    "JPY": ("yen", ""),
}
"""ISO 4217 codes with the words for the unit and its hundredth."""
_UNITS = {
    "$": "USD", "dollar": "USD", "dollars": "USD", "buck": "USD", "bucks": "USD", "usd": "USD",
    "€": "EUR", "euro": "EUR", "euros": "EUR", "eur": "EUR",
    "£": "GBP", "pound": "GBP", "pounds": "GBP", "quid": "GBP", "gbp": "GBP",
    "franc": "CHF", "francs": "CHF", "chf": "CHF", "rupee": "INR", "rupees": "INR", "inr": "INR",
    "yen": "JPY", "jpy": "JPY",
}  # fmt: skip
_HUNDREDTHS = {"cent": "", "cents": "", "penny": "GBP", "pence": "GBP", "pennies": "GBP", "p": "GBP"}
_MISREAD = re.compile(r"(?<![0-9.,$€£])([0-9]{1,2})([0-9]{2})(?![0-9.,])")
"""How a recogniser writes "twelve ninety nine"."""
_TENTHS = re.compile(r"[$€£] ?[0-9,]+\.[0-9](?![0-9])")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount; `currency` is an ISO 4217 code, empty where none was said. `open` says that more has to follow."""

    amount: Decimal
    currency: str = ""
    open: bool = False


def money(text: str) -> tuple[Money, ...]:
    """The amounts that `text` may mean, the likeliest first: "1299" is also 12.99. The last one where the caller
    corrects it; empty where there is none.
    """
    tries = attempts(text)
    found: tuple[Money, ...] = ()
    for attempt in tries:
        said = _read(attempt)
        if said and found and not said[0].currency:
            said = tuple(Money(one.amount, found[0].currency, one.open) for one in said)
        found = said or found
    if tries[-1:] == [""]:
        return tuple(Money(one.amount, one.currency, True) for one in found)
    return found


def _read(text: str) -> tuple[Money, ...]:
    words = number_words(text)
    numbers = [at for at in range(len(words)) if number_at(words, at) is not None]
    if not numbers:
        return ()
    at = numbers[0]
    number = number_at(words, at)
    assert number is not None
    amount, at = number[0], at + number[1]
    code = _UNITS.get(words[numbers[0] - 1], "") if numbers[0] else ""
    word = _word(words, at)
    if word in ("us", "u", "canadian", "australian"):
        at += 1
        word = _word(words, at)
    if word in _HUNDREDTHS and amount < 100 and word != "p":
        return (Money(amount * CENT, _HUNDREDTHS[word]),)
    if word in _UNITS:
        code, at = code or _UNITS[word], at + 1
        if words[at - 2] in ("canadian", "australian"):
            code = {"canadian": "CAD", "australian": "AUD"}[words[at - 2]]
        return (_with_hundredths(words, at, amount, code),)
    if code and word in ("and", "an"):
        return (_with_hundredths(words, at, amount, code),)
    rest = number_at(words, at)
    if rest is not None and 0 < amount < 1000 and 10 <= rest[0] < 100 and amount == int(amount):
        return (Money(amount + rest[0] * CENT, code or _unit_after(words, at + rest[1])),)
    if code and amount == round(amount, 1) != int(amount) and _TENTHS.search(text):
        tenths = int(amount * 10) % 10  # "$17.5" is how "and five cents" is written too
        return Money(int(amount) + tenths * CENT, code), Money(amount, code)
    opens = _word(words, len(words) - 1) in ("and", "point", "a") or word == "and"
    first = Money(amount, code, opens)
    run = _MISREAD.search(text)
    if run and not code and amount == int(run[0]) and not any(word in SCALES for word in words):
        return first, Money(Decimal(f"{run[1]}.{run[2]}"))
    return (first,)


def _with_hundredths(words: Sequence[str], at: int, amount: Decimal, code: str) -> Money:
    """ "... and fifty cents", "... 95" behind the currency."""
    skip = 1 if _word(words, at) in ("and", "an") else 0
    cents = number_at(words, at + skip)
    if cents is None or cents[0] >= 100 or amount != int(amount):
        return Money(amount, code, open=skip == 1 and at + 1 == len(words))
    after = _word(words, at + skip + cents[1])
    if after in _HUNDREDTHS or (not skip and cents[0] >= 10):
        return Money(amount + cents[0] * CENT, code)
    return Money(amount, code, open=not after)


def _unit_after(words: Sequence[str], at: int) -> str:
    return _UNITS.get(_word(words, at), "")


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""
