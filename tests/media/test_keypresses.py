"""Keys that arrive in several ways: each press is one."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.keypresses import LATE_S, Keypress, Keypresses, Way

RFC4733, INFO, INBAND = Way.RFC4733, Way.INFO, Way.INBAND
Report = tuple[float, Way, str, float]
"""When it arrives, by which way, the key, the onset it claims."""


def told(reports: list[Report], keypresses: Keypresses | None = None) -> list[Keypress]:
    merger = keypresses or Keypresses()
    return [press for now, way, key, onset in sorted(reports, key=lambda r: r[0])
            for press in merger.report(way, key, onset, now)]  # fmt: skip


def symbols(presses: list[Keypress]) -> str:
    return "".join(press.symbol for press in presses)


def test_one_press_by_three_ways() -> None:
    """A tone leaks before its telephone-event, INFO comes when the key is let go."""
    reports = [(10.06, INBAND, "5", 10.0), (10.08, RFC4733, "5", 10.08), (10.3, INFO, "5", 10.3)]
    assert told(reports) == [Keypress("5", 10.06, INBAND)]


@pytest.mark.parametrize("way", list(Way))
def test_a_quick_55_by_one_way_is_two(way: Way) -> None:
    assert symbols(told([(1.06, way, "5", 1.0), (1.16, way, "5", 1.1)])) == "55"


@pytest.mark.parametrize("early", [RFC4733, INBAND])
def test_a_quick_55_with_both_infos_late(early: Way) -> None:
    reports = [(1.0, early, "5", 1.0), (1.15, early, "5", 1.15), (1.7, INFO, "5", 1.7), (1.85, INFO, "5", 1.85)]
    assert [(press.symbol, press.way) for press in told(reports)] == [("5", early)] * 2


def test_a_quick_55_with_both_infos_early() -> None:
    reports = [(1.0, INFO, "5", 1.0), (1.15, INFO, "5", 1.15), (1.2, INBAND, "5", 1.05), (1.35, INBAND, "5", 1.2)]
    assert [(press.symbol, press.way) for press in told(reports)] == [("5", INFO)] * 2


def test_in_band_misses_one_of_three() -> None:
    """What INFO tells of and the detector didn't hear is a press, whichever of the equal ones it was."""
    reports: list[Report] = [(t + 0.5, INFO, "5", t + 0.5) for t in (1.0, 1.3, 1.6)]
    assert symbols(told([*reports, (1.1, INBAND, "5", 1.0), (1.7, INBAND, "5", 1.6)])) == "555"


def test_presses_that_telephone_events_swapped() -> None:
    reports = [(1.0, RFC4733, "2", 1.0), (1.01, RFC4733, "1", 1.01), (1.3, INFO, "1", 1.3), (1.4, INFO, "2", 1.4)]
    assert symbols(told(reports)) == "21"


def test_in_band_rests_once_telephone_events_are_seen() -> None:
    merger = Keypresses()
    assert merger.wants_tones
    assert symbols(told([(1.0, RFC4733, "1", 1.0)], merger)) == "1"
    assert not merger.wants_tones
    assert told([(9.0, INBAND, "2", 8.9)], merger) == []
    assert symbols(told([(10.0, INFO, "3", 10.0)], merger)) == "3"
    merger.stream_changed()
    assert merger.wants_tones
    assert symbols(told([(19.0, INBAND, "2", 18.9)], merger)) == "2"


def test_a_press_is_not_doubled_by_a_change_of_stream() -> None:
    merger = Keypresses()
    assert symbols(told([(1.0, RFC4733, "1", 1.0)], merger)) == "1"
    merger.stream_changed()
    assert told([(1.2, INBAND, "1", 1.05)], merger) == []


def test_how_long_a_key_was_held_widens_what_may_match() -> None:
    merger = Keypresses()
    assert symbols(told([(1.0, INBAND, "7", 1.0)], merger)) == "7"
    assert merger.report(INFO, "7", 3.5, 3.5, held_s=2.0) == []
    assert symbols(merger.report(INFO, "7", 6.0, 6.0)) == "7"


def test_memory_is_bounded() -> None:
    merger = Keypresses()
    for n in range(5000):
        assert len(merger.report(list(Way)[1 + n % 2], "0123456789"[n % 10], n * 3.0, n * 3.0)) == 1
    assert len(pickle.dumps(merger)) < 8_000


# A press, and how late each way tells of it, in hundredths of what it may be.
delays = st.fixed_dictionaries({way: st.integers(0, 100) for way in Way})
pressed = st.lists(st.tuples(st.sampled_from("0123456789*#ABCD55"), delays), min_size=1, max_size=12)


def reports_of(
    presses: list[tuple[str, dict[Way, int]]], ways: list[set[Way]], spacing_s: float, share: float = 0.99
) -> list[Report]:
    """Each press by its ways. A way tells in order; tones and events claim an onset, INFO its arrival."""
    newest = dict.fromkeys(Way, 0.0)
    reports: list[Report] = []
    for number, ((key, late), by) in enumerate(zip(presses, ways, strict=True)):
        onset = 100 + number * spacing_s
        for way in by:
            claimed = onset + late[way] / 100 * share * LATE_S[way]
            # What is late holds up what comes after it on the same way.
            newest[way] = claimed = max(claimed, newest[way] + 1e-6)
            reports.append((claimed + (0.06 if way is INBAND else 0.0), way, key, claimed))
    return reports


@given(pressed, st.sets(st.sampled_from(list(Way)), min_size=1), st.sampled_from([0.1, 0.15, 0.3, 1.0]))
@settings(deadline=None)
def test_ways_that_tell_of_every_press(
    presses: list[tuple[str, dict[Way, int]]], ways: set[Way], spacing_s: float
) -> None:
    """However quick the keys, whatever the ways and however late they are: N presses, N digits, in order."""
    reports = reports_of(presses, [ways] * len(presses), spacing_s)
    assert symbols(told(reports)) == "".join(key for key, _ in presses)


@given(pressed, st.data())
@settings(deadline=None)
def test_any_ways_for_each_press(presses: list[tuple[str, dict[Way, int]]], data: st.DataObject) -> None:
    """Each press by any ways that count: N digits in order, where presses lie further apart than ways are late."""
    ways: list[set[Way]] = []
    for _ in presses:
        counting = [way for way in Way if way is not INBAND or not any(RFC4733 in by for by in ways)]
        by = data.draw(st.sets(st.sampled_from(list(Way)), min_size=1))
        ways.append(by if by & set(counting) else {data.draw(st.sampled_from([RFC4733, INFO]))})
    spacing = LATE_S[INFO] + LATE_S[INBAND] + 0.1
    reports = reports_of(presses, ways, spacing)
    assert symbols(told(reports)) == "".join(key for key, _ in presses)
