"""espeak-ng (Debian): a synthesiser of about a hundred languages by rules, plain but at once (8 ms a sentence).

A voice for languages that no packaged voice speaks: `espeak:de`. Run as a program, so nothing of it is linked.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import wave

import numpy as np
import numpy.typing as npt

from brain.engines import EngineError
from media.frame import FULL_SCALE

PROGRAM = "espeak-ng"
WORDS_PER_MINUTE = 150
"""At speed 1: its own 175 is hard to follow on a telephone."""
TIMEOUT_S = 10.0


class Espeak:
    """See `brain.tts.local.Voice`. `language` is one of `espeak-ng --voices`. Raises EngineError."""

    def __init__(self, language: str) -> None:
        if shutil.which(PROGRAM) is None:
            raise EngineError("tts", f"{PROGRAM} is not installed")
        self._language = language
        self.english = language.startswith("en")
        self.rate_hz = 22050
        _, self.rate_hz = self._run("a", 1.0)

    def synthesize(self, text: str, speed: float) -> npt.NDArray[np.float32]:
        """`text` as audio at `rate_hz`. Raises EngineError."""
        return self._run(text, speed)[0]

    def _run(self, text: str, speed: float) -> tuple[npt.NDArray[np.float32], int]:
        pace = str(round(WORDS_PER_MINUTE * speed))
        command = [PROGRAM, "-v", self._language, "-s", pace, "--stdin", "--stdout"]
        try:
            done = subprocess.run(command, input=text.encode(), capture_output=True, check=True, timeout=TIMEOUT_S)
            with wave.open(io.BytesIO(done.stdout)) as said:
                pcm = np.frombuffer(said.readframes(len(done.stdout)), np.int16)  # its header has no true length
                return pcm.astype(np.float32) / np.float32(FULL_SCALE), said.getframerate()
        except subprocess.CalledProcessError as error:
            reason = error.stderr.decode(errors="replace").strip()
            raise EngineError("tts", f"{PROGRAM}: {reason or f'exit code {error.returncode}'}") from error
        except (OSError, subprocess.SubprocessError, EOFError, wave.Error) as error:
            raise EngineError("tts", f"{PROGRAM}: {error}") from error
