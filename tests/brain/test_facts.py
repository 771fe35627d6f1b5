"""Which line of a prompt a question asks about."""

from __future__ import annotations

import pytest

from brain.answers import KnownAnswer
from brain.facts import Facts, matter

PROMPT = """You answer for Bell's bicycles, in short sentences. This is all you know:
Hours: Tuesday to Saturday from 10 to 6.
Repairs: most take two days.
Lights, lamps: from 20 euros.
Parking: free, in the yard.
Address: 5 Canal Road, behind the mill.
- A new chain costs 35 euros and takes an hour.
- Tyres are nine euros each.
- Helmets are sold in red and blue."""
FACTS = Facts(PROMPT, (KnownAnswer(("Where are you?", "How do I find the workshop?"), "We are at 5 Canal Road."),))


def test_the_lines_of_a_prompt() -> None:
    assert [(fact.name, fact.says) for fact in FACTS.all] == [
        ("Hours", "Tuesday to Saturday from 10 to 6."),
        ("Repairs", "most take two days."),
        ("Lights, lamps", "from 20 euros."),
        ("Parking", "free, in the yard."),
        ("Address", "5 Canal Road, behind the mill."),
        ("", "A new chain costs 35 euros and takes an hour."),
        ("", "Tyres are nine euros each."),
        ("", "Helmets are sold in red and blue."),
    ]


def test_the_matter_of_a_question() -> None:
    assert matter("Who could take a look at my chain, please?") == ("chain",)
    assert matter("Where are you?") == ()


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("What hours do you keep?", "Hours"),
        ("Are you open on Mondays?", "Hours"),  # a line about days knows about all of them
        ("How much is a lamp?", "Lights, lamps"),
        ("How long does a repair take?", "Repairs"),
        ("What do I pay for parking?", "Parking"),  # free is an amount
        ("What does a new chain cost?", ""),
        ("Is there any parking for bicycles?", "Parking"),  # all is about bicycles here
        ("How do I get to the workshop?", "Address"),  # by the words of a known answer
    ],
)
def test_a_line_holds_the_answer(question: str, name: str) -> None:
    found = FACTS.find(question)
    assert found is not None and found.sure and found.fact.name == name


@pytest.mark.parametrize(
    "question",
    [
        "What does a repair cost?",  # the line about repairs has no amount
        "When do you sell helmets?",  # nor the one about helmets a time
        "Who painted the mill?",  # the mill is only mentioned
        "Which bus stops near the yard?",
        "Where are you?",
        "Do you rent boats?",
    ],
)
def test_no_line_surely_holds_the_answer(question: str) -> None:
    found = FACTS.find(question)
    assert found is None or not found.sure


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("What does a lamp cost?", {"20"}),
        ("How much is a tyre?", {"9"}),  # spelled numbers count
        ("How much is a helmet?", set()),
        ("What is the price of a saddle?", set()),
        ("How much is it?", None),
        ("When are you open?", None),
    ],
)
def test_the_prices_that_may_be_said(question: str, numbers: set[str] | None) -> None:
    assert FACTS.prices(question) == numbers
