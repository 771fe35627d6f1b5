"""What the transport does once a second, without a stack."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("pjsua2")

from telephony import sip  # noqa: E402
from telephony.transport import SipSettings  # noqa: E402


async def test_a_round_of_housekeeping_that_fails_is_not_the_last(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sip, "QUALITY_S", 0.0)
    transport = sip.SipTransport(SipSettings())
    rounds = 0
    third = asyncio.Event()

    def fetch() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 3:
            third.set()
        raise RuntimeError("a bad message")

    monkeypatch.setattr(transport, "_fetch_messages", fetch)
    task = asyncio.create_task(transport._keep_house())
    async with asyncio.timeout(10):
        await third.wait()
    task.cancel()
    assert caplog.text.count("a bad message") >= 2 and "housekeeping failed" in caplog.text
