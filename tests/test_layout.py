"""The shape of the project: imports one way, one file a foreign library, files that can be read at a sitting."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORDER = {"media": 0, "brain": 1, "dialplans": 2, "telephony": 3}
# Libraries at an edge of the system. Those that are a language of their own (numpy, pydantic) may be anywhere.
EDGES = {
    "pjsua2", "grpc", "httpx", "faster_whisper", "ctranslate2", "piper", "hibari", "xllamacpp", "webrtcvad",
    "onnxruntime", "matplotlib",
}  # fmt: skip
GENERATED = {"speech_pb2.py", "speech_pb2_grpc.py"}
SOURCES = sorted(
    path for package in ORDER for path in (ROOT / package).rglob("*.py") if path.name not in GENERATED
)


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path):
    room = ORDER[path.relative_to(ROOT).parts[0]]
    wrong = {name for name in imported(path) if ORDER.get(name.split(".")[0], -1) > room}
    assert not wrong


def test_a_foreign_library_lives_in_one_file():
    users = defaultdict(set)
    for path in SOURCES:
        for name in imported(path):
            top = name.split(".")[0]
            if top in EDGES:
                users[top].add(str(path.relative_to(ROOT)))
    assert users["pjsua2"] == {"telephony/sip.py"}
    # gRPC is a server, its generated code and a client: two ends of one wire.
    crowded = {library: files for library, files in users.items() if len(files) > 1 and library != "grpc"}
    assert not crowded


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_no_longer_than_a_sitting(path):
    assert len(path.read_text().splitlines()) <= 400
