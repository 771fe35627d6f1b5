"""What plans do when words get lost on the line: shorter, read back, then keys, and back up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from plans import plan

from brain.expect import Expect, Interruptible
from dialplans.call import Heard, Keyed, Nothing, Said
from dialplans.fake_call import ScriptedCall, journey
from media.line_quality import LineStep

GOOD, POOR, BAD = LineStep.GOOD, LineStep.POOR, LineStep.BAD

ASK = """
steps:
- gather:
    slot: number
    type: digits
    min_digits: 4
    max_digits: 4
    prompt: What number, please, can we call you back on?
    short_prompt: Your number?
    keys_prompt: Please key it in.
- say: {text: "Thank you very much for your call.", short: Thank you.}
"""


class Line(ScriptedCall):
    """A call whose line is at `steps[n]` when question n is asked, and at the last from then on."""

    def __init__(self, steps: Sequence[LineStep], *script: Heard | tuple[str, Heard]) -> None:
        super().__init__(*script)
        self.steps = list(steps)
        self.line = self.steps.pop(0)

    async def ask(
        self, prompt: str, expect: Expect, interruptible: Interruptible = Interruptible.SPEECH
    ) -> Heard:
        heard = await super().ask(prompt, expect, interruptible)
        if self.steps:
            self.line = self.steps.pop(0)
        return heard


async def test_on_a_good_line_nothing_changes(tmp_path: Path) -> None:
    call = Line([GOOD], ("What number, please", Said("1 2 3 4", 0.9)))
    await journey(plan(tmp_path, ASK), call)
    assert call.said == ["What number, please, can we call you back on?", "Thank you very much for your call."]


async def test_on_a_poor_line_prompts_are_short_and_answers_read_back(tmp_path: Path) -> None:
    call = Line([POOR], ("Your number?", Said("1 2 3 4", 0.9)), ("I have one two three four", Said("Yes.", 0.9)))
    await journey(plan(tmp_path, ASK), call)
    assert call.said[-1] == "Thank you."


async def test_on_a_bad_line_keys_are_asked_for_at_once(tmp_path: Path) -> None:
    call = Line([BAD], ("key it in", Keyed("1234")), ("press 1", Keyed("1")))
    await journey(plan(tmp_path, ASK), call)
    assert not any(expect.voice for expect in call.asked)


async def test_a_line_that_falls_in_the_middle_leads_to_keys_after_the_first_failure(tmp_path: Path) -> None:
    call = Line([GOOD, BAD], ("What number", Nothing()), ("key it in", Keyed("1234")), ("press 1", Keyed("1")))
    await journey(plan(tmp_path, ASK), call)
    assert [expect.voice for expect in call.asked] == [True, False, False]


async def test_when_it_recovers_the_next_question_is_spoken_again(tmp_path: Path) -> None:
    twice = ASK.replace("- say:", ASK.split("steps:\n")[1].split("- say:")[0].replace("number", "other") + "- say:", 1)
    call = Line(
        [BAD, BAD, GOOD], ("key it in", Keyed("1234")), ("press 1", Keyed("1")), ("What other", Said("5 6 7 8", 0.9))
    )
    await journey(plan(tmp_path, twice), call)
    assert [expect.voice for expect in call.asked] == [False, False, True]


async def test_what_has_no_keys_is_still_asked_by_voice(tmp_path: Path) -> None:
    call = Line([BAD], ("What is it about?", Said("a bill", 0.9)), ("You said: a bill", Said("Yes.", 0.9)))
    await journey(plan(tmp_path, 'steps:\n- gather: {slot: why, prompt: "What is it about?"}\n- hangup'), call)
    assert call.asked[0].voice


MENU = """
steps:
  start:
  - menu:
      prompt: For bills, please say billing or press 1, for all else say other or press 2.
      short_prompt: Billing, or other?
      keys_prompt: For bills press 1, else 2.
      options: {"1": {phrases: billing, goto: done}, "2": {phrases: other, goto: done}}
      on_fail: done
  done:
  - hangup
"""


@pytest.mark.parametrize(
    ("step", "prompt", "voice"),
    [(GOOD, "please say billing", True), (POOR, "Billing, or other?", True), (BAD, "press 1, else 2", False)],
)
async def test_a_menu(tmp_path: Path, step: LineStep, prompt: str, voice: bool) -> None:
    call = Line([step], (prompt, Keyed("1")))
    await journey(plan(tmp_path, MENU), call)
    assert [expect.voice for expect in call.asked] == [voice]


async def test_a_menu_goes_over_to_keys_when_the_line_falls(tmp_path: Path) -> None:
    call = Line([GOOD, BAD], ("please say billing", Nothing()), ("press 1, else 2", Keyed("2")))
    await journey(plan(tmp_path, MENU), call)
    assert [expect.voice for expect in call.asked] == [True, False]
