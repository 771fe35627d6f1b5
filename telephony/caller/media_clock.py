"""The caller's media clock: two threads that send and receive the RTP of any number of calls.

Packets leave at absolute times, one interval after the other, whatever the event loop does meanwhile;
what arrives is stamped by the kernel (SO_TIMESTAMPNS), so a late thread doesn't falsify a measurement.
"""

from __future__ import annotations

import heapq
import itertools
import os
import select
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Protocol

SO_TIMESTAMPNS = 35
"""From Linux's asm-generic/socket.h; Python's socket module doesn't name it."""
_TIMESPEC = struct.Struct("@qq")
_MAX_DATAGRAM = 2048
_RECEIVE_BUFFER = 1 << 18
_NS = 1_000_000_000


class Stream(Protocol):
    """One call's media, driven by the clock's threads."""

    interval_ns: int

    @property
    def socket(self) -> socket.socket: ...

    def tick(self, late_ns: int) -> None:
        """Send what is due; `late_ns` is how long after its time the thread came."""
        ...

    def released(self) -> None:
        """A time asked for by `MediaClock.call_at` has come."""
        ...

    def readable(self) -> None:
        """Take what arrived."""
        ...

    def failed(self, error: Exception) -> None:
        """`tick` or `readable` raised; the stream has been removed."""
        ...


class MediaClock:
    """Use as a context manager; `add` streams to it and `remove` them, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._due: list[tuple[int, int, Stream, bool]] = []  # when, a serial number, whose, again and again?
        self._serial = itertools.count()
        self._streams: dict[int, Stream] = {}
        self._closing = threading.Event()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll = select.epoll()
        self._poll.register(self._wake, select.EPOLLIN)
        self._threads = [
            threading.Thread(target=self._send_loop, name="rtp-send", daemon=True),
            threading.Thread(target=self._receive_loop, name="rtp-receive", daemon=True),
        ]

    def __enter__(self) -> MediaClock:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        with self._lock:
            self._lock.notify()
        os.eventfd_write(self._wake, 1)
        for thread in self._threads:
            thread.join()
        self._poll.close()
        os.close(self._wake)

    def listen(self, stream: Stream) -> None:
        """Receive for `stream` from now on."""
        number = stream.socket.fileno()
        with self._lock:
            self._streams[number] = stream
        self._poll.register(number, select.EPOLLIN)

    def send(self, stream: Stream) -> None:
        """Call `stream.tick` now and every `interval_ns` from now."""
        with self._lock:
            heapq.heappush(self._due, (time.monotonic_ns(), next(self._serial), stream, True))
            self._lock.notify()

    def call_at(self, at_ns: int, stream: Stream) -> None:
        """Call `stream.released` once at `at_ns` (monotonic); up to 20 ms later if the sending thread sleeps."""
        with self._lock:
            heapq.heappush(self._due, (at_ns, next(self._serial), stream, False))
            self._lock.notify()

    def remove(self, stream: Stream) -> None:
        """Forget `stream`; after this none of its methods is called any more. Its socket stays open."""
        with self._lock:
            number = stream.socket.fileno()
            if self._streams.pop(number, None) is not None:
                self._poll.unregister(number)
            self._due = [entry for entry in self._due if entry[2] is not stream]
            heapq.heapify(self._due)

    @property
    def idle(self) -> bool:
        """No stream is left."""
        with self._lock:
            return not self._streams and not self._due

    # ---- threads ------------------------------------------------------------------------------------------

    def _send_loop(self) -> None:
        while not self._closing.is_set():
            with self._lock:
                if not self._due:
                    if not self._closing.is_set():  # asked again under the lock: the notice may have come before it
                        self._lock.wait()
                    continue
                wait_ns = self._due[0][0] - time.monotonic_ns()
                if wait_ns <= 0:
                    self._tick_first(-wait_ns)
                    continue
            # A stream that is added meanwhile is at most one interval late, once.
            time.sleep(min(wait_ns, 20_000_000) / _NS)

    def _tick_first(self, late_ns: int) -> None:
        due_ns, serial, stream, again = heapq.heappop(self._due)
        try:
            if again:
                stream.tick(late_ns)
            else:
                stream.released()
        except Exception as error:
            self._drop(stream, error)
            return
        if again:
            heapq.heappush(self._due, (due_ns + stream.interval_ns, serial, stream, True))

    def _receive_loop(self) -> None:
        while not self._closing.is_set():
            for number, _ in self._poll.poll():
                if number == self._wake:
                    continue
                with self._lock:
                    stream = self._streams.get(number)
                    if stream is None:
                        continue
                    try:
                        stream.readable()
                    except Exception as error:
                        self._drop(stream, error)

    def _drop(self, stream: Stream, error: Exception) -> None:
        # The lock is held: a stream's failure must not take the other calls' clock with it.
        number = stream.socket.fileno()
        if self._streams.pop(number, None) is not None:
            self._poll.unregister(number)
        self._due = [entry for entry in self._due if entry[2] is not stream]
        heapq.heapify(self._due)
        stream.failed(error)


def rtp_socket(address: str) -> tuple[socket.socket, socket.socket]:
    """A stamped, non-blocking RTP socket on an even port of `address`, and its RTCP neighbour.

    Nothing reads the neighbour: it is there so that the peer's RTCP doesn't meet a closed port.
    Raises OSError.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(64):
        rtp = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        rtcp = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            rtp.bind((address, 0))
            port = rtp.getsockname()[1]
            if port % 2:
                raise OSError("odd port")
            rtcp.bind((address, port + 1))
        except OSError:
            rtp.close()
            rtcp.close()
            continue
        rtp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        return rtp, rtcp
    raise OSError(f"no free pair of ports on {address}")


def receive_stamped(stamped: socket.socket) -> tuple[bytes, tuple[str, int], int | None] | None:
    """A datagram, where it came from, and the kernel's stamp (CLOCK_REALTIME, ns); None if there is none."""
    try:
        data, ancillary, _, source = stamped.recvmsg(_MAX_DATAGRAM, 64)
    except BlockingIOError:
        return None
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(value) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(value)
            return data, (source[0], source[1]), seconds * _NS + nanoseconds
    return data, (source[0], source[1]), None
