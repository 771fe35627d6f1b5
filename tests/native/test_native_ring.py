"""The ring and its ports on a running bridge, without a call."""

from __future__ import annotations

import numpy as np
import pytest
from native_agent import FRAME_SAMPLES, LINES, Agent, pj

pytestmark = pytest.mark.sip


def frame(number: int) -> np.ndarray:
    """A frame that can't be taken for another."""
    return np.arange(FRAME_SAMPLES, dtype=np.int16) + np.int16(200 * number)


def test_frames_cross_the_bridge_unchanged_and_in_order(agent: Agent) -> None:
    sender, receiver = agent.port(0), agent.port(1)
    sender.startTransmit(receiver)
    depth = agent.ring.depth()
    sent, got, read = 0, [], 0
    while len(got) < 40:
        assert agent.tick()
        while sent < int(agent.out_taken[0]) + 2:  # two frames ahead of the clock
            agent.said[0, sent % depth] = frame(sent)
            sent += 1
            agent.out_written[0] = sent
        assert int(agent.in_written[1]) - read < depth
        while read < int(agent.in_written[1]):
            heard = agent.heard[1, read % depth].copy()
            read += 1
            if got or heard.any():  # silence until the first frame has crossed
                got.append(heard)
    for number, heard in enumerate(got):
        np.testing.assert_array_equal(heard, frame(number))


def test_a_tick_without_a_frame_is_silence_and_counted(agent: Agent) -> None:
    agent.port(0).startTransmit(agent.port(1))
    agent.said[0, 0] = 1000
    agent.out_written[0] = 1
    agent.until(lambda: agent.out_taken[0] == 1)
    missed, heard = int(agent.out_missed[0]), int(agent.in_written[1])
    agent.until(lambda: agent.out_missed[0] >= missed + 5)
    assert agent.out_taken[0] == 1
    assert agent.in_written[1] >= heard + 4  # the listener's time goes on, with silence
    assert not agent.heard[1, (int(agent.in_written[1]) - 1) % 16].any()


def test_what_was_sent_lies_beside_what_was_heard_in_that_tick(agent: Agent) -> None:
    """Two lines hear each other: what one is recorded to have sent is what the other hears a tick later."""
    one, other = agent.port(0), agent.port(1)
    one.startTransmit(other)
    other.startTransmit(one)
    depth = agent.ring.depth()
    number, read, pairs = 0, 0, []
    while len(pairs) < 40:
        assert agent.tick()
        # Every other frame is missing, so that silence of the clock's own is among them.
        if int(agent.out_taken[0]) == number and agent.ring.ticks() % 2:
            agent.said[0, number % depth] = frame(number + 1)
            number += 1
            agent.out_written[0] = number
        written = int(agent.in_written[0])
        assert int(agent.in_written[1]) == written
        while read < written:
            pairs.append((agent.sent[0, read % depth].copy(), agent.heard[1, read % depth].copy()))
            read += 1
    sent = [pair[0] for pair in pairs if pair[0].any()]
    assert 5 < len(sent) < 39
    for given, got in pairs[2:]:  # the bridge connects the ports within two ticks
        np.testing.assert_array_equal(given, got)


def test_comfort_noise_fills_what_is_missing(agent: Agent) -> None:
    agent.ring.setComfortNoise(-60.0)
    agent.port(0).startTransmit(agent.port(1))
    agent.until(lambda: agent.in_written[1] > 20)
    noise = agent.sent[0].astype(float).reshape(-1)
    assert 20 * np.log10(np.sqrt(np.mean(noise**2)) / 32768) == pytest.approx(-60.0, abs=0.5)
    assert agent.heard[1].any()
    frames = agent.sent[0].copy()
    assert not any((frames[n] == frames[n + 1]).all() for n in range(len(frames) - 1))
    agent.ring.setComfortNoise(-100.0)
    written = int(agent.in_written[0])
    agent.until(lambda: agent.in_written[0] > written + 18)
    assert not agent.sent[0].any()


def test_one_wake_a_tick_however_many_ports(agent: Agent) -> None:
    for line in range(LINES):
        agent.port(line)
    agent.until(lambda: bool((agent.in_written > 0).all()))
    for _ in range(20):
        before = agent.in_written.copy()
        ticks = agent.ring.ticks()
        assert agent.tick()
        ticks = agent.ring.ticks() - ticks
        # Woken when the tick is over: every line has moved on by the same number of frames.
        assert ticks >= 1
        np.testing.assert_array_equal(agent.in_written - before, np.full(LINES, ticks, np.uint64))


def test_a_released_port_touches_the_ring_no_more(agent: Agent) -> None:
    agent.port(0)
    agent.port(1)
    agent.until(lambda: agent.in_written[0] > 0)
    agent.ports.pop(0).release()
    written, missed = int(agent.in_written[0]), int(agent.out_missed[0])
    going = int(agent.in_written[1])
    agent.until(lambda: agent.in_written[1] > going + 5)
    assert (int(agent.in_written[0]), int(agent.out_missed[0])) == (written, missed)


def test_a_line_can_be_used_again(agent: Agent) -> None:
    agent.port(3)
    agent.until(lambda: agent.in_written[3] > 3)
    agent.ports.pop(3).release()
    agent.ring.reset(3)
    assert agent.in_written[3] == agent.out_missed[3] == 0
    agent.port(3)
    agent.until(lambda: agent.in_written[3] > 3)


@pytest.mark.parametrize(("line", "rate"), [(-1, 8000), (LINES, 8000), (0, 16000)])
def test_a_port_that_does_not_fit_the_ring_is_refused(agent: Agent, line: int, rate: int) -> None:
    port = pj.OffhookPort(agent.ring, line)
    with pytest.raises(pj.Error):
        port.create("misfit", rate)


def test_bad_sizes_and_lines_are_refused(agent: Agent) -> None:
    with pytest.raises(pj.Error):
        agent.ring.reset(LINES)
    with pytest.raises(pj.Error):
        pj.OffhookRing(0, FRAME_SAMPLES)
