"""The network emulator against the figures it promises."""

import statistics

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as some

from telephony.caller.bad_line import BadLine, LineSettings

MS = 1_000_000
PACKET_NS = 20 * MS


def through(settings: LineSettings, count: int, seed: int = 1) -> tuple[list[tuple[int, int]], BadLine]:
    """Numbered packets, one every 20 ms: (number, time) of each that came out, in order."""
    line, out = BadLine(settings, seed), []
    for n in range(count):
        line.put(n.to_bytes(4, "big"), n * PACKET_NS)
        out += line.take(n * PACKET_NS)
    while (at := line.deadline()) is not None:
        out += line.take(at)
    return [(int.from_bytes(data, "big"), at) for at, data in out], line


def test_a_clean_line_changes_nothing():
    out, line = through(LineSettings(), 100)
    assert out == [(n, n * PACKET_NS) for n in range(100)]
    assert LineSettings().clean and LineSettings(burst=3.0).clean and not LineSettings(loss=0.01).clean
    assert (line.counts.packets, line.counts.lost) == (100, 0)


def test_the_same_seed_is_the_same_line():
    settings = LineSettings(loss=0.1, burst=2, jitter_ms=15, reorder=0.05, duplicate=0.05, delay_ms=30)
    assert through(settings, 500)[0] == through(settings, 500)[0]
    assert through(settings, 500)[0] != through(settings, 500, seed=2)[0]


@pytest.mark.parametrize(("loss", "burst"), [(0.01, 1.0), (0.05, 1.0), (0.05, 3.0), (0.2, 2.0), (0.5, 1.5)])
def test_loss_and_the_length_of_its_runs(loss, burst):
    """Gilbert's chain: a run of lost packets is `burst` times as long as 1 / (1 - loss), that of random loss."""
    out, line = through(LineSettings(loss=loss, burst=burst), 60_000)
    assert 60_000 - len(out) == line.counts.lost
    assert line.counts.lost / 60_000 == pytest.approx(loss, rel=0.1)
    assert line.counts.lost / line.counts.loss_runs == pytest.approx(burst / (1 - loss), rel=0.1)


def test_everything_and_nothing_lost():
    assert through(LineSettings(loss=1.0), 100)[0] == []
    assert through(LineSettings(loss=1.0, burst=5.0), 100)[1].counts.loss_runs <= 1


def test_jitter_delays_and_keeps_the_order():
    out, _ = through(LineSettings(delay_ms=40, jitter_ms=5), 20_000)
    assert [n for n, _ in out] == list(range(20_000))
    late_ms = [(at - n * PACKET_NS) / MS for n, at in out]
    assert min(late_ms) >= 40 and statistics.mean(late_ms) == pytest.approx(45, rel=0.05)
    moves = [abs(b - a) for a, b in zip(late_ms, late_ms[1:], strict=False)]
    assert statistics.mean(moves) == pytest.approx(5, rel=0.15)  # what RFC 3550's jitter converges to


def test_a_share_is_overtaken_by_one():
    out, line = through(LineSettings(reorder=0.1), 5_000)
    order = [n for n, _ in out]
    assert line.counts.reordered == pytest.approx(500, rel=0.15)
    assert sorted(order) == list(range(5_000)) and order != sorted(order)
    assert max(abs(place - n) for place, n in enumerate(order)) <= 2


def test_a_share_comes_twice():
    out, line = through(LineSettings(duplicate=0.1), 5_000)
    assert len(out) == 5_000 + line.counts.duplicated
    assert line.counts.duplicated == pytest.approx(500, rel=0.15)
    doubles = {n for (n, _), (m, _) in zip(out, out[1:], strict=False) if n == m}
    assert len(doubles) == line.counts.duplicated


@pytest.mark.parametrize(("ppm", "delay_ms", "after_a_minute_ms"), [(200, 0, 12), (-200, 40, 28), (-200, 5, 0)])
def test_a_clock_that_drifts(ppm, delay_ms, after_a_minute_ms):
    out, _ = through(LineSettings(drift_ppm=ppm, delay_ms=delay_ms), 3_001)
    n, at = out[-1]
    assert (at - n * PACKET_NS) / MS == pytest.approx(after_a_minute_ms, abs=0.01)


def test_one_setting_leaves_the_fates_of_the_others():
    lossy, _ = through(LineSettings(loss=0.1, burst=2), 2_000)
    both, _ = through(LineSettings(loss=0.1, burst=2, jitter_ms=10), 2_000)
    assert [n for n, _ in lossy] == [n for n, _ in both]


@pytest.mark.parametrize("wrong", [
    {"loss": 1.5}, {"loss": -0.1}, {"burst": 0.5}, {"delay_ms": -1}, {"jitter_ms": 1e9}, {"reorder": 2},
    {"duplicate": -1}, {"drift_ppm": 1e6}, {"loss": float("nan")},
])  # fmt: skip
def test_settings_that_make_no_sense(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        LineSettings(**wrong)


share = some.floats(0, 1)


@limits(max_examples=60, deadline=None)
@given(
    some.builds(
        LineSettings, loss=share, burst=some.floats(1, 20), delay_ms=some.floats(0, 300),
        jitter_ms=some.floats(0, 100), reorder=share, duplicate=share, drift_ppm=some.floats(-500, 500),
    ),
    some.integers(0, 99),
)  # fmt: skip
def test_nothing_comes_early_out_of_order_or_from_nowhere(settings, seed):
    out, line = through(settings, 60, seed)
    counts = line.counts
    assert len(out) == counts.packets - counts.lost + counts.duplicated
    assert all(at >= n * PACKET_NS for n, at in out)
    assert [at for _, at in out] == sorted(at for _, at in out)
