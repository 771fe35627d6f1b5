"""`gather` on every rung of its ladder."""

from __future__ import annotations

from pathlib import Path

import pytest
from plans import plan

from brain.expect import Kind
from dialplans.call import Keyed, Nothing, Said, Unheard
from dialplans.fake_call import Line, ScriptedCall, journey
from dialplans.keypad import keys_of_name, name_by_keys

NUMBER = """
    steps:
      start:
        - gather:
            slot: number
            type: digits
            min_digits: 6
            max_digits: 8
            prompt: Number?
            reprompts: [Again one., Again two.]
            keys_prompt: Keys!
            confirm: "{number:digits}, right?"
            correct_prompt: Once more.
            on_fail: failed
        - say: "Got {number}."
      failed:
        - say: "No {number}!"
"""
RIGHT = "five five five, zero one two, right?"


def said(text: str) -> Said:
    return Said(text, 0.9)


async def number(folder: Path, *script: Line | tuple[str, Line], text: str = NUMBER) -> ScriptedCall:
    call = ScriptedCall(*script)
    await journey(plan(folder, text), call)
    return call


async def test_an_answer_by_voice(tmp_path: Path) -> None:
    call = await number(tmp_path, ("Number?", said("five double five oh one two")), (RIGHT, said("Yes.")))
    assert call.said[-1] == "Got 555012."
    assert call.notes == {"number": "555012"}
    first, second = call.asked
    assert (first.kind, first.min_digits, first.max_digits, first.voice, first.keys) == (
        Kind.DIGITS, 6, 8, True, True,
    )  # fmt: skip
    assert (second.kind, second.voice, second.keys) == (Kind.YES_NO, True, True)


async def test_an_answer_by_keys_at_once(tmp_path: Path) -> None:
    call = await number(tmp_path, ("Number?", Keyed("555012")), (RIGHT, Keyed("1")))
    assert call.said[-1] == "Got 555012."


async def test_an_international_number_keeps_its_plus(tmp_path: Path) -> None:
    call = await number(tmp_path, said("plus 49 30 12"), ("plus four nine three, zero one two", said("yes")))
    assert call.said[-1] == "Got +493012."


async def test_corrected_twice_by_voice_and_then_by_keys(tmp_path: Path) -> None:
    call = await number(
        tmp_path,
        ("Number?", said("555 013")),
        ("zero one three", said("No.")),
        ("Once more.", said("555 014")),
        ("zero one four", said("No, it's 555 015.")),
        ("zero one five", said("no")),
        ("Keys!", Keyed("555012")),
        (RIGHT + " If that is right, press 1. If not, press 2.", Keyed("1")),
    )
    assert call.said[-1] == "Got 555012."
    assert [(expect.voice, expect.keys) for expect in call.asked[-2:]] == [(False, True), (False, True)]


async def test_corrected_by_keys_too_often(tmp_path: Path) -> None:
    call = await number(
        tmp_path,
        said("555 013"), said("No."), said("555 013"), said("No."), said("555 013"), said("No."),
        ("Keys!", Keyed("555013")), Keyed("2"),
        ("Keys!", Keyed("555013")), Keyed("2"),
    )  # fmt: skip
    assert call.said[-1] == "No !"
    assert call.notes == {"number": ""}


async def test_another_number_instead_of_a_no(tmp_path: Path) -> None:
    call = await number(tmp_path, said("555 013"), ("right?", said("555 012")), (RIGHT, said("yes")))
    assert call.said[-1] == "Got 555012."


async def test_the_same_number_instead_of_a_yes(tmp_path: Path) -> None:
    call = await number(tmp_path, said("555 012"), (RIGHT, said("555 012")))
    assert call.said[-1] == "Got 555012."


async def test_silence_leads_to_keys(tmp_path: Path) -> None:
    call = await number(
        tmp_path,
        ("Number?", Nothing()),
        ("Again one.", Nothing()),
        ("Again two.", Nothing()),
        ("Keys!", Nothing()),
        ("Keys!", Nothing()),
    )
    assert call.said[-1] == "No !"


async def test_noise_leads_to_keys_and_keys_to_an_answer(tmp_path: Path) -> None:
    call = await number(
        tmp_path,
        said("bananas"),
        said("what"),
        said("55"),
        ("Keys!", Keyed("123")),
        ("Keys!", Keyed("555012")),
        Keyed("1"),
    )
    assert call.said[-1] == "Got 555012."


async def test_unheard_leads_to_keys_at_once(tmp_path: Path) -> None:
    call = await number(
        tmp_path, ("Number?", Unheard("stt")), ("Keys!", Keyed("555012")), ("press 1", Keyed("1"))
    )
    assert call.said[-1] == "Got 555012."


async def test_unheard_at_the_reading_back(tmp_path: Path) -> None:
    call = await number(tmp_path, said("555012"), (RIGHT, Unheard("stt")), ("press 1", Keyed("1")))
    assert call.said[-1] == "Got 555012."


async def test_no_telling_at_the_reading_back(tmp_path: Path) -> None:
    call = await number(
        tmp_path,
        said("555012"),
        (RIGHT, said("hmm")),
        ("Please say yes or no.", Nothing()),
        (RIGHT + " If that is right, press 1", Keyed("5")),
        ("If that is right, press 1. If not, press 2.", Nothing()),
    )
    assert call.said[-1] == "No !"


async def test_a_number_in_pieces(tmp_path: Path) -> None:
    call = await number(
        tmp_path,
        ("Number?", said("five five five")),
        ("I have five five five. And the rest?", said("zero one two")),
        (RIGHT, said("yes")),
    )
    assert call.said[-1] == "Got 555012."


async def test_a_number_in_pieces_started_again(tmp_path: Path) -> None:
    call = await number(
        tmp_path, said("five five five"), ("And the rest?", said("555 012")), (RIGHT, said("yes"))
    )
    assert call.said[-1] == "Got 555012."


async def test_the_hash_key_alone_declines(tmp_path: Path) -> None:
    call = await number(tmp_path, ("Number?", Keyed("")))
    assert call.said[-1] == "No !"


SENSITIVE = NUMBER.replace("slot: number", "slot: number\n            sensitive: true")


async def test_sensitive_answers_stay_out_of_the_record(tmp_path: Path) -> None:
    call = await number(tmp_path, Keyed("555012"), Keyed("1"), text=SENSITIVE)
    assert call.notes == {"number": "***"} and call.has_private
    assert call.said == ["Number?", RIGHT, "Got 555012."]
    assert call.kept == []  # what is said of it later neither


async def test_other_answers_are_kept(tmp_path: Path) -> None:
    call = await number(tmp_path, Keyed("555012"), Keyed("1"))
    assert call.kept == call.transcript[:-1] and not call.has_private


async def test_only_what_tells_a_sensitive_slot_is_private(tmp_path: Path) -> None:
    text = (
        SENSITIVE.split("- say")[0]
        + """- say: Thank you.
        - menu:
            prompt: "Call {number}?"
            options: {"1": {goto: failed}}
      failed:
        - gather: {slot: number, type: digits, prompt: "And in clear?"}
        - say: "Got {number}."
    """
    )
    call = await number(tmp_path, Keyed("555012"), Keyed("1"), Keyed("1"), Keyed("123"), text=text)
    assert call.kept == ["bot:    Thank you.", "bot:    And in clear?", "caller: [123]", "bot:    Got 123."]
    assert call.notes == {"number": "123"}


async def test_a_sensitive_answer_that_is_none(tmp_path: Path) -> None:
    call = await number(tmp_path, Keyed(""), text=SENSITIVE)
    assert call.notes == {"number": ""} and call.said[-1] == "No !"


async def test_keys_only(tmp_path: Path) -> None:
    text = """
        steps:
          - gather: {slot: pin, type: digits, min_digits: 4, max_digits: 4, prompt: "Pin?", by: keys}
          - say: "Got {pin}."
    """
    journeyed = plan(tmp_path, text)
    assert not journeyed.listens
    call = ScriptedCall(("Pin?", Nothing()), ("Sorry, I did not get that. Pin?", Keyed("1234")))
    await journey(journeyed, call)
    assert call.said[-1] == "Got 1234."
    assert {expect.voice for expect in call.asked} == {False}


async def test_without_on_fail_the_slot_stays_empty(tmp_path: Path) -> None:
    text = """
        steps:
          - gather: {slot: why, prompt: "Why?", by: voice, retries: 0}
          - say: "Because {why}."
    """
    call = await number(tmp_path, Nothing(), text=text)
    assert call.said[-1] == "Because ."
    assert (await number(tmp_path, said(" of {caller} "), text=text)).said[-1] == "Because of caller."


YES_NO = """
    steps:
      start:
        - gather: {slot: sure, type: yes_no, prompt: "Sure?", on_yes: good, on_no: bad, on_fail: no,
                   retries: 0}
      good: [{say: "Good, {sure}."}]
      bad: [{say: "Bad, {sure}."}]
      no: [{say: "None."}]
"""


@pytest.mark.parametrize(
    ("script", "end"),
    [
        ([said("yeah, sure")], "Good, yes."),
        ([said("No, thanks.")], "Bad, no."),
        ([Keyed("1")], "Good, yes."),
        ([Keyed("2")], "Bad, no."),
        ([said("maybe"), ("press 1 for yes", Keyed("2"))], "Bad, no."),
        ([Unheard("stt"), Keyed("3")], "None."),
    ],
)
async def test_yes_or_no(tmp_path: Path, script: list[Line], end: str) -> None:
    assert (await number(tmp_path, *script, text=YES_NO)).said[-1] == end


NAME = """
    steps:
      - gather: {slot: name, type: name, prompt: "Who?", confirm: "{name}?"}
      - say: "Hello {name}."
"""


@pytest.mark.parametrize(
    ("script", "end"),
    [
        ([said("My name is john smith."), said("yes")], "Hello John Smith."),
        ([said("John Smith"), said("No, it's Jon Smyth, S M Y T H"), said("right")], "Hello Jon Smyth."),
        ([said("what?"), ("did not get that. Who?", said("Anna")), said("yes")], "Hello Anna."),
        (
            [Unheard("stt"), ("spell the name", Keyed(keys_of_name("anna lee"))), Keyed("1")],
            "Hello Anna Lee.",
        ),
    ],
)
async def test_names(tmp_path: Path, script: list[Line], end: str) -> None:
    assert (await number(tmp_path, *script, text=NAME)).said[-1] == end


@pytest.mark.parametrize("keys", ["", "1", "222", "25", "91929", "99"])
def test_keys_that_spell_nothing(keys: str) -> None:
    assert name_by_keys(keys) is None


def test_keys_that_spell_a_name() -> None:
    assert name_by_keys("2174") == "As"
    assert name_by_keys(keys_of_name("maria de la cruz")) == "Maria De La Cruz"
