import numpy as np
import pytest

from telephony.caller.audible import Run, Timeline
from telephony.caller.calibrate import burst
from telephony.caller.report import Heard
from telephony.caller.transcribe import contains, said_between, stretches, transcribe

MS = 1_000_000


def timeline(*parts: tuple[int, int]) -> Timeline:
    pcm = np.concatenate(
        [x for quiet, loud in parts for x in (np.zeros(quiet * 8, np.int16), burst(loud, 8000))]
    )
    positions = np.arange(0, pcm.size, 160)
    return Timeline(8000, pcm, positions, 5_000 * MS + positions * 125_000)


class Counting:
    """Hears how many tenths of a second it was given."""

    def text(self, pcm, rate_hz):
        return str(round(10 * pcm.size / rate_hz))


def test_speech_is_cut_at_long_pauses_and_where_the_caller_spoke():
    bot = timeline((500, 1000), (400, 1000), (1200, 500), (600, 500), (100, 0))
    assert stretches(bot) == [Run(4000, 23200), Run(32800, 45600)]
    cut_ns = bot.time_ns(37000)
    assert stretches(bot, [cut_ns]) == [Run(4000, 23200), Run(32800, 36800), Run(41600, 45600)]


def test_nothing_is_longer_than_the_recogniser_takes():
    runs = stretches(timeline((100, 60_000), (300, 20_000), (100, 0)))
    assert all(run.end - run.start <= 25 * 8000 for run in runs)
    assert sum(run.end - run.start for run in runs) == pytest.approx(80 * 8000, abs=160)


def test_transcripts_have_times_since_the_invite():
    heard = transcribe(timeline((500, 1000), (2000, 400), (500, 0)), 4_000 * MS, Counting())
    assert [(h.from_ms, h.until_ms) for h in heard] == [(1500, 2500), (4500, 4900)]
    assert [h.text for h in heard] == ["12", "6"]  # with a margin of 120 ms on both sides


def test_said_between():
    heard = (Heard(100, 200, "a"), Heard(300, 400, "b"), Heard(500, 600, "c"))
    assert said_between(heard, 250, 500) == "b" and said_between(heard, 0, 1000) == "a b c"


@pytest.mark.parametrize(("text", "wanted", "found"), [
    ("We open at nine o'clock.", "open at Nine", True), ("We reopen.", "open", False),
    ("It's 9.", "nine|9", True),
    ("five, five five oh", "five five five", True), ("Call 555-0123 now", "5550123", True),
    ("", "a|b", False),
    ("anything", "|", False), ("555 01", "5550123", False),
])  # fmt: skip
def test_contains(text, wanted, found):
    assert contains(text, wanted) is found
