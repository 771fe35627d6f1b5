"""`gather`: ask for one thing, by voice or by keys, read it back, and let it be corrected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from brain.expect import Expect
from dialplans.answers import TYPES, AnswerType, Bounds
from dialplans.ladder import Ladder
from dialplans.scene import Scene
from dialplans.verb import Loc, Name, Patient, Speaking, Strict, Text, Texts
from media.line_quality import LineStep

Way = Literal["voice", "keys"]

SORRY = "Sorry, I did not get that."

READ_BACK = {
    "digits": "I have {{{slot}:digits}}. Is that right?",
    "name": "I have {{{slot}}}. Is that right?",
    "text": "You said: {{{slot}}}. Is that right?",
}
"""On a bad line, where the plan doesn't say how."""


class Correct(Strict):
    """How often a caller may say that what was read back is wrong."""

    voice: int = Field(2, ge=0, le=5)
    """So many times they may say it again; then they are asked for keys."""
    keys: int = Field(2, ge=0, le=5)
    """So many times they may type it; then `on_fail`."""


def _ways(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Gather(Patient, Speaking):
    """Ask for one thing and keep it in a slot, by voice or by keys, read back and corrected if need be."""

    slot: Name
    """Where the answer is kept; texts name it as `{slot}`."""
    type: Literal["text", "digits", "yes_no", "name"] = "text"
    """What is asked for. Digits may be spoken in any way; a name may be spelled."""
    prompt: Text
    """The question."""
    short_prompt: Text | None = None
    """The same in fewer words, for a bad line."""
    reprompts: Texts = []
    """What to say when there was no answer, or none that fits: the first time, the second time..."""
    by: Annotated[
        list[Way], BeforeValidator(_ways, json_schema_input_type=list[Way] | Way), Field(min_length=1)
    ] = ["voice", "keys"]
    """The ways to answer: voice, keys, or both. Text is by voice only."""
    keys_prompt: Text | None = None
    """How to ask when only keys are left; there is a plain one for each type."""
    min_digits: int = Field(1, ge=1, le=60)
    """The least digits that are an answer."""
    max_digits: int = Field(20, ge=1, le=60)
    """The most digits."""
    usual_digits: list[Annotated[int, Field(ge=1, le=60)]] = []
    """How many digits such a number usually has: after so many the bot waits less for more."""
    confirm: Text | None = None
    """How to read the answer back, as a question: "I have {number:digits}. Is that right?" On a bad line answers
    are read back without it too, in plain words."""
    correct: Correct = Correct(voice=2, keys=2)
    """How often the answer may be corrected."""
    correct_prompt: Text = "Sorry about that. Please say it again."
    """How to ask again after a no."""
    retries: int = Field(2, ge=0, le=5)
    """How often to ask again when nothing fits, by voice; after that by keys, after that `on_fail`."""
    silence_s: float = Field(6.0, gt=0, le=60)
    """Seconds of silence that count as no answer."""
    max_pause_s: float = Field(1.2, gt=0, le=5)
    """The longest pause inside an answer, in seconds."""
    between_keys_s: float = Field(3.0, gt=0, le=30)
    """Seconds after a key that end an answer by keys."""
    sensitive: bool = False
    """Keep the answer out of all that is kept of the call: record, recording, journal, trace."""
    on_fail: Name | None = None
    """The step to go to when none is had. Without it the slot stays empty, and the next verb follows."""
    on_yes: Name | None = None
    """For yes_no: the step to go to on a yes."""
    on_no: Name | None = None
    """For yes_no: the step to go to on a no."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Gather:
        if self.min_digits > self.max_digits:
            raise ValueError(f"min_digits ({self.min_digits}) is more than max_digits ({self.max_digits})")
        if self.type == "text" and "keys" in self.by and "by" in self.model_fields_set:
            raise ValueError("text can't be given by keys; use by: voice")
        if self.type != "yes_no" and (self.on_yes or self.on_no):
            raise ValueError("on_yes and on_no are for type: yes_no")
        if self.type == "yes_no" and self.confirm:
            raise ValueError("a yes or a no is not read back; remove confirm")
        if self.type != "digits" and {"min_digits", "max_digits", "usual_digits"} & self.model_fields_set:
            raise ValueError("min_digits, max_digits and usual_digits are for type: digits")
        return self

    # ---- in a call --------------------------------------------------------------------------------------

    async def run(self, scene: Scene) -> str | None:
        with scene.call.private() if self.sensitive else nullcontext():
            value = await Ladder(self, scene).climb()
        scene.keep(self.slot, value or "", self.sensitive)
        if value is None:
            return self.on_fail
        return {"yes": self.on_yes, "no": self.on_no}[value] if self.type == "yes_no" else None

    @property
    def answer_type(self) -> AnswerType:
        """The grammar of the answer."""
        return TYPES[self.type]

    @property
    def bounds(self) -> Bounds:
        """How many digits an answer has."""
        return Bounds(self.min_digits, self.max_digits)

    @property
    def voice(self) -> bool:
        """Whether the answer may be spoken."""
        return "voice" in self.by

    @property
    def keys(self) -> bool:
        """Whether the answer may be keyed."""
        return "keys" in self.by and self.answer_type.keyed is not None

    def expect(self, voice: bool) -> Expect:
        """What to wait for; without `voice`, for keys alone."""
        bounds = self.answer_type.key_bounds or self.bounds
        return Expect(
            kind=self.answer_type.kind,
            min_digits=bounds.least,
            max_digits=bounds.most,
            usual_digits=tuple(self.usual_digits),
            voice=voice,
            keys=self.keys,
            silence_s=self.silence_s,
            between_keys_s=self.between_keys_s,
            max_pause_s=self.max_pause_s,
            courtesy=self.courtesy(),
        )

    def reprompt(self, failures: int) -> str:
        """What to say after the so-manieth answer that was none."""
        if self.reprompts:
            return self.reprompts[min(failures, len(self.reprompts)) - 1]
        return f"{SORRY} {self.prompt}"

    def read_back(self, line: LineStep) -> str | None:
        """How the answer is read back, if it is."""
        if self.confirm or line is LineStep.GOOD or self.type not in READ_BACK:
            return self.confirm
        return READ_BACK[self.type].format(slot=self.slot)

    def by_keys_prompt(self) -> str:
        """How to ask for keys."""
        return self.keys_prompt or self.answer_type.keys_prompt

    # ---- for the checks ---------------------------------------------------------------------------------

    def texts(self) -> Iterator[tuple[Loc, str]]:
        yield ("prompt",), self.prompt
        if self.short_prompt:
            yield ("short_prompt",), self.short_prompt
        for index, text in enumerate(self.reprompts):
            yield ("reprompts", index), text
        if not self.reprompts:
            yield ("prompt",), self.reprompt(1)
        if self.keys:
            yield ("keys_prompt",), self.by_keys_prompt()
        if self.confirm:
            yield ("confirm",), self.confirm
        if self.type != "yes_no":
            yield ("correct_prompt",), self.correct_prompt
            for text in Ladder.FIXED_TEXTS:
                yield (), text
        if self.voice:
            yield from self.courtesies()

    def targets(self) -> Iterator[tuple[Loc, str]]:
        for key in ("on_fail", "on_yes", "on_no"):
            if target := getattr(self, key):
                yield (key,), target

    def slots(self) -> Iterator[tuple[Loc, str]]:
        yield ("slot",), self.slot

    def goes_on(self) -> bool:
        if self.type != "yes_no":
            return True
        return not (self.on_fail and self.on_yes and self.on_no)

    def private(self) -> bool:
        return self.sensitive

    def listens(self) -> bool:
        return self.voice
