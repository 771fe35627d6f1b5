"""The echo canceller: takes the bot's own voice out of what the caller's line brings.

Its reference is what pjmedia's clock took of ours at the same tick. The delay between the two is looked for
(`media.echo_delay`), the echo's path behind it is learnt (`media.echo_filter`), and what the filter leaves is
told from the caller's voice (`media.echo_suppressor`). Nothing of it runs while nothing was played within the
echo's reach, nor, but for a look now and then, on a line without echo.

The delay is constant in pieces: a jitter buffer that drops or conceals moves it. The path that was learnt is
good at the new delay too, so only the place in the far signal moves (`media.echo_jump` recognises the echo there).

The path is kept while the canceller rests. It wakes with the first frame that is played, before its echo can
have come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import log10

import numpy as np

from media.echo_delay import MAX_DELAY_MS, DelaySearch, Found
from media.echo_drift import TAPS, DriftLoop
from media.echo_filter import Block, EchoFilter
from media.echo_jump import JumpSearch
from media.echo_suppressor import Suppressor
from media.frame import FRAME_MS, Pcm, power_dbfs, samples

RATES_HZ = (8000, 16000)
TAIL_MS = 160
"""How long an echo may be, from its first sound on."""

_LEAD_MS = 12
"""The filter starts so long before the delay that was found: the loudest sound needn't be the first."""
_QUIET = 16.0
"""RMS under which nothing was played (-66 dBFS)."""
_FAINT = 4.0
"""RMS of an echo too faint to judge by (-78 dBFS)."""
_LOOK_FRAMES = 6
_LOOK_RARELY_FRAMES = 25
_LOOK_LEAST_FRAMES = 100
"""A line on which no echo was found is looked at ever more rarely, at last every two seconds of the bot's."""
_UNLEARNT_GAIN = 0.25
"""Power of the worst echo that is expected where none is known: 6 dB down (ITU-T G.168)."""
_KEEP = 0.96
"""Of the powers that ERLE is made of, from frame to frame: half a second."""
_LIKENESS_KEEP = 0.9
_LOST = -0.4
"""The error's projection on the echo that was taken, and their correlation: 0 with the right path, whoever
speaks; -1 and -0.7 with a wrong one."""
_DOUBTED = -0.3
"""The same of a single frame."""
_UNSURE_DB = 12.0
"""ERLE that the suppressor goes by while none is known."""
_FOLLOW_DB = 3.0
"""ERLE from which on the filter's echo is good enough to follow a drift by."""
_CONVERGED_DB = 10.0
_UNCONVERGED_DB = 4.0
_LOST_UNCONVERGED = -0.55
"""Where a loudspeaker clips, the filter takes too much of what is loud."""
_NEW_PATH_FRAMES, _NEW_DELAY_FRAMES = 75, 12
"""A path that was learnt for a shorter time is expected to be wrong; at a new delay it has to be measured first."""


class EchoState(Enum):
    """What the canceller knows of the line."""

    UNKNOWN = "unknown"
    """Nothing was played yet, or not enough: the delay is being looked for."""
    CLEAR = "clear"
    """The line brings no echo that could be found. It is looked for rarely."""
    LEARNING = "learning"
    """The delay is known, the path isn't yet (ERLE under 10 dB)."""
    CONVERGED = "converged"
    LOST = "lost"
    """The path or the delay has changed; it is looked for anew."""


@dataclass(frozen=True, slots=True)
class EchoReport:
    """`delay_ms` and `erle_db` are None until known; `echo_share`: how much of the last frame may be echo."""

    active: bool
    state: EchoState
    delay_ms: float | None
    erle_db: float | None
    echo_share: float


class EchoCanceller:
    """One call's canceller, for frames of 20 ms at 8 or 16 kHz. Raises ValueError for another rate.

    `suppress` False leaves the residue of the filter as it is, for measurements.
    """

    def __init__(self, rate_hz: int, *, suppress: bool = True) -> None:
        if rate_hz not in RATES_HZ:
            raise ValueError(f"the echo canceller needs 8000 or 16000 Hz, not {rate_hz}")
        self.rate_hz = rate_hz
        self._size = samples(FRAME_MS, rate_hz)
        self._suppress = suppress
        self._search = DelaySearch(rate_hz)
        self._jumps = JumpSearch(rate_hz)
        self._filter = EchoFilter(self._size, TAIL_MS // FRAME_MS)
        self._suppressor = Suppressor(self._size, rate_hz)
        self._lead = samples(_LEAD_MS, rate_hz)
        # Both signals end at `_end` and move to the front half of their arrays where these are full.
        kept = samples(MAX_DELAY_MS + TAIL_MS, rate_hz) + self._jumps.span + 2 * self._size
        self._far = np.zeros(2 * kept, np.float32)
        self._near = np.zeros(2 * kept, np.float32)
        self._end = kept
        self._state = EchoState.UNKNOWN
        self._since_played = 1 << 30  # frames
        self._delay: int | None = None  # samples, as is `_start`, which the filter's first tap lies behind
        self._start = 0
        self._to_look = _LOOK_FRAMES
        self._gain = _UNLEARNT_GAIN
        self._unproven = 0  # frames with an echo until the path may be found wrong
        self._rarely = _LOOK_RARELY_FRAMES
        self._resting = True
        self._rested = 0  # frames
        self._sent_power = 0.0
        self._learnt = False  # whether the path is good enough to know its echo by
        self._drift = DriftLoop(self._size)
        self._before = self._after = self._likeness = self._echo_power = self._left_power = self._played = 0.0

    @property
    def state(self) -> EchoState:
        """What it knows of the line."""
        return self._state

    @property
    def active(self) -> bool:
        """Whether there is, or may be, an echo to cancel now."""
        return self._since_played <= self._reach_frames()

    @property
    def delay_ms(self) -> float | None:
        """From what was played to its echo; None until it is found."""
        return None if self._delay is None else self._delay * 1000 / self.rate_hz

    @property
    def drift_ppm(self) -> float:
        """By how much the echo falls back behind what is played."""
        return self._drift.slope * 1e6

    @property
    def sent_dbfs(self) -> float:
        """How loud the last frame was that was played; -100 for silence."""
        return power_dbfs(self._sent_power)

    @property
    def erle_db(self) -> float | None:
        """How much fainter the filter alone makes the echo, over the last half second of it; None until known."""
        if self._state not in (EchoState.LEARNING, EchoState.CONVERGED) or self._after <= 0.0:
            return None
        return 10 * log10(max(self._before, 1e-3) / self._after)

    @property
    def report(self) -> EchoReport:
        """All of it at once."""
        share = self._suppressor.echo_share if self.active else 0.0
        return EchoReport(self.active, self._state, self.delay_ms, self.erle_db, share)

    def process(self, near: Pcm, far: Pcm, certain: bool = False) -> Pcm:
        """`near`, one frame of the caller's line, without the echo of `far`, played at that tick.

        `certain`: the caller speaks (`media.near`), and is let through even where the echo's path is lost. Where
        nothing is to be done `near` itself comes back. Raises ValueError for another length.
        """
        if near.size != self._size or far.size != self._size:
            raise ValueError(f"a frame has {self._size} samples here, not {near.size} and {far.size}")
        played = far.astype(np.float32)
        self._sent_power = float(played.dot(played)) / self._size
        silent = self._sent_power < _QUIET**2
        self._since_played = self._since_played + 1 if silent else 0
        if self._resting and silent:
            self._rested += 1
            return near
        if self._resting:
            self._wake()
        self._keep(played, near)
        if not self.active:
            return self._rest(near)
        self._to_look -= 1
        if self._to_look <= 0:
            self._look()
        if self._state is EchoState.CLEAR:
            return self._pass(near)
        if certain and self._state is not EchoState.CONVERGED:
            self._suppressor.let_in()
        return np.clip(np.rint(self._cancel(near.astype(np.float32))), -32768, 32767).astype(np.int16)

    # ---- resting and waking ---------------------------------------------------------------------------

    def _reach_frames(self) -> int:
        delay = MAX_DELAY_MS if self._delay is None else self._delay * 1000 // self.rate_hz
        return (delay + TAIL_MS) // FRAME_MS + 1

    def _rest(self, near: Pcm) -> Pcm:
        out = self._pass(near)
        self._resting, self._rested = out is near, 0
        return out

    def _pass(self, near: Pcm) -> Pcm:
        if self._suppressor.stands_open:
            return near
        heard = near.astype(np.float32)
        self._suppressor.release(heard)
        return np.clip(np.rint(heard), -32768, 32767).astype(np.int16)

    def _wake(self) -> None:
        """What lies before now is silence: as long as the echo reaches, nothing was played."""
        self._resting = False
        self._end = self._far.size // 2
        self._far[: self._end] = 0.0
        self._near[: self._end] = 0.0
        self._to_look = max(self._to_look, self._search.window // self._size)
        if self._delay is not None:
            self._filter.load(np.zeros(self._filter.history, np.float32))
            if self._start >= TAPS:
                self._start = max(TAPS, self._start + self._drift.step(self._rested)[0])

    def _keep(self, played: Block, near: Pcm) -> None:
        end, kept = self._end, self._far.size // 2
        if end + self._size > 2 * kept:
            self._far[:kept], self._near[:kept] = self._far[end - kept : end], self._near[end - kept : end]
            end = kept
        self._end = end + self._size
        self._far[end : self._end], self._near[end : self._end] = played, near

    # ---- delay ----------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Look for the delay where it isn't known or no longer true."""
        known = self._state in (EchoState.LEARNING, EchoState.CONVERGED)
        clear = self._state is EchoState.CLEAR
        self._rarely = min(2 * self._rarely, _LOOK_LEAST_FRAMES) if clear else _LOOK_RARELY_FRAMES
        self._to_look = self._rarely if known or clear else _LOOK_FRAMES
        if self._state is EchoState.CONVERGED:
            return
        far = self._far[self._end - self._search.span : self._end]
        if float(far.dot(far)) < far.size * _QUIET**2:
            return
        found = self._search.look(far, self._near[self._end - self._search.window : self._end])
        if found is Found.ECHO:
            if known and self._delay is not None and abs(self._search.delay - self._delay) <= self._lead:
                return
            self._move(self._search.delay)
        elif found is Found.NO_ECHO and not known:
            self._state, self._delay = EchoState.CLEAR, None

    def _move(self, delay: int) -> None:
        """The echo comes `delay` samples late from now on."""
        same = self._delay is not None and abs(delay - self._delay) <= self._lead
        if same or self._delay is None:
            self._filter.doubt()
            self._learnt = False
        self._unproven = _NEW_PATH_FRAMES if same or self._delay is None else _NEW_DELAY_FRAMES
        if not same:
            self._delay = delay
            self._start = max(0, delay - self._lead)
        self._settle()
        self._suppressor.restart()
        self._state = EchoState.LEARNING
        self._before = self._after = 0.0

    # ---- path -----------------------------------------------------------------------------------------

    def _cancel(self, heard: Block) -> Block:
        """The frame less its echo."""
        if self._state is EchoState.UNKNOWN:
            return self._guess(heard)
        if self._state is EchoState.LOST:
            if not self._has_jumped(heard, heard):
                return self._guess(heard)
            self._state = EchoState.CONVERGED
        reference = self._reference()
        echo = self._filter.echo(reference)
        left = heard - echo
        if self._has_jumped(heard, left):
            reference = self._reference(0)
            echo = self._filter.echo(reference)
            left = heard - echo
        error, taken = self._filter.spectra(left, echo)
        suppressor = self._suppressor
        erle_db = self.erle_db
        suppressor.judge(
            suppressor.bands(error),
            suppressor.bands(taken),
            _UNSURE_DB if erle_db is None else erle_db,
            self._doubted(echo, left),
        )
        self._filter.learn(error)
        self._measure(reference[self._size :], heard, echo, left)
        if self._start >= TAPS and erle_db is not None and erle_db > _FOLLOW_DB and not suppressor.open:
            self._drift.follow(taken, error)
        if float(left.dot(left)) > 2 * float(heard.dot(heard)):
            left = heard  # a wrong path: better the echo than two
        if self._suppress:
            suppressor.apply(left)
        return left

    def _has_jumped(self, heard: Block, left: Block) -> bool:
        """Where the path doesn't explain this frame, look whether its echo has moved, and if so go there."""
        strange = self._jumps.is_strange(heard, left, self._suppressor.noise_power)
        if not strange or not self._learnt or self._delay is None:
            return False
        early = min(self._jumps.reach, self._start)
        near, far = self._near[: self._end], self._far[: self._end - self._start + early]
        response = self._drift.delayed(self._filter.response())
        jump = self._jumps.look(near, far, response, early)
        if jump is None or self._delay + jump.late > samples(MAX_DELAY_MS, self.rate_hz):
            return False
        if jump.alone:
            self._suppressor.shut()
        self._delay += jump.late
        self._start += jump.late
        self._unproven = _NEW_DELAY_FRAMES
        self._settle()
        return True

    def _settle(self) -> None:
        """Take the echo at the delay that is known from now on."""
        end = self._end - self._start - self._size
        self._filter.load(self._far[end - self._filter.history : end])
        self._jumps.restart()
        self._likeness = self._echo_power = self._left_power = self._played = 0.0

    def _doubted(self, echo: Block, left: Block) -> bool:
        """Whether this frame looks as if the path had just changed: what is left is the echo that was taken."""
        taken, kept = float(echo.dot(echo)), float(left.dot(left))
        return float(left.dot(echo)) < _DOUBTED * max(taken, (taken * kept) ** 0.5) and taken > 0.0

    def _reference(self, blocks: int = 1) -> Block:
        """Two blocks of what was played, as late as the filter begins, `blocks` more of drift included."""
        if self._start < TAPS:  # an interpolation would need what isn't played yet
            return self._far[self._end - self._start - 2 * self._size : self._end - self._start]
        whole, kernel = self._drift.step(blocks)
        self._start = max(TAPS, self._start + whole)
        end = self._end - self._start
        if kernel is None:
            return self._far[end - 2 * self._size : end]
        half = kernel.size // 2
        return np.convolve(self._far[end - 2 * self._size - half : end + half - 1], kernel, "valid")

    def _guess(self, heard: Block) -> Block:
        """Where the path isn't known: what is fainter than the worst echo could be is taken for one.

        That is 6 dB down where none was ever known, else twice the power of the one that was.
        """
        reach = samples(MAX_DELAY_MS, self.rate_hz)
        past = self._far[self._end - reach : self._end].reshape(-1, self._size)
        loudest = past[int(np.einsum("ij,ij->i", past, past).argmax())]
        suppressor = self._suppressor
        line, played = self._filter.spectra(heard, loudest)
        suppressor.judge(
            suppressor.bands(line),
            suppressor.bands(played) * np.float32(self._gain),
            _UNSURE_DB,
            False,
        )
        left = heard.copy()
        if self._suppress:
            suppressor.apply(left)
        return left

    def _measure(self, played: Block, heard: Block, echo: Block, left: Block) -> None:
        """Follow ERLE, and whether what is taken is really there."""
        taken, kept = float(echo.dot(echo)), float(left.dot(left))
        self._likeness = _LIKENESS_KEEP * self._likeness + (1 - _LIKENESS_KEEP) * float(left.dot(echo))
        self._echo_power = _LIKENESS_KEEP * self._echo_power + (1 - _LIKENESS_KEEP) * taken
        self._left_power = _LIKENESS_KEEP * self._left_power + (1 - _LIKENESS_KEEP) * kept
        self._played = _LIKENESS_KEEP * self._played + (1 - _LIKENESS_KEEP) * float(played.dot(played))
        if taken < self._size * _FAINT**2:
            return
        if not self._suppressor.voice:
            self._before = _KEEP * self._before + (1 - _KEEP) * float(heard.dot(heard))
            self._after = _KEEP * self._after + (1 - _KEEP) * kept
        self._unproven -= 1
        if self._unproven < 0:
            both = (self._echo_power * self._left_power) ** 0.5
            limit = _LOST if self._state is EchoState.CONVERGED else _LOST_UNCONVERGED
            if self._likeness < limit * max(self._echo_power, both):
                self._lose()
                return
        erle = self.erle_db
        if erle is not None:
            if erle >= _CONVERGED_DB:
                self._state, self._learnt = EchoState.CONVERGED, True
            elif erle < _UNCONVERGED_DB:
                self._state = EchoState.LEARNING

    def _lose(self) -> None:
        self._gain = min(_UNLEARNT_GAIN, 2 * self._echo_power / max(self._played, 1.0))
        self._state = EchoState.LOST
        self._search.restart()
        self._suppressor.restart()
        self._to_look = 1
