"""Which work of the speech server runs next, on few threads.

A caller who has finished waits for the final transcript and for the first clause of the answer; nobody
waits for a partial, and a clause that follows another has the time which that one takes to be heard. So
work comes in kinds, urgent ones go first, and kinds that may wait never hold all the threads: when the
machine is full, partials get rarer before finals get late.

A job takes its input when it starts, not when it is asked for (`snapshot`, called on the event loop): a
partial that had to wait decodes the newest audio, and a cancelled one costs nothing.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Generic, TypeVar

T = TypeVar("T")
In = TypeVar("In")


class Kind(IntEnum):
    """Kinds of work, most urgent first."""

    SCORE = 0  # end of turn: short, and everything waits for it
    FINAL = 1
    OVER_BOT = 2  # a decode of what is said over the bot: it is silent, or talks over a caller, until there are words
    FIRST_CLAUSE = 3
    LATER_CLAUSE = 4
    PAUSE = 5  # a decode that may turn out to be the final
    PARTIAL = 6
    LOAD = 7  # of weights


DEFERRABLE = frozenset({Kind.LATER_CLAUSE, Kind.PARTIAL, Kind.LOAD})
"""What may wait. With `Kind.PAUSE`, whose answer may never be wanted, it leaves a thread to the rest."""


@dataclass
class Backlog(Generic[T]):
    """The order of work, without threads: `push` and `remove` items, `pop` the next, report it `done`."""

    threads: int
    deferrable: int
    running: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    _waiting: dict[Kind, deque[T]] = field(default_factory=lambda: {kind: deque() for kind in Kind})

    def __post_init__(self) -> None:
        if not 1 <= self.deferrable <= self.threads:
            raise ValueError(f"bad scheduler: {self.deferrable} of {self.threads} threads for what may wait")

    def push(self, kind: Kind, item: T) -> None:
        """Add an item behind those of its kind."""
        self._waiting[kind].append(item)

    def remove(self, kind: Kind, item: T) -> bool:
        """Take back an item that hasn't started; False where it has."""
        try:
            self._waiting[kind].remove(item)
        except ValueError:
            return False
        return True

    def pop(self) -> tuple[Kind, T] | None:
        """The next item to start, counted as running; None while there is no thread for any."""
        if sum(self.running.values()) >= self.threads:
            return None
        for kind, waiting in self._waiting.items():
            if waiting and self._room(kind):
                self.running[kind] += 1
                return kind, waiting.popleft()
        return None

    def _room(self, kind: Kind) -> bool:
        may_wait = sum(self.running[other] for other in DEFERRABLE)
        if kind in DEFERRABLE and may_wait >= self.deferrable:
            return False
        guess = kind in DEFERRABLE or kind is Kind.PAUSE
        return not guess or may_wait + self.running[Kind.PAUSE] < max(1, self.threads - 1)

    def drain(self) -> list[T]:
        """Take back all that hasn't started."""
        taken = [item for waiting in self._waiting.values() for item in waiting]
        for waiting in self._waiting.values():
            waiting.clear()
        return taken

    def done(self, kind: Kind) -> None:
        """An item that `pop` gave has ended."""
        self.running[kind] -= 1

    def waiting(self, kind: Kind) -> int:
        """How many of a kind have not started."""
        return len(self._waiting[kind])


@dataclass(eq=False, slots=True)
class _Job:
    kind: Kind
    snapshot: Callable[[], Any]
    work: Callable[[Any], Any]
    result: asyncio.Future[Any]


class Scheduler:
    """Runs jobs on a pool of threads in the backlog's order. Belongs to one event loop.

    For `cores` (the machine's, if None) there is a thread more, so that a short urgent job needn't wait for
    a long one, and one less for what may wait.
    """

    def __init__(self, cores: int | None = None) -> None:
        self._open = True
        cores = cores or os.cpu_count() or 1
        self._backlog: Backlog[_Job] = Backlog(cores + 1, max(1, cores - 1))
        self._pool = ThreadPoolExecutor(cores + 1, thread_name_prefix="speech")

    @property
    def threads(self) -> int:
        """How many jobs run at once."""
        return self._backlog.threads

    def submit(self, kind: Kind, snapshot: Callable[[], In], work: Callable[[In], T]) -> asyncio.Future[T]:
        """Queue `work(snapshot())`; cancelling the future takes it back, or drops the result if it runs."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        if not self._open:
            result.cancel()
            return result
        job = _Job(kind, snapshot, work, result)
        self._backlog.push(kind, job)
        result.add_done_callback(lambda _: self._backlog.remove(kind, job) if result.cancelled() else None)
        self._pump(loop)
        return result

    async def run(self, kind: Kind, work: Callable[[], T]) -> T:
        """Run `work` in its turn; cancellation takes it back if it hasn't started."""
        return await self.submit(kind, lambda: None, lambda _: work())

    def waiting(self, kind: Kind) -> int:
        """How many jobs of a kind have not started."""
        return self._backlog.waiting(kind)

    async def aclose(self) -> None:
        """Take back what hasn't started and wait for what has; jobs asked for later are cancelled."""
        self._open = False
        for job in self._backlog.drain():
            job.result.cancel()
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)

    def _pump(self, loop: asyncio.AbstractEventLoop) -> None:
        while (taken := self._backlog.pop()) is not None:
            kind, job = taken
            try:
                running = loop.run_in_executor(self._pool, job.work, job.snapshot())
            except Exception as error:  # of the snapshot: the job's own failure, told to who asked
                self._backlog.done(kind)
                job.result.set_exception(error)
                continue
            running.add_done_callback(lambda done, job=job: self._finish(loop, job, done))  # type: ignore[misc]

    def _finish(self, loop: asyncio.AbstractEventLoop, job: _Job, done: asyncio.Future[Any]) -> None:
        self._backlog.done(job.kind)
        if done.cancelled():
            job.result.cancel()
        elif (error := done.exception()) is not None:
            if not job.result.done():  # cancelled: who asked isn't there to be told
                job.result.set_exception(error)
        elif not job.result.done():
            job.result.set_result(done.result())
        self._pump(loop)
