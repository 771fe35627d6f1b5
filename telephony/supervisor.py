"""`offhook serve`: the parent of all processes. It starts them, restarts what dies, and stops them in order.

A child that exits with 2 has a wrong configuration: no restart mends that, so everything stops with 2. Any
other death is answered by a restart with backoff; calls that the child did not own do not notice. Of a server that
was started again the workers are told by a signal: what they had it load and read is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

log = logging.getLogger("offhook.supervisor")

BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
STEADY_S = 30.0
"""A child that lived this long starts from the first backoff again."""
WRONG_CONFIGURATION = 2
STOP_LIMIT_S = 5.0
HURRY_LIMIT_S = 2.0
"""How long a child may take after a second signal: enough to hang up."""

SPEECH_RESTARTED, MODEL_RESTARTED = signal.SIGUSR1, signal.SIGUSR2
"""What workers are sent. A child ignores both until it asks for them: before that it has nothing to lose."""

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep alive. `grace_s` is how long it may take to stop after SIGTERM.

    `restarted` is what the workers are sent when it was started again, None for nothing.
    """

    name: str
    argv: tuple[str, ...]
    grace_s: float = STOP_LIMIT_S
    restarted: signal.Signals | None = None


def python(module: str, *arguments: str) -> tuple[str, ...]:
    """The command line of one of our own modules."""
    return (sys.executable, "-m", module, *arguments)


def _in_child() -> None:
    """A supervisor that is killed takes its children with it (Linux prctl). A signal stays ignored in a new program."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    for number in (SPEECH_RESTARTED, MODEL_RESTARTED):
        signal.signal(number, signal.SIG_IGN)


class Supervisor:
    """Runs `workers` over `servers`: servers outlive the workers, so that live calls can finish."""

    def __init__(self, servers: Sequence[Child], workers: Sequence[Child]) -> None:
        self._servers, self._workers = tuple(servers), tuple(workers)
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._status = 0

    async def run(self) -> int:
        """Run until SIGTERM or SIGINT, or a child with a wrong configuration. Returns the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled)
        keepers = {
            child: asyncio.create_task(self._keep(child)) for child in (*self._servers, *self._workers)
        }
        await self._stopping.wait()
        for group in (self._workers, self._servers):
            await asyncio.gather(*(self._stop(child) for child in group))
            for child in group:
                keepers[child].cancel()
            await asyncio.gather(*(keepers[child] for child in group), return_exceptions=True)
        return self._status

    def _signalled(self) -> None:
        if self._stopping.is_set():
            self._hurry.set()  # asked twice: don't wait for live calls
        self._stopping.set()

    async def _keep(self, child: Child) -> None:
        deaths = 0
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            started = loop.time()
            # A session of its own: the Ctrl-C that we are told of must not reach the servers that live calls need.
            process = await asyncio.create_subprocess_exec(
                *child.argv, preexec_fn=_in_child, start_new_session=True
            )
            self._running[child.name] = process
            if deaths and child.restarted is not None:
                self._tell_workers(child.restarted)
            status = await process.wait()
            del self._running[child.name]
            if self._stopping.is_set():
                return
            if status == WRONG_CONFIGURATION:
                self._status = WRONG_CONFIGURATION
                self._stopping.set()
                return
            deaths = 0 if loop.time() - started > STEADY_S else deaths
            delay = BACKOFF_S[min(deaths, len(BACKOFF_S) - 1)]
            deaths += 1
            log.warning("%s ended with status %d; starting it again in %.1f s", child.name, status, delay)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)

    def _tell_workers(self, number: signal.Signals) -> None:
        for worker in self._workers:
            if (process := self._running.get(worker.name)) is not None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(number)

    async def _stop(self, child: Child) -> None:
        process = self._running.get(child.name)
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        over = asyncio.ensure_future(process.wait())
        hurry = asyncio.ensure_future(self._hurry.wait())
        done, _ = await asyncio.wait(
            (over, hurry), timeout=child.grace_s, return_when=asyncio.FIRST_COMPLETED
        )
        if over not in done and self._hurry.is_set():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)  # the second one: a worker hangs up
            done, _ = await asyncio.wait((over,), timeout=HURRY_LIMIT_S)
        if over not in done:
            log.warning("%s did not stop within its time; killing it", child.name)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await over
        hurry.cancel()
