"""Real SIP and RTP over loopback, with the user agent in this process: one endpoint a module at the most."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

pytest.importorskip("pjsua2", reason="make pjsua2 has not run")

from sip_bot import Bot, settings  # noqa: E402


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "sip_bot" in getattr(item, "fixturenames", ()) or "bot" in getattr(item, "fixturenames", ()):
            item.add_marker("sip")


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """An echo with four lines on a free port."""
    async with Bot(settings()).running() as bot:
        yield bot
