"""Performs a script on a call and makes its report: the entry for tests, benchmarks and `offhook call`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from media.frame import Pcm
from telephony.caller import script as steps
from telephony.caller.call import Caller
from telephony.caller.codecs import Codec
from telephony.caller.diary import CallOver, TooLate
from telephony.caller.digits import Press
from telephony.caller.media_clock import MediaClock
from telephony.caller.options import CallOptions
from telephony.caller.report import Expectation, Heard, Report, report_of, timelines_of
from telephony.caller.script import Script, Sound, Step, sounds
from telephony.caller.transcribe import Transcriber, contains, said_between, transcribe
from telephony.caller.voice import Voices

EXIT_DONE, EXIT_FAILED, EXIT_UNUSABLE = 0, 1, 2

Library = Mapping[tuple[Sound, int], Pcm]


class StepFailed(Exception):
    """A step of the script couldn't be done; the text says which and why."""


class _HungUp(Exception):
    """The script hung up: what follows in it isn't performed."""


@dataclass(slots=True)
class _Window:
    """An `expect`, and when its answer could be heard (wall clock)."""

    step: steps.Expect
    from_ns: int
    until_ns: int


@dataclass(slots=True)
class Performance:
    """A script on its way through a call."""

    caller: Caller
    library: Library
    windows: list[_Window] = field(default_factory=list)

    async def run(self, script: Script) -> None:
        """Perform every step. Raises StepFailed, CallOver."""
        self.caller.noise(script.noise_dbfs)
        try:
            await self._steps(script.steps)
        except _HungUp:
            return

    async def _steps(self, todo: tuple[Step, ...]) -> None:
        for step in todo:
            try:
                await self._step(step)
            except (TooLate, ValueError) as error:
                raise StepFailed(f"line {step.line}: {error}") from error

    async def _step(self, step: Step) -> None:
        caller = self.caller
        match step:
            case steps.WaitFor(what="bot"):
                await self._wait_for_bot(step)
            case steps.WaitFor(what="bot_starts"):
                await caller.wait_for_bot_onset(step.within_s)
            case steps.WaitFor():
                await caller.wait_for_end(step.within_s)
                raise _HungUp
            case steps.Say(sound=sound):
                await caller.say(self._pcm(sound), sound.label)
            case steps.SayOver(sound=sound):
                await caller.say_over(self._pcm(sound), step.after_ms, sound.label, step.within_s)
            case steps.PressKeys():
                await caller.press(step.digits, step.method, Press(step.tone_ms, step.gap_ms))
            case steps.Silence():
                await caller.pause(step.seconds)
            case steps.Noise():
                caller.noise(step.dbfs)
            case steps.Hold():
                await self._hold(step)
            case steps.Reinvite():
                _accepted(await caller.reinvite(with_offer=step.with_offer))
            case steps.Hangup():
                await caller.hangup()
                raise _HungUp
            case steps.Expect():
                await self._expect(step)
            case steps.Repeat():
                for _ in range(step.times):
                    await self._steps(step.steps)

    def _pcm(self, sound: Sound) -> Pcm:
        return self.library[sound, self.caller.rate_hz]

    async def _wait_for_bot(self, step: steps.WaitFor) -> None:
        try:
            await self.caller.wait_for_bot_silence(step.silence_ms, step.within_s)
        except CallOver:
            if not self.caller.bot_replied:
                raise  # else it said its goodbye and hung up, which is a reply too

    async def _hold(self, step: steps.Hold) -> None:
        _accepted(await self.caller.hold())
        await self.caller.pause(step.seconds)
        _accepted(await self.caller.resume())

    async def _expect(self, step: steps.Expect) -> None:
        window = _Window(step, self.caller.mark_ns, 0)
        self.windows.append(window)
        try:
            await self.caller.wait_for_bot_silence(step.silence_ms, step.within_s)
        except (TooLate, CallOver):
            pass  # what was said until now is what there is; the transcript decides
        window.until_ns = time.time_ns()


def _accepted(status: int) -> None:
    if status >= 300:
        raise StepFailed(f"the re-INVITE got {status}")


def library_of(script: Script, codecs: tuple[Codec, ...], voices: Voices) -> Library:
    """Every sound of `script` at every PCM rate that may be negotiated. Raises SoundError."""
    rates = {codec.pcm_hz for codec in codecs}
    return {(sound, hz): voices.load(sound, hz) for sound in sounds(script.steps) for hz in rates}


async def place_call(
    uri: str,
    script: Script,
    options: CallOptions,
    *,
    voices: Voices | None = None,
    transcriber: Transcriber | None = None,
    clock: MediaClock | None = None,
) -> Report:
    """Call `uri`, perform `script`, report. Raises Unreachable, SoundError.

    Many calls of one process should share a `clock`. A call that was refused or that failed half-way
    still has a report: its `exit_status` and `outcome` tell.
    """
    report, _ = await place_and_keep(uri, script, options, voices, transcriber, clock)
    return report


async def place_and_keep(
    uri: str,
    script: Script,
    options: CallOptions,
    voices: Voices | None = None,
    transcriber: Transcriber | None = None,
    clock: MediaClock | None = None,
) -> tuple[Report, Caller]:
    """As `place_call`; the finished call comes too, for its recording."""
    if clock is None:
        with MediaClock() as own:
            return await place_and_keep(uri, script, options, voices, transcriber, own)
    library = library_of(script, options.codecs, voices or Voices())
    options = replace(options, line=options.line or script.line, echo=options.echo or script.echo)
    async with Caller(uri, options, clock) as caller:
        performance = Performance(caller, library)
        outcome = await _perform(performance, script, options)
    report = replace(report_of(caller), script=script.name, outcome=outcome)
    return _judged(report, caller, performance, transcriber), caller


async def _perform(performance: Performance, script: Script, options: CallOptions) -> str:
    """Play the whole call; "done", or what kept it from its end."""
    caller = performance.caller
    limit_s = options.max_s if options.hang_up_after_s is None else options.hang_up_after_s
    try:
        async with asyncio.timeout(limit_s):
            await caller.dial()
            await performance.run(script)
    except TimeoutError:
        if options.hang_up_after_s is None:
            return f"the call took longer than {options.max_s:g} s"
        if options.vanish:
            caller.vanish()
        return "done"  # it was meant to end there
    except CallOver as over:
        return f"the call was over before the script: {over}"
    except (StepFailed, TooLate) as error:
        return str(error)
    return "done"


def _judged(
    report: Report, caller: Caller, performance: Performance, transcriber: Transcriber | None
) -> Report:
    heard: tuple[Heard, ...] = ()
    invited_ns = caller.diary.invited_ns
    if transcriber is not None and (performance.windows or report.media is not None):
        _, _, bot = timelines_of(caller)
        if bot.positions.size:
            heard = transcribe(bot, invited_ns, transcriber, caller.diary.marks_ns)
    found = tuple(
        _expectation(window, heard if transcriber is not None else None, invited_ns)
        for window in performance.windows
    )
    failed = report.outcome != "done" or bool(report.faults) or any(e.outcome == "missed" for e in found)
    status = EXIT_FAILED if failed else EXIT_DONE
    if not caller.ladder.answered and report.outcome != "done":
        report, status = replace(report, outcome=caller.nobody), EXIT_UNUSABLE
    return replace(report, transcript=heard, expectations=found, exit_status=status)


def _expectation(window: _Window, heard: tuple[Heard, ...] | None, invited_ns: int) -> Expectation:
    step = window.step
    if heard is None:
        return Expectation(step.line, step.contains, "", "unchecked")
    text = said_between(heard, (window.from_ns - invited_ns) / 1e6, (window.until_ns - invited_ns) / 1e6)
    met = all(contains(text, wanted) for wanted in step.contains)
    return Expectation(step.line, step.contains, text, "met" if met else "missed")
