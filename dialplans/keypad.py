"""Letters by telephone keys (ITU-T E.161): two keys a letter, its key and its place on that key.

"B" is 22 and "S" is 74. Unlike repeated presses, pairs need no pauses to be told apart. In a code a digit is its key
and 0: "7" is 70.
"""

from __future__ import annotations

_LETTERS = {
    "2": "abc", "3": "def", "4": "ghi", "5": "jkl", "6": "mno", "7": "pqrs", "8": "tuv", "9": "wxyz",
}  # fmt: skip
_SPACES = frozenset(("00", "01", "11"))


def name_by_keys(keys: str) -> str | None:
    """The name that pairs of `keys` spell, with capitals; 00 is a space. None where they spell nothing."""
    if not keys or len(keys) % 2:
        return None
    letters = ""
    for at in range(0, len(keys), 2):
        key, place = keys[at], keys[at + 1]
        row = _LETTERS.get(key, "")
        if key + place in _SPACES:
            letters += " "
        elif place in "1234" and int(place) <= len(row):
            letters += row[int(place) - 1]
        else:
            return None
    return " ".join(word.capitalize() for word in letters.split()) or None


def code_by_keys(keys: str) -> str | None:
    """The letters and digits that pairs of `keys` spell, in capitals. None where they spell nothing."""
    if not keys or len(keys) % 2:
        return None
    code = ""
    for key, place in zip(keys[::2], keys[1::2], strict=True):
        row = _LETTERS.get(key, "")
        if place == "0" and key.isdecimal():
            code += key
        elif place in "1234" and int(place) <= len(row):
            code += row[int(place) - 1].upper()
        else:
            return None
    return code


def keys_of_code(code: str) -> str:
    """The keys that spell `code`, for tests and callers that are programs."""
    return "".join(sign + "0" if sign.isdecimal() else keys_of_name(sign) for sign in code)


def keys_of_name(name: str) -> str:
    """The keys that spell `name`, for tests and callers that are programs; other signs are left out."""
    keys = ""
    for letter in name.lower():
        if letter == " ":
            keys += "00"
        for key, row in _LETTERS.items():
            if letter in row:
                keys += key + str(row.index(letter) + 1)
    return keys
