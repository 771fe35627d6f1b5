"""A worker at 16 kHz: what G.722 and Opus callers say above 4 kHz is heard, and what the bot says there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from e2e_bot import serving
from e2e_calls import calling, kept
from e2e_engines import FakeSpeech, settings

from media.frame import Pcm
from media.sound import read_stereo
from telephony.caller.codecs import CODECS
from telephony.caller.media_clock import MediaClock
from telephony.caller.report import timelines_of

pytestmark = pytest.mark.sip

WIDE = 16000
HIGH_HZ = 5500


def high(seconds: float = 0.8) -> Pcm:
    """A tone that a telephone at 8 kHz can't carry."""
    t = np.arange(int(seconds * WIDE)) / WIDE
    return np.rint(6000 * np.sin(2 * np.pi * HIGH_HZ * t)).astype(np.int16)


def level_at(pcm: Pcm, hz: float) -> float:
    """The share of the loudest half second's energy that lies within 100 Hz of `hz`."""
    size = WIDE // 2
    pieces = [pcm[at : at + size].astype(float) for at in range(0, max(1, pcm.size - size), size // 2)]
    piece = max(pieces, key=lambda p: float(p.dot(p)))
    power = np.abs(np.fft.rfft(piece * np.hanning(piece.size))) ** 2
    near = np.abs(np.fft.rfftfreq(piece.size, 1 / WIDE) - hz) < 100
    return float(power[near].sum() / power.sum())


@pytest.mark.parametrize("codec", ["g722", "opus"])
async def test_what_lies_above_4_khz_goes_both_ways(
    tmp_path: Path, clock: MediaClock, speech: FakeSpeech, cache: Mapping[str, str], codec: str
) -> None:
    config = settings(speech.address, "", sip={"rate_hz": WIDE})
    with serving(tmp_path, config, environment=cache) as bot:
        async with calling(bot, "echo", clock, codecs=(CODECS[codec],)) as caller:
            assert caller.rate_hz >= WIDE
            step = caller.rate_hz // WIDE
            await caller.pause(0.2)
            await caller.say(np.repeat(high(), step) if step > 1 else high())
            await caller.pause(0.4)
            await caller.hangup()
        came_back = timelines_of(caller)[2].pcm[::step]
        record = await kept(bot, caller)
    assert record["codec"].lower() == codec
    left, right, rate = read_stereo(record["folder"] / "recording.wav")
    assert rate == WIDE
    for heard in (came_back, left, right):
        assert level_at(heard, HIGH_HZ) > 0.5


async def test_a_narrowband_caller_is_heard_and_presses_keys_there_too(
    tmp_path: Path, clock: MediaClock, speech: FakeSpeech, cache: Mapping[str, str]
) -> None:
    config = settings(speech.address, "", sip={"rate_hz": WIDE})
    with serving(tmp_path, config, environment=cache) as bot:
        async with calling(bot, "keys", clock) as caller:
            await caller.wait_for_bot_onset()
            await caller.press("1337", "inband")
            await caller.wait_for_end(20)
        record = await kept(bot, caller)
    assert record["slots"]["number"] == "1337" and record["codec"] == "PCMU"
