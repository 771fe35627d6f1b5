"""The order of the speech server's work."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.speech_scheduler import DEFERRABLE, Backlog, Kind, Scheduler

kinds = st.sampled_from(list(Kind))


def test_urgent_kinds_go_first_and_equals_in_turn() -> None:
    backlog: Backlog[str] = Backlog(threads=9, deferrable=9)
    asked = [Kind.PARTIAL, Kind.FINAL, Kind.LATER_CLAUSE, Kind.FIRST_CLAUSE, Kind.FINAL]
    for number, kind in enumerate(asked):
        backlog.push(kind, f"{kind.name} {number}")
    order = [taken[1] for _ in range(5) if (taken := backlog.pop())]
    assert order == ["FINAL 1", "FINAL 4", "FIRST_CLAUSE 3", "LATER_CLAUSE 2", "PARTIAL 0"]


def test_partials_leave_a_thread_for_a_final() -> None:
    backlog: Backlog[int] = Backlog(threads=2, deferrable=1)
    for number in range(3):
        backlog.push(Kind.PARTIAL, number)
    assert backlog.pop() == (Kind.PARTIAL, 0)
    assert backlog.pop() is None
    backlog.push(Kind.FINAL, 9)
    assert backlog.pop() == (Kind.FINAL, 9)
    backlog.done(Kind.FINAL)
    assert backlog.pop() is None
    backlog.done(Kind.PARTIAL)
    assert backlog.pop() == (Kind.PARTIAL, 1)


def test_decodes_at_pauses_leave_a_thread_too() -> None:
    backlog: Backlog[int] = Backlog(threads=3, deferrable=1)
    for number in range(3):
        backlog.push(Kind.PAUSE, number)
    assert [backlog.pop(), backlog.pop(), backlog.pop()] == [(Kind.PAUSE, 0), (Kind.PAUSE, 1), None]
    backlog.push(Kind.PARTIAL, 7)
    assert backlog.pop() is None
    backlog.push(Kind.FINAL, 9)
    assert backlog.pop() == (Kind.FINAL, 9)


def test_what_has_not_started_can_be_taken_back() -> None:
    backlog: Backlog[str] = Backlog(threads=1, deferrable=1)
    backlog.push(Kind.PARTIAL, "stale")
    assert backlog.remove(Kind.PARTIAL, "stale")
    assert not backlog.remove(Kind.PARTIAL, "stale")
    assert backlog.pop() is None


@given(st.lists(kinds, max_size=30), st.integers(1, 4), st.data())
def test_limits_hold_and_everything_runs_once(work: list[Kind], threads: int, data: st.DataObject) -> None:
    backlog: Backlog[int] = Backlog(threads, data.draw(st.integers(1, threads)))
    for number, kind in enumerate(work):
        backlog.push(kind, number)
    seen, running = [], []
    while taken := backlog.pop() or (running and (backlog.done(running.pop(0)) or True)):
        if taken is not True:
            seen.append(taken[1])
            running.append(taken[0])
        assert len(running) <= threads
        assert sum(kind in DEFERRABLE for kind in running) <= backlog.deferrable
    assert sorted(seen) == list(range(len(work)))


def test_limits_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="bad scheduler"):
        Backlog(threads=1, deferrable=2)


# ---- with threads --------------------------------------------------------------------------------------


async def test_a_job_takes_its_input_when_it_starts() -> None:
    scheduler = Scheduler(1)  # two threads, one for partials
    gate, newest = threading.Event(), ["old"]
    blocking = scheduler.submit(Kind.PARTIAL, lambda: None, lambda _: gate.wait(10))
    waiting = scheduler.submit(Kind.PARTIAL, lambda: newest[0], lambda value: value)
    newest[0] = "new"
    gate.set()
    assert await waiting == "new"
    assert await blocking is True
    await scheduler.aclose()


async def test_a_final_overtakes_partials_that_wait() -> None:
    scheduler = Scheduler(1)
    gate, order = threading.Event(), []
    running = scheduler.submit(Kind.PARTIAL, lambda: None, lambda _: gate.wait(10))
    partial = scheduler.submit(Kind.PARTIAL, lambda: None, lambda _: order.append("partial"))
    final = scheduler.submit(Kind.FINAL, lambda: None, lambda _: order.append("final"))
    await final
    assert (order, scheduler.waiting(Kind.PARTIAL)) == (["final"], 1)
    gate.set()
    await asyncio.gather(running, partial)
    assert order == ["final", "partial"]
    await scheduler.aclose()


async def test_a_cancelled_job_never_runs() -> None:
    scheduler = Scheduler(1)
    gate, ran = threading.Event(), []
    running = scheduler.submit(Kind.PARTIAL, lambda: None, lambda _: gate.wait(10))
    stale = scheduler.submit(Kind.PARTIAL, lambda: None, lambda _: ran.append("stale"))
    stale.cancel()
    await asyncio.sleep(0)  # callbacks of a future run in the loop's next turn
    assert scheduler.waiting(Kind.PARTIAL) == 0
    gate.set()
    await running
    await scheduler.run(Kind.PARTIAL, lambda: ran.append("next"))
    assert ran == ["next"]
    await scheduler.aclose()


async def test_a_job_that_fails_tells_who_asked_and_frees_its_thread() -> None:
    scheduler = Scheduler(1)

    def fail() -> None:
        raise ValueError("broken")

    for _ in range(5):
        with pytest.raises(ValueError, match="broken"):
            await scheduler.run(Kind.FINAL, fail)
        with pytest.raises(ValueError, match="broken"):
            await scheduler.submit(Kind.PARTIAL, fail, lambda _: None)
    assert await scheduler.run(Kind.PARTIAL, lambda: 7) == 7
    await scheduler.aclose()


async def test_closing_cancels_what_waits() -> None:
    scheduler = Scheduler(1)
    gate = threading.Event()
    running = scheduler.submit(Kind.PARTIAL, lambda: None, lambda _: gate.wait(10))
    waiting = scheduler.submit(Kind.PARTIAL, lambda: None, lambda _: None)
    gate.set()
    await scheduler.aclose()
    assert waiting.cancelled()
    assert await running is True
