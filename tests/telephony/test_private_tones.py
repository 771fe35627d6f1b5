"""A sensitive number keyed in as tones: nothing of it is in the recording, however long the last key is held."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from fake_line import FRAME, RATE, FakeLeg, FakeLines

from brain.agent import Engines
from brain.stt.fake import ScriptedStt
from brain.tts.fake import ToneTts
from dialplans.plan import load_plan
from media.clock import MonotonicClock
from media.dtmf import DtmfDetector, KeyDown
from media.dtmf_send import tones
from media.frame import silence
from media.sound import Sounds, read_stereo
from telephony.session import CallSession, Services
from telephony.stall import StallWatch
from telephony.transport import Confirmed, Key, Media

PLAN = """
steps:
  start:
    - gather: {slot: pin, type: digits, by: keys, min_digits: 4, max_digits: 4, sensitive: true, prompt: Pin.}
    - gather: {slot: open, type: digits, by: keys, min_digits: 2, max_digits: 2, prompt: And your floor.}
"""


def keys_in(pcm: np.ndarray) -> str:
    detector = DtmfDetector(RATE)
    whole = pcm[: pcm.size // FRAME * FRAME]
    events = [e for at in range(0, whole.size, FRAME) for e in detector.feed(whole[at : at + FRAME], at)]
    return "".join(event.symbol for event in events if isinstance(event, KeyDown))


@pytest.mark.parametrize("by_events", [False, True], ids=["tones alone", "events, and the tones leak"])
async def test_the_last_key_outlasts_its_question(tmp_path: Path, by_events: bool) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    leg, lines = FakeLeg(), FakeLines()
    services = Services(
        engines=Engines(ScriptedStt([]), ToneTts(), None), llm=None, lines=lines, clock=MonotonicClock(),
        data=tmp_path, recordings=True, rtp_timeout_s=30.0, wall=lambda: 1000.0, sort_messages=lambda: None,
        stalls=StallWatch(), sounds=Sounds(RATE),
    )  # fmt: skip
    session = CallSession("call-1", leg, "plan", False, load_plan(tmp_path / "plan.yaml").travel, services)
    running = asyncio.create_task(session.run())

    async def settle() -> None:
        for _ in range(40):
            await asyncio.sleep(0)

    async def hear(pcm: np.ndarray) -> None:
        for at in range(0, pcm.size, FRAME):
            sent = lines.tick()
            session.tick(pcm[at : at + FRAME], sent)
            await settle()

    async def press(symbol: str, tone_ms: int) -> None:
        if by_events:
            leg.post(Key(0.0, symbol, "rfc4733"))  # signalling comes first, as on a real line
            await hear(silence(5 * FRAME))
        await hear(tones(symbol, RATE, tone_ms=tone_ms, gap_ms=100))

    await settle()
    leg.post(Media(0.0, "PCMU", RATE, 20, False, "127.0.0.1:4000"))
    leg.post(Confirmed(0.0))
    await settle()
    await hear(silence(20 * FRAME))
    for symbol in "739":
        await press(symbol, 100)
    await press("1", 400)
    await hear(silence(50 * FRAME))
    for symbol in "25":
        await press(symbol, 100)
    await hear(silence(30 * FRAME))
    async with asyncio.timeout(20):
        await running
    left, _, _ = read_stereo(session.folder.path / "recording.wav")
    kept = keys_in(left)
    assert not set(kept) & set("7391"), "a key of the PIN is in the recording"
    assert by_events or kept == "25"  # what is not private is kept
