"""A plan that can't work is refused when it is loaded, with the line of each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from plans import plan, problems


def bad_plans() -> list[object]:
    """The cases of bad_plans.txt: a heading, a plan, and how its only problem begins."""
    cases = (Path(__file__).parent / "bad_plans.txt").read_text().split("=== ")[1:]
    rows = []
    for case in cases:
        name, rest = case.split("\n", 1)
        text, problem = rest.split("\n--- ")
        rows.append(pytest.param(text, problem.rstrip("\n"), id=name))
    return rows


@pytest.mark.parametrize(("text", "problem"), bad_plans())
def test_the_form(tmp_path: Path, text: str, problem: str) -> None:
    found = problems(tmp_path, text)
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_all_that_contradicts_itself_is_told_at_once(tmp_path: Path) -> None:
    text = """
        steps:
          - gather:
              slot: day
              type: date
              prompt: When?
              min_digits: 9
              max_digits: 3
              currency: DOL
              on_yes: end
              min: tomorow
              max: "25:00"
              confirm: "{day}?"
              confirm_when: never
          - menu:
              prompt: Choose.
              options:
                "1": {goto: end, phrases: [a, b]}
                "2": {goto: end, phrases: [A, c]}
                "3": {goto: end, phrases: [B, a]}
          - agent:
              prompt: x
              exits:
                failed: {when: to leave, goto: end}
                turns: {when: to turn, goto: end}
    """
    assert problems(tmp_path, text) == [
        "6: steps[0].gather.min_digits: min_digits (9) is more than max_digits (3)",
        "6: steps[0].gather.min_digits: only for type: digits",
        "7: steps[0].gather.max_digits: only for type: digits",
        "8: steps[0].gather.currency: only for type: money",
        "8: steps[0].gather.currency: unknown currency DOL; known are USD, EUR, GBP, CHF, CAD, AUD, INR, JPY",
        "9: steps[0].gather.on_yes: only for type: yes_no",
        '10: steps[0].gather.min: "tomorow" is no date: today, tomorrow, today+30 or 2026-12-31 is expected',
        '11: steps[0].gather.max: "25:00" is no date: today, tomorrow, today+30 or 2026-12-31 is expected',
        "12: steps[0].gather.confirm: confirm is never said with confirm_when: never",
        '18: steps[1].menu.options.2.phrases: options 1 and 2 have the same phrase "A"',
        '19: steps[1].menu.options.3.phrases: options 1 and 3 have the same phrase "B"',
        '19: steps[1].menu.options.3.phrases: options 1 and 3 have the same phrase "a"',
        '23: steps[2].agent.exits.failed: an exit can\'t be named "failed": that is how a conversation ends by itself',
        '24: steps[2].agent.exits.turns: an exit can\'t be named "turns": that is how a conversation ends by itself',
    ]


def test_gotos_lead_somewhere(tmp_path: Path) -> None:
    text = """
        start: hello
        steps:
          helo:
            - menu:
                prompt: Choose.
                options:
                  "1": {goto: hello}
                on_fail: by
            - agent:
                prompt: x
                exits:
                  leave:
                    when: to leave
                    goto: bye_bye
                on_turns: helo
            - transfer: {target: "sip:a@b", on_fail: helo}
          bye:
            - goto: hell
    """
    assert problems(tmp_path, text) == [
        '1: start: no step "hello"; did you mean "helo"?',
        '3: steps.helo: no step goes here',
        '7: steps.helo[0].menu.options.1.goto: no step "hello"; did you mean "helo"?',
        '8: steps.helo[0].menu.on_fail: no step "by"; did you mean "bye"?',
        "9: steps.helo[1].agent: is never reached: the verb before it always goes elsewhere",
        '14: steps.helo[1].agent.exits.leave.goto: no step "bye_bye"; did you mean "bye"?',
        "17: steps.bye: no step goes here",
        '18: steps.bye[0].goto: no step "hell"; did you mean "helo"?',
    ]  # fmt: skip


def test_what_is_never_reached(tmp_path: Path) -> None:
    text = """
        steps:
          one:
            - goto: two
            - say: Never.
            - say: Never either.
          two:
            - hangup
          three:
            - goto: three
    """
    assert problems(tmp_path, text) == [
        "4: steps.one[1].say: is never reached: the verb before it always goes elsewhere",
        "8: steps.three: no step goes here",
    ]


def test_holes_are_filled_by_something(tmp_path: Path) -> None:
    text = """
        facts: {hours: 8 to 6}
        headers: {customer: X-Customer}
        steps:
          - say: "{hours} {customer} {caller} {called} {caller_name} {nmae} {zip}"
          - gather:
              slot: name
              prompt: "{hourz}?"
              reprompts: ["again", "{name} {nam}"]
              confirm: "{neme}?"
              by: voice
    """
    assert problems(tmp_path, text) == [
        '4: steps[0].say: nothing fills "{nmae}"; did you mean "name"?',
        '4: steps[0].say: nothing fills "{zip}"; '
        "there are called, caller, caller_name, customer, hours, name",
        '7: steps[1].gather.prompt: nothing fills "{hourz}"; did you mean "hours"?',
        '8: steps[1].gather.reprompts[1]: nothing fills "{nam}"; did you mean "name"?',
        '9: steps[1].gather.confirm: nothing fills "{neme}"; did you mean "name"?',
    ]


def test_the_callers_words_stay_out_of_an_agent(tmp_path: Path) -> None:
    text = """
        facts: {hours: 8 to 6}
        steps:
          start:
            - gather: {slot: name, type: name, prompt: Who}
            - agent:
                prompt: |
                  You talk to {name} about {hours} and {prices}.
                answers:
                  - {when: who am I, say: "You are {caller_name}."}
                exits:
                  done: {when: to leave, say: "Bye {name}.", goto: start}
                fallback: "{name}?"
    """
    assert problems(tmp_path, text) == [
        '6: steps.start[1].agent.prompt: "{name}" is not one of the facts: '
        "the caller's words may not get in here",
        '6: steps.start[1].agent.prompt: "{prices}" is not one of the facts: there is no such fact',
        '9: steps.start[1].agent.answers[0].say: "{caller_name}" is not one of the facts: '
        "the caller's words may not get in here",
        '11: steps.start[1].agent.exits.done.say: "{name}" is not one of the facts: '
        "the caller's words may not get in here",
        '12: steps.start[1].agent.fallback: "{name}" is not one of the facts: '
        "the caller's words may not get in here",
    ]


def test_a_name_stands_for_one_thing(tmp_path: Path) -> None:
    text = """
        facts: {caller: me, hours: x}
        headers:
          hours: X-Hours
        steps:
          - gather: {slot: hours, prompt: x, by: voice}
          - gather: {slot: called, prompt: x, by: voice}
    """
    assert problems(tmp_path, text) == [
        '1: facts.caller: "caller" is a slot of every call already',
        '3: headers.hours: "hours" is one of the facts already',
        '5: steps[0].gather.slot: "hours" is one of the facts already',
        '6: steps[1].gather.slot: "called" is a slot of every call already',
    ]


def test_files_and_engines_are_there(tmp_path: Path) -> None:
    (tmp_path / "noise.wav").write_text("this is no recording")
    (tmp_path / "model").mkdir()
    text = """
        voice: jo
        stt: ./model
        steps:
          - play: gone.wav
          - play:
              file: noise.wav
    """
    voice, stt, gone, noise = problems(tmp_path, text)
    assert voice == '1: voice: unknown voice "jo"; did you mean "joe"?'
    assert stt == f"2: stt: no model in {tmp_path / 'model'}: a folder with a model.bin is expected"
    assert gone.startswith("4: steps[0].play: ") and "no such file" in gone
    assert noise.startswith("6: steps[1].play.file: ") and "not a WAV file" in noise
    assert problems(tmp_path, "voice: voices/x.onnx\nstt: huge\nsteps: [hangup]") == [
        f"1: voice: no such file: {tmp_path / 'voices/x.onnx'}",
        '2: stt: unknown stt "huge"; there are base, tiny.en',
    ]


def test_engines_by_path_and_by_name(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.bin").touch()
    (tmp_path / "x.onnx").touch()
    by_path = plan(tmp_path, "voice: x.onnx\nstt: ./model\nlanguage: de\nphrases: Hallo\nsteps: [hangup]")
    assert by_path.tts.voice == str(tmp_path / "x.onnx")
    assert (by_path.stt.model, by_path.stt.language) == (str(tmp_path / "model"), "de")
    assert by_path.stt.phrases == ("Hallo",)
    by_name = plan(tmp_path, "voice: joe\nspeed: 1.1\nstt: tiny.en\nsteps: [hangup]")
    assert (by_name.tts.voice, by_name.tts.speed, by_name.stt.model) == ("joe", 1.1, "tiny.en")
