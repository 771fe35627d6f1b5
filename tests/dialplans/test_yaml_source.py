"""Every mistake in a YAML file is told with its line, all at once."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from dialplans.yaml_source import SourceError, load, parse, read


class Door(BaseModel):
    model_config = ConfigDict(extra="forbid")
    port: int = Field(5060, ge=1, le=65535)
    name: str


class House(BaseModel):
    model_config = ConfigDict(extra="forbid")
    door: Door
    rooms: list[str] = []
    doors: dict[str, Door] = {}
    back: Door | None = None


def wrong(text: str) -> list[str]:
    with pytest.raises(SourceError) as error:
        parse(text, "house.yaml").validate(House)
    return [str(problem) for problem in error.value.problems]


def test_a_right_file(tmp_path: Path) -> None:
    path = tmp_path / "house.yaml"
    path.write_text("door:\n  name: front\nrooms: [a, b]\n")
    house = load(path, House)
    assert (house.door.name, house.door.port, house.rooms) == ("front", 5060, ["a", "b"])


def test_all_problems_are_told_in_the_order_of_their_lines() -> None:
    assert wrong("door:\n  prot: 1\n  port: 99999\nrooms: [a, [b]]\n") == [
        'house.yaml:1: door: the key "name" is missing',
        'house.yaml:2: door: unknown key "prot"; did you mean "port"?',
        "house.yaml:3: door.port: should be less than or equal to 65535",
        "house.yaml:4: rooms[1]: should be text",
    ]


def test_did_you_mean_in_mappings_and_optional_parts() -> None:
    assert wrong("door: {name: x}\ndoors:\n  left:\n    name: x\n    pört: 1\nback: {nam: y}\n") == [
        'house.yaml:5: doors.left: unknown key "pört"; did you mean "port"?',
        'house.yaml:6: back: the key "name" is missing',
        'house.yaml:6: back: unknown key "nam"; did you mean "name"?',
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "house.yaml: the file is empty"),
        ("# nothing\n", "house.yaml: the file is empty"),
        ("- a\n", "house.yaml:1: should be a mapping"),
        ("door: [1\nrooms: 2", "house.yaml:2: "),
        ("door:\n\tname: x", "house.yaml:2: "),
        ("a: 1\n---\nb: 2", "house.yaml:2: "),
        ("door: {name: x}\ndoor: {name: y}", 'house.yaml:2: the key "door" is here twice (first'),
        ("door: {name: !secret x}", "house.yaml:1: the tag !secret is not supported"),
        ("door: !!python/object:os.x {}", "house.yaml:1: the tag tag:yaml.org,2002:python"),
        (
            "door: {name: who?}",
            "house.yaml:1: expected ',' or '}', but got '?'; is it in a text that needs quotes",
        ),
        (
            "door: a: b",
            "house.yaml:1: mapping values are not allowed here; is it in a text that needs quotes?",
        ),
        ("? [a]\n: b", "house.yaml:1: a key must be text"),
        ("door: &d\n  name: x\n  <<: *d", "house.yaml:3: is nested too deep, or contains itself"),
        ("door:\n  name: *nobody", "house.yaml:2: found undefined alias 'nobody'"),
        ("door:\n  name: \x07", "house.yaml:2: a character that YAML forbids"),
    ],
)
def test_what_is_no_yaml_of_ours(text: str, message: str) -> None:
    assert wrong(text)[0].startswith(message)


def test_aliases_of_aliases_come_to_an_end() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    names = "abcdefghij"
    for before, name in zip(names, names[1:], strict=False):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]")
    assert len(wrong("\n".join(lines))) == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        read(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: M\xfcller")
    with pytest.raises(SourceError, match="not UTF-8"):
        read(tmp_path / "latin.yaml")
    with pytest.raises(SourceError, match="directory"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("yes", "yes"), ("true", True), ("False", False), ("null", None),
        ("~", None), ("5", 5), ("-5", -5), ("005", "005"), ("0x1f", "0x1f"), ("1_000", "1_000"),
        ("10:30", "10:30"),
        ("1.5", 1.5), (".5", 0.5), ("1.2.3", "1.2.3"), ("'5'", "5"), ("!!str 5", "5"),
        ("2026-01-02", "2026-01-02"),         ("+5", 5), ("=", "="),
    ],
)  # fmt: skip
def test_scalars_are_what_people_mean(text: str, value: object) -> None:
    found = parse(f"key: {text}", "f").data["key"]
    assert found == value and type(found) is type(value)


def test_keys_are_text() -> None:
    assert parse("1: a\non: b\nno: c\n'*': d", "f").data == {"1": "a", "on": "b", "no": "c", "*": "d"}


@given(st.text(max_size=60))
@example("\r%")
@example("'\r")
@example("a: \u2028&")
def test_no_text_breaks_it(text: str) -> None:
    try:
        parse(text, "f")
    except SourceError as error:
        assert error.problems
