"""The audio of one call, between its line of the ring and its agent. For the loop's thread."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from brain.agent import Agent
from media.frame import Pcm
from media.recorder import Recorder
from telephony.call_keys import CallKeys
from telephony.records import open_private
from telephony.state import CallState
from telephony.transport import Lines

AHEAD = 2
"""Frames written ahead of the clock: a stop is heard within 40 ms, a busy loop isn't heard."""
DUCKED_AHEAD = 1
"""The same while a sound may become an interruption: falling silent for it is heard within 20 ms."""
BED_AHEAD = 1
"""The same where only ambience or music sounds: what is said next has to wait behind it."""
ECHO_AHEAD = 8
"""Frames the echo plan may have waiting: more than a late tick brings at once."""


class CallAudio:
    """Moves one call's audio, once a tick. `state` and `masked` are the session's to say.

    `voice` says whether the plan ever listens to speech; `keys` hears them in the audio. Once `agent` is set it gets
    what is its. A recording that can't be written is given up, which `report` is told, and the call goes on.
    """

    def __init__(
        self,
        lines: Lines,
        line: int,
        voice: bool,
        keys: CallKeys,
        state: Callable[[], CallState],
        masked: Callable[[], bool],
        report: Callable[[str], None],
    ) -> None:
        self._lines, self._line, self._voice, self._keys = lines, line, voice, keys
        self._state, self._masked, self._report = state, masked, report
        self.agent: Agent | None = None
        self._recorder: Recorder | None = None
        self._echoing = False
        self._written = 0
        self._speaking_since: int | None = None
        self.underruns = 0
        """How often the clock had nothing left while something was being said: the loop came too late."""
        self.position = 0
        """Samples of the caller's since the line was opened: where the recording stands."""

    def record(self, path: Path) -> None:
        """Record both sides to `path`, from now on."""
        try:
            self._recorder = Recorder(open_private(path, "wb+"), self._lines.rate_hz)
        except OSError as error:
            self._give_up_recording(error)

    def tick(self, heard: Pcm, sent: Pcm) -> None:
        """What was heard of this line, and sent to it meanwhile; called once a tick of pjmedia's clock."""
        position = self.position
        self.position += heard.size
        agent = self.agent
        held = self._state() is CallState.HELD
        private = self._keys.private(self._masked())
        for at, pcm, beside in self._keys.hear(heard, sent, position):
            self._record(Recorder.caller, at, pcm, private)
            if agent is not None and self._voice and not held and not self._echoing:
                agent.hear(pcm, beside, at, self.position)
        self._record(Recorder.bot, position, sent, private)
        if self._echoing:
            # On hold the clock takes nothing: what can't be sent back now is not worth sending later.
            if self._lines.room(self._line, ECHO_AHEAD) * self._lines.frame_samples >= heard.size:
                self._put(heard)
            return
        if agent is None or held:
            return
        if not agent.mouth.silent:
            agent.advance(self._lines.taken(self._line))
        if not agent.playout.idle or agent.playout.bedded:
            self.write_ahead()
        else:
            self._speaking_since = None

    def write_ahead(self) -> None:
        """Give the clock what it will take next, where there is something to say."""
        agent, lines = self.agent, self._lines
        if agent is None or self._state() is not CallState.UP:
            return
        playout = agent.playout
        if playout.idle and not playout.bedded:
            return
        ahead = BED_AHEAD if playout.idle else DUCKED_AHEAD if playout.ducked else AHEAD
        room = lines.room(self._line, ahead)
        if self._speaking_since is None:
            self._speaking_since = self._written
        elif ahead == AHEAD and self._written > self._speaking_since and lines.taken(self._line) == self._written:
            self.underruns += 1
        for _ in range(room):
            self._put(playout.take(lines.frame_samples))
        if ahead < AHEAD:
            self._speaking_since = self._written  # nothing waits behind what is taken: late or not can't be told

    def echo(self) -> None:
        """Send back what is heard, from now on."""
        self._echoing = True

    async def drain(self) -> None:
        """Wait until the clock has taken all that is written, so that the last word is not cut."""
        frame_s = self._lines.frame_samples / self._lines.rate_hz
        await asyncio.sleep(frame_s * (max(0, self._written - self._lines.taken(self._line)) + 1))

    def close(self) -> None:
        """Finish the recording."""
        private = self._keys.private(self._masked())
        for at, pcm in self._keys.flush():
            self._record(Recorder.caller, at, pcm, private)
        if self._recorder is not None:
            try:
                self._recorder.close()
            except OSError as error:
                self._give_up_recording(error)
            self._recorder = None  # the session waits for the collector: its audio need not

    def _put(self, pcm: Pcm) -> None:
        self._lines.put(self._line, pcm)
        self._written += pcm.size // self._lines.frame_samples

    def _record(self, side: Callable[[Recorder, int, Pcm], None], at: int, pcm: Pcm, private: bool) -> None:
        if self._recorder is not None:
            try:
                side(self._recorder, at, np.zeros_like(pcm) if private else pcm)
            except OSError as error:
                self._give_up_recording(error)

    def _give_up_recording(self, error: OSError) -> None:
        """A disk that is full ends the recording, not the call."""
        recorder, self._recorder = self._recorder, None
        self._report(f"recording.wav: {error.strerror or error}")
        if recorder is not None:
            with contextlib.suppress(OSError):  # the same again: what was buffered
                recorder.close()
