"""A sensitive answer stands nowhere in what is kept of a call: not in words, digits, keys or sound."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from fake_line import FRAME, FakeLeg, FakeLines
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from no_echo import NoEcho

from brain import ear, journal
from brain.agent import Engines
from brain.stt.fake import ScriptedStt
from brain.tts.fake import ToneTts
from dialplans.plan import load_plan
from media.frame import Pcm
from media.sound import Sounds, read_wav
from media.vad import Activity, SpeechStarted, SpeechStopped, VadEvent
from telephony import replay
from telephony.masking import mask_keys
from telephony.session import CallSession, Services
from telephony.stall import StallWatch
from telephony.transport import Confirmed, Key, Media, SipMessage

PLAN = """
steps:
  start:
    - say: Hello and welcome to you all.
    - gather:
        slot: pin
        type: digits
        min_digits: 6
        max_digits: 12
        sensitive: true
        prompt: Pin?
        confirm: "{pin:digits}, ok?"
        correct_prompt: Again?
        reprompts: What?
    - say: "It was {pin:digits}."
    - gather: {slot: colour, prompt: "Colour?"}
    - say: Bye.
"""
LOUD = 7000
FRAME_S = 0.02
WORDS = dict(zip("0123456789", "zero one two three four five six seven eight nine".split(), strict=True))


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time stands still until `frames` is raised."""

    frames = 0

    def time(self) -> float:
        return round(self.frames * FRAME_S, 6)


class LoopClock:
    def now(self) -> float:
        return asyncio.get_running_loop().time()


class LoudVad:
    """Speech is what is loud; six quiet frames end it."""

    def __init__(self, rate_hz: int) -> None:
        self.speech, self.quiet, self.ended = False, 0, 0

    noise_dbfs = level_dbfs = -70.0

    @property
    def activity(self) -> Activity:
        return Activity.QUIET

    def feed(self, frame: Pcm, position: int) -> tuple[VadEvent, ...]:
        loud = bool(np.abs(frame).max(initial=0) > 1000)
        self.quiet = 0 if loud else self.quiet + 1
        if loud:
            self.ended = position + frame.size
            began, self.speech = not self.speech, True
            return (SpeechStarted(position),) if began else ()
        if self.speech and self.quiet == 6:
            self.speech = False
            return (SpeechStopped(self.ended),)
        return ()


class Caller:
    """A call to PLAN in virtual time; `secret` counts the frames in which the caller says it."""

    def __init__(self, data: Path, heard: list[str]) -> None:
        plan_file = data / "plan.yaml"
        plan_file.write_text(PLAN)
        self.leg, self.lines = FakeLeg(), FakeLines()
        services = Services(
            engines=Engines(ScriptedStt(heard, whole=True), ToneTts(), None), llm=None, lines=self.lines,
            clock=LoopClock(), data=data, recordings=True, rtp_timeout_s=30.0, wall=lambda: 1000.0,
            sort_messages=lambda: None, stalls=StallWatch(), sounds=Sounds(8000),
        )  # fmt: skip
        self.session = CallSession("call-1", self.leg, "plan", True, load_plan(plan_file).travel, services)
        self.running = asyncio.ensure_future(self.session.run())
        self.sent: list[Pcm] = []
        self.masked: list[bool] = []
        self.secret: list[int] = []

    async def up(self) -> None:
        await self._settle()
        self.leg.post(Media(0.0, "PCMU", 8000, 20, False, "127.0.0.1:4000"))
        self.leg.post(Confirmed(0.0))
        await self._settle()

    async def _settle(self) -> None:
        for _ in range(15):
            await asyncio.sleep(0)

    async def wait(self, seconds: float, level: int = 0) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        for _ in range(round(seconds / FRAME_S)):
            loop.frames += 1
            sent = self.lines.tick()
            self.masked.append(self.session.masked)
            self.sent.append(np.full(FRAME, level, np.int16))
            self.session.tick(self.sent[-1], sent)
            await self._settle()

    async def say(self, private: bool = True) -> None:
        start = len(self.sent)
        await self.wait(0.8, LOUD)
        if private:
            self.secret += range(start, len(self.sent))
        await self.wait(1.6)

    async def press(self, keys: str) -> None:
        for key in keys:
            self.session.folder.message(info(key))
            self.leg.post(Key(0.0, key, "info"))
            await self.wait(0.1)

    async def until(self, text: str, times: int = 1) -> None:
        """Until the bot has said `text`, so many times."""
        for _ in range(100):
            agent = self.session._agent  # noqa: SLF001
            said = [item for item in agent.mouth.said if text in item.text and item.over.is_set()] if agent else []
            if len(said) >= times:
                return
            await self.wait(0.1)
        self.leg.leave()
        raise AssertionError(f"the bot never said {text!r}")


def info(key: str) -> SipMessage:
    body = f"Signal={key}\r\nDuration=160\r\n"
    head = f"INFO sip:x SIP/2.0\r\nCSeq: 9 INFO\r\nContent-Type: application/dtmf-relay\r\nContent-Length: {len(body)}"
    return SipMessage(1.0, False, "127.0.0.1:5062", "udp", f"{head}\r\n\r\n{body}")


@contextmanager
def everything_logged() -> Iterator[StringIO]:
    stream = StringIO()
    handler, root = logging.StreamHandler(stream), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def traces_of(digits: str, text: str) -> list[str]:
    """Where `text` tells the digits, or the beginning of them, in any of the ways they are said and written."""
    half, words = digits[: len(digits) // 2 + 1], [WORDS[d] for d in digits]
    forms = (half, " ".join(half), " ".join(words[:2]), ", ".join(words[:2]))
    return [form for form in forms if re.search(rf"(?<![\w.]){re.escape(form)}", text)]


def live(data: Path, pin: str, wrong: str, way: str) -> tuple[Caller, Path]:
    """One call in which `pin` is given in some `way`, `wrong` before it where it is corrected."""
    spoken, first = " ".join(WORDS[d] for d in pin), " ".join(WORDS[d] for d in wrong)
    heard = {
        "by keys": ["blue"],
        "by keys ahead": ["blue"],
        "by keys over speech": [spoken, "blue"],
        "corrected": [first, f"no, {spoken}", "yes", "blue"],
    }.get(way, [spoken, "yes", "blue"])

    async def call() -> Caller:
        caller = Caller(data, heard)
        await caller.up()
        await caller.wait(0.1)
        match way:
            case "by keys ahead":
                await caller.press(f"{pin}#1")
            case "by keys" | "by keys over speech":
                await caller.until("Pin?")
                await caller.wait(0.5, LOUD if way == "by keys over speech" else 0)
                await caller.press(f"{pin}#")
                await caller.until("ok?")
                await caller.press("1")
            case "before the question":
                await caller.say(private=False)  # its sound is on disk before anybody asks
            case _:
                await caller.until("Hello" if way == "over the prompt" else "Pin?")
                await caller.wait(0.1)
                await caller.say()
        if "keys" not in way:
            for times in range(1, len(heard) - 1):
                await caller.until("ok?", times)
                await caller.say()
        await caller.until("It was")
        await caller.until("Colour?")
        await caller.say(private=False)
        await caller.until("Bye.")
        await caller.wait(1.0)
        await caller.running
        return caller

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        caller = runner.run(call())
    return caller, caller.session.folder.path


WAYS = [
    "by keys", "by keys ahead", "by keys over speech", "by voice", "over the prompt", "before the question",
    "corrected",
]  # fmt: skip
pins = st.text("0123456789", min_size=6, max_size=10)


@settings(max_examples=3, deadline=None, phases=[Phase.generate])
@pytest.mark.parametrize("way", WAYS)
@given(pins, pins)
def test_no_file_of_the_call_holds_a_sensitive_answer(way: str, pin: str, wrong: str) -> None:
    with (
        TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
        everything_logged() as log,
    ):
        patch.setattr(ear, "Vad", LoudVad)
        patch.setattr(ear, "EchoCanceller", NoEcho)
        caller, path = live(Path(folder), pin, wrong, way)
        assert {file.name for file in path.iterdir()} >= {"record.json", "recording.wav", "journal.jsonl"}
        for file in path.iterdir():
            text = file.read_bytes().decode("utf-8", "replace")
            for digits in (pin, wrong):
                assert not traces_of(digits, text), f"{file.name} tells {digits}: {way}"
        assert log.getvalue()
        if "keys" in way:
            assert not re.search(r"Signal=[^*]", (path / "sip.jsonl").read_text())
        assert not traces_of(pin, log.getvalue()) and not traces_of(wrong, log.getvalue())
        check_record(json.loads((path / "record.json").read_text()))
        check_journal(path / "journal.jsonl")
        check_recording(path / "recording.wav", caller)


def check_record(record: dict[str, object]) -> None:
    """All is there but what is private."""
    assert record["slots"] == {"pin": "***", "colour": "blue"}
    said = [item["text"] for item in record["said"] if item["text"]]  # type: ignore[index,attr-defined]
    clear = [text for text in said if text != "***"]
    assert clear[-2:] == ["Colour?", "Bye."] and clear[:-2] in (["Hello and welcome to you all."], []) and "***" in said
    assert record["turns"][-1]["caller"] == "blue"  # type: ignore[index]


def check_journal(path: Path) -> None:
    """It has no key and no private word, replays from the floor after them, and says so."""
    text = path.read_text()
    assert "KeyPressed" not in text and "CommitKeys" not in text
    assert journal.replay(text.splitlines()) == []
    rows = [json.loads(line) for line in text.splitlines()]
    redacted = [row for row in rows if "redacted" in row]
    assert redacted and all(row["redacted"] > 0 and "floor" in row for row in redacted)
    assert any(row.get("event") == "Asked" for row in rows), "the question that isn't private is there"
    out = StringIO()
    with redirect_stdout(out):
        assert replay.run(argparse.Namespace(journals=[path], rerecord=False)) == 0
    assert "the same actions" in out.getvalue() and "not compared" in out.getvalue()
    changed = text.replace('"turns": ', '"turns": 1')  # and what comes after it is still compared
    assert journal.replay(changed.splitlines())


def check_recording(path: Path, caller: Caller) -> None:
    """Silence on both sides where it is private, every sample elsewhere."""
    both, rate = np.frombuffer(path.read_bytes()[44:], "<i2").reshape(-1, 2), read_wav(path)[1]
    assert rate == 8000
    left = both[:, 0]
    assert all(caller.masked[index] for index in caller.secret)
    for index, (pcm, masked) in enumerate(zip(caller.sent, caller.masked, strict=True)):
        frame = left[index * FRAME : (index + 1) * FRAME]
        assert (frame == (0 if masked else pcm[: frame.size])).all()
    right = np.abs(both[:, 1]).reshape(-1)
    first, last = caller.masked.index(True), len(caller.masked) - caller.masked[::-1].index(True)
    if first > 10:
        assert right[: first * FRAME].any(), "the greeting is there"
    # The bot writes two frames ahead.
    gaps = [i for i in range(first, last) if all(caller.masked[max(0, i - 3) : i + 4])]
    assert not any(right[i * FRAME : (i + 1) * FRAME].any() for i in gaps)
    assert right[last * FRAME :].any()


@pytest.mark.parametrize(
    "body",
    [
        "Signal=7\r\nDuration=160\r\n", "signal = 7", "7", "7\r\n", " 7 ", "Signal=7\nDuration=160", "d=7",
        "Duration=160\r\nSignal= 7\r\n", "Signal=\r\n7\r\n", "Signal=1\r7\r\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("gap", ["\r\n\r\n", "\n\n"])
def test_a_kept_info_holds_no_key(body: str, gap: str) -> None:
    head = f"INFO sip:a@b SIP/2.0\r\nCSeq: 4 INFO\r\nContent-Type: application/dtmf-relay{gap}"
    kept = mask_keys(head + body)
    assert kept.startswith(head) and "7" not in kept[len(head) :]


def test_no_other_message_is_changed() -> None:
    invite = "INVITE sip:a@b SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\ns=7\r\n"
    assert mask_keys(invite) == invite
