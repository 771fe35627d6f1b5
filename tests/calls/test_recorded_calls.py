"""Journals of real calls: each replays to the same actions.

A deliberate change of policy writes them anew and shows what changed: offhook replay --rerecord tests/calls/*.jsonl
"""

from __future__ import annotations

from pathlib import Path

import pytest

from brain import journal

CALLS = sorted(Path(__file__).parent.glob("*.jsonl"))


def test_there_are_calls() -> None:
    assert CALLS


@pytest.mark.parametrize("path", CALLS, ids=lambda path: path.stem)
def test_a_call_replays_to_the_same_actions(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    differences = journal.replay(lines)
    for item in differences[:3]:
        print(f"{path.name}:{item.line} {item.event}: {item.recorded} became {item.replayed}")
    assert not differences, "a deliberate change? offhook replay --rerecord tests/calls/*.jsonl shows what it does"


@pytest.mark.parametrize("path", CALLS, ids=lambda path: path.stem)
def test_a_call_is_as_it_would_be_recorded_today(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert journal.rerun(lines) == lines
