"""Questions for `benchmarks.llm` about the clinic of `benchmarks.clinic`: those that may be tuned on, and some that
come close to what the plan knows but that it doesn't answer. Nothing of the half that is only scored is here."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from benchmarks.clinic import draw, questions
from benchmarks.ear_to_mouth import plan_of
from brain.orchestrator import AgentSpec
from dialplans.plan import load_plan

SEED = 31

NEAR = (
    "How much is a flu shot?",
    "What does Doctor Reed look like?",
    "Is the parking heated?",
    "Which doctor sees dogs?",
    "When is the library open?",
    "What is the doctor's phone number?",
    "When does the bus leave?",
    "Which doctor does heart surgery?",
    "Is there a pharmacy on Willow Street?",
    "How long is a first visit?",
    "Who is your dentist?",
    "What do flu shots cost?",
    "Is there a lift at the clinic?",
    "When is Doctor Cole on holiday?",
    "Does the bus run at night?",
    "Where can I charge my car?",
    "What insurance do you take?",
    "How old is Doctor Reed?",
    "Which bus goes to the airport?",
    "What is the doctor's first name?",
)


def agent() -> AgentSpec:
    """The reception plan's, with the facts of the seed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reception.yaml"
        path.write_text(plan_of(draw(random.Random(SEED)).facts))
        return next(load_plan(path).agents())


def tuned_on() -> list[tuple[str, str, str]]:
    """Topic, question and the pattern of its answer, for each that was used while developing."""
    asked = questions(draw(random.Random(SEED)), random.Random(SEED))
    return [(q.topic, q.text, "|".join(q.facts)) for q in asked if not q.held_out]
