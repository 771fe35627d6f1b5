"""The E-model against what ITU-T publishes of it, and the ladder against lines that fall and recover."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from media.line_quality import (
    DEFAULT_R,
    FALL_S,
    RISE_S,
    WINDOW_S,
    Impairment,
    LineSample,
    LineStep,
    LineWatch,
    burst_ratio,
    delay_impairment,
    loss_impairment,
    mos,
    rating,
)


@pytest.mark.parametrize(("r", "score"), [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)])
def test_mos_of_the_lower_limits_of_g107_table_b1(r: float, score: float) -> None:
    assert mos(r) == pytest.approx(score, abs=0.01)


def test_mos_of_the_default_connection() -> None:
    assert mos(DEFAULT_R) == pytest.approx(4.41, abs=0.005)
    assert (mos(-5), mos(0), mos(3), mos(100), mos(120)) == (1.0, 1.0, 1.0, 4.5, 4.5)


@pytest.mark.parametrize(
    ("percent", "concealed", "bare"),
    [(1, 5, 25), (2, 7, 35), (3, 10, 45), (5, 15, 55), (7, 20, None), (10, 25, None), (15, 35, None), (20, 45, None)],
)
def test_random_loss_of_g711_is_what_listeners_said(percent: float, concealed: float, bare: float | None) -> None:
    """G.113 (2001) tables I.2 and I.3 give Ie of G.711 by loss as heard; the later formula was fitted to them."""
    assert loss_impairment(Impairment(0.0, 25.1), percent / 100) == pytest.approx(concealed, abs=3.0)
    if bare is not None:
        assert loss_impairment(Impairment(0.0, 4.3), percent / 100) == pytest.approx(bare, abs=7.5)


def test_a_codec_that_costs_without_loss() -> None:
    """G.729A with VAD: Ie 11, Bpl 19 (G.113 appendix I)."""
    g729a = Impairment(11.0, 19.0)
    assert loss_impairment(g729a, 0.0) == 11.0
    assert DEFAULT_R - loss_impairment(g729a, 0.0) == pytest.approx(82.2)
    assert loss_impairment(g729a, 0.02) == pytest.approx(11 + 84 * 2 / 21)


def test_loss_in_bursts_costs_more() -> None:
    """G.107 section 7.5: at 5 % and a burst ratio of 2 the percentage in the denominator counts half."""
    assert loss_impairment(Impairment(0.0, 25.1), 0.05, 2.0) == pytest.approx(95 * 5 / (2.5 + 25.1))


@pytest.mark.parametrize(
    ("delay_ms", "taken"),
    [
        (0, 0.0), (100, 0.0), (200, 25 * (2 ** (1 / 6) - 3 * (730 / 729) ** (1 / 6) + 2)),
        (400, 25 * (65 ** (1 / 6) - 3 * (793 / 729) ** (1 / 6) + 2)),
    ],
)  # fmt: skip
def test_delay(delay_ms: float, taken: float) -> None:
    """G.107 section 7.4: nothing up to 100 ms, and its formula by hand at twice and at four times that."""
    assert delay_impairment(delay_ms) == pytest.approx(taken)


def test_delay_is_noticed_from_150_ms_and_at_400_ms_many_are_dissatisfied() -> None:
    """G.114: up to 150 ms most applications are unaffected, 400 ms isn't to be planned for; G.109's bound is 70."""
    assert rating("PCMU", 0.0, delay_ms=150) > 92.5
    assert 65 < rating("PCMU", 0.0, delay_ms=400) < 70


@given(some.floats(0, 1), some.floats(0, 1), some.floats(1, 9), some.floats(0, 1000), some.floats(0, 1000))
def test_worse_is_never_better(loss: float, more: float, burst: float, delay: float, longer: float) -> None:
    best = rating("PCMA", min(loss, more), burst, min(delay, longer))
    worst = rating("PCMA", max(loss, more), burst, max(delay, longer))
    assert 0.0 <= worst <= best <= DEFAULT_R
    assert 1.0 <= mos(worst) <= mos(best) + 1e-9 <= 4.5
    assert delay_impairment(delay) >= 0.0


def test_burst_ratio() -> None:
    assert burst_ratio(0, 0, 0.0) == 1.0
    assert burst_ratio(100, 90, 0.1) == 1.0  # random: 1 / 0.9 packets a run
    assert burst_ratio(100, 45, 0.1) == pytest.approx(2.0)
    assert burst_ratio(5, 5, 1.0) == 1.0


# ---- the ladder ---------------------------------------------------------------------------------------------


class Line:
    """A line that loses a share of its 50 packets a second, one sample a second."""

    def __init__(self) -> None:
        self.watch = LineWatch()
        self.at = 0.0
        self.packets = self.lost = self.late = 0

    def run(self, seconds: int, loss: float, late: float = 0.0, packets: int = 50) -> list[LineStep]:
        steps = []
        for _ in range(seconds):
            self.at += 1.0
            lost = round(packets * loss)
            self.lost += lost
            self.late += round(packets * late)
            self.packets += packets - lost
            steps.append(
                self.watch.update(LineSample(self.at, "PCMU", self.packets, self.lost, self.late, self.lost))
            )
        return steps


def test_a_clean_line_is_good() -> None:
    line = Line()
    assert set(line.run(60, 0.0)) == {LineStep.GOOD}
    assert line.watch.rating == DEFAULT_R


def test_down_step_by_step_and_back_up() -> None:
    line = Line()
    line.run(10, 0.0)
    down = line.run(20, 0.3)
    assert list(dict.fromkeys(down)) == [LineStep.GOOD, LineStep.POOR, LineStep.BAD]
    assert down.index(LineStep.POOR) <= FALL_S + 2
    assert down.index(LineStep.BAD) <= down.index(LineStep.POOR) + WINDOW_S + FALL_S
    up = line.run(40, 0.0)
    assert list(dict.fromkeys(up)) == [LineStep.BAD, LineStep.POOR, LineStep.GOOD]
    assert up.index(LineStep.POOR) >= RISE_S and up.index(LineStep.GOOD) >= 2 * RISE_S


def test_every_twentieth_packet_in_bursts_is_poor_and_not_bad() -> None:
    line = Line()
    assert line.run(60, 0.06)[-1] is LineStep.POOR


def test_one_bad_second_changes_nothing() -> None:
    line = Line()
    line.run(10, 0.0)
    assert set(line.run(1, 0.1) + line.run(20, 0.0)) == {LineStep.GOOD}


def test_a_line_on_the_edge_does_not_flap() -> None:
    """Four and five percent in turn are on both sides of the first step: it is taken once."""
    line = Line()
    steps = []
    for _ in range(60):
        steps += line.run(1, 0.04) + line.run(1, 0.06)
    assert sum(a is not b for a, b in zip(steps, steps[1:], strict=False)) <= 1


def test_packets_that_come_too_late_count_as_lost() -> None:
    line = Line()
    assert line.run(30, 0.0, late=0.3)[-1] is LineStep.BAD


def test_a_caller_who_sends_nothing_is_no_reason_to_step() -> None:
    line = Line()
    line.run(20, 0.3)
    assert line.watch.step is LineStep.BAD
    assert set(line.run(30, 0.0, packets=2)) == {LineStep.BAD}  # silence suppression: too few to tell
    assert set(line.run(30, 0.0, packets=0)) == {LineStep.BAD}
    assert line.run(40, 0.0)[-1] is LineStep.GOOD


def test_counters_that_were_corrected_do_not_upset_it() -> None:
    """A packet that was counted as lost and then came: the sum of the lost falls."""
    watch = LineWatch()
    watch.update(LineSample(0.0, "PCMU", 0, 5, 0, 5))
    assert watch.update(LineSample(1.0, "PCMU", 55, 0, 0, 5)) is LineStep.GOOD
    assert watch.rating == DEFAULT_R
