"""How true the caller's clock is: a call to an echo of known delay, on real sockets.

    python -m telephony.caller.calibrate --delay-ms 1000

The peer sends every RTP packet back `delay` after the kernel received it. A burst of sound of length L
must then measure an ear-to-mouth of delay - L; what differs is the measurement's error, and the peer's
own lateness, which is printed beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import random
import select
import sys
import threading
import time
from dataclasses import dataclass
from types import TracebackType

import numpy as np

from media.frame import Pcm, samples
from telephony.caller.audible import audible_runs
from telephony.caller.call import Caller
from telephony.caller.codecs import PCMA, PCMU
from telephony.caller.media_clock import MediaClock, receive_stamped, rtp_socket
from telephony.caller.options import CallOptions
from telephony.caller.report import Report, report_of
from telephony.caller.sdp import LocalMedia
from telephony.caller.sip_shell import SipShell
from telephony.caller.uas import Answering, AnswerMachine

_LOCAL = "127.0.0.1"


class EchoPeer:
    """A SIP line on loopback that sends RTP back after `delay_ms`. Use with `async with`."""

    def __init__(self, delay_ms: float, ring_s: float = 0.0) -> None:
        self.delays_ms: list[float] = []
        self._delay_ns = int(delay_ms * 1e6)
        self._ring_s = ring_s
        self._closing = threading.Event()

    async def __aenter__(self) -> EchoPeer:
        self._rtp, self._rtcp = rtp_socket(_LOCAL)
        self._shell = SipShell(lambda: None)
        side = await self._shell.open("udp", _LOCAL, (_LOCAL, 0))
        media = LocalMedia(_LOCAL, self._rtp.getsockname()[1], (PCMU, PCMA))
        self.machine = AnswerMachine(Answering(media, answer_s=self._ring_s), side, random.Random(0))
        self._shell.drive(self.machine)
        self.uri = f"sip:echo@{side.address[0]}:{side.address[1]}"
        self._thread = threading.Thread(target=self._echo, name="rtp-echo", daemon=True)
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join()
        self._shell.close()
        self._rtp.close()
        self._rtcp.close()

    def _echo(self) -> None:
        due: list[tuple[int, int, bytes, tuple[str, int], int]] = []
        number = 0
        while not self._closing.is_set():
            wait_s = (due[0][0] - time.time_ns()) / 1e9 if due else 0.05
            # select counts microseconds, where poll would round up to milliseconds.
            select.select([self._rtp], [], [], min(0.05, max(0.0, wait_s)))
            received = receive_stamped(self._rtp)
            if received is not None and received[2] is not None:
                data, source, stamp_ns = received[0], received[1], received[2]
                number += 1
                heapq.heappush(due, (stamp_ns + self._delay_ns, number, data, source, stamp_ns))
            while due and due[0][0] <= time.time_ns():
                _, _, data, source, stamp_ns = heapq.heappop(due)
                sent_ns = time.time_ns()
                self._rtp.sendto(data, source)
                self.delays_ms.append((sent_ns - stamp_ns) / 1e6)


def burst(length_ms: float, rate_hz: int, dbfs: float = -12.0) -> Pcm:
    """A tone of 440 Hz that starts and ends at once."""
    seconds = np.arange(samples(length_ms, rate_hz)) / rate_hz
    tone: Pcm = (32767 * np.sqrt(2) * 10 ** (dbfs / 20) * np.sin(880 * np.pi * seconds)).astype(np.int16)
    return tone


@dataclass(frozen=True, slots=True)
class Calibration:
    """One calibration call. `expected_ms` is the configured delay less the burst's audible length."""

    expected_ms: float
    measured_ms: tuple[float, ...]
    peer_late_p50_ms: float
    peer_late_max_ms: float
    report: Report


async def calibrate(delay_ms: float, bursts: int, burst_ms: float, options: CallOptions) -> Calibration:
    """Call an echo of `delay_ms` and say `bursts` bursts to it; each must fit before its echo."""
    if burst_ms + 200 > delay_ms:
        raise ValueError("the delay must be at least 200 ms longer than the burst")
    with MediaClock() as clock:
        async with EchoPeer(delay_ms) as peer:
            async with Caller(peer.uri, options, clock) as caller:
                await caller.dial()
                sound = burst(burst_ms, caller.rate_hz)
                for number in range(bursts):
                    await caller.say(sound, f"burst {number + 1}")
                    await caller.wait_for_bot_silence(300, within_s=delay_ms / 1000 + 5)
                await caller.hangup()
            late = np.array(peer.delays_ms) - delay_ms
    report = report_of(caller)
    run = audible_runs(sound, caller.rate_hz)[0]
    length_ms = 1000 * (run.end - run.start) / caller.rate_hz
    return Calibration(
        expected_ms=delay_ms - length_ms,
        measured_ms=tuple(t.ear_to_mouth_ms for t in report.turns if t.ear_to_mouth_ms is not None),
        peer_late_p50_ms=round(float(np.median(late)), 3),
        peer_late_max_ms=round(float(late.max()), 3),
        report=report,
    )


def main() -> int:
    """Calibrate and print."""
    parser = argparse.ArgumentParser(description="Measure an echo of known delay.")
    parser.add_argument("--delay-ms", type=float, default=1000.0)
    parser.add_argument("--burst-ms", type=float, default=600.0)
    parser.add_argument("--bursts", type=int, default=5)
    parser.add_argument("--ptime", type=int, default=20)
    args = parser.parse_args()
    options = CallOptions(ptime_ms=args.ptime)
    result = asyncio.run(calibrate(args.delay_ms, args.bursts, args.burst_ms, options))
    print(f"expected ear-to-mouth {result.expected_ms:.1f} ms")
    for number, measured in enumerate(result.measured_ms, 1):
        print(f"burst {number}: measured {measured:.3f} ms, off by {measured - result.expected_ms:+.3f} ms")
    median, most = result.peer_late_p50_ms, result.peer_late_max_ms
    print(f"the echo itself was late by {median} ms (median), {most} ms (max)")
    return 0 if len(result.measured_ms) == args.bursts else 1


if __name__ == "__main__":
    sys.exit(main())
