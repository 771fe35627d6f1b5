"""The dialled user's plan, else the default; and `offhook plan`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from plans import write
from pydantic import BaseModel

from dialplans import cli
from dialplans.routes import SHIPPED, NoSuchPlan, Routes
from dialplans.schema import VERBS, PlanSpec
from dialplans.yaml_source import SourceError


def test_the_dialled_plan_or_the_default() -> None:
    routes = Routes("reception")
    assert routes.find("echo")[0] == "echo"
    assert routes.find("ECHO")[0] == "echo"
    assert routes.find("+4930123")[0] == "reception"
    assert routes.find("../../etc/passwd")[0] == "reception"
    assert routes.find("")[0] == "reception"
    assert sorted(plan.name for plan in routes.all()) == ["echo", "menu", "reception"]


def test_no_default() -> None:
    with pytest.raises(NoSuchPlan, match="nobody"):
        Routes("").find("nobody")


def test_a_folder_comes_before_what_is_shipped(tmp_path: Path) -> None:
    write(tmp_path, "description: ours\nsteps: [hangup]", "echo.yaml")
    write(tmp_path, "name: Sales\nsteps: [hangup]", "x.yml")
    write(tmp_path, "not: a plan", "notes.txt")
    routes = Routes("Sales", tmp_path)
    assert routes.find("echo")[1].spec.description == "ours"
    assert routes.find("anybody")[0] == "Sales"


def test_a_file_as_the_default(tmp_path: Path) -> None:
    path = write(tmp_path, "steps: [hangup]", "night.yaml")
    routes = Routes(str(path))
    name, plan = routes.find("anybody")
    assert (name, plan.folder) == ("night", tmp_path)
    assert plan in routes.all()
    assert routes.find("echo")[0] == "echo"


@pytest.mark.parametrize("folder", [False, True])
def test_a_file_as_the_default_comes_before_a_plan_of_its_name(tmp_path: Path, folder: bool) -> None:
    mine = write(tmp_path, "name: reception\ndescription: mine\nsteps: [hangup]", "mine.yaml")
    plans = tmp_path / "plans"
    plans.mkdir()
    write(plans, "name: reception\ndescription: theirs\nsteps: [hangup]", "reception.yaml")
    routes = Routes(str(mine), plans if folder else None)
    for dialled in ("reception", "RECEPTION", "anybody"):
        assert routes.find(dialled)[1].spec.description == "mine"
    assert [plan.spec.description for plan in routes.all() if plan.name == "reception"] == ["mine"]
    assert sorted(routes.names) == ["echo", "menu", "reception"]


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, "steps: [hangup", "a.yaml")
    write(tmp_path, "name: c\nsteps: [hangup]", "b.yaml")
    write(tmp_path, "steps: [hangup]", "c.yaml")
    write(tmp_path, "steps: [pong]", "d.yaml")
    with pytest.raises(SourceError) as error:
        Routes(str(tmp_path / "none.yaml"), tmp_path)
    messages = str(error.value).replace(str(tmp_path) + "/", "").splitlines()
    assert [message.split(": ", 2)[0] for message in messages] == [
        "a.yaml:1",
        "c.yaml",
        "d.yaml:1",
        "none.yaml",
    ]
    assert messages[1] == 'c.yaml: a second plan with the name "c"'


@pytest.mark.parametrize(
    ("default", "message"),
    [
        ("recpetion", "recpetion: no such plan; there are echo, menu, reception"),
        ("none.yaml", "none.yaml: No such file"),
    ],
)
def test_a_default_that_is_not_there(default: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        Routes(default)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such folder of plans"):
        Routes("reception", tmp_path / "none")


def test_check_says_ok(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.check([SHIPPED / "echo.yaml", str(SHIPPED / "menu.yaml")]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out == [
        f"{SHIPPED / 'echo.yaml'}: ok (echo, 1 step)",
        f"{SHIPPED / 'menu.yaml'}: ok (menu, 5 steps)",
    ]


def test_check_says_what_is_wrong_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "steps:\n- say: '{x}'\n- goto: y")
    assert cli.check([path, SHIPPED / "echo.yaml"]) == 2
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        f'{path}:2: steps[0].say: nothing fills "{{x}}"; there are called, caller, caller_name',
        f'{path}:3: steps[1].goto: no step "y"; there are start',
    ]
    assert "echo.yaml: ok" in printed.out


def test_the_schema_describes_every_verb() -> None:
    schema = json.loads(cli.schema())
    assert schema["title"] == "Offhook plan"
    assert schema["required"] == ["steps"]
    assert schema["properties"]["facts"]["description"].startswith("Texts to use as")
    entries = {name.removesuffix("Entry").lower() for name in schema["$defs"] if name.endswith("Entry")}
    assert entries == {
        "say", "play", "gather", "menu", "agent", "press", "transfer", "goto", "hangup", "echo",
    }  # fmt: skip
    gather = schema["$defs"]["Gather"]
    assert set(gather["required"]) == {"slot", "prompt"}
    assert all("description" in key for key in gather["properties"].values())


def _keys(annotation: Any) -> set[str]:
    """The keys of a model and of the models inside it, but not those of a plan's verbs."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        inner = (_keys(field.annotation) for name, field in fields if name != "steps")
        return {name for name, _ in fields}.union(*inner)
    return set().union(*map(_keys, get_args(annotation)))


def _documented(part: str) -> set[str]:
    """The words of what stands in code type."""
    return {word for code in re.findall(r"`([^`]+)`", part) for word in re.findall(r"\w+", code)}


def test_every_key_is_documented_where_it_belongs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "dialplans.md").read_text(encoding="utf-8")
    parts = {part.split("\n", 1)[0]: part for part in re.split(r"^## ", text, flags=re.M)}
    assert _keys(PlanSpec) - _documented(parts["The plan"]) == set()
    sections = dict(re.findall(r"^\*\*`(\w+)((?:(?!^\*\*`).)*)", parts["Verbs"], flags=re.M | re.S))
    assert sections.keys() == VERBS.keys()
    everywhere = _documented(parts["Texts"])
    for name, (model, _) in VERBS.items():
        assert _keys(model) - _documented(f"`{name}{sections[name]}") - everywhere == set(), name
    assert "usual_digits" in _keys(VERBS["gather"][0]) and "voice" in _keys(VERBS["gather"][0])


def test_the_plan_in_the_documentation_is_right(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "dialplans.md").read_text(encoding="utf-8")
    example = text.split("```yaml\n")[1].split("```")[0]
    assert cli.check([write(tmp_path, example)]) == 0
