"""Scoring and sweeps: what is a cut-off, what is latency, and which operating point is the best within a budget."""

import pytest

from benchmarks.turns.scoring import NEVER_S, Decision, cut_at_latency, figures, latency_at_cut


def decision(at, ends=2.0):
    return Decision("a turn", "sentence", False, at, ends)


def test_a_commit_before_the_true_end_is_a_cut_off_and_has_no_latency():
    found = figures([decision(1.9), decision(2.3)])
    assert found.cut == 0.5
    assert found.mean_ms == pytest.approx(300)


def test_a_commit_at_the_true_end_is_none():
    assert not decision(2.0).cut
    assert decision(2.0).latency_s == 0.0


def test_a_turn_that_is_never_taken_as_over_counts_as_late():
    found = figures([decision(None), decision(2.2)])
    assert (found.never, found.cut) == (1, 0.0)
    assert found.p95_ms > 1000 * NEVER_S * 0.9


def test_all_cut_off_leaves_no_latency():
    found = figures([decision(0.5)])
    assert (found.cut, found.mean_ms, found.p50_ms) == (1.0, None, None)


def test_no_turns_are_an_error():
    with pytest.raises(ValueError, match="no turns"):
        figures([])


def sweep(*points):
    """Settings by (share cut off, ms)."""
    return [figures([decision(1.0)] * cut + [decision(2.0 + ms / 1000)] * (100 - cut)) for cut, ms in points]


def test_operating_points_are_the_best_setting_within_the_budget():
    swept = sweep((40, 150), (20, 300), (5, 500), (2, 900))
    assert cut_at_latency(swept) == 0.2
    assert latency_at_cut(swept) == pytest.approx(500)


def test_no_setting_within_the_budget_is_no_figure():
    assert cut_at_latency(sweep((1, 400))) is None
    assert latency_at_cut(sweep((6, 200))) is None
