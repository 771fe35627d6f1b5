"""What a network does to a stream of packets, seeded: delays in the manner of ITU-T G.1050, or loss.

Every trace is a function `(n, seed) -> delays`: one value for each of `n` packets that leave every 20 ms, the
milliseconds it is on its way, or None where it is lost. The sender's clock is part of the delay: one that runs
200 ppm slow sends later and later. Constant transit is left out; a buffer can't tell it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

PTIME_MS = 20.0

Delays = list[float | None]
Trace = Callable[[int, int], Delays]


def random_loss(n: int, seed: int, loss: float, jitter_ms: float) -> Delays:
    """Independent losses; the queues of a LAN: exponential delays of mean `jitter_ms`, in order."""
    rng = np.random.default_rng(seed)
    lost = rng.random(n) < loss
    return _with_loss(_in_order(rng.exponential(jitter_ms, n)), lost)


def bursty_loss(n: int, seed: int, loss: float, burst: float, jitter_ms: float) -> Delays:
    """The model of Gilbert and Elliott: losses in runs of mean length `burst`, and delays that grow around them.

    In the bad state a packet is lost with probability 0.8 and the others wait ten times as long.
    """
    rng = np.random.default_rng(seed)
    bad_share = loss / 0.8
    leave_bad = 1 / burst
    enter_bad = leave_bad * bad_share / (1 - bad_share)
    bad = np.zeros(n, bool)
    state = False
    for i, chance in enumerate(rng.random(n)):
        state = chance < enter_bad if not state else chance >= leave_bad
        bad[i] = state
    waits = rng.exponential(jitter_ms, n) * np.where(bad, 10.0, 1.0)
    return _with_loss(_in_order(waits), bad & (rng.random(n) < 0.8))


def narrow_link(n: int, seed: int, kbit_s: float, load: float, loss: float = 0.0) -> Delays:
    """A first-in-first-out access link of `kbit_s` shared with downloads that fill `load` of it.

    Downloads are bursts of 1,500-byte packets, 2 to 12 of them, at random times. What would wait for more than
    300 ms finds the queue full and is lost; `loss` comes on top.
    """
    rng = np.random.default_rng(seed)
    per_byte_ms = 8 / kbit_s
    mean_burst = 7 * 1500 * per_byte_ms
    horizon = n * PTIME_MS
    bursts = int(horizon * load / mean_burst) + 1
    starts = np.sort(rng.uniform(0, horizon, bursts))
    sizes = rng.integers(2, 13, bursts) * 1500
    delays: Delays = []
    free_at = 0.0  # when the link has sent all it has
    nxt = 0
    lost = rng.random(n) < loss
    for i in range(n):
        now = i * PTIME_MS
        while nxt < bursts and starts[nxt] <= now:
            free_at = max(free_at, starts[nxt]) + sizes[nxt] * per_byte_ms
            nxt += 1
        wait = max(0.0, free_at - now)
        if wait > 300.0:
            delays.append(None)
            continue
        free_at = max(free_at, now) + 200 * per_byte_ms
        delays.append(None if lost[i] else wait + 200 * per_byte_ms)
    return delays


def drift(n: int, seed: int, ppm: float, jitter_ms: float) -> Delays:
    """The sender's clock is `ppm` slow (negative: fast), over the queues of a LAN."""
    rng = np.random.default_rng(seed)
    drifted = np.arange(n) * PTIME_MS * ppm * 1e-6
    drifted -= min(0.0, float(drifted[-1]))
    return [float(d) for d in _in_order(rng.exponential(jitter_ms, n) + drifted)]


def _in_order(delays: np.ndarray) -> np.ndarray:
    """Delays in which no packet overtakes another, as in one queue."""
    sent = np.arange(delays.size) * PTIME_MS
    return np.maximum.accumulate(sent + delays) - sent


def _with_loss(delays: np.ndarray, lost: np.ndarray) -> Delays:
    return [None if gone else float(delay) for delay, gone in zip(delays, lost, strict=True)]


TRACES: dict[str, Trace] = {
    "random 1 %": partial(random_loss, loss=0.01, jitter_ms=2.0),
    "random 3 %": partial(random_loss, loss=0.03, jitter_ms=5.0),
    "random 8 %": partial(random_loss, loss=0.08, jitter_ms=10.0),
    "bursty 1 %": partial(bursty_loss, loss=0.01, burst=2.0, jitter_ms=2.0),
    "bursty 3 %": partial(bursty_loss, loss=0.03, burst=3.0, jitter_ms=4.0),
    "bursty 8 %": partial(bursty_loss, loss=0.08, burst=4.0, jitter_ms=6.0),
    "link 2 Mbit/s": partial(narrow_link, kbit_s=2000.0, load=0.4),
    "link 1 Mbit/s": partial(narrow_link, kbit_s=1000.0, load=0.5),
    "link 512 kbit/s": partial(narrow_link, kbit_s=512.0, load=0.3, loss=0.01),
    "drift +200 ppm": partial(drift, ppm=200.0, jitter_ms=4.0),
    "drift -200 ppm": partial(drift, ppm=-200.0, jitter_ms=4.0),
}
