"""`gather`: ask for one thing, by voice or by keys, read it back, and let it be corrected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from brain.expect import Expect
from brain.spoken_dates import Order
from brain.spoken_money import CURRENCIES
from dialplans.answer_types import TYPES
from dialplans.answers import AnswerType, Bounds, Terms
from dialplans.ladder import Ladder
from dialplans.limits import check_limit, limit
from dialplans.scene import Scene
from dialplans.verb import Loc, Name, Patient, Phrases, Speaking, Strict, Text, Texts
from dialplans.yaml_source import refuse
from media.line_quality import LineStep

Way = Literal["voice", "keys"]

SORRY = "Sorry, I did not get that."

ORDERS = {"mdy": Order.MONTH_FIRST, "dmy": Order.DAY_FIRST}
ORDER_WORDS = {"mdy": "two for the month, two for the day", "dmy": "two for the day, two for the month"}
LIMITED = ("date", "time", "money", "number", "spelled")
FOR_TYPES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("on_yes", "on_no"), ("yes_no",)),
    (("min_digits", "max_digits", "usual_digits"), ("digits",)),
    (("date_order",), ("date",)),
    (("currency",), ("money",)),
    (("phrases",), ("text", "name")),
    (("min", "max"), LIMITED),
)
"""Keys that only some types have."""


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
    type: Literal[
        "text", "digits", "yes_no", "name", "date", "time", "money", "number", "email", "spelled"
    ] = "text"
    """What is asked for. Digits may be spoken in any way; a name may be spelled; `spelled` is a code of letters and
    digits; a number is how many."""
    prompt: Text
    """The question."""
    short_prompt: Text | None = None
    """The same in fewer words, for a bad line."""
    reprompts: Texts = []
    """What to say when there was no answer, or none that fits: the first time, the second time..."""
    by: Annotated[
        list[Way], BeforeValidator(_ways, json_schema_input_type=list[Way] | Way), Field(min_length=1)
    ] = ["voice", "keys"]
    """The ways to answer: voice, keys, or both. Text and email are by voice only."""
    keys_prompt: Text | None = None
    """How to ask when only keys are left; there is a plain one for each type."""
    min_digits: int = Field(1, ge=1, le=60)
    """The least digits that are an answer."""
    max_digits: int = Field(20, ge=1, le=60)
    """The most digits."""
    usual_digits: list[Annotated[int, Field(ge=1, le=60)]] = []
    """How many digits such a number usually has: after so many the bot waits less for more."""
    min: str = ""
    """The least answer: a date (today, tomorrow, today+30, 2026-12-31), a time (9:00), an amount or a number; for
    `spelled` the least letters and digits."""
    max: str = ""
    """The greatest answer, written like `min`."""
    outside: Text | None = None
    """What to say to an answer outside of `min` and `max`, before asking again; there are plain words for it."""
    date_order: Literal["mdy", "dmy"] = "mdy"
    """How callers write and type a date in figures: month first, or day first."""
    currency: str = "USD"
    """The currency of money where the caller doesn't name one: its ISO 4217 code."""
    phrases: Phrases = []
    """Words that are likely in this answer: names, streets. What sounds like one of them is taken for it, and a
    name that sounds like none of them is read back."""
    confirm: Text | None = None
    """How to read the answer back, as a question: "I have {number:digits}. Is that right?" There are plain words for
    each type."""
    confirm_when: Literal["always", "doubt", "never"] | None = None
    """When to read it back. In doubt is: on a bad line, when it wasn't heard well, or when the words may mean two
    things. Without this key always where `confirm` is given, else in doubt."""
    correct: Correct = Correct(voice=2, keys=2)
    """How often the answer may be corrected."""
    correct_prompt: Text = "Sorry about that. Please say it again."
    """How to ask again after a no."""
    retries: int = Field(2, ge=0, le=5)
    """How often to ask again when nothing fits, by voice; after that by keys, after that `on_fail`."""
    silence_s: float = Field(6.0, gt=0, le=60)
    """Seconds of silence that count as no answer."""
    max_pause_s: float | None = Field(None, gt=0, le=5)
    """The longest pause inside an answer, in seconds: without it 1.2, for an email and a spelled code 2."""
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
        refuse([*self._misplaced(), *self._wrong_limits()])
        return self

    def _misplaced(self) -> Iterator[tuple[Loc, str]]:
        """Keys that this type doesn't have, or that contradict one another."""
        given, kind = self.model_fields_set, self.type
        if self.min_digits > self.max_digits:
            yield ("min_digits",), f"min_digits ({self.min_digits}) is more than max_digits ({self.max_digits})"
        if kind in ("text", "email") and "keys" in self.by and "by" in given:
            yield ("by",), f"{kind} can't be given by keys; use by: voice"
        if kind == "yes_no" and (self.confirm or self.confirm_when):
            yield (), "a yes or a no is not read back; remove confirm and confirm_when"
        elif self.confirm and self.confirm_when == "never":
            yield ("confirm",), "confirm is never said with confirm_when: never"
        for keys, types in FOR_TYPES:
            if kind not in types:
                yield from (((key,), f"only for type: {', '.join(types)}") for key in keys if key in given)
        if self.currency not in CURRENCIES:
            yield ("currency",), f"unknown currency {self.currency}; known are {', '.join(CURRENCIES)}"

    def _wrong_limits(self) -> Iterator[tuple[Loc, str]]:
        given = {key: text for key, text in (("min", self.min), ("max", self.max)) if text}
        if self.outside and not given:
            yield ("outside",), "outside needs min or max"
        if self.type not in LIMITED:
            return
        wrong = False
        for key, text in given.items():
            try:
                check_limit(self.type, text)
            except ValueError as error:
                wrong = True
                yield (key,), str(error)
        if len(given) == 2 and not wrong:
            low, high = (limit(self.type, text, date(2000, 1, 1)) for text in given.values())
            if (low > high) if self.type in ("date", "time") else (float(low) > float(high)):
                yield ("min",), f"min ({self.min}) is more than max ({self.max})"

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
        """How many digits an answer has, or a code's letters and digits."""
        if self.type == "spelled":
            return Bounds(int(self.min or 2), int(self.max or 20))
        return Bounds(self.min_digits, self.max_digits)

    def terms(self, today: date) -> Terms:
        """What an answer has to be, in a call of that day."""
        limited = self.type in LIMITED and self.type != "spelled"
        low, high = (limit(self.type, text, today) if limited and text else "" for text in (self.min, self.max))
        order = ORDERS[self.date_order]
        return Terms(self.bounds, today, order, low, high, self.currency, tuple(self.phrases))

    @property
    def voice(self) -> bool:
        """Whether the answer may be spoken."""
        return "voice" in self.by

    @property
    def keys(self) -> bool:
        """Whether the answer may be keyed."""
        return "keys" in self.by and self.answer_type.keyed is not None

    def expect(self, voice: bool, terms: Terms) -> Expect:
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
            max_pause_s=self.max_pause_s or self.answer_type.max_pause_s,
            phrases=tuple(self.phrases),
            needs_year=self.type == "date" and terms.needs_year,
            courtesy=self.courtesy(),
        )

    def reprompt(self, failures: int) -> str:
        """What to say after the so-manieth answer that was none: from the second on, asked in another way."""
        if self.reprompts:
            return self.reprompts[min(failures, len(self.reprompts)) - 1]
        other = self.answer_type.other_form
        return f"{SORRY} {other if failures > 1 and other else self.prompt}"

    def correction(self, corrections: int) -> str:
        """What to say after the so-manieth no to what was read back."""
        other = self.answer_type.other_form
        if corrections > 1 and other and "correct_prompt" not in self.model_fields_set:
            return f"Sorry about that. {other}"
        return self.correct_prompt

    def read_back(self, line: LineStep, doubtful: bool) -> str | None:
        """How the answer is read back, if it is."""
        when = self.confirm_when or ("always" if self.confirm else "doubt")
        if when == "never" or (when == "doubt" and line is LineStep.GOOD and not doubtful):
            return None
        return self.confirm or self.answer_type.read_back.format(self.slot) or None

    def by_keys_prompt(self) -> str:
        """How to ask for keys."""
        return self.keys_prompt or self.answer_type.keys_prompt.format(order=ORDER_WORDS[self.date_order])

    # ---- for the checks ---------------------------------------------------------------------------------

    def texts(self) -> Iterator[tuple[Loc, str]]:
        yield ("prompt",), self.prompt
        if self.short_prompt:
            yield ("short_prompt",), self.short_prompt
        for index, text in enumerate(self.reprompts):
            yield ("reprompts", index), text
        if not self.reprompts:
            yield ("prompt",), self.reprompt(1)
            yield (), self.reprompt(2)
        if self.outside:
            yield ("outside",), self.outside
        if self.keys:
            yield ("keys_prompt",), self.by_keys_prompt()
        if self.confirm:
            yield ("confirm",), self.confirm
        if self.type != "yes_no":
            yield ("correct_prompt",), self.correct_prompt
            yield (), self.correction(2)
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
