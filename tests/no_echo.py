"""The echo canceller's stand-in where a test's sounds are no sounds of a real line."""

from __future__ import annotations

from media.echo import EchoReport, EchoState
from media.frame import Pcm, level_dbfs


class NoEcho:
    """A line without echo, and a canceller that knows it: see `media.echo.EchoCanceller`."""

    state = EchoState.CLEAR
    report = EchoReport(False, EchoState.CLEAR, None, None, 0.0)

    def __init__(self, rate_hz: int) -> None:
        self.sent_dbfs = -100.0

    def process(self, near: Pcm, far: Pcm, certain: bool = False) -> Pcm:
        self.sent_dbfs = level_dbfs(far)
        return near
