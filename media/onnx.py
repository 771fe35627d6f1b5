"""Models in ONNX, run on the CPU. The only file that imports `onnxruntime`."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import onnxruntime

Session: TypeAlias = onnxruntime.InferenceSession
"""A loaded model: `run(None, inputs)` gives its outputs. What it raises has no base class but Exception."""

_ERRORS_ONLY = 3


class ModelError(RuntimeError):
    """A model that can't be loaded; the message says which and why."""


def load(path: Path, threads: int = 1) -> Session:
    """The model in `path`, whose operators use `threads` threads each. Raises ModelError."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # Threads that spin between runs would take the cores from others.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return Session(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(f"cannot load {path}: {error}") from error
