"""Two sans-IO SIP cores on a wire of virtual time: with delay, and with datagrams that get lost."""

import heapq
import random
from collections.abc import Callable

from telephony.caller.codecs import PCMA, PCMU
from telephony.caller.endpoint import Side
from telephony.caller.sdp import LocalMedia
from telephony.caller.sip_message import Message, Request, parse
from telephony.caller.uac import CallRequest, UacCall
from telephony.caller.uas import Answering, AnswerMachine

CALLER, BOT = ("127.0.0.1", 40001), ("127.0.0.1", 40002)


def media(port: int, codecs=(PCMU, PCMA)) -> LocalMedia:
    return LocalMedia("127.0.0.1", port, codecs)


class Wire:
    """`loses(message, count)` says whether the `count`-th message of the call (from 0) is lost."""

    def __init__(
        self,
        request: dict | None = None,
        answering: dict | None = None,
        transport: str = "udp",
        loses: Callable[[Message, int], bool] = lambda message, count: False,
    ) -> None:
        request, answering = request or {}, answering or {}
        self.now = 0.0
        self.caller = UacCall(
            CallRequest("sip:bot@127.0.0.1:40002", request.pop("local", media(6000)), **request),
            Side(CALLER, transport), BOT, random.Random(1),
        )  # fmt: skip
        self.bot = AnswerMachine(
            Answering(answering.pop("local", media(7000)), **answering),
            Side(BOT, transport),
            random.Random(2),
        )
        self.events: list = []
        self.bot_events: list = []
        self.log: list[tuple[float, str, Message]] = []
        self._loses = loses
        self._flying: list[tuple[float, int, str, bytes]] = []
        self._count = 0

    def run(self, until: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Let time pass until `until`, or until `stop` is true after a step."""
        self._collect()
        while not stop():
            at = [core.deadline() for core in (self.caller, self.bot)]
            due = [t for t in (*at, self._flying[0][0] if self._flying else None) if t is not None]
            if not due or min(due) > until:
                self.now = until
                return
            self.now = max(self.now, min(due))
            if self._flying and self._flying[0][0] <= self.now:
                _, _, side, data = heapq.heappop(self._flying)
                core, source = (self.bot, CALLER) if side == "caller" else (self.caller, BOT)
                core.receive(parse(data), source, self.now)
            else:
                self.caller.handle_timer(self.now)
                self.bot.handle_timer(self.now)
            self._collect()

    def _collect(self) -> None:
        for side, core in (("caller", self.caller), ("bot", self.bot)):
            for outgoing in core.take():
                message = parse(outgoing.data)
                self.log.append((self.now, side, message))
                if not self._loses(message, self._count):
                    heapq.heappush(self._flying, (self.now + 0.01, self._count, side, outgoing.data))
                self._count += 1
        self.events += self.caller.take_events()
        self.bot_events += self.bot.take_events()

    def sent(self, side: str) -> list[str]:
        """What `side` sent: methods and statuses in order."""
        return [
            message.method if isinstance(message, Request) else str(message.status)
            for _, who, message in self.log if who == side
        ]  # fmt: skip

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]
