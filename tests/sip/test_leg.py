"""The table of a leg: what may be done when, with a stack that only takes notes."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from dialplans.call import CallEnded, CallInfo
from telephony.sip_events import Acknowledged, Disconnected, MediaStarted, Offered, TransferProgress
from telephony.sip_leg import NEXT, LegState, SipLeg, Step
from telephony.transport import Confirmed, Ended, LineQuality, Media


class Notes:
    """`Commands` that all work, unless `problem` says otherwise."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.problem = ""
        self.rtp_at = 0.0

    async def respond(self, line: int, status: int, retry_after_s: int = 0) -> str:
        self.done.append(str(status))
        return self.problem

    async def bye(self, line: int) -> str:
        self.done.append("bye")
        return ""

    async def refer(self, line: int, target: str) -> str:
        self.done.append("refer")
        return self.problem

    async def release(self, line: int, forced: bool) -> None:
        self.done.append("forced release" if forced else "release")

    def counters(self, line: int) -> tuple[float, int, int]:
        return self.rtp_at, 3, 4


def make() -> tuple[SipLeg, Notes]:
    notes = Notes()
    return SipLeg(Offered(7, CallInfo("id", "ann", "echo")), notes), notes


STEPS = ["ring", "answer", "reject", "hangup", "over"]
OVER = Disconnected(7, 200, "Normal call clearing", "caller", LineQuality(rx_packets=5))


async def test_a_call_from_ring_to_release() -> None:
    leg, notes = make()
    await leg.ring()
    await leg.answer()
    leg.handle(MediaStarted(7, "PCMU", 8000, 20, False, "192.0.2.1:4000"), 1.0)
    leg.handle(Acknowledged(7), 2.0)
    leg.handle(Acknowledged(7), 2.1)  # of a re-INVITE: the call is up already
    await leg.hangup()
    leg.handle(OVER, 3.0)
    events = [event async for event in leg.events()]
    assert [type(event) for event in events] == [Media, Confirmed, Ended]
    await leg.release()
    await leg.release()
    assert notes.done == ["180", "200", "bye", "release"]
    assert leg.quality() == LineQuality(rx_packets=5, refused=3, underruns=4)


@pytest.mark.parametrize("steps", list(itertools.product(STEPS, repeat=3)))
async def test_any_order_of_three_steps(steps: tuple[str, ...]) -> None:
    """At most one final answer and one BYE, and never an answer after the end."""
    leg, notes = make()
    for step in steps:
        try:
            match step:
                case "over":
                    leg.handle(OVER, 1.0)
                case "reject":
                    await leg.reject(486)
                case _:
                    await getattr(leg, step)()
        except CallEnded:
            assert step == "answer" and leg.state in (LegState.LEAVING, LegState.ENDED)
    finals = [command for command in notes.done if command not in ("180", "release")]
    assert len([f for f in finals if f in ("200", "486")]) <= 1 and finals.count("bye") <= 1
    if steps[0] == "over":
        assert notes.done == []


async def test_an_answer_that_fails_ends_the_call() -> None:
    leg, notes = make()
    notes.problem = "gone"
    with pytest.raises(CallEnded, match="gone"):
        await leg.answer()
    assert notes.done == ["200", "bye"]


async def test_rtp_age_counts_from_the_last_packet_and_not_on_hold() -> None:
    leg, notes = make()
    assert leg.rtp_age_s(100.0) == 0.0
    leg.handle(MediaStarted(7, "PCMU", 8000, 20, False, ""), 10.0)
    assert leg.rtp_age_s(12.0) == 2.0
    notes.rtp_at = 11.5
    assert leg.rtp_age_s(12.0) == 0.5
    leg.handle(MediaStarted(7, "PCMU", 8000, 20, True, ""), 13.0)
    assert leg.rtp_age_s(100.0) == 0.0
    leg.handle(MediaStarted(7, "PCMU", 8000, 20, False, ""), 90.0)
    assert leg.rtp_age_s(100.0) == 10.0


async def test_transfer_ends() -> None:
    for progress, status in (
        ([TransferProgress(7, 100, False), TransferProgress(7, 200, True)], 200),
        ([TransferProgress(7, 503, True)], 503),
        ([TransferProgress(7, 100, False), OVER], 200),
    ):
        leg, _ = make()
        await leg.answer()
        leg.handle(Acknowledged(7), 1.0)
        task = asyncio.create_task(leg.refer("sip:x@y"))
        await asyncio.sleep(0)  # let it start
        for event in progress:
            leg.handle(event, 2.0)
        assert await task == status


async def test_a_late_notify_of_one_transfer_does_not_answer_the_next() -> None:
    leg, _ = make()
    await leg.answer()
    leg.handle(Acknowledged(7), 1.0)
    leg.handle(TransferProgress(7, 503, True), 2.0)  # of a REFER that was given up
    task = asyncio.create_task(leg.refer("sip:x@y"))
    await asyncio.sleep(0)
    leg.handle(TransferProgress(7, 200, True), 3.0)
    assert await task == 200


async def test_a_line_whose_call_never_ends_is_released_once_we_have_hung_up() -> None:
    leg, notes = make()
    await leg.answer()
    await leg.release()
    assert notes.done == ["200"]
    await leg.hangup()
    await leg.release()
    leg.handle(OVER, 1.0)  # too late
    await leg.release()
    assert notes.done == ["200", "bye", "forced release"] and leg.state is LegState.RELEASED


def test_the_table_ends_every_call() -> None:
    """From every state but the last a call can still end; one that we leave, and an ended one, can be released."""
    for state in LegState:
        after = {step: NEXT[state, step] for step in Step if (state, step) in NEXT}
        match state:
            case LegState.ENDED:
                assert after == {Step.RELEASE: LegState.RELEASED}
            case LegState.RELEASED:
                assert not after
            case _:
                assert after[Step.END] is LegState.ENDED
                assert (Step.RELEASE in after) is (state is LegState.LEAVING)
