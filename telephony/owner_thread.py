"""One thread that owns a library: everything that touches the library is done there, in order.

pjsua2 wants its objects made, called and destroyed by one registered thread, which also runs its event
loop. `submit` hands it a command from any other thread; the poll is woken for it, so a command takes about
as long as it takes, not a polling interval.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


class Owned(Protocol):
    """The library as its thread sees it."""

    def poll(self, timeout_ms: int) -> None:
        """Run the library's own events for at most `timeout_ms`, or until `wake`."""
        ...

    def wake(self) -> None:
        """Make a `poll` that waits return. The one method that other threads may call."""
        ...


class OwnerThread:
    """Runs `owned.poll` and the commands submitted, alternately, until `stop`."""

    def __init__(self, name: str, owned: Owned, poll_ms: int = 20) -> None:
        self._owned = owned
        self._poll_ms = poll_ms
        self._commands: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._open = False  # whether what is queued will be done
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._open = True
        self._thread.start()

    def submit(self, command: Callable[[], T]) -> Future[T]:
        """Run `command` on the thread, after those submitted before. Its exception is the future's.

        Once the thread has stopped the future is cancelled at once.
        """
        future: Future[T] = Future()
        with self._lock:  # not between the thread's last look and its end
            if self._open:
                self._commands.put((future, command))
            else:
                future.cancel()
                return future
        self._owned.wake()
        return future

    def stop(self) -> None:
        """End the thread after the commands already submitted, and wait for it."""
        self._commands.put(None)
        self._owned.wake()
        self._thread.join()

    def _run(self) -> None:
        while self._drain():
            try:
                self._owned.poll(self._poll_ms)
            except Exception:
                log.exception("the library's event loop failed; going on")
        with self._lock:
            self._open = False
        while True:  # whoever came too late must not wait for ever
            try:
                item = self._commands.get_nowait()
            except Empty:
                return
            if item:
                item[0].cancel()

    def _drain(self) -> bool:
        """Do what has been submitted; False when the thread is to end."""
        while True:
            try:
                item = self._commands.get_nowait()
            except Empty:
                return True
            if item is None:
                return False
            future, command = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(command())
            except BaseException as error:
                # A traceback would keep the library's objects alive, to be freed by another thread.
                error.__context__ = None
                future.set_exception(error.with_traceback(None))
