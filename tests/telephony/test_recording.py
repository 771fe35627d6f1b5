"""An hour of a call, from the ring to the file, in seconds: both sides stay where they were."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from media.recorder import Recorder
from media.sound import read_stereo
from telephony.ring import DEPTH, PythonMemory, RingLines

FRAME, RATE = 160, 8000
HOUR = 180_000
"""Frames."""


def mark(number: int) -> int:
    """A sample that tells its frame from those around it; never 0."""
    return number % 30_000 + 1


def test_an_hour_is_aligned_to_the_frame_also_where_the_loop_was_late(tmp_path: Path) -> None:
    """The issue's bound is 20 ms over an hour; here it is none at all."""
    memory = PythonMemory(1, FRAME)
    lines = RingLines(memory, RATE)
    rng = random.Random(2)
    path = tmp_path / "call.wav"
    position = lost = 0
    with Recorder(path.open("wb+"), RATE) as recorder:
        wait = 1
        for number in range(HOUR):
            if lines.room(0, 2):
                lines.put(0, np.full(FRAME, mark(number), np.int16))
            wanted = memory.wanted(0)
            said = np.frombuffer(wanted, np.int16)[0]
            memory.heard(0, np.full(FRAME, said, np.int16).tobytes())  # a caller who sends all of it back at once
            wait -= 1
            if wait:
                continue
            heard, sent = lines.take(0)
            recorder.caller(position, heard)
            recorder.bot(position, sent)
            position += heard.size
            wait = rng.choice([1] * 200 + [3, 8, DEPTH + 4])
        lost = lines.lost(0)
    memory.close()
    left, right, _ = read_stereo(path)
    assert left.size >= (HOUR - 2 * DEPTH) * FRAME
    assert np.array_equal(left, right)
    frames = left[: left.size // FRAME * FRAME].reshape(-1, FRAME)
    silent = int((frames[:, 0] == 0).sum())
    assert 0 < lost <= silent  # the loop was too late now and then, and what it lost is silence, not a shift
    spoken = np.flatnonzero(frames[:, 0])
    # A frame that was put at tick n is sent at n or n + 1: it lies within 20 ms of its time, an hour on too.
    late = (spoken + 1 - frames[spoken, 0]) % 30_000
    assert set(late.tolist()) <= {0, 1, 2}


KILLED = """
import sys, numpy as np
from pathlib import Path
from media.recorder import Recorder
recorder = Recorder(Path(sys.argv[1]).open("wb+"), 8000)
for at in range(0, 5 * 8000, 160):
    recorder.caller(at, np.full(160, 11, np.int16))
    recorder.bot(at, np.full(160, 22, np.int16))
print("recorded", flush=True)
sys.stdin.read()
"""


def test_a_worker_that_is_killed_leaves_a_recording_that_plays(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "recorded\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    left, right, rate = read_stereo(path)
    assert rate == 8000 and left.size >= 4 * 8000
    assert (left == 11).all() and (right == 22).all()
