"""Calls over SIP and RTP to `offhook serve`, with scripted engines: what a caller gets, and what a call leaves."""

from __future__ import annotations

import numpy as np
import pytest
from e2e_bot import Bot, arun, until
from e2e_engines import FakeLlm, FakeSpeech

from brain import journal
from media.frame import Pcm
from media.sound import read_wav
from telephony.caller.call import Caller
from telephony.caller.codecs import PCMA, PCMU
from telephony.caller.events import Ended
from telephony.caller.media_clock import MediaClock
from telephony.caller.options import CallOptions
from telephony.caller.report import report_of, timelines_of

pytestmark = pytest.mark.sip
RATE = 8000


def chirp(seconds: float = 1.5) -> Pcm:
    """A sound that is like itself at no other delay."""
    t = np.arange(int(seconds * RATE)) / RATE
    return np.rint(9000 * np.sin(2 * np.pi * (300 * t + 500 * t**2))).astype(np.int16)


def delay(sent: Pcm, back: Pcm) -> int:
    """By how many samples `back` is later than `sent`."""
    size = 1 << int(sent.size + back.size - 1).bit_length()
    match = np.fft.irfft(np.fft.rfft(back, size) * np.conj(np.fft.rfft(sent, size)))
    return int(np.argmax(match[: back.size]))


@pytest.mark.parametrize("codec", [PCMU, PCMA], ids=lambda codec: codec.name)
async def test_the_echo_is_the_same_sample_by_sample(bot: Bot, clock: MediaClock, codec) -> None:
    said = chirp()
    async with Caller(bot.uri("echo"), CallOptions(codecs=(codec,)), clock) as caller:
        await caller.dial()
        await caller.pause(0.3)
        await caller.say(said)
        await caller.pause(0.5)
        await caller.hangup()
    _, sent, back = timelines_of(caller)
    coder = caller.line.media.codec.coder() if hasattr(caller.line.media.codec, "coder") else None
    assert coder is None or coder
    late = delay(sent.pcm, back.pcm)
    start = np.flatnonzero(sent.pcm)[0]
    there = sent.pcm[start : start + said.size]
    here = back.pcm[start + late : start + late + said.size]
    same = there[: here.size] == here
    from media import g711
    q = g711.decode_ulaw(g711.encode_ulaw(there))
    np.savez('/tmp/echo.npz', sent=sent.pcm, back=back.pcm, said=said, late=late, start=start)
    assert here.size == said.size and same.mean() > 0.99
    record = await bot.record(caller.core.call_id)
    assert (record["plan"], record["codec"], record["end"]["by"]) == ("echo", codec.name, "caller")
    assert journal.replay((record["folder"] / "journal.jsonl").read_text().splitlines()) == []
