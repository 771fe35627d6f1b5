"""A fake bot on real sockets: it greets, replies to whoever falls silent, and stops when spoken over."""

import asyncio
import random
import time

import numpy as np

from telephony.caller.audible import Timeline
from telephony.caller.calibrate import burst
from telephony.caller.codecs import PCMA, PCMU
from telephony.caller.events import Answered, Ended, GotInfo, MediaChanged
from telephony.caller.media_clock import MediaClock
from telephony.caller.media_line import MediaLine
from telephony.caller.sdp import LocalMedia
from telephony.caller.sip_shell import SipShell
from telephony.caller.timeline import bot_timeline, caller_timelines
from telephony.caller.uas import Answering, AnswerMachine

LOCAL = "127.0.0.1"


class FakeBot:
    """Greets for `greeting_ms`; replies `reply_ms` after the caller's last sound; stops within `stop_ms`."""

    def __init__(
        self, clock: MediaClock, greeting_ms=400, reply_ms=300, stop_ms=None, codecs=(PCMU, PCMA), **how
    ):
        self.clock, self.codecs, self.how = clock, codecs, how
        self.greeting_ms, self.reply_ms, self.stop_ms = greeting_ms, reply_ms, stop_ms
        self.events: list = []
        self.faults: list[Exception] = []

    async def __aenter__(self) -> "FakeBot":
        self.loop = asyncio.get_running_loop()
        later = self.loop.call_soon_threadsafe
        self.line = MediaLine(
            self.clock, LOCAL, 20, random.Random(5), lambda said: None,
            lambda onset: later(self._on_onset, onset), self.faults.append,
        )  # fmt: skip
        self.shell = SipShell(self._on_turn)
        side = await self.shell.open("udp", LOCAL, (LOCAL, 0))
        local = LocalMedia(LOCAL, self.line.port, self.codecs)
        self.machine = AnswerMachine(Answering(local, **self.how), side, random.Random(6))
        self.shell.drive(self.machine)
        self.uri = f"sip:bot@{LOCAL}:{side.address[1]}"
        return self

    async def __aexit__(self, *error) -> None:
        self.shell.close()
        self.line.close()

    def hangup(self) -> None:
        self.machine.hangup(self.loop.time())
        self.shell.turn()

    def _on_turn(self) -> None:
        for event in self.machine.take_events():
            self.events.append(event)
            if isinstance(event, Answered | MediaChanged):
                first = self.line.media is None
                self.line.agree(event.media)
                if first and self.greeting_ms:
                    self._speak(self.greeting_ms)
            elif isinstance(event, GotInfo):
                self._speak(300)

    def _speak(self, length_ms: float, at_ns: int | None = None) -> None:
        self.line.say(burst(length_ms, self.line.talker.rate_hz), at_ns)

    def _on_onset(self, onset) -> None:
        if self.stop_ms is not None:
            wait_s = (onset.at_ns - time.time_ns()) / 1e9 + self.stop_ms / 1000
            self.loop.call_later(max(0.0, wait_s), self.line.hush)
        self._listen()

    def _listen(self) -> None:
        ear = self.line.ear
        if (time.time_ns() - ear.last_audible_ns) / 1e6 < 150:
            self.loop.call_later(0.02, self._listen)
        else:
            self._speak(300, ear.last_audible_ns + int(self.reply_ms * 1e6))

    def timelines(self) -> tuple[Timeline, Timeline]:
        """What the bot heard and what it said, by its own stamps."""
        codec = self.line.media.codec
        return bot_timeline(codec, self.line.ear.packets), caller_timelines(
            codec.pcm_hz, self.line.ledger.sent
        )[0]

    @property
    def ended(self) -> bool:
        return any(isinstance(event, Ended) for event in self.events)


def speech(length_ms: float, rate_hz: int = 8000) -> np.ndarray:
    return burst(length_ms, rate_hz, -15.0)
