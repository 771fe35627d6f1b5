"""Every way a caller says a number, a yes or a choice, as recognisers print it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.phrases import match
from brain.spoken import choose, parse_digits, parse_yes_no, spoken_digits

# ---- digits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("five five five oh one two three", "5550123"),
        ("555-0123.", "5550123"),
        ("5 5 5, 0 1 2 3", "5550123"),
        ("Five, five, five. Zero, one, two, three.", "5550123"),
        ("(555) 012-3456", "5550123456"),
        ("5-5-5-0-1-2-3", "5550123"),
        ("double five", "55"),
        ("triple seven", "777"),
        ("Double 5, double oh, 1", "55001"),
        ("treble nine", "999"),
        ("nought naught zero oh", "0000"),
        ("twenty three", "23"),
        ("twenty-three forty", "2340"),
        ("twenty, three", "203"),
        ("nineteen oh five", "1905"),
        ("one eight hundred five five five", "1800555"),
        ("eighteen hundred and five", "1805"),
        ("five hundred and twenty three", "523"),
        ("two thousand", "2000"),
        ("oh two oh seven", "0207"),
        ("oh oh seven", "007"),
        ("Oh, it's five five", "55"),
        ("my number is 5 5 5 for 1 to 3", "5554123"),
        ("it's um five five uh dash six", "556"),
        ("I have two children and my number is 555 0123", "5550123"),
        ("５５５ 0123".replace("５", "5"), "5550123"),
    ],
)
def test_digits_as_they_are_said(text: str, digits: str) -> None:
    assert parse_digits(text) == digits


@pytest.mark.parametrize(
    "text", ["", "hello", "oh", "to be or not to be", "one moment please", "is it for me", "plus", "double"]
)
def test_no_digits(text: str) -> None:
    assert parse_digits(text) is None


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("five five no six", "56"),
        ("five five oh, no, six", "556"),
        ("555-0123, no, 0132", "5550132"),
        ("five five five oh one, sorry, five five five oh two", "55502"),
        ("nine nine scratch that five five", "55"),
        ("fifty five, I mean fifty six", "56"),
        ("No, it's five five", "55"),
        ("five five six, sorry", "556"),
    ],
)
def test_a_correction_replaces_what_it_corrects(text: str, digits: str) -> None:
    assert parse_digits(text) == digits


def test_a_plus_is_kept_beside_the_digits() -> None:
    spoken = spoken_digits("plus four four, twenty, seven nine four six")
    assert spoken is not None
    assert (spoken.digits, spoken.plus, spoken.text) == ("44207946", True, "+44207946")
    printed = spoken_digits("+44 20 7946 0958")
    assert printed is not None and printed.text == "+442079460958"


def test_talk_around_a_number_makes_it_less_sure() -> None:
    plain, wordy = spoken_digits("my number is 55"), spoken_digits("the cat sat on 55 mats yesterday evening")
    assert plain is not None and wordy is not None
    assert plain.sure == 1.0
    assert wordy.sure < 0.5


_NAMES = "zero one two three four five six seven eight nine".split()
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()


def _one_by_one(digits: str, nought: str, separator: str) -> str:
    return separator.join(nought if digit == "0" else _NAMES[int(digit)] for digit in digits)


def _with_doubles(digits: str) -> str:
    """ "5550" as "triple five zero"."""
    parts: list[str] = []
    at = 0
    while at < len(digits):
        width = next(w for w in (3, 2, 1) if digits[at : at + w] == digits[at] * w)
        parts.append({1: "", 2: "double ", 3: "triple "}[width] + _NAMES[int(digits[at])])
        at += width
    return " ".join(parts)


def _in_pairs(digits: str) -> str:
    """ "2305" as "twenty-three, zero five"."""
    parts: list[str] = []
    for at in range(0, len(digits), 2):
        pair = digits[at : at + 2]
        if len(pair) == 1 or pair[0] == "0":
            parts.append(" ".join(_NAMES[int(digit)] for digit in pair))
        elif pair[0] == "1":
            parts.append(_TEENS[int(pair[1])])
        else:
            parts.append(_TENS[int(pair[0])] + ("" if pair[1] == "0" else "-" + _NAMES[int(pair[1])]))
    return ", ".join(parts)


def _written(digits: str, sizes: list[int], separator: str) -> str:
    groups: list[str] = []
    at = 0
    while at < len(digits):
        size = sizes[len(groups) % len(sizes)]
        groups.append(digits[at : at + size])
        at += size
    return separator.join(groups)


_number = st.text("0123456789", min_size=2, max_size=16)


@given(_number, st.sampled_from(["zero", "nought"]), st.sampled_from([" ", ", ", ". ", " - "]))
def test_any_digits_said_one_by_one_come_back(digits: str, nought: str, separator: str) -> None:
    assert parse_digits(_one_by_one(digits, nought, separator).capitalize() + ".") == digits


@given(_number.filter(lambda digits: set(digits) != {"0"}))
def test_any_digits_said_with_oh_come_back(digits: str) -> None:
    assert parse_digits(_one_by_one(digits, "oh", " ")) == digits


@given(_number)
def test_any_digits_said_with_doubles_come_back(digits: str) -> None:
    assert parse_digits(_with_doubles(digits)) == digits


@given(_number)
def test_any_digits_said_in_pairs_come_back(digits: str) -> None:
    assert parse_digits("my number is " + _in_pairs(digits)) == digits


@given(_number, st.lists(st.integers(1, 5), min_size=1, max_size=4), st.sampled_from(["-", " ", ", ", "."]))
def test_any_digits_written_in_groups_come_back(digits: str, sizes: list[int], separator: str) -> None:
    assert parse_digits(f"It's {_written(digits, sizes, separator)}, thanks.") == digits


@given(st.text(max_size=80))
def test_no_text_breaks_the_grammars(text: str) -> None:
    digits = parse_digits(text)
    assert digits is None or digits.isdecimal()
    answer = parse_yes_no(text)
    assert answer is None or len(answer.rest) <= len(text) + 8
    assert choose(text, ("billing", "opening hours")) in (None, "billing", "opening hours")


# ---- yes or no --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "yeah",
        "Yep!",
        "that's right",
        "That is correct.",
        "um, yes",
        "Sure, go ahead.",
        "uh-huh",
        "Mm-hmm.",
        "correct",
        "I guess that would be correct",
        "okay",
        "no problem",
        "Yes, you know.",
        "of course",
        "right",
    ],
)
def test_yes(text: str) -> None:
    answer = parse_yes_no(text)
    assert answer is not None and answer.yes


@pytest.mark.parametrize(
    "text",
    [
        "No.",
        "nope",
        "Wrong.",
        "that's not right",
        "That is not correct.",
        "that isn't right",
        "I don't think so",
        "not really",
        "Know.",
        "Oh no.",
        "It is not.",
        "incorrect",
        "no thank you",
        "not quite",
    ],
)
def test_no(text: str) -> None:
    answer = parse_yes_no(text)
    assert answer is not None and not answer.yes


@pytest.mark.parametrize(
    "text",
    ["", "what", "yeah no", "No, right.", "I don't know", "I'm not sure", "can you say that please", "five"],
)
def test_neither(text: str) -> None:
    assert parse_yes_no(text) is None


@pytest.mark.parametrize(
    ("text", "yes", "rest"),
    [
        ("No, it's five five six.", False, "it's five five six"),
        ("No. No, it's John Smith.", False, "it's John Smith"),
        ("Yes, that's right, my name is Bob", True, "my name is Bob"),
        ("That's not right, it's 555", False, "it's 555"),
        ("yes", True, ""),
    ],
)
def test_what_follows_the_answer_is_kept(text: str, yes: bool, rest: str) -> None:
    answer = parse_yes_no(text)
    assert answer is not None
    assert (answer.yes, answer.rest) == (yes, rest)


# ---- choices ----------------------------------------------------------------------------------------------

_MENU = ("opening hours", "billing", "the reception", "human")


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Opening hours, please.", "opening hours"),
        ("open in ours", "opening hours"),
        ("I have a question about my bill in", "billing"),
        ("bulling", "billing"),
        ("I'd like the resepshun please", "the reception"),
        ("a hewman", "human"),
    ],
)
def test_a_choice_survives_small_errors(text: str, phrase: str) -> None:
    assert choose(text, _MENU) == phrase


@pytest.mark.parametrize("text", ["", "what is this", "I want a pizza", "who"])
def test_what_is_no_choice(text: str) -> None:
    assert choose(text, _MENU) is None


def test_short_phrases_must_be_exact() -> None:
    assert choose("the bat", ("cat", "dog")) is None
    assert choose("the cat", ("cat", "dog")) == "cat"


def test_the_longer_of_two_exact_phrases_wins() -> None:
    assert choose("new appointment", ("appointment", "new appointment")) == "new appointment"


@given(st.sampled_from(_MENU), st.sampled_from(_MENU))
def test_a_phrase_matches_itself_best(one: str, other: str) -> None:
    assert match(one, one) == 1.0
    assert one == other or match(one, other) < match(one, one)
