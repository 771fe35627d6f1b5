import pytest

from media.clock import Clock, ManualClock, MonotonicClock


def test_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(5.0)
    assert clock.now() == clock.now() == 5.0
    assert clock.advance(0.25) == 5.25
    assert clock.now() == 5.25


@pytest.mark.parametrize("step", [-0.001, float("nan")])
def test_manual_clock_never_goes_back(step: float) -> None:
    with pytest.raises(ValueError, match="can't go back"):
        ManualClock().advance(step)


def test_monotonic_clock_does_not_go_back() -> None:
    clock: Clock = MonotonicClock()
    times = [clock.now() for _ in range(100)]
    assert times == sorted(times)
