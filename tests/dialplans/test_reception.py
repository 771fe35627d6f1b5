"""The shipped plans, walked through all their branches."""

from __future__ import annotations

from pathlib import Path

import pytest

from brain.agent_prompt import build_system_prompt
from dialplans.call import AgentOutcome, Keyed, Nothing, Said, Unheard
from dialplans.fake_call import HangsUp, Line, ScriptedCall, Transferred, journey
from dialplans.keypad import keys_of_name
from dialplans.plan import load_plan
from dialplans.routes import SHIPPED

RECEPTION = load_plan(SHIPPED / "reception.yaml")
MENU = load_plan(SHIPPED / "menu.yaml")

GOODBYE = "bot:    Thank you for calling the Willow Street Clinic. Goodbye."


def said(text: str) -> Said:
    return Said(text, 0.9)


def ends(way: str, turns: int = 3) -> AgentOutcome:
    return AgentOutcome(way, turns)


NAME = [("What is your name", said("It's John Smith.")), ("I have John Smith. Is that right?", said("Yes."))]
NUMBER = [
    ("What number", said("five five five, oh one two three")),
    ("I have five five five, zero one two three. Is that right?", said("Yes, that's right.")),
]


async def reception(*script: Line | tuple[str, Line]) -> ScriptedCall:
    call = ScriptedCall(*script)
    transcript = await journey(RECEPTION, call)
    assert transcript.startswith("bot:    Hello, this is the Willow Street Clinic. How can I help you?")
    return call


def thanked(call: ScriptedCall) -> bool:
    """Whether the plan took a number and said goodbye."""
    return call.transcript[-3:] == [
        "bot:    Thank you. We will call you back within one working day.",
        GOODBYE,
        "(bot ends the call: done)",
    ]


async def test_questions_and_goodbye() -> None:
    call = await reception(ends("goodbye"))
    assert call.transcript[-2:] == [GOODBYE, "(bot ends the call: done)"]


async def test_a_call_back_by_voice() -> None:
    call = await reception(ends("callback"), *NAME, *NUMBER)
    assert thanked(call)
    assert call.notes == {"name": "John Smith", "number": "5550123"}


async def test_a_call_back_by_keys_at_once() -> None:
    call = await reception(
        ends("callback"),
        ("name", Keyed(keys_of_name("john smith"))),
        Keyed("1"),
        Keyed("5550123"),
        Keyed("1"),
    )
    assert thanked(call)
    assert call.notes == {"name": "John Smith", "number": "5550123"}


async def test_corrected_twice_by_voice_and_then_by_keys() -> None:
    call = await reception(
        ends("callback"),
        ("your name", said("John Smith")),
        ("I have John Smith.", said("No, it's Jon Smyth.")),
        ("I have Jon Smyth.", said("No.")),
        ("Sorry about that. What is your name", said("Joan Smythe")),
        ("I have Joan Smythe.", said("No!")),
        ("Please spell your name on the keypad", Keyed(keys_of_name("john smyth"))),
        ("I have John Smyth. Is that right? If that is right, press 1. If not, press 2.", Keyed("1")),
        ("What number", said("555 0124")),
        ("zero one two four", said("That's not right.")),
        ("Sorry about that. Please say the number again.", said("double five five oh one two five")),
        ("zero one two five", said("no, 555 0126")),
        ("zero one two six", said("no")),
        ("Please type the number on your keypad", Keyed("5550123")),
        ("press 1. If not, press 2.", Keyed("1")),
    )
    assert thanked(call)
    assert call.notes == {"name": "John Smyth", "number": "5550123"}


async def test_a_caller_who_says_nothing_any_more() -> None:
    call = await reception(
        ends("callback"),
        ("What is your name", Nothing()),
        ("say your first and last name", Nothing()),
        ("or spell it", Nothing()),
        ("Please spell your name on the keypad", Nothing()),
        ("Please spell your name on the keypad", Nothing()),
        ("What number", Nothing()),
        ("digit by digit", Nothing()),
        ("once more", Nothing()),
        ("Please type the number", Nothing()),
        ("Please type the number", Nothing()),
    )
    assert call.transcript[-3:-1] == [
        "bot:    I am sorry, I could not take your number. Please call again later.",
        GOODBYE,
    ]
    assert call.notes == {"name": "", "number": ""}


async def test_no_name_by_the_hash_key() -> None:
    call = await reception(ends("callback"), Unheard("stt"), ("just the hash key", Keyed("")), *NUMBER)
    assert thanked(call)
    assert call.notes == {"name": "", "number": "5550123"}


async def test_speech_lost_in_the_middle() -> None:
    call = await reception(
        ends("unheard"),
        ("trouble understanding speech", Keyed("1")),
        ("your name", Unheard("stt")),
        ("spell your name", Keyed(keys_of_name("jo"))),
        ("I have Jo. Is that right? If that is right, press 1", Keyed("1")),
        ("What number", Unheard("stt")),
        ("type the number", Keyed("5550123")),
        ("press 1", Keyed("1")),
    )
    assert thanked(call)


async def test_the_front_desk_answers() -> None:
    call = await reception(ends("human"), Transferred(True))
    assert call.transcript[-4:] == [
        "bot:    One moment please, I will put you through.",
        "bot:    (transfers to sip:frontdesk@127.0.0.1)",
        "        (the transfer is accepted)",
        "(bot ends the call: transferred)",
    ]


async def test_the_front_desk_does_not_answer() -> None:
    call = await reception(ends("human"), Transferred(False), *NAME, *NUMBER)
    assert "bot:    I am sorry, nobody at the front desk is free right now. They will call you back." in (
        call.transcript
    )
    assert thanked(call)


@pytest.mark.parametrize("way", ["failed", "turns"])
async def test_the_model_fails_or_the_talk_is_long(way: str) -> None:
    assert thanked(await reception(ends(way), *NAME, *NUMBER))


QUIET = "I can't hear you."


@pytest.mark.parametrize(
    ("script", "last"),
    [
        ([(QUIET, Keyed("1")), *NAME, *NUMBER], "done"),
        ([(QUIET, said("call me back")), *NAME, *NUMBER], "done"),
        ([(QUIET, Keyed("2")), Transferred(True)], "transferred"),
        ([(QUIET, said("Hello?")), ends("goodbye")], "done"),
        ([(QUIET, Nothing()), ("Please press 1, 2 or 3.", Nothing())], "done"),
        ([(QUIET, Unheard("stt")), (QUIET, Keyed("2")), Transferred(True)], "transferred"),
    ],
)
async def test_silence_in_the_talk(script: list[Line | tuple[str, Line]], last: str) -> None:
    assert (await reception(ends("silence"), *script)).over == last


@pytest.mark.parametrize(
    ("script", "last"),
    [
        ([Keyed("2"), Transferred(True)], "transferred"),
        ([Nothing(), ("Please use your keypad.", Nothing())], "done"),
        ([Keyed("7"), Keyed("1"), *NAME, *NUMBER], "done"),
    ],
)
async def test_the_keypad(script: list[Line], last: str) -> None:
    assert (await reception(ends("unheard"), *script)).over == last


@pytest.mark.parametrize("questions", range(5))
async def test_a_caller_may_hang_up_at_any_question(questions: int) -> None:
    script: list[Line | tuple[str, Line]] = [ends("callback"), *NAME, *NUMBER]
    call = await reception(*script[:questions], HangsUp())
    assert call.over == "hung up"


def test_the_reception_knows_its_facts_and_is_brief() -> None:
    (spec,) = RECEPTION.agents()
    for fact in RECEPTION.spec.facts.values():
        assert fact in spec.prompt
    assert {way.name for way in spec.exits} == {"callback", "human", "goodbye"}
    # Four letters a token: a prompt that a small model on a processor reads in a second or two.
    assert len(spec.prompt) / 4 < 250
    assert {key: way.name for key, way in spec.keys.items()} == {"1": "callback", "2": "human"}
    assert "{" not in build_system_prompt(spec).replace('{"say"', "").replace('{"exit"', "")


def test_the_reception_has_its_prompts_rendered_before_a_call() -> None:
    fixed = RECEPTION.fixed_texts()
    assert "Hello, this is the Willow Street Clinic. How can I help you?" in fixed
    assert "Sorry about that. Please say the number again." in fixed
    assert len(fixed) == len(set(fixed))
    assert not any("{" in text for text in fixed)


@pytest.mark.parametrize(
    ("script", "end"),
    [
        ([Keyed("1")], "bot:    Thank you. Appointments will call you back today."),
        ([Keyed("2")], "bot:    Thank you. Your prescription will be ready tomorrow."),
        ([Keyed("5"), ("Please press 1, 2 or 0.", Keyed("0"))], "The front desk will call you back today."),
        ([Nothing(), Nothing(), Nothing()], "caller: (silent)"),
    ],
)
async def test_the_menu(script: list[Line], end: str) -> None:
    call = ScriptedCall(*script)
    await journey(MENU, call)
    assert end in call.transcript[-3]
    assert call.transcript[-2:] == ["bot:    Goodbye.", "(bot ends the call: done)"]
    assert not MENU.listens


async def test_echo() -> None:
    echo = load_plan(SHIPPED / "echo.yaml")
    call = ScriptedCall()
    await journey(echo, call)
    assert call.echoed
    assert not echo.listens
    assert echo.fixed_texts() == []


def test_every_shipped_plan_is_right() -> None:
    plans = sorted(path.stem for path in Path(SHIPPED).glob("*.yaml"))
    assert plans == ["echo", "menu", "reception"]
    assert [load_plan(SHIPPED / f"{name}.yaml").name for name in plans] == plans
