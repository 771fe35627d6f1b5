"""`gather` for dates, times, money, numbers, e-mail addresses and codes: understood, doubted, refused, keyed."""

from __future__ import annotations

from pathlib import Path

import pytest
from plans import plan, problems

from brain.expect import Kind
from dialplans.call import Keyed, Nothing, Said, Unheard
from dialplans.fake_call import Line, ScriptedCall, journey
from dialplans.keypad import code_by_keys, keys_of_code


def said(text: str, confidence: float = 0.9) -> Said:
    return Said(text, confidence)


async def gather(folder: Path, keys: str, *script: Line | tuple[str, Line]) -> ScriptedCall:
    """A call through a plan that asks once, of a Wednesday, the first of July 2026."""
    text = f"""
        steps:
          start:
            - gather: {{slot: it, prompt: "What?", on_fail: failed, {keys}}}
            - say: "Got {{it}}."
          failed:
            - say: "None."
    """
    call = ScriptedCall(*script)
    await journey(plan(folder, text), call)
    return call


@pytest.mark.parametrize(
    ("keys", "text", "value"),
    [
        ("type: date", "the fourth of July", "2026-07-04"),
        ("type: date", "7/4", "2026-07-04"),
        ("type: date, date_order: dmy", "7/4", "2027-04-07"),
        ("type: date", "tomorrow, no, Friday", "2026-07-03"),
        ("type: time", "3:30 pm", "15:30"),
        ("type: time, min: '9:00', max: '18:00'", "half past three", "15:30"),
        ("type: money", "forty dollars and fifty cents", "40.50 USD"),
        ("type: money, currency: EUR", "forty", "40.00 EUR"),
        ("type: money, max: 20", "1299", "12.99 USD"),
        ("type: number", "a hundred and twenty", "120"),
        ("type: spelled", "B as in Bravo, K, four, seven", "BK47"),
    ],
)
async def test_what_is_clear_is_taken(tmp_path: Path, keys: str, text: str, value: str) -> None:
    call = await gather(tmp_path, keys, ("What?", said(text)))
    assert call.notes == {"it": value}


@pytest.mark.parametrize(
    ("keys", "text", "reading"),
    [
        ("type: email", "john at example dot com", "I have J, O, H, N, at E, X, A, M, P, L, E dot com. Is that right?"),
        ("type: spelled", "Lena November 8 0", "I have N as in November, 8, 0. Is that right?"),
        ("type: spelled", "B K 4 7", "I have B as in Bravo, K, 4, 7. Is that right?"),
        ("type: time", "half past three", "Did you say 3:30 in the afternoon?"),
        ("type: date", "next Friday", "Did you say Friday, July 10th, 2026?"),
        ("type: number", "for people", "Did you say 4?"),
        ("type: money", "1299", "Did you say 1299 dollars?"),
    ],
)
async def test_what_leaves_a_doubt_is_read_back(tmp_path: Path, keys: str, text: str, reading: str) -> None:
    call = await gather(tmp_path, keys, ("What?", said(text)), (reading, said("Yes.")))
    assert call.notes["it"]
    assert call.said[1] == reading


async def test_what_was_heard_badly_is_read_back(tmp_path: Path) -> None:
    call = await gather(tmp_path, "type: date", said("July 4th", 0.3), ("Saturday, July 4th", said("yes")))
    assert call.notes == {"it": "2026-07-04"}
    assert (await gather(tmp_path, "type: date, confirm_when: never", said("July 4th", 0.3))).notes == call.notes


async def test_a_no_leads_to_the_other_meaning(tmp_path: Path) -> None:
    call = await gather(
        tmp_path,
        "type: date",
        said("next Friday"),
        ("July 10th", said("No.")),
        ("July 3rd", said("Yes.")),
    )
    assert call.notes == {"it": "2026-07-03"}


async def test_a_double_letter_that_was_heard_as_w(tmp_path: Path) -> None:
    call = await gather(
        tmp_path,
        "type: spelled",
        said("X W T 9 7"),
        ("X, W, T as in", said("no")),
        ("X, T as in Tango, T", said("yes")),
    )
    assert call.notes == {"it": "XTT97"}


async def test_what_was_denied_is_not_believed_again(tmp_path: Path) -> None:
    call = await gather(
        tmp_path,
        "type: number",
        said("four", 0.3),
        ("Did you say 4?", said("no")),
        ("Please say it again.", said("four", 0.9)),
        ("Did you say 4?", said("no, five")),
    )
    assert call.notes == {"it": "5"}


async def test_a_correction_may_be_another_value(tmp_path: Path) -> None:
    script = [said("July 4th", 0.3), ("July 4th", said("the fifth of July"))]
    assert (await gather(tmp_path, "type: date", *script)).notes == {"it": "2026-07-05"}


async def test_confirm_always_needs_no_words(tmp_path: Path) -> None:
    call = await gather(tmp_path, "type: number, confirm_when: always", said("four"), ("Did you say 4?", said("yes")))
    assert call.notes == {"it": "4"}


async def test_it_is_asked_in_another_way(tmp_path: Path) -> None:
    call = await gather(
        tmp_path,
        "type: spelled, retries: 2",
        said("hello"),
        ("Sorry, I did not get that. What?", Nothing()),
        ("Sorry, I did not get that. Please say a word with each letter", said("what")),
        ("Please type it on your keypad", Keyed(keys_of_code("BK47"))),
    )
    assert call.notes == {"it": "BK47"}


async def test_a_second_no_asks_in_another_way(tmp_path: Path) -> None:
    call = await gather(
        tmp_path,
        "type: spelled, max: 4",
        said("D K 4 7"), said("No."),
        ("Sorry about that. Please say it again.", said("T K 4 7")), said("No."),
        ("Sorry about that. Please say a word with each letter", said("B as in Bravo, K 4 7")),
    )  # fmt: skip
    assert call.notes == {"it": "BK47"}


@pytest.mark.parametrize(
    ("keys", "text", "refusal"),
    [
        ("type: date, min: today", "June 4th 2020", "Sorry, that day is in the past. What?"),
        ("type: date, max: today", "June 4th 2027", "Sorry, that day is in the future. What?"),
        ("type: date, min: tomorrow", "today", "Sorry, it can't be before Thursday, July 2nd, 2026. What?"),
        ("type: date, max: today+7", "in two weeks", "Sorry, it can't be after Wednesday, July 8th, 2026. What?"),
        ("type: time, max: '18:00'", "8 pm", "Sorry, it can't be after 6 o'clock in the evening. What?"),
        ("type: number, min: 1, max: 8", "twelve", "Sorry, it can't be more than 8. What?"),
        ("type: money, min: 5", "two dollars", "Sorry, it can't be less than 5. What?"),
        ("type: number, max: 8, outside: 'Eight seats.'", "twelve", "Eight seats. What?"),
    ],
)
async def test_what_is_not_allowed_is_refused(tmp_path: Path, keys: str, text: str, refusal: str) -> None:
    call = await gather(tmp_path, keys, said(text), (refusal, Nothing()), *[Nothing()] * 3)
    assert call.notes == {"it": ""} and call.said[1] == refusal


async def test_a_birthday_needs_its_year(tmp_path: Path) -> None:
    call = await gather(
        tmp_path, "type: date, max: today", said("the third of March"), ("And the year?", said("nineteen eighty four"))
    )
    assert call.notes == {"it": "1984-03-03"}
    assert call.asked[0].needs_year and call.asked[0].kind is Kind.DATE
    assert (await gather(tmp_path, "type: date, max: today", said("3/3/84"))).notes == {"it": "1984-03-03"}


async def test_answers_that_come_in_pieces(tmp_path: Path) -> None:
    call = await gather(tmp_path, "type: date", said("July"), ("And the day?", said("the fourth")))
    assert call.notes == {"it": "2026-07-04"}
    call = await gather(
        tmp_path,
        "type: spelled, min: 6, max: 6, confirm_when: never",
        said("Q 7 Z"),
        ("I have Q, 7, Z. And the rest?", said("R 2 9")),
    )
    assert call.notes == {"it": "Q7ZR29"}


@pytest.mark.parametrize(
    ("keys", "pressed", "value"),
    [
        ("type: date", "12312026", "2026-12-31"),
        ("type: date, date_order: dmy", "31122026", "2026-12-31"),
        ("type: date", "0704", "2026-07-04"),
        ("type: time", "0330", "03:30"),
        ("type: time, min: '9:00', max: '18:00'", "0330", "15:30"),
        ("type: money", "40*50", "40.50 USD"),
        ("type: number", "12", "12"),
        ("type: spelled", keys_of_code("BK47"), "BK47"),
    ],
)
async def test_by_keys(tmp_path: Path, keys: str, pressed: str, value: str) -> None:
    call = await gather(tmp_path, keys, Unheard("stt"), ("Please type", Keyed(pressed)))
    assert call.notes == {"it": value}


@pytest.mark.parametrize(
    ("keys", "pressed"),
    [
        ("type: date", "13452026"), ("type: date", "123"), ("type: time", "2575"), ("type: money", "4*5*"),
        ("type: number, max: 3", "4"), ("type: spelled", "123"),
    ],
)  # fmt: skip
async def test_keys_that_are_no_answer(tmp_path: Path, keys: str, pressed: str) -> None:
    call = await gather(tmp_path, keys, Unheard("stt"), Keyed(pressed), Keyed(pressed))
    assert call.notes == {"it": ""}


async def test_names_of_the_list(tmp_path: Path) -> None:
    names = "type: name, phrases: [Brzezinski, Okonkwo]"
    assert (await gather(tmp_path, names, said("Okonkvo"))).notes == {"it": "Okonkwo"}
    call = await gather(tmp_path, names, said("Smith"), ("I have Smith. Is that right?", said("yes")))
    assert call.notes == {"it": "Smith"} and call.asked[0].phrases == ("Brzezinski", "Okonkwo")


def test_codes_by_keys() -> None:
    assert code_by_keys(keys_of_code("AZ09S7")) == "AZ09S7"
    assert [code_by_keys(keys) for keys in ("", "2", "2*", "25", "**")] == [None] * 5


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("type: date, min: tomorow", 'min: "tomorow" is no date: today, tomorrow, today+30 or 2026-12-31 is expected'),
        ("type: time, max: '25:00'", 'max: "25:00" is no time: 9:00 or 17:30 is expected'),
        ("type: number, min: few", 'min: "few" is no number'),
        ("type: number, min: 9, max: 10.5, date_order: dmy", "date_order: only for type: date"),
        ("type: spelled, max: 99", 'max: "99" is not a number from 1 to 30'),
        ("type: date, min: today, max: yesterday", "min (today) is more than max (yesterday)"),
        ("type: money, min: 9, max: 5", "min (9) is more than max (5)"),
        ("type: name, min: 1", "min: only for type: date, time, money, number, spelled"),
        ("type: money, currency: XXX", "unknown currency XXX"),
        ("type: date, currency: EUR", "currency: only for type: money"),
        ("type: email, by: keys", "email can't be given by keys; use by: voice"),
        ("type: date, phrases: [a]", "phrases: only for type: text, name"),
        ("type: number, outside: Eight.", "outside needs min or max"),
        ("type: number, confirm: '{it}?', confirm_when: never", "confirm is never said"),
    ],
)
def test_mistakes_are_found(tmp_path: Path, keys: str, message: str) -> None:
    (found,) = problems(tmp_path, f"steps:\n  - gather: {{slot: it, prompt: x, {keys}}}\n")
    assert found.startswith("2: steps[0].gather") and message in found
