import sys

import line_signals as line
import numpy as np
import pytest

import media.silero
from media.resample import resample
from media.silero import Silero, SileroMissing


def test_it_tells_speech_from_noise() -> None:
    speech = line.on_the_line(line.recording(*line.RECORDINGS[0], seconds=5))
    assert np.percentile(Silero(line.RATE).feed(speech), 60) > 0.8  # the rest are its pauses
    assert max(Silero(line.RATE).feed(line.on_the_line(line.noise(5, -30)))) < 0.2


def test_one_figure_for_each_32_ms_whatever_the_frames() -> None:
    speech = line.recording(*line.RECORDINGS[0], seconds=2)
    whole, framed = Silero(line.RATE), Silero(line.RATE)
    expected = whole.feed(speech)
    got = [p for at in range(0, speech.size, 160) for p in framed.feed(speech[at : at + 160])]
    assert got == pytest.approx(expected, abs=1e-4) and len(got) == 2000 // 32


def test_calls_share_nothing_but_weights() -> None:
    speech = line.recording(*line.RECORDINGS[0], seconds=2)
    alone = Silero(line.RATE).feed(speech)
    one, other = Silero(line.RATE), Silero(line.RATE)
    mixed = []
    for at in range(0, speech.size, 160):
        other.feed(line.to_int16(line.noise(0.02, -20, seed=at)))
        mixed += one.feed(speech[at : at + 160])
    assert mixed == pytest.approx(alone, abs=1e-4)


def test_after_a_reset_it_is_as_new() -> None:
    speech = line.recording(*line.RECORDINGS[0], seconds=1)
    model = Silero(line.RATE)
    first = model.feed(speech)
    assert model.feed(speech) != first
    model.reset()
    assert model.feed(speech) == first


def test_16_khz_and_8_khz_agree() -> None:
    speech = line.recording(*line.RECORDINGS[0], seconds=4)
    narrow, wide = Silero(8000).feed(speech), Silero(16000).feed(resample(speech, 8000, 16000))
    assert np.mean((np.array(narrow) > 0.5) == (np.array(wide) > 0.5)) > 0.95


def test_the_weights_are_found_without_importing_their_package() -> None:
    before = "faster_whisper" in sys.modules
    assert media.silero.weights().is_file()
    assert ("faster_whisper" in sys.modules) == before


@pytest.mark.parametrize(
    ("package", "reason"), [("no_such_package", "isn't installed"), ("media", "is missing")]
)
def test_missing_weights_say_where_they_should_be(
    monkeypatch: pytest.MonkeyPatch, package: str, reason: str
) -> None:
    monkeypatch.setattr(media.silero, "_PACKAGE", package)
    with pytest.raises(SileroMissing, match=f"{package}.*{reason}|{reason}.*{package}"):
        media.silero.weights()


def test_a_peek_judges_the_newest_window_and_leaves_no_trace() -> None:
    speech = line.recording(*line.RECORDINGS[0], seconds=1)
    plain, peeking = Silero(line.RATE), Silero(line.RATE)
    before = peeking.feed(speech[:1280]) and plain.feed(speech[:1280])  # five windows
    at_the_end = peeking.peek()
    peeking.feed(speech[1280:1440])
    between = peeking.peek()
    assert 0 <= between <= 1 and between != at_the_end
    plain.feed(speech[1280:1440])
    assert before and peeking.feed(speech[1440:2560]) == plain.feed(speech[1440:2560])


def test_a_peek_where_a_window_ends_is_what_the_next_one_would_say() -> None:
    speech = line.recording(*line.RECORDINGS[0], seconds=1)
    fed, peeked = Silero(line.RATE), Silero(line.RATE)
    fed.feed(speech[:1280])
    peeked.feed(speech[:1280])
    # 248 of the next window's 256 samples: the peek hears it 1 ms early, with the memory of the five before.
    peeked.feed(speech[1280:1528])
    early = peeked.peek()
    assert early == pytest.approx(fed.feed(speech[1280:1536])[0], abs=0.15)
