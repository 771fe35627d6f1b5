"""How one thing is asked for until it is had: by voice, again, by keys, and read back in between.

    ask by voice  -- an answer -->  read it back  -- yes -->  done
      |  ^   \\                        |    |
      |  |    no answer: reprompts     no   no, it's ...: read that back
      |  +-----------------------------+    (both count as a correction)
      |  retries or corrections used up, or speech can't be recognised
      v
    ask by keys   -- an answer -->  read it back  -- yes -->  done
      |                                |
      +---- used up: no answer <-------+

Keys are taken on both rungs; on the lower one nothing else is. On a line too bad for speech the lower rung is the
first, where the plan takes keys; on a poor one every answer is read back.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from brain.expect import Expect, Kind
from brain.spoken import parse_yes_no, spoken_digits
from dialplans.answers import NO_KEY, YES_KEY, digits_said
from dialplans.call import Heard, Keyed, Nothing, Said, Unheard
from dialplans.scene import Scene
from dialplans.templates import FORMS
from media.line_quality import LineStep

if TYPE_CHECKING:
    from dialplans.verbs.gather import Gather

KEY_RETRIES = 1
CONFIRM_RETRIES = 1


class Rung(Enum):
    """The ways that are open."""

    VOICE = "voice, and keys where the plan takes them"
    KEYS = "keys only"


class Verdict(Enum):
    """What the caller says to what was read back."""

    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "no telling"


class Ladder:
    """One `gather` in one call. `climb` is the whole of it."""

    SAY_OR_PRESS: ClassVar[str] = "Is that right? Please say yes or no."
    PRESS: ClassVar[str] = f"If that is right, press {YES_KEY}. If not, press {NO_KEY}."
    FIXED_TEXTS: ClassVar[tuple[str, ...]] = (SAY_OR_PRESS, PRESS)

    def __init__(self, gather: Gather, scene: Scene) -> None:
        self._gather, self._scene = gather, scene
        self._rung = Rung.KEYS if not gather.voice or self._too_bad() else Rung.VOICE
        self._corrections = {Rung.VOICE: 0, Rung.KEYS: 0}

    async def climb(self) -> str | None:
        """The answer, confirmed where the plan wants that; None when there is none."""
        gather, scene = self._gather, self._scene
        if gather.voice and self._rung is Rung.KEYS:
            value = await self._collect(gather.by_keys_prompt())
        else:
            value = await self._collect(scene.for_line(gather.prompt, gather.short_prompt))
        while value is not None and (reading := gather.read_back(scene.line)):
            verdict, instead = await self._read_back(reading, value)
            if verdict is Verdict.RIGHT:
                return value
            if verdict is Verdict.UNKNOWN or not self._may_correct():
                return None
            if instead is not None and self._rung is Rung.VOICE:
                value = instead
            elif self._rung is Rung.VOICE:
                value = await self._collect(self._gather.correct_prompt)
            else:
                value = await self._collect(self._gather.by_keys_prompt())
        return value

    def _too_bad(self) -> bool:
        """Whether the line isn't fit for speech, and there are keys instead."""
        return self._scene.line is LineStep.BAD and self._gather.keys

    def _may_correct(self) -> bool:
        """Count one correction; where a rung is used up, step down."""
        allowed = self._gather.correct
        if self._rung is Rung.KEYS and not self._gather.keys:
            return False
        if self._rung is Rung.VOICE:
            self._corrections[Rung.VOICE] += 1
            if self._corrections[Rung.VOICE] <= allowed.voice:
                return True
            if not self._gather.keys:
                return False
            self._rung = Rung.KEYS
            return allowed.keys > 0
        self._corrections[Rung.KEYS] += 1
        return self._corrections[Rung.KEYS] < allowed.keys

    # ---- asking -----------------------------------------------------------------------------------------

    async def _collect(self, template: str) -> str | None:
        """Ask until there is an answer, or no way left to give one."""
        gather = self._gather
        prompt = self._scene.text(template)
        failures, so_far = 0, ""
        while True:
            heard = await self._scene.ask(
                prompt, gather.expect(self._rung is Rung.VOICE), gather.interruptible
            )
            value, so_far = self._value(heard, so_far)
            if value is not None or heard == Keyed(""):  # the hash key alone: no answer wanted
                return value
            failures += 1
            given_up = isinstance(heard, Unheard) or failures > self._retries()
            if given_up or (self._rung is Rung.VOICE and self._too_bad()):
                if self._rung is Rung.KEYS or not gather.keys:
                    return None
                self._rung, failures, so_far = Rung.KEYS, 0, ""
                prompt = self._scene.text(gather.by_keys_prompt())
            elif so_far and isinstance(heard, Said):
                prompt = "I have " + FORMS["digits"](so_far) + ". And the rest?"
            elif self._rung is Rung.KEYS and gather.voice:
                prompt = self._scene.text(gather.by_keys_prompt())
            else:
                prompt = self._scene.text(gather.reprompt(failures))

    def _retries(self) -> int:
        retries = self._gather.retries
        return retries if self._rung is Rung.VOICE else min(retries, KEY_RETRIES)

    def _value(self, heard: Heard, so_far: str) -> tuple[str | None, str]:
        """The value of an answer, and the digits of a number that comes in pieces."""
        answer_type, bounds = self._gather.answer_type, self._gather.bounds
        match heard:
            case Said(text):
                value = answer_type.spoken(text, bounds)
                if value is not None or answer_type.kind is not Kind.DIGITS:
                    return value, ""
                found = spoken_digits(text)
                if found is None:
                    return None, so_far
                # Said once more from the start, or gone on with.
                number = found.text if found.text.startswith(so_far) else so_far + found.text
                return digits_said(number, bounds), (number if len(number) < bounds.least else "")
            case Keyed(keys) if answer_type.keyed is not None:
                return answer_type.keyed(keys, bounds), ""
            case Keyed() | Nothing() | Unheard():
                return None, so_far

    # ---- reading back -----------------------------------------------------------------------------------

    async def _read_back(self, template: str, value: str) -> tuple[Verdict, str | None]:
        """Whether `value` is right, and what the caller said instead."""
        gather = self._gather
        reading = self._scene.text(template, **{gather.slot: value})
        prompt = reading if self._rung is Rung.VOICE else f"{reading} {self.PRESS}"
        failures = 0
        while True:
            voice = self._rung is Rung.VOICE
            expect = Expect(
                Kind.YES_NO, 1, 1, voice=voice, silence_s=gather.silence_s, courtesy=gather.courtesy()
            )
            heard = await self._scene.ask(prompt, expect, gather.interruptible)
            verdict, instead = self._verdict(heard, value)
            if verdict is not Verdict.UNKNOWN:
                return verdict, instead
            failures += 1
            if self._rung is Rung.VOICE and (isinstance(heard, Unheard) or failures > CONFIRM_RETRIES):
                self._rung, failures, prompt = Rung.KEYS, 0, f"{reading} {self.PRESS}"
            elif failures > CONFIRM_RETRIES:
                return Verdict.UNKNOWN, None
            else:
                prompt = self.SAY_OR_PRESS if self._rung is Rung.VOICE else self.PRESS

    def _verdict(self, heard: Heard, value: str) -> tuple[Verdict, str | None]:
        answer_type, bounds = self._gather.answer_type, self._gather.bounds
        match heard:
            case Keyed(keys):
                known = {YES_KEY: Verdict.RIGHT, NO_KEY: Verdict.WRONG}
                return known.get(keys, Verdict.UNKNOWN), None
            case Said(text):
                answer = parse_yes_no(text)
                if answer is not None and answer.yes:
                    return Verdict.RIGHT, None
                if answer is not None:
                    return Verdict.WRONG, answer_type.spoken(answer.rest, bounds) if answer.rest else None
                if answer_type.kind is Kind.DIGITS:  # another number instead of a no
                    instead = digits_said(text, bounds)
                    if instead is not None:
                        return (Verdict.RIGHT, None) if instead == value else (Verdict.WRONG, instead)
        return Verdict.UNKNOWN, None
