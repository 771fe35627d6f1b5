import io
from pathlib import Path

import numpy as np
import pytest

from media.frame import Pcm
from media.recorder import WINDOW_S, Recorder

RATE = 8000
FRAME = 160


class KeptBytes(io.BytesIO):
    """Remembers what was in it when it was closed."""

    kept = b""

    def close(self) -> None:
        if not self.closed:
            self.kept = self.getvalue()
        super().close()


def sides(data: bytes) -> np.ndarray:
    """(samples, 2) of a whole recording; its header must tell the truth."""
    assert data[:4] == b"RIFF" and data[8:16] == b"WAVEfmt " and data[36:40] == b"data"
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert int.from_bytes(data[40:44], "little") == len(data) - 44
    assert int.from_bytes(data[22:24], "little") == 2 and int.from_bytes(data[24:28], "little") == RATE
    return np.frombuffer(data[44:], "<i2").reshape(-1, 2)


def signal(count: int, seed: int) -> Pcm:
    return np.random.default_rng(seed).integers(-32768, 32768, count).astype(np.int16)


def test_both_sides_lie_where_they_were() -> None:
    file = KeptBytes()
    recorder = Recorder(file, RATE)
    caller, bot = signal(3 * RATE + 77, 1), signal(3 * RATE, 2)
    for at in range(0, caller.size, FRAME):
        recorder.caller(at, caller[at : at + FRAME])
        if at < bot.size:
            recorder.bot(at + 240, bot[at : at + FRAME])  # the bot's axis runs a little ahead
    recorder.close()
    got = sides(file.kept)
    assert got.shape[0] == max(caller.size, bot.size + 240)
    assert np.array_equal(got[: caller.size, 0], caller) and not got[caller.size :, 0].any()
    assert np.array_equal(got[240 : 240 + bot.size, 1], bot) and not got[:240, 1].any()


def test_gaps_are_silence_and_long_ones_too() -> None:
    file = KeptBytes()
    recorder = Recorder(file, RATE)
    ones = np.ones(FRAME, np.int16)
    recorder.caller(0, ones)
    recorder.caller(800, ones)
    recorder.caller(60 * RATE, ones)
    recorder.close()
    got = sides(file.kept)
    assert got.shape[0] == 60 * RATE + FRAME
    assert np.flatnonzero(got[:, 0]).tolist() == [*range(160), *range(800, 960), *range(480000, 480160)]
    assert not got[:, 1].any()


@pytest.mark.parametrize("stalled", [0, 1])
def test_a_side_that_stalls_does_not_hold_the_other_in_memory(stalled: int) -> None:
    file = KeptBytes()
    recorder = Recorder(file, RATE)
    put = (recorder.caller, recorder.bot)
    talk = signal(10 * RATE, 3)
    for at in range(0, talk.size, FRAME):
        put[1 - stalled](at, talk[at : at + FRAME])
        assert talk[: at + FRAME].size - (file.getbuffer().nbytes - 44) // 4 <= WINDOW_S * RATE
    put[stalled](9 * RATE, np.full(FRAME, 7, np.int16))  # it comes back
    recorder.close()
    got = sides(file.kept)
    assert np.array_equal(got[:, 1 - stalled], talk)
    assert np.flatnonzero(got[:, stalled]).tolist() == [*range(9 * RATE, 9 * RATE + FRAME)]


def test_a_gap_after_a_full_window_is_silence() -> None:
    file = KeptBytes()
    recorder = Recorder(file, RATE)
    talk = signal(10 * RATE, 4)
    for at in range(0, talk.size, FRAME):
        recorder.caller(at, talk[at : at + FRAME])
    recorder.caller(13 * RATE, talk[:FRAME])
    recorder.close()
    got = sides(file.kept)[:, 0]
    assert np.array_equal(got[: talk.size], talk) and np.array_equal(got[13 * RATE :], talk[:FRAME])
    assert not got[talk.size : 13 * RATE].any()


def test_what_comes_too_late_is_counted() -> None:
    file = KeptBytes()
    recorder = Recorder(file, RATE)
    for at in range(0, 6 * RATE, FRAME):
        recorder.caller(at, np.ones(FRAME, np.int16))
    written = (file.getbuffer().nbytes - 44) // 4
    recorder.bot(0, np.full(FRAME, 5, np.int16))
    assert recorder.late_samples == FRAME
    recorder.bot(written - 60, np.full(FRAME, 5, np.int16))
    assert recorder.late_samples == FRAME + 60
    recorder.close()
    assert np.flatnonzero(sides(file.kept)[:, 1]).tolist() == [*range(written, written + 100)]


def test_the_file_plays_at_every_moment(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    recorder = Recorder(path.open("wb"), RATE)
    assert sides(path.read_bytes()).size == 0
    sizes = set()
    for at in range(0, 3 * RATE, FRAME):
        recorder.caller(at, np.ones(FRAME, np.int16))
        recorder.bot(at, np.ones(FRAME, np.int16))
        got = sides(path.read_bytes())  # as after a kill: nothing was closed
        assert got.all()
        sizes.add(got.shape[0])
    assert {RATE, 2 * RATE, 3 * RATE} <= sizes
    recorder.close()
    assert sides(path.read_bytes()).shape[0] == 3 * RATE


def test_close_writes_the_rest_closes_the_file_and_may_be_repeated() -> None:
    file = KeptBytes()
    with Recorder(file, RATE) as recorder:
        recorder.caller(0, np.ones(5, np.int16))
    assert file.closed
    recorder.close()
    assert sides(file.kept)[:, 0].tolist() == [1] * 5


def test_a_call_without_audio_is_an_empty_recording() -> None:
    file = KeptBytes()
    Recorder(file, RATE).close()
    assert sides(file.kept).size == 0


def test_a_full_disk_is_the_callers_to_know() -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        Recorder(Full(), RATE)
