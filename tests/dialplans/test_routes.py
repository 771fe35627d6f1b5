"""The dialled user's plan, else the default; and `offhook plan`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from plans import write

from dialplans import cli
from dialplans.routes import SHIPPED, NoSuchPlan, Routes
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
        f"{SHIPPED / 'echo.yaml'}: ok (echo, 1 steps)",
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


def test_the_plan_in_the_documentation_is_right(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "dialplans.md").read_text(encoding="utf-8")
    example = text.split("```yaml\n")[1].split("```")[0]
    assert cli.check([write(tmp_path, example)]) == 0
