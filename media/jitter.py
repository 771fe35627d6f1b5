"""Jitter buffer for transports that bring none: packets in as they come, 20 ms of speech out at every tick.

Sans-IO, in the manner of WebRTC's NetEQ: `put` when a packet arrives, `get` when the clock wants a frame, time as an
argument of both. How long speech waits follows the arrivals (`media.jitter_target`). What is missing is made up
(`media.conceal`); what comes late is still played, and the delay so gained is given back a period of the voice at a
time (`media.timescale`). No sample is held back for its own sake: packets wait for a tick, or for each other.

Places in the stream are counted in samples. Between two multiples of the step that packets and ticks share, a longer
delay protects no better: a packet that begins within a frame is needed when the frame begins. So the delay is shortened
and lengthened from seam to seam.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from enum import Enum, auto
from math import ceil, floor, gcd

import numpy as np

from media.conceal import Concealer
from media.frame import FRAME_MS, AudioFrame, Pcm, samples, silence
from media.jitter_order import StreamOrder, Verdict
from media.jitter_quiet import QuietLevel
from media.jitter_target import ArrivalStatistics
from media.timescale import LONGEST_MS, find_splice, lengthen, reach, shorten

_MEMORY_PACKETS = 600
_LIKENESS = 0.85
_HURRIED_LIKENESS = 0.6
_HURRY_MS = 20.0
"""What a voice must resemble itself by to be spliced, and where more than so much too much is in the buffer: rather
one splice now than a voice that is out of step for longer."""
_BRIDGED_MS = 160.0
_SEEN_AHEAD_MS = 20.0
"""Gaps up to the first are made up from both sides, where at least the second is there behind them."""
_CAUGHT_UP_MS = 100.0
"""Late packets that were made up for are dropped after gaps up to this even where the next isn't there yet: those that
waited in one queue come one by one, at the pace of the link."""
_ROUNDING = 1e-6
_FAR_MS = 10_000.0


@dataclass(frozen=True, slots=True)
class JitterSettings:
    """Bounds of the delay by comparison with the quickest packets, and what the buffer holds.

    With `min_ms` equal to `max_ms` the delay is fixed: it is waited for at the start and after silence, and never
    shortened or lengthened.
    """

    min_ms: float = 0.0
    max_ms: float = 210.0
    capacity_ms: float = 1000.0

    def __post_init__(self) -> None:
        if not 0 <= self.min_ms <= self.max_ms <= self.capacity_ms:
            raise ValueError(f"delays of {self.min_ms} to {self.max_ms} ms in a buffer of {self.capacity_ms} ms")

    @property
    def fixed(self) -> bool:
        """Whether the delay stays what it is."""
        return self.min_ms == self.max_ms


@dataclass(frozen=True, slots=True)
class JitterReport:
    """What happened so far, in packets and in samples, and how things stand.

    `lost` packets never came, or not yet (RFC 3550, A.3); `late` ones came after they were made up for, or were sent
    again much later; `overflowed` ones found the buffer full. `concealed_samples` were made up, `silent_samples` came
    after what was made up had faded away. `mean_delay_ms` is how long samples waited in the buffer (jitterBufferDelay
    by jitterBufferEmittedCount in W3C webrtc-stats); `jitter_ms` is RFC 3550's.
    """

    received: int
    lost: int
    late: int
    duplicate: int
    overflowed: int
    restarts: int
    concealed_samples: int
    silent_samples: int
    shortened_samples: int
    lengthened_samples: int
    depth_ms: float
    target_ms: float
    mean_delay_ms: float
    jitter_ms: float


_MADE = -1


@dataclass(frozen=True, slots=True, order=True)
class _Packet:
    position: int
    number: int  # in the order of arrival, so that equal positions compare; _MADE: nobody sent it
    pcm: Pcm
    arrival_s: float

    @property
    def end(self) -> int:
        return self.position + self.pcm.size


class _State(Enum):
    IDLE = auto()  # silent: nothing came yet, or what was made up has faded away
    PLAYING = auto()
    COVERING = auto()  # making up what is missing


class JitterBuffer:
    """One stream's buffer at `rate_hz`; timestamps count at `clock_hz` (default: the same)."""

    def __init__(
        self, rate_hz: int = 8000, settings: JitterSettings | None = None, clock_hz: int | None = None
    ) -> None:
        self._rate = rate_hz
        self._frame = samples(FRAME_MS, rate_hz)
        self._settings = settings or JitterSettings()
        self._order = StreamOrder(rate_hz, clock_hz or rate_hz)
        self._arrivals = ArrivalStatistics(_MEMORY_PACKETS)
        self._concealer = Concealer(rate_hz)
        self._state = _State.IDLE
        self._packets: list[_Packet] = []
        self._buffered = 0  # samples in packets that have not been played, or not wholly
        self._next: int | None = None  # the sample that is to be played next
        self._owed = 0  # samples made up without moving on, because it isn't known what is missing
        self._bridged_to = 0  # up to here it is too late for packets, though it wasn't played yet
        self._given = 0
        self._target_ms = 0.0
        self._quiet = QuietLevel()
        self._received = self._late = self._duplicate = self._overflowed = self._restarts = 0
        self._concealed = self._silent = self._shortened = self._lengthened = 0
        self._waited_s = 0.0  # by played samples
        self._played = 0

    # ---- in -----------------------------------------------------------------------------------------------

    def put(self, sequence: int, timestamp: int, pcm: Pcm, arrival_s: float, ssrc: int = 0) -> None:
        """A packet arrived: its RTP header's numbers and its decoded speech of any length."""
        if pcm.size == 0:
            return
        self._received += 1
        place = self._order.place(sequence, timestamp, pcm.size, ssrc)
        if place.verdict is Verdict.DUPLICATE:
            self._duplicate += 1
            return
        if place.verdict is Verdict.OLD:
            self._late += 1
            return
        if place.verdict is Verdict.STARTED_OVER:
            self._restarts += 1
            self._arrivals.restart()
        if self._state is _State.IDLE and not self._packets and place.position == self._next:
            self._arrivals.restart()  # the sender was silent, and its timestamps stood still
        self._arrivals.observe(arrival_s - place.position / self._rate, arrival_s)
        packet = _Packet(place.position, self._received, pcm, arrival_s)
        if self._next is not None and packet.end <= max(self._next, self._bridged_to):
            self._late += 1
            return
        insort(self._packets, packet)
        self._buffered += pcm.size
        while self._buffered > samples(self._settings.capacity_ms, self._rate) and len(self._packets) > 1:
            self._buffered -= self._packets.pop(0).pcm.size
            self._overflowed += 1
            self._next = self._packets[0].position

    # ---- out ----------------------------------------------------------------------------------------------

    def get(self, now: float) -> AudioFrame:
        """The next 20 ms, for the tick at `now` seconds on the clock of the arrivals."""
        pieces: list[Pcm] = []
        room = self._frame
        if self._state is _State.PLAYING and (piece := self._rescaled(now)) is not None:
            pieces.append(piece)
            room = 0
        while room:
            at = now + (self._frame - room) / self._rate
            if self._state is _State.PLAYING:
                piece = self._peek(room)
                if piece.size:
                    self._consume(piece.size, at)
                    self._concealer.heard(piece)
                else:
                    self._state = _State.COVERING
                    continue
            elif count := self._to_cover(at, room):
                piece = self._covered(count)
            else:
                piece = self._peek(room)
                if self._packets[0].number != _MADE:
                    piece = self._concealer.join(piece)
                self._consume(piece.size, at)
                self._concealer.heard(piece)
                self._state = _State.PLAYING
            pieces.append(piece)
            room -= piece.size
        pcm = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        frame = AudioFrame(pcm, self._rate, self._given)
        self._given += pcm.size
        self._quiet.hear(pcm, self._state is _State.PLAYING)
        return frame

    def report(self) -> JitterReport:
        """Counts so far, and how things stand."""
        started = 0 if self._next is None or not self._packets else max(0, self._next - self._packets[0].position)
        return JitterReport(
            received=self._received,
            lost=self._order.lost,
            late=self._late,
            duplicate=self._duplicate,
            overflowed=self._overflowed,
            restarts=self._restarts,
            concealed_samples=self._concealed,
            silent_samples=self._silent,
            shortened_samples=self._shortened,
            lengthened_samples=self._lengthened,
            depth_ms=(self._buffered - started) * 1000.0 / self._rate,
            target_ms=self._target_ms,
            mean_delay_ms=self._waited_s / self._played * 1000.0 if self._played else 0.0,
            jitter_ms=self._arrivals.jitter_ms,
        )

    # ---- what is there ------------------------------------------------------------------------------------

    def _peek(self, count: int, begin: int | None = None) -> Pcm:
        """Up to `count` samples from `begin` (the next) on, as far as they are there without a gap."""
        if begin is None:
            assert self._next is not None
            begin = self._next
        at, pieces = begin, []
        for packet in self._packets:
            if packet.position > at or at - begin >= count:
                break
            if packet.end > at:
                pieces.append(packet.pcm[at - packet.position :])
                at = packet.end
        if not pieces:
            return silence(0)
        return (pieces[0] if len(pieces) == 1 else np.concatenate(pieces))[:count]

    def _consume(self, count: int, now: float) -> None:
        """Move on by `count` samples that are played from `now` on."""
        assert self._next is not None
        begin, self._next = self._next, self._next + count
        while self._packets and self._packets[0].position < self._next:
            packet = self._packets[0]
            if packet.number != _MADE and packet.end > begin:
                first = max(packet.position, begin)
                size = min(packet.end, self._next) - first
                sample_arrived = packet.arrival_s + (first - packet.position) / self._rate
                self._waited_s += size * (now + (first - begin) / self._rate - sample_arrived)
                self._played += size
            if packet.end > self._next:
                break
            self._buffered -= packet.pcm.size
            del self._packets[0]

    # ---- what is missing ----------------------------------------------------------------------------------

    def _to_cover(self, at: float, room: int) -> int:
        """How many of `room` samples are to be made up before what is there is played from `at` on."""
        in_frame = self._frame - room
        while True:
            if not self._packets:
                self._owed += room
                return room
            first = self._packets[0]
            if self._next is None:
                self._next = first.position
                self._arrivals.forget()
            made_before = min(max(0, first.position - self._next), self._owed)
            self._next += made_before
            self._owed -= made_before
            if self._state is not _State.COVERING or first.position > self._next:
                break
            if not self._dropped(first, at, in_frame):
                self._owed = 0
                return 0  # a voice that was only late goes on at once
        gap = max(0, first.position - self._next)
        if self._in_time(max(first.position, self._next), at, in_frame):
            self._next, self._owed = max(first.position, self._next), 0  # a gap ends early where the delay allows
            return 0
        if gap == 0:
            self._owed += room
            return room
        after = self._peek(samples(_SEEN_AHEAD_MS, self._rate), first.position)
        if self._state is _State.COVERING and gap <= samples(_BRIDGED_MS, self._rate):
            if after.size == samples(_SEEN_AHEAD_MS, self._rate):
                self._bridge(gap, after, at)
                return 0
        count = min(gap, room)
        self._next += count
        return count

    def _dropped(self, late: _Packet, at: float, in_frame: int) -> bool:
        """Drop a packet that was only late, and is made up for: to play it now would only add to the delay."""
        if self._owed < late.pcm.size or not self._in_time(late.end, at, in_frame):
            return False
        if not self._peek(1, late.end).size and self._concealer.made >= samples(_CAUGHT_UP_MS, self._rate):
            return False
        del self._packets[0]
        self._buffered -= late.pcm.size
        self._late += 1
        self._owed -= late.pcm.size
        self._next = late.end
        return True

    def _in_time(self, position: int, at: float, in_frame: int) -> bool:
        """Whether the delay is long enough to play `position` from `at` on, `in_frame` samples into a frame."""
        step = gcd(self._packets[0].pcm.size, self._frame)
        # Of the packets that follow, some are needed earlier than they are played, by up to this.
        earlier = in_frame % step + self._frame - step
        delay_s = at - (position + earlier) / self._rate - self._arrivals.base_s
        return self._steps(delay_s * 1000.0, step * 1000.0 / self._rate) <= 0

    def _bridge(self, gap: int, after: Pcm, now: float) -> None:
        """Put what leads over the next `gap` samples into the buffer, as if it had been sent."""
        assert self._next is not None
        self._packets.insert(0, _Packet(self._next, _MADE, self._concealer.bridge(gap, after), now))
        self._bridged_to = self._next + gap
        self._buffered += gap
        self._concealed += gap
        self._owed = 0

    def _covered(self, count: int) -> Pcm:
        if self._concealer.silent or self._state is _State.IDLE:
            self._state = _State.IDLE
            self._silent += count
        else:
            self._concealed += count
        return self._concealer.extend(count)

    # ---- faster and slower --------------------------------------------------------------------------------

    def _rescaled(self, now: float) -> Pcm | None:
        """A frame that takes more or less than a frame's samples, where the delay is wrong and a splice is found."""
        if self._settings.fixed or not self._packets or self._next is None:
            return None
        first = self._packets[0]
        step = gcd(first.pcm.size, self._frame)
        seam = (first.end if first.position < self._next else first.position) - self._next
        past_seam = seam % step
        safe = (now - self._arrivals.base_s) * self._rate - self._next - past_seam - (self._frame - step)
        steps = self._steps(safe * 1000.0 / self._rate, step * 1000.0 / self._rate)
        if steps <= 0:
            wanted = past_seam - steps * step
            return self._faster(wanted, now) if wanted else None
        return self._slower((step - past_seam) + (steps - 1) * step, now)

    def _steps(self, safe_ms: float, step_ms: float) -> int:
        """By how many steps of `step_ms` the delay, now `safe_ms`, should grow: negative when it should shrink."""
        safe_ms = min(max(safe_ms, -_FAR_MS), _FAR_MS)
        least = ceil((self._settings.min_ms - safe_ms) / step_ms - _ROUNDING)
        most = max(least, floor((self._settings.max_ms - safe_ms) / step_ms + _ROUNDING))
        if self._buffered < samples(self._settings.max_ms, self._rate):
            most = max(most, 0)  # what makes the delay look long isn't here
        levels = np.arange(least, most + 1, dtype=np.float64)
        delays_ms = safe_ms + levels * step_ms
        best = int(levels[self._arrivals.cheapest(delays_ms, safe_ms, self._order.single_loss)])
        self._target_ms = safe_ms + best * step_ms
        return best

    def _faster(self, wanted: int, now: float) -> Pcm | None:
        longest = min(wanted, samples(LONGEST_MS, self._rate))
        there = self._peek(self._frame + longest)
        splice = find_splice(there, self._rate, min(longest, there.size - self._frame), self._quiet.rms)
        hurried = wanted > samples(_HURRY_MS, self._rate)
        enough = _HURRIED_LIKENESS if hurried else _LIKENESS
        if splice is None or splice.likeness < enough:
            return None
        pcm = shorten(there[: self._frame + splice.lag], splice, self._rate)
        self._consume(self._frame + splice.lag, now)
        self._concealer.heard(pcm)
        self._shortened += splice.lag
        return pcm

    def _slower(self, wanted: int, now: float) -> Pcm | None:
        """Only in silence: a voice is lengthened by what is made up when a packet is late in truth."""
        longest = min(wanted, self._frame - reach(0, self._rate))
        there = self._peek(self._frame)
        splice = find_splice(there, self._rate, min(longest, there.size - reach(0, self._rate)), self._quiet.rms)
        if splice is None or splice.likeness < 1.0:
            return None
        pcm = lengthen(there, splice, self._rate)[: self._frame]
        if pcm.size < self._frame:
            return None
        self._consume(self._frame - splice.lag, now)
        self._concealer.heard(pcm)
        self._lengthened += splice.lag
        return pcm
