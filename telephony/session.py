"""One call, from INVITE to record: the only owner of its leg, its turns, its plan and its files.

`run` is the call. One TaskGroup holds all that the call starts, and ends with it. The plan runs as a task
over this object, which is the `Call` of `dialplans.call`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from brain import actions as act
from brain import events as ev
from brain import journal
from brain.agent import Agent, Engines
from brain.conversing import Replier, converse
from brain.engines import EngineError, Llm, SttSettings, TtsSettings
from brain.expect import Expect, Interruptible
from brain.mouth import Source, one, recorded
from brain.orchestrator import AgentSpec
from brain.redaction import Keeping, Redactor
from dialplans.call import AgentOutcome, Call, CallEnded, Heard, KeyMethod, Spoken
from media.bed import Bed
from media.clock import Clock
from media.dtmf_send import tones
from media.earcons import earcon
from media.frame import Pcm
from media.keypresses import Way
from media.line_quality import LineStep, LineWatch
from media.sound import Sounds
from telephony.call_audio import CallAudio
from telephony.call_keys import CallKeys
from telephony.call_record import Private, call_record
from telephony.masking import mask_text
from telephony.outcomes import heard, spoken
from telephony.records import CallFolder
from telephony.stall import StallWatch
from telephony.state import CallState, follow
from telephony.transport import Confirmed, Ended, Key, Leg, Lines, Media

log = logging.getLogger("offhook.call")

HANGUP_LIMIT_S = 10.0
ERROR_LETTERS = 120

Journey = Callable[[Call], Awaitable[None]]
"""A plan: a coroutine function over a call."""


@dataclass(frozen=True, slots=True)
class Services:
    """What all calls of a worker share."""

    engines: Engines
    llm: Llm | None
    lines: Lines
    clock: Clock
    data: Path
    recordings: bool
    rtp_timeout_s: float
    wall: Callable[[], float]
    sort_messages: Callable[[], None]
    stalls: StallWatch
    sounds: Sounds


class CallSession:
    """One call. `journey` is the plan, a coroutine function over the call."""

    def __init__(
        self, name: str, leg: Leg, plan: str, voice: bool, journey: Journey, services: Services
    ) -> None:
        self.name, self.info, self.plan = name, leg.info, plan
        self._leg, self._journey, self._services = leg, journey, services
        self._voice = voice
        self.state = CallState.OFFERED
        self._errors: list[str] = []
        self.folder = CallFolder(services.data, name, self._report)
        self._kept = Redactor(self.folder.journal)
        self._private = Private()
        self._agent: Agent | None = None
        self._agent_since = 0
        self._watch = LineWatch()
        self._line_steps: list[tuple[float, LineStep]] = []
        self._keys = CallKeys(services.lines.rate_hz, self._pressed, services.clock.now)
        self._audio = CallAudio(
            services.lines, leg.line, voice, self._keys, lambda: self.state, lambda: self.masked, self._report
        )
        self._up = asyncio.Event()
        self._ended: Ended | None = None
        self._media: Media | None = None
        self._slots: dict[str, str] = {}
        self._offered_at = services.wall()
        self._began = services.stalls.count
        self._answered_at: float | None = None
        self.end_reason = ""
        self._stt, self._tts = SttSettings(), TtsSettings()

    # ---- the call -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Live the call to its end and leave its record. Cancelling hangs up."""
        try:
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(self._follow())
                journey = tasks.create_task(self._travel(tasks))
                try:
                    await asyncio.wait((following, journey), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    journey.cancel()
                    if self._ended is None:  # also where following failed
                        self._go(CallState.ENDING)
                        await self._leg.hangup()
                        await asyncio.wait((following,), timeout=HANGUP_LIMIT_S)
                        following.cancel()
                    if self._agent is not None:
                        self._agent.close()
        finally:
            self._go(CallState.ENDED)
            await self._leg.release()
            self._close()

    async def _travel(self, tasks: asyncio.TaskGroup) -> None:
        services = self._services
        try:
            await self._leg.ring()
            self._go(CallState.RINGING)
            self._go(CallState.ANSWERED)  # before the 200 leaves: its ACK may come at once
            await self._leg.answer()
            self._answered_at = services.wall()
            self.folder.journal(journal.HEADER)
            if services.recordings:
                self._audio.record(self.folder.path / "recording.wav")
            await self._up.wait()
            self._agent = Agent(
                self.name,
                services.lines.rate_hz,
                services.engines,
                services.clock,
                tasks,
                self._journal,
                self._report,
                self._voice,
            )
            self._agent.settings(self._stt, self._tts)
            self._agent.mouth.on_audio = self._audio.write_ahead
            self._audio.agent, self._agent_since = self._agent, self._audio.position
            if self.state is CallState.HELD:
                self._agent.post(ev.HoldChanged(self._agent.now(), True))
            await self._journey(self)
            self.end_reason = self.end_reason or "plan ended"
            await self._audio.drain()
        except CallEnded as ended:
            self.end_reason = self.end_reason or ended.reason
        except Exception:
            # A fault of ours must end this call only, politely, and be seen.
            log.exception("call %s: the plan failed", self.name)
            self.end_reason = "fault"

    async def _follow(self) -> None:
        """What the leg tells, until the call is over."""
        async for event in self._leg.events():
            match event:
                case Confirmed() if self.state is CallState.ANSWERED:
                    self._go(CallState.UP)
                    if self._media is not None and self._media.held:
                        self._go(CallState.HELD)  # by the offer of the INVITE itself
                    self._up.set()
                case Media():
                    held_before = self._media is not None and self._media.held
                    if self._media is not None and self._media.stream != event.stream:
                        self._keys.stream_changed()
                    self._media = event
                    if event.held != held_before and self.state in (CallState.UP, CallState.HELD):
                        self._go(CallState.HELD if event.held else CallState.UP)
                        if self._agent is not None:
                            self._agent.post(ev.HoldChanged(self._agent.now(), event.held))
                case Key():
                    self._keys.reported(Way(event.method), event.symbol, event.held_s)
                case Ended():
                    self._ended = event
                    return

    def _pressed(self, symbol: str) -> None:
        if self._agent is not None:
            self._agent.post(ev.KeyPressed(self._agent.now(), symbol))

    def _go(self, state: CallState) -> None:
        if state is not self.state:
            if state is CallState.ENDING and self.state is CallState.ENDED:
                return
            self.state = follow(self.state, state)

    def tick(self, heard: Pcm, sent: Pcm) -> None:
        """What was heard of this line, and sent to it meanwhile; called once a tick of pjmedia's clock."""
        self._audio.tick(heard, sent)

    @property
    def masked(self) -> bool:
        """Whether what is said and pressed now is private: the one place that decides it.

        From a private question until nothing that was answered to it is left on the floor.
        """
        return self._kept.keeping is Keeping.LEFT_OUT

    async def check(self, now: float) -> None:
        """Once a second: write what is buffered, watch the line, and end a call whose RTP has stopped."""
        if self.state is CallState.ENDED:
            return  # its files are closed
        self.folder.flush()
        before = self._watch.step
        if self._media is not None and self.state is CallState.UP:
            step = self._watch.update(self._leg.quality().sample(now, self._media.codec))
            if step is not before and self._agent is not None:
                self._line_steps.append((self._agent.now(), step))
        if self.state is CallState.UP and self._leg.rtp_age_s(now) > self._services.rtp_timeout_s:
            await self.end("no RTP")

    async def end(self, reason: str) -> None:
        """Hang up from outside the plan."""
        self.end_reason = self.end_reason or reason
        await self._leg.hangup()

    # ---- Call: what verbs use -------------------------------------------------------------------------

    @property
    def _live(self) -> Agent:
        if self._agent is None or self._ended is not None:
            raise CallEnded(self._ended.by if self._ended else "network")
        return self._agent

    @property
    def today(self) -> date:
        """The day of the call, in this machine's time zone."""
        return date.fromtimestamp(self._offered_at)

    @property
    def language(self) -> str:
        """The language that the caller seems to speak."""
        return self._live.language or self._stt.language

    @property
    def line(self) -> LineStep:
        """What a conversation can rely on now."""
        return self._watch.step

    def settings(
        self, stt: SttSettings, tts: TtsSettings, private: bool = False, mask: bool = False
    ) -> None:
        """Choose models and voice from here on, say whether private questions may come, and whether keys are
        taken out of what is kept and recognised."""
        self._stt, self._tts = stt, tts
        if mask:
            self._keys.mask()
        self._kept.ahead = private
        if self._agent is not None:
            self._agent.settings(stt, tts)

    async def answer(self) -> None:
        """The call is answered before the plan runs; nothing is left to do."""

    async def say(self, text: str, interruptible: Interruptible = Interruptible.SPEECH) -> Spoken:
        """Speak `text`."""
        return spoken(await self._live.say(self._voiced(text), interruptible))

    async def play(self, path: Path, interruptible: Interruptible = Interruptible.SPEECH) -> Spoken:
        """Play a WAV file."""
        return await self._play(self._services.sounds.get(path), interruptible)

    async def earcon(self, name: str, interruptible: Interruptible = Interruptible.SPEECH) -> Spoken:
        """Play one of the short sounds."""
        return await self._play(earcon(name, self._services.lines.rate_hz), interruptible)

    async def _play(self, pcm: Pcm, interruptible: Interruptible) -> Spoken:
        return spoken(await self._live.say(recorded(pcm), interruptible))

    def bed(self, path: Path | None, level_db: float = 0.0, under_db: float = 0.0) -> None:
        """Loop a WAV file under the call, or none."""
        playout, rate = self._live.playout, self._services.lines.rate_hz
        if path is None:
            playout.lay(None)
            return
        playout.lay(Bed(self._services.sounds.loop(path), rate, level_db, under_db))

    async def press(self, keys: str, method: KeyMethod = "rfc4733") -> bool:
        """Press keys, for a machine at the other end."""
        if method == "inband":
            sound = tones(keys, self._services.lines.rate_hz)
            self._keys.sent_tones(sound.size)
            return (await self._play(sound, Interruptible.NO)).complete
        return await self._leg.press(keys, method)

    async def ask(
        self, prompt: str, expect: Expect, interruptible: Interruptible = Interruptible.SPEECH
    ) -> Heard:
        """Speak `prompt` and wait for one answer."""
        source = self._voiced(prompt) if prompt else None
        outcome, _ = await self._live.ask(source, expect, interruptible)
        return heard(outcome)

    async def converse(self, spec: AgentSpec) -> AgentOutcome:
        """Let the language model talk with the caller."""
        agent, llm = self._live, self._services.llm
        if llm is None:
            return AgentOutcome("failed", 0)
        tts, rate = self._services.engines.tts, self._services.lines.rate_hz
        replier = Replier(agent, llm, spec, tts, rate, self._report)
        exit_name, turns = await converse(
            agent, replier, spec, tts, rate, lambda: self.line is LineStep.BAD, self._stt.language
        )
        return AgentOutcome(exit_name, turns)

    async def echo(self) -> None:
        """Send the caller's audio back until the call ends."""
        self._audio.echo()
        await asyncio.Event().wait()

    async def transfer(self, target: str) -> bool:
        """REFER the caller to `target`."""
        status = await self._leg.refer(target)
        log.info("call %s: transfer to %s: %d", self.name, mask_text(target), status)
        if 200 <= status < 300:
            self.end_reason = "transferred"
            raise CallEnded("bot", "transferred")
        return False

    async def hangup(self, reason: str = "done") -> None:
        """End the call once what was said has been heard."""
        self.end_reason = reason
        await self._audio.drain()
        raise CallEnded("bot", reason)

    def note(self, name: str, value: str) -> None:
        """Write a slot into the record."""
        self._slots[name] = value

    @contextmanager
    def private(self) -> Iterator[None]:
        """Keep nothing of what is said and pressed, by either side, but that it was."""
        floor = self._live.turns.floor
        self._kept.cover()
        try:
            yield
        finally:
            self._kept.uncover(floor)

    # ---- the rest -------------------------------------------------------------------------------------

    def _voiced(self, text: str) -> Source:
        return self._services.engines.tts.speak(one(text), self._tts, self._services.lines.rate_hz)

    def _journal(self, event: ev.Event, actions: tuple[act.Action, ...]) -> None:
        if self._agent is not None and self._kept.note(event, actions, self._agent.turns.floor):
            self._private.note(event, actions)

    def _report(self, error: EngineError | str) -> None:
        # A server's own words may repeat what was said.
        if isinstance(error, EngineError) and self.masked:
            what = f"{error.engine} failed"
        else:
            what = mask_text(str(error))[:ERROR_LETTERS]
        log.warning("call %s: %s", self.name, what)
        self._errors.append(what)

    def _close(self) -> None:
        self._services.sort_messages()  # the BYE is among them
        self._kept.close()
        self._audio.close()
        self.folder.flush()  # what can't be written is among the record's errors
        record = call_record(
            call=self.name,
            info=self.info,
            plan=self.plan,
            offered_at=self._offered_at,
            answered_at=self._answered_at,
            ended_at=self._services.wall(),
            end_reason=self.end_reason,
            ended=self._ended,
            media=self._media,
            quality=replace(self._leg.quality(), underruns=self._audio.underruns),
            slots=self._slots,
            errors=self._errors,
            loop_late_ms=self._services.stalls.late_ms(self._began),
            said=self._agent.mouth.said if self._agent is not None else [],
            turns=self._agent.traces if self._agent is not None else [],
            speculated=self._agent.speculated if self._agent is not None else 0,
            private=self._private,
            line_steps=self._line_steps,
            echo=self._agent.echo if self._agent is not None else None,
            recording_offset_s=self._agent_since / self._services.lines.rate_hz,
        )
        self.folder.close(record)
