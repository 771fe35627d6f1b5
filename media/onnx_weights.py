"""The weights in an ONNX file, without a runtime: a reader of as much of its protocol buffers as that takes.

Field numbers are those of `onnx.proto` (ONNX IR): `ModelProto.graph` 7, `GraphProto.initializer` 5,
`TensorProto.dims` 1, `data_type` 2, `name` 8, `raw_data` 9; the encoding is that of protobuf.dev,
"Encoding".
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

_GRAPH, _INITIALIZER = 7, 5
_DIMS, _DATA_TYPE, _NAME, _RAW_DATA = 1, 2, 8, 9
_FLOAT = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Floats = npt.NDArray[np.float32]


def read_weights(path: Path) -> dict[str, Floats]:
    """The float32 initializers of the model in `path`, by name, read-only. Raises OSError, ValueError."""
    found = {}
    try:
        for number, graph in _fields(memoryview(path.read_bytes())):
            if number == _GRAPH and isinstance(graph, memoryview):
                for inner, tensor in _fields(graph):
                    if inner == _INITIALIZER and isinstance(tensor, memoryview):
                        found.update(_floats(tensor))
    except (IndexError, ValueError) as error:
        raise ValueError(f"{path} is no ONNX model: {error}") from error
    return found


def _floats(tensor: memoryview) -> dict[str, Floats]:
    """A tensor by its name; nothing where it isn't of float32."""
    shape, kind, name, raw = [], 0, "", memoryview(b"")
    for number, value in _fields(tensor):
        if isinstance(value, int):
            if number == _DIMS:
                shape.append(value)
            elif number == _DATA_TYPE:
                kind = value
        elif number == _NAME:
            name = bytes(value).decode()
        elif number == _RAW_DATA:
            raw = value
    return {name: np.frombuffer(raw, "<f4").reshape(shape)} if kind == _FLOAT and len(raw) else {}


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a message: number and value. Raises IndexError, ValueError where it is none."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if wire == _BYTES:
            size, at = _varint(message, at)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + size > len(message):
            raise ValueError("it is cut short")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A base-128 number, and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
