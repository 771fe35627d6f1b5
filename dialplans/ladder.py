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

Elsewhere an answer is read back where the plan says so, and in doubt: it wasn't heard well, its words may mean two
things, or they can't be checked by their form. After a no, the other meaning is offered before anything is asked
again. What is asked again is asked in another form from the second time on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from brain.expect import Expect, Kind
from brain.spoken import parse_yes_no, spoken_digits
from dialplans.answer_types import beyond, digits_said
from dialplans.answers import NO_KEY, YES_KEY, Answer, Part
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


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer that isn't settled yet. `others` are to be offered after a no; `doubtful` says to read it back."""

    value: str
    others: tuple[str, ...] = ()
    doubtful: bool = False


class Ladder:
    """One `gather` in one call. `climb` is the whole of it."""

    SAY_OR_PRESS: ClassVar[str] = "Is that right? Please say yes or no."
    PRESS: ClassVar[str] = f"If that is right, press {YES_KEY}. If not, press {NO_KEY}."
    FIXED_TEXTS: ClassVar[tuple[str, ...]] = (SAY_OR_PRESS, PRESS)

    def __init__(self, gather: Gather, scene: Scene) -> None:
        self._gather, self._scene = gather, scene
        self._terms = gather.terms(scene.call.today)
        self._rung = Rung.KEYS if not gather.voice or self._too_bad() else Rung.VOICE
        self._corrections = {Rung.VOICE: 0, Rung.KEYS: 0}
        self._denied: set[str] = set()

    async def climb(self) -> str | None:
        """The answer, confirmed where it has to be; None when there is none."""
        gather, scene = self._gather, self._scene
        if gather.voice and self._rung is Rung.KEYS:
            candidate = await self._collect(gather.by_keys_prompt())
        else:
            candidate = await self._collect(scene.for_line(gather.prompt, gather.short_prompt))
        while candidate is not None and (reading := self._reading(candidate)):
            verdict, instead = await self._read_back(reading, candidate.value)
            if verdict is Verdict.RIGHT:
                return candidate.value
            self._denied.add(candidate.value)
            if verdict is Verdict.UNKNOWN or not self._may_correct():
                return None
            if instead is not None and self._rung is Rung.VOICE:
                candidate = instead
            elif self._rung is Rung.VOICE and (left := [v for v in candidate.others if v not in self._denied]):
                candidate = Candidate(left[0], tuple(left[1:]), doubtful=True)
            elif self._rung is Rung.VOICE:
                candidate = await self._collect(gather.correction(self._corrections[Rung.VOICE]))
            else:
                candidate = await self._collect(gather.by_keys_prompt())
        return candidate.value if candidate is not None else None

    def _reading(self, candidate: Candidate) -> str | None:
        """How it is read back, if it is; once denied and said again, it is in doubt."""
        doubtful = candidate.doubtful or candidate.value in self._denied
        return self._gather.read_back(self._scene.line, doubtful)

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

    async def _collect(self, template: str) -> Candidate | None:
        """Ask until there is an answer, or no way left to give one."""
        gather = self._gather
        prompt = self._scene.text(template)
        failures, so_far = 0, ""
        while True:
            expect = gather.expect(self._rung is Rung.VOICE, self._terms)
            heard = await self._scene.ask(prompt, expect, gather.interruptible)
            found, so_far = self._value(heard, so_far)
            if isinstance(found, Candidate):
                return found
            if heard == Keyed(""):  # the hash key alone: no answer wanted
                return None
            failures += 1
            given_up = isinstance(heard, Unheard) or failures > self._retries()
            if given_up or (self._rung is Rung.VOICE and self._too_bad()):
                if self._rung is Rung.KEYS or not gather.keys:
                    return None
                self._rung, failures, so_far = Rung.KEYS, 0, ""
                prompt = self._scene.text(gather.by_keys_prompt())
            elif found:
                prompt = found
            elif self._rung is Rung.KEYS and gather.voice:
                prompt = self._scene.text(gather.by_keys_prompt())
            else:
                prompt = self._scene.text(gather.reprompt(failures))

    def _retries(self) -> int:
        retries = self._gather.retries
        return retries if self._rung is Rung.VOICE else min(retries, KEY_RETRIES)

    def _value(self, heard: Heard, so_far: str) -> tuple[Candidate | str, str]:
        """An answer, or what to say next instead of the reprompts (empty for those), and what was said so far of
        one that comes in pieces."""
        answer_type, terms = self._gather.answer_type, self._terms
        match heard:
            case Said(text, confidence) if answer_type.kind is Kind.DIGITS:
                return self._digits(text, confidence, so_far)
            case Said(text, confidence):
                found = answer_type.spoken(f"{so_far} {text}", terms) if so_far else None
                if not isinstance(found, Answer):
                    found = answer_type.spoken(text, terms)
                if isinstance(found, Part):
                    return found.ask, f"{so_far} {text}".strip()
                if found is None:
                    return "", so_far
                return (self._refusal(found.value), "") if found.outside else (self._candidate(found, confidence), "")
            case Keyed(keys) if answer_type.keyed is not None:
                typed = answer_type.keyed(keys, terms)
                if typed is None:
                    return "", ""
                return (self._refusal(typed.value), "") if typed.outside else (Candidate(typed.value), "")
            case Keyed() | Nothing() | Unheard():
                return "", so_far

    def _candidate(self, answer: Answer, confidence: float) -> Candidate:
        heard_badly = confidence < self._gather.answer_type.doubt_below
        return Candidate(answer.value, answer.others, heard_badly or bool(answer.others) or not answer.sure)

    def _digits(self, text: str, confidence: float, so_far: str) -> tuple[Candidate | str, str]:
        """Digits, which may come in pieces: said once more from the start, or gone on with."""
        bounds = self._gather.bounds
        value = digits_said(text, bounds)
        if value is None:
            found = spoken_digits(text)
            if found is None:
                return self._rest_of(so_far), so_far
            number = found.text if found.text.startswith(so_far) else so_far + found.text
            value = digits_said(number, bounds)
            if value is None:
                so_far = number if len(number) < bounds.least else ""
                return self._rest_of(so_far), so_far
        return self._candidate(Answer(value), confidence), ""

    def _rest_of(self, so_far: str) -> str:
        return "I have " + FORMS["digits"](so_far) + ". And the rest?" if so_far else ""

    def _refusal(self, value: str) -> str:
        """What to say to a value that the plan doesn't allow, and the question again."""
        gather, terms = self._gather, self._terms
        again = self._scene.text(gather.prompt if self._rung is Rung.VOICE else gather.by_keys_prompt())
        said = self._scene.text(gather.outside) if gather.outside else f"Sorry, {beyond(gather.type, value, terms)}."
        return f"{said} {again}"

    # ---- reading back -----------------------------------------------------------------------------------

    async def _read_back(self, template: str, value: str) -> tuple[Verdict, Candidate | None]:
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

    def _verdict(self, heard: Heard, value: str) -> tuple[Verdict, Candidate | None]:
        match heard:
            case Keyed(keys):
                known = {YES_KEY: Verdict.RIGHT, NO_KEY: Verdict.WRONG}
                return known.get(keys, Verdict.UNKNOWN), None
            case Said(text, confidence):
                answer = parse_yes_no(text)
                if answer is not None and answer.yes:
                    return Verdict.RIGHT, None
                if answer is not None:
                    return Verdict.WRONG, self._instead(answer.rest, confidence) if answer.rest else None
                if self._gather.answer_type.kind in _CLEAR:  # another value instead of a no
                    instead = self._instead(text, confidence)
                    if instead is not None:
                        return (Verdict.RIGHT, None) if instead.value == value else (Verdict.WRONG, instead)
        return Verdict.UNKNOWN, None

    def _instead(self, text: str, confidence: float) -> Candidate | None:
        """The answer in what a caller said to what was read back, if there is one that the plan allows."""
        found = self._gather.answer_type.spoken(text, self._terms)
        if not isinstance(found, Answer) or found.outside:
            return None
        left = [value for value in (found.value, *found.others) if value not in self._denied]
        return self._candidate(Answer(left[0], tuple(left[1:]), found.sure), confidence) if left else None


_CLEAR = (Kind.DIGITS, Kind.DATE, Kind.TIME, Kind.MONEY, Kind.NUMBER, Kind.EMAIL)
"""Kinds whose answers can't be taken for anything else, so that they may stand for a no."""
