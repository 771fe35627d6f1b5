"""Line quality over real RTP: what an emulated line did is what the statistics say."""

from __future__ import annotations

import asyncio
import struct
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sip_bot import Bot, settings
from sip_peer import Peer
from sip_sound import tone

from media.line_quality import LineStep, LineWatch
from telephony.caller.bad_line import LinePair, LineSettings
from telephony.caller.call import Caller
from telephony.caller.media_clock import MediaClock
from telephony.caller.options import CallOptions
from telephony.sip_quality import StreamShape, line_quality
from telephony.transport import LineQuality

pytest_plugins = ["sip_fixtures"]

G711 = StreamShape("PCMU", 20, 10)


def stat(**changes: Any) -> SimpleNamespace:
    """A `StreamStat`, as far as it is read."""
    value = {
        "rx_pkt": 0, "rx_loss": 0, "rx_dup": 0, "rx_runs": 0, "rx_jitter": 0, "tx_pkt": 0, "tx_loss": 0,
        "tx_reports": 0, "rtt": 0, "late_frames": 0, "lost_frames": 0, "empty_frames": 0, "delay": 20,
    } | changes  # fmt: skip
    rx = SimpleNamespace(
        pkt=value["rx_pkt"], loss=value["rx_loss"], dup=value["rx_dup"],
        lossPeriodUsec=SimpleNamespace(n=value["rx_runs"]), jitterUsec=SimpleNamespace(mean=value["rx_jitter"]),
    )  # fmt: skip
    tx = SimpleNamespace(
        pkt=value["tx_pkt"], loss=value["tx_loss"], jitterUsec=SimpleNamespace(mean=0), updateCount=value["tx_reports"]
    )
    jbuf = SimpleNamespace(
        discard=value["late_frames"], lost=value["lost_frames"], empty=value["empty_frames"],
        avgDelayMsec=value["delay"],
    )  # fmt: skip
    rtcp = SimpleNamespace(rxStat=rx, txStat=tx, rttUsec=SimpleNamespace(mean=value["rtt"]))
    return SimpleNamespace(rtcp=rtcp, jbuf=jbuf)


def test_a_clean_stream() -> None:
    quality = line_quality(stat(rx_pkt=500, tx_pkt=500, tx_reports=3, rtt=40_000), LineQuality(), G711)
    assert (quality.rx_lost, quality.rx_late, quality.rx_burst, quality.round_trip_ms) == (0, 0, 1.0, 40.0)
    assert quality.rx_mos == quality.tx_mos == 4.41


def test_too_little_to_tell_and_a_peer_without_rtcp() -> None:
    assert line_quality(stat(rx_pkt=50), LineQuality(), G711).rx_mos is None
    assert line_quality(stat(tx_pkt=5000), LineQuality(), G711).tx_mos is None


def test_frames_of_the_buffer_become_packets_and_milliseconds() -> None:
    """PCMU: the buffer counts frames of 10 ms, two a packet, but that it was empty once a packet.

    Duplicates are among what it throws away.
    """
    quality = line_quality(
        stat(rx_pkt=900, rx_loss=100, rx_runs=50, rx_dup=3, late_frames=46, lost_frames=200, empty_frames=7),
        LineQuality(),
        G711,
    )
    assert (quality.rx_late, quality.concealed_ms, quality.starved_ms) == (20, 2000, 140)
    assert quality.rx_burst == pytest.approx(1.8)
    assert quality.rx_mos is not None and quality.rx_mos < 3.7


def test_streams_add_up() -> None:
    first = line_quality(stat(rx_pkt=500, rx_loss=10, rx_runs=5, lost_frames=20), LineQuality(), G711)
    both = line_quality(
        stat(rx_pkt=300, rx_loss=5, rx_runs=5, lost_frames=5), first, StreamShape("G722", 20, 20)
    )
    assert (both.rx_packets, both.rx_lost, both.rx_loss_runs, both.concealed_ms) == (800, 15, 10, 300)


def test_a_higher_delay_costs_both_ways() -> None:
    near = line_quality(stat(rx_pkt=500, tx_pkt=500, tx_reports=1), LineQuality(), G711)
    far = line_quality(stat(rx_pkt=500, tx_pkt=500, tx_reports=1, rtt=600_000), LineQuality(), G711)
    assert far.rx_mos is not None and near.rx_mos is not None and far.rx_mos < near.rx_mos - 0.3
    assert far.tx_mos is not None and near.tx_mos is not None and far.tx_mos < near.tx_mos - 0.3


@pytest.mark.sip
async def test_what_the_line_lost_is_what_is_reported_live_and_in_the_end() -> None:
    """One in five packets, in runs: the same numbers, a worse score, and a step down the ladder."""
    line = LinePair(sent=LineSettings(loss=0.2, burst=2.5, jitter_ms=5), seed=11)
    async with Bot(settings()).running() as bot:
        with MediaClock() as clock:
            async with Caller(f"sip:x@127.0.0.1:{bot.port}", CallOptions(line=line), clock) as caller:
                await caller.dial()
                call = await bot.call()
                speaking = asyncio.create_task(caller.say(tone(500, 6.0)))
                watch, steps = LineWatch(), []
                while not speaking.done():
                    await asyncio.sleep(0.25)
                    now = asyncio.get_running_loop().time()
                    steps.append(watch.update(call.leg.quality().sample(now, "PCMU")))
                live = call.leg.quality()
                await caller.hangup()
                counts = caller.line.sent_line.counts
            await call.done.wait()
            quality = call.leg.quality()
    assert live.rx_packets > 150 and live.rx_lost > 0
    assert steps[0] is LineStep.GOOD and steps[-1] is not LineStep.GOOD
    assert quality.rx_packets == pytest.approx(counts.packets - counts.lost, abs=3)
    assert quality.rx_lost == pytest.approx(counts.lost, abs=8)  # of a run at the very end nobody learns
    assert quality.rx_loss_runs == pytest.approx(counts.loss_runs, abs=3)
    assert quality.rx_burst > 1.5 and quality.rx_jitter_ms > 1
    assert quality.rx_mos is not None and quality.rx_mos < 3.2
    assert quality.concealed_ms + quality.starved_ms > 5 * counts.lost
    assert quality.tx_mos is None  # this caller sends no RTCP


@pytest.mark.sip
async def test_what_the_caller_reports_by_rtcp(bot: Bot) -> None:
    """RFC 3550 section 6.4.2: a receiver report from the caller's host tells what it lost of ours."""
    async with Peer(bot.port) as peer:
        await peer.call()
        peer.rtp.speak(np.zeros(160, np.int16))
        await peer.rtp.hear(105)
        data, _ = await peer.rtp.packet()
        ssrc, highest = struct.unpack("!I", data[8:12])[0], struct.unpack("!H", data[2:4])[0]
        block = struct.pack("!IIIIII", ssrc, 51 << 24 | 21, highest, 40, 0, 0)
        report = struct.pack("!BBHI", 0x81, 201, 7, peer.rtp.ssrc) + block
        audio = peer.rtp.remote
        peer.rtp.remote = (audio[0], audio[1] + 1)
        peer.rtp.raw(report)
        peer.rtp.remote = audio
        await peer.rtp.hear(60)
        call = await bot.call()
        await peer.bye()
        await call.done.wait()
    quality = call.leg.quality()
    assert quality.tx_lost == 21 and quality.tx_jitter_ms == pytest.approx(5.0)
    assert quality.tx_mos is not None and quality.rx_mos is not None and quality.tx_mos < quality.rx_mos - 0.5
