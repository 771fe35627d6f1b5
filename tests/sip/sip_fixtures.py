"""Fixtures for calls over loopback, with the user agent in this process: one endpoint at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sip_bot import Bot, settings


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """An echo with four lines on a free port."""
    async with Bot(settings()).running() as bot:
        yield bot
