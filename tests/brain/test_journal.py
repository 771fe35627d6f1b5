"""The journal: what is written is read again, and replays."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from scripted import Talk

from brain import events as ev
from brain import journal
from brain.expect import Expect, Interruptible, Kind
from brain.journal import JournalError
from media.prosody import Prosody


def a_conversation() -> list[str]:
    """With a prompt, an interruption, keys, a hold and a silence."""
    talk = Talk(score=0.9).asked(kind=Kind.CHOICE, phrases=("billing", "sales"), prompt=True).prompt(0.3, 4.0)
    talk.says("Sales, please.", 1.0, 1.7, partial=1.5).until(5).asked(5.0, silence_s=3.0).keys(
        "1", 6.0
    ).until(7)
    return talk.asked(7.0).hold(8.0, 9.0).until(20).lines


EVERY_EVENT: list[ev.Event] = [
    ev.SpeechMaybe(0.1, 0.05),
    ev.SpeechStarted(0.30000000000000004, 0.1),
    ev.SpeechStopped(1.1, 1.0),
    ev.Prosody(1.15, Prosody(1.5, -0.3, 0.14)),
    ev.PartialText(1.2, 3, 'He said "oh"\n'),
    ev.PartialText(1.25, 3, "She did", 1.1),
    ev.FinalText(1.3, 3, 4, "Füße, да", 0.123456789),
    ev.TurnScore(1.4, 4, 1e-17),
    ev.EchoChanged(1.45, True),
    ev.DistanceChanged(1.47, False),
    ev.KeyPressed(1.5, "#"),
    ev.PromptStarted(1.6, 5, Interruptible.KEYS),
    ev.PromptEnded(1.7, 5),
    ev.Asked(1.8, Expect(Kind.CHOICE, 2, 4, "*", ("a", "b"), False, True, 5.0, 2.0, 1.5, (7, 10), "12", True), True),
    ev.AskWithdrawn(1.9),
    ev.SttFailed(2.0),
    ev.SttRecovered(2.1),
    ev.HoldChanged(2.2, True),
    ev.Tick(2.3),
]


def test_every_event_is_read_as_it_was_written() -> None:
    assert {type(event) for event in EVERY_EVENT} == set(get_args(ev.Event))
    lines = [journal.HEADER, *(journal.line_of(event, ()) for event in EVERY_EVENT)]
    assert [event for _, event, _ in journal.read(lines)] == EVERY_EVENT
    assert [number for number, _, _ in journal.read(lines)] == list(range(2, 2 + len(EVERY_EVENT)))


def test_a_journal_replays_to_the_same_actions() -> None:
    lines = a_conversation()
    assert sum("actions" in json.loads(line) for line in lines) > 5
    assert journal.replay(lines) == []
    assert journal.replay(f"{line}\n" for line in lines) == []


def test_replay_says_where_and_how_it_differs() -> None:
    lines = a_conversation()
    number = next(n for n, line in enumerate(lines, 1) if "CommitKeys" in line)
    lines[number - 1] = lines[number - 1].replace('"keys": "1"', '"keys": "2"')
    (difference,) = journal.replay(lines)
    assert (difference.line, difference.event) == (number, "KeyPressed")
    assert difference.recorded[-1]["keys"] == "2" and difference.replayed[-1]["keys"] == "1"


def test_a_lost_line_shows() -> None:
    lines = a_conversation()
    lost = next(n for n, line in enumerate(lines) if "SpeechStarted" in line)
    assert journal.replay([*lines[:lost], *lines[lost + 1 :]])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: JSONDecodeError"),
        ("[]", "line 2: "),
        ('{"event": "Tock", "at": 1.0}', "line 2: KeyError"),
        ('{"at": 1.0}', "line 2: KeyError"),
        ('{"event": "Tick"}', "missing field at"),
        ('{"event": "Tick", "at": 1.0, "by": 2}', "unknown field by"),
        ('{"event": "Tick", "at": "soon"}', "line 2: TypeError: expected float"),
        ('{"event": "HoldChanged", "at": 1.0, "held": "yes"}', "expected bool"),
        ('{"event": "PromptEnded", "at": 1.0, "utterance": true}', "expected int"),
        (
            '{"event": "PromptStarted", "at": 1.0, "utterance": 1, "interruptible": "perhaps"}',
            "line 2: ValueError",
        ),
        ('{"event": "Asked", "at": 1.0, "expect": 3}', "expected an object"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(line: str, message: str) -> None:
    with pytest.raises(JournalError, match=message):
        journal.replay([journal.HEADER, line])


@pytest.mark.parametrize(
    "lines", [[], ['{"journal": 99}'], ['{"event": "Tick", "at": 1.0}'], ["[]"], ["hello"]]
)
def test_only_a_journal_of_this_version_is_read(lines: list[str]) -> None:
    with pytest.raises(JournalError, match="line 1"):
        journal.replay(lines)


def test_a_rerun_under_the_same_policy_changes_nothing() -> None:
    lines = a_conversation()
    assert journal.rerun(lines) == lines


def test_a_tick_that_came_late_is_kept() -> None:
    lines = a_conversation()
    first = next(line for line in lines if '"Tick"' in line)
    at = json.loads(first)["at"]
    late = [line.replace(f'"at": {at}', f'"at": {at + 0.05}', 1) if line == first else line for line in lines]
    rerun = journal.rerun(late)
    assert f'"at": {at + 0.05}' in "".join(rerun) and len(rerun) == len(late)


def test_a_rerun_puts_the_timers_where_they_fall_now(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = a_conversation()
    monkeypatch.setattr("brain.endpointing.QUICK_S", 0.4)
    monkeypatch.setattr("brain.endpointing.PAUSE_S", 0.3)
    after = journal.rerun(lines)
    assert after != lines and journal.replay(after) == []
    assert journal.rerun(after) == after
    outside = [[line for line in some if '"Tick"' not in line] for some in (lines, after)]
    assert [json.loads(a)["event"] for a in outside[0][1:]] == [json.loads(b)["event"] for b in outside[1][1:]]


def test_a_line_is_told_in_words() -> None:
    told = [journal.told(line) for line in a_conversation()[1:]]
    assert any("SpeechStarted since=" in line and "->  " in line and "BeginSegment(segment=1" in line for line in told)
