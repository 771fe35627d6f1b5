"""Plans written in tests."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from dialplans.plan import Plan, load_plan
from dialplans.yaml_source import SourceError


def write(folder: Path, text: str, name: str = "plan.yaml") -> Path:
    """A plan file with `text`, without its indentation."""
    path = folder / name
    path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return path


def plan(folder: Path, text: str) -> Plan:
    """`text` as a plan."""
    return load_plan(write(folder, text))


def problems(folder: Path, text: str) -> list[str]:
    """What is wrong with `text`, each as "LINE: message"."""
    path = write(folder, text)
    with pytest.raises(SourceError) as error:
        load_plan(path)
    assert all(problem.file == str(path) for problem in error.value.problems)
    return [f"{problem.line}: {problem.message}" for problem in error.value.problems]
