"""The canceller with the voice detector, a real voice of the bot's and a person: what the turn manager would see."""

import numpy as np
import pytest
from line_signals import RECORDINGS, recording

from benchmarks.echo import PATHS, bot_speech, cancelled, jumping_paths, segments
from benchmarks.echo_paths import RATE
from media.echo import EchoCanceller

pytestmark = pytest.mark.models


@pytest.mark.parametrize("name", [
    "handset, 200 ms, 10 dB", "hybrid, 40 ms, 6 dB", "speakerphone, 160 ms, 6 dB, clips hard", "20 ms every 3 s",
])  # fmt: skip
def test_the_bot_does_not_hear_itself(name: str) -> None:
    far = bot_speech(30)
    near = (PATHS | jumping_paths())[name].near(far)
    assert len(list(segments(near, far))) > 5
    assert list(segments(cancelled(near, far, EchoCanceller(RATE)), far)) == []


def test_a_person_over_the_bot_is_noticed_at_once() -> None:
    far = bot_speech(30, turn_gap_s=0.2)
    voice = recording(*RECORDINGS[4], seconds=1.0)
    caller = np.zeros(far.size)
    at = 20 * RATE
    caller[at : at + voice.size] = voice
    path = PATHS["speakerphone, 200 ms, 6 dB"]
    alone = next(segments(path.near(np.zeros_like(far), caller), np.zeros_like(far)))
    over = next(segments(cancelled(path.near(far, caller), far, EchoCanceller(RATE)), far))
    assert abs(over[0] - alone[0]) <= RATE // 10
