from pathlib import Path

import numpy as np
import pytest

from media.onnx_weights import read_weights


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name: str, array: np.ndarray, kind: int) -> bytes:
    """A TensorProto as exporters write it: dimensions one by one, data raw."""
    dims = b"".join(field(1, size) for size in array.shape)
    return dims + field(2, kind) + field(8, name.encode()) + field(9, array.tobytes())


def model(*tensors: bytes) -> bytes:
    """A ModelProto with what there is beside its tensors: a version, a double, a name, a node."""
    node = field(1, field(1, b"x") + field(4, b"Conv"))
    graph = node + field(2, b"graph") + b"".join(field(5, one) for one in tensors)
    return field(1, 8) + varint(99 << 3 | 1) + bytes(8) + field(7, graph) + field(2, b"exporter")


def test_tensors_of_float32_come_by_name_and_shape(tmp_path: Path) -> None:
    large = np.arange(300, dtype=np.float32).reshape(2, 3, 50)
    one, whole = np.array([0.5], np.float32), np.array([1, 2])
    tensors = tensor("a.weight", large, 1), tensor("shape", whole, 7), tensor("b", one, 1)
    (tmp_path / "m.onnx").write_bytes(model(*tensors))
    found = read_weights(tmp_path / "m.onnx")
    assert set(found) == {"a.weight", "b"}
    assert np.array_equal(found["a.weight"], large) and np.array_equal(found["b"], one)


@pytest.mark.parametrize("size", [1, 40, 1200])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, size: int) -> None:
    whole = model(tensor("a", np.zeros(300, np.float32), 1))
    (tmp_path / "m.onnx").write_bytes(whole[:size])
    with pytest.raises(ValueError, match=r"m\.onnx is no ONNX model"):
        read_weights(tmp_path / "m.onnx")


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"RIFF....WAVEfmt ")
    with pytest.raises(ValueError, match="no ONNX model"):
        read_weights(tmp_path / "m.onnx")


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"m\.onnx"):
        read_weights(tmp_path / "m.onnx")
