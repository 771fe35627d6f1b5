"""The packaged weights are joined once, checked, and safe against a second process."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from brain.cache import cache_folder
from brain.engines import EngineError
from brain.stt import weights


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two small packages in place of the real ones."""
    halves = (b"first half, ", b"second half")
    for number, (name, half) in enumerate(zip(weights.BASE_PARTS, halves, strict=True), 1):
        data = tmp_path / "packages" / name / "data"
        data.mkdir(parents=True)
        (data / f"model.bin.part{number}").write_bytes(half)
        for side in weights.SIDE_FILES:
            (data / side).write_text("{}")
    monkeypatch.setattr(weights, "package_folder", lambda name, _: tmp_path / "packages" / name)
    monkeypatch.setattr(weights, "BASE_SHA256", hashlib.sha256(b"".join(halves)).hexdigest())
    return tmp_path / "cache"


def test_the_parts_are_joined_with_their_side_files(parts: Path) -> None:
    folder = weights.model_folder("base", parts)
    assert (folder / "model.bin").read_bytes() == b"first half, second half"
    assert all((folder / side).is_file() for side in weights.SIDE_FILES)
    assert weights.model_folder("base", parts) == folder
    assert [path.name for path in parts.iterdir()] == [folder.name]


def test_a_damaged_part_is_refused_and_leaves_nothing(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "BASE_SHA256", "0" * 64)
    with pytest.raises(EngineError, match="damaged"):
        weights.model_folder("base", parts)
    assert list(parts.iterdir()) == []


def test_processes_that_race_all_get_the_whole_model(parts: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: weights.model_folder("base", parts), range(16)))
    assert len(set(folders)) == 1
    assert (folders[0] / "model.bin").read_bytes() == b"first half, second half"
    assert [path.name for path in parts.iterdir()] == [folders[0].name]


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"")
    with pytest.raises(EngineError, match="tokenizer.json"):
        weights.model_folder(str(tmp_path))
    (tmp_path / "tokenizer.json").write_text("{}")
    assert weights.model_folder(str(tmp_path)) == tmp_path


def test_what_is_no_model_is_named() -> None:
    with pytest.raises(EngineError, match="no model 'huge'"):
        weights.model_folder("huge")


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFHOOK_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
