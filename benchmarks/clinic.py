"""A clinic drawn from a seed, and what callers ask it: facts nobody tuned for, in words nobody tuned for.

Each question has many paraphrases. The first half of each list was used while developing; the second half
(`held_out`) is only ever scored.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask. An answer counts if its transcript matches every one of `facts` (regular expressions)."""

    topic: str
    text: str
    facts: tuple[str, ...]
    held_out: bool


PARAPHRASES: dict[str, tuple[str, ...]] = {
    "hours": (
        "What are your opening hours?",
        "When are you open?",
        "What time do you open?",
        "Can you tell me your opening times, please?",
        "Until when are you open on weekdays?",
        "When does the clinic open during the week?",
        "How late are you open on a Monday?",
        "At what time can I come in on a weekday?",
        "Could you give me your hours, please?",
        "From when to when is the clinic open?",
        "I'd like to know when you're open.",
        "What hours do you keep?",
    ),
    "street": (
        "Where are you?",
        "What is your address?",
        "Which street are you on?",
        "Where is the clinic located?",
        "Can you give me the address, please?",
        "Where can I find you?",
        "What street is the clinic on?",
        "Where exactly is your clinic?",
        "How do I find you, what is the address?",
        "Could you tell me where you are located?",
        "I need your address, please.",
        "What is the street address of the clinic?",
    ),
    "parking": (
        "Is there parking?",
        "Where can I park?",
        "Can I park at the clinic?",
        "Do you have parking spaces?",
        "What about parking?",
        "Where do I leave my car?",
        "Is there anywhere to park?",
        "I'm coming by car, where can I park?",
        "Could you tell me about parking?",
        "Do you have a car park?",
    ),
    "bus": (
        "Which bus goes to you?",
        "What bus do I take?",
        "How do I get there by bus?",
        "Which bus line stops near you?",
        "Is there a bus to the clinic?",
        "What number bus do I need?",
        "Can I come by bus?",
        "I don't drive. Which bus can I take?",
        "What bus stops at the clinic?",
        "By which bus can I reach you?",
    ),
    "children": (
        "Which doctor sees children?",
        "Who is your children's doctor?",
        "Who can look at my daughter, she is five?",
        "Do you have a doctor for children?",
        "Which doctor is for kids?",
        "My son is ill. Which doctor sees children?",
        "What is the name of the doctor for children?",
        "Who treats children at your clinic?",
    ),
    "skin": (
        "Which doctor do I see about my skin?",
        "Who is your skin doctor?",
        "Do you have a doctor for skin problems?",
        "I have a rash. Which doctor is for skin?",
        "What is the name of your skin doctor?",
        "Who looks at skin problems?",
        "Is there a doctor for skin at the clinic?",
        "Which of your doctors does skin?",
    ),
    "first_visit": (
        "How much is a first visit?",
        "What does the first visit cost?",
        "What do I pay for the first visit?",
        "How much do you charge for a first visit?",
        "What is the price of a first visit?",
        "How expensive is the first visit?",
        "Can you tell me what a first visit costs?",
        "What will my first visit cost me?",
    ),
}

_NAMES = (
    "Baker", "Carter", "Mason", "Parker", "Turner", "Walker",
    "Foster", "Hunter", "Palmer", "Cooper", "Porter", "Wilson",
)  # fmt: skip
_ALSO_HEARD = {"baker": "becker", "palmer": "pommer"}
_STREETS = ("Market", "Church", "Garden", "Station", "Bridge", "Castle", "Harbor", "Orchard", "Mill", "Forest")
_PLACES = ("school", "post office", "station", "museum", "town hall", "supermarket")
_WORDS = {
    1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten",
    11: "eleven", 12: "twelve", 13: "thirteen", 14: "fourteen", 15: "fifteen", 16: "sixteen", 17: "seventeen",
    18: "eighteen", 19: "nineteen", 20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty",
    70: "seventy", 80: "eighty", 90: "ninety",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clinic:
    """The facts of one run: those of the plan, and what an answer about each topic must hold."""

    facts: dict[str, str]
    proof: dict[str, tuple[str, ...]]


def number(value: int) -> str:
    """A pattern for a number as a recogniser may write it: in figures or in words."""
    words = _WORDS.get(value) or f"{_WORDS[value // 10 * 10]}[ -]{_WORDS[value % 10]}"
    return rf"\b{value}(?:[ap:]|\b)|\b{words}\b"


def spelled(value: str) -> str:
    """A pattern for a name as a recogniser may spell it: with one letter wrong, missing or too many.

    No two names here are so alike that one could be taken for another.
    """
    value = value.lower()
    near = [rf"{value[:i]}\w{{0,2}}{value[i + 1 :]}" for i in range(len(value))]
    return rf"\b(?:{'|'.join([*near, _ALSO_HEARD.get(value, value)])})\b"


def draw(rng: random.Random) -> Clinic:
    """A clinic."""
    opens, closes = rng.randint(7, 10), rng.randint(4, 8)
    house, street, place = rng.randint(2, 89), rng.choice(_STREETS), rng.choice(_PLACES)
    parking = rng.choice(("behind", "in front of", "under"))
    line, stop = rng.randint(2, 19), rng.choice(_PLACES)
    adults, children, skin = rng.sample(sorted(_NAMES), 3)
    cost = rng.choice((20, 30, 40, 50, 60, 70, 80, 90))
    return Clinic(
        {
            "hours": f"Monday to Friday from {opens} to {closes}, closed on Saturday and Sunday",
            "street": f"{house} {street} Street, next to the {place}",
            "parking": f"free, {parking} the clinic",
            "bus": f"line {line}, stop {stop}",
            "adults_doctor": f"Doctor {adults}",
            "children_doctor": f"Doctor {children}",
            "skin_doctor": f"Doctor {skin}",
            "first_visit": f"{cost} dollars; bring your insurance card",
        },
        {
            "hours": (rf"{number(opens)}|{number(closes)}",),
            "street": (spelled(street),),
            "parking": (rf"free|{parking}",),
            "bus": (number(line),),
            "children": (spelled(children),),
            "skin": (spelled(skin),),
            "first_visit": (number(cost),),
        },
    )


def questions(clinic: Clinic, rng: random.Random) -> list[Question]:
    """Every paraphrase once, shuffled."""
    asked = [
        Question(topic, text, clinic.proof[topic], index >= len(texts) // 2)
        for topic, texts in PARAPHRASES.items()
        for index, text in enumerate(texts)
    ]
    rng.shuffle(asked)
    return asked


def holds(transcript: str, facts: tuple[str, ...]) -> bool:
    """Whether what was heard holds the facts."""
    text = transcript.lower()
    return all(re.search(fact, text) for fact in facts)
