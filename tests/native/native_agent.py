"""A user agent of plain pjsua2 with our native part, for the tests of that part alone.

Importing this skips the module that does, where this pjsua2 isn't our build.
"""

from __future__ import annotations

import ctypes
import select
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pj = pytest.importorskip("pjsua2", reason="make pjsua2 has not run")
if not hasattr(pj, "OffhookRing"):
    pytest.skip("this pjsua2 is not Offhook's build", allow_module_level=True)

LINES = 16
FRAME_SAMPLES = 160
PATIENCE_TICKS = 250


def view(address: int, kind: type[ctypes._SimpleCData[Any]], *shape: int) -> np.ndarray[Any, Any]:
    """The native memory at `address` as an array of `shape`."""
    count = int(np.prod(shape))
    return np.ctypeslib.as_array((kind * count).from_address(address)).reshape(shape)


class Call(pj.Call):
    """Answers at once and puts its line's port on the bridge."""

    def onCallMediaState(self, prm: Any) -> None:
        port = self.agent.port(self.getId())
        audio = self.getAudioMedia(-1)
        audio.startTransmit(port)
        port.startTransmit(audio)

    def onCallState(self, prm: Any) -> None:
        if self.getInfo().state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.agent.calls.pop(self.getId(), None)


class Account(pj.Account):
    def onIncomingCall(self, prm: Any) -> None:
        call = Call(self, prm.callId)
        call.agent = self.agent
        self.agent.calls[prm.callId] = call
        answer = pj.CallOpParam()
        answer.statusCode = 200
        call.answer(answer)


class Agent:
    """The endpoint, its ring as arrays, its gate, and the calls it has answered."""

    def __init__(self) -> None:
        self.endpoint = pj.Endpoint()
        self.endpoint.libCreate()
        config = pj.EpConfig()
        config.logConfig.level = config.logConfig.consoleLevel = 1
        config.uaConfig.maxCalls = LINES
        config.medConfig.clockRate = 8000
        config.medConfig.quality = 1
        config.medConfig.noVad = True
        config.medConfig.ecOptions = 0
        self.endpoint.libInit(config)
        self.ring = pj.OffhookRing(LINES, FRAME_SAMPLES)
        self.gate = pj.OffhookGate()
        self.gate.start()
        transport = pj.TransportConfig()
        transport.boundAddress = "127.0.0.1"
        transport_id = self.endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self.port_number = int(self.endpoint.transportGetInfo(transport_id).localName.rpartition(":")[2])
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        account = pj.AccountConfig()
        account.idUri = f"sip:bot@127.0.0.1:{self.port_number}"
        account.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
        self.account = Account()
        self.account.agent = self
        self.account.create(account)
        self.calls: dict[int, Call] = {}
        self.ports: dict[int, Any] = {}

        ring = self.ring
        depth = ring.depth()
        self.heard = view(ring.inAddress(), ctypes.c_int16, LINES, depth, FRAME_SAMPLES)
        self.said = view(ring.outAddress(), ctypes.c_int16, LINES, depth, FRAME_SAMPLES)
        self.sent = view(ring.sentAddress(), ctypes.c_int16, LINES, depth, FRAME_SAMPLES)
        self.in_written = view(ring.inWrittenAddress(), ctypes.c_uint64, LINES)
        self.out_written = view(ring.outWrittenAddress(), ctypes.c_uint64, LINES)
        self.out_taken = view(ring.outTakenAddress(), ctypes.c_uint64, LINES)
        self.out_missed = view(ring.outMissedAddress(), ctypes.c_uint64, LINES)
        self.rx_packets = view(ring.rxPacketsAddress(), ctypes.c_uint64, LINES)
        self.rx_refused = view(ring.rxRefusedAddress(), ctypes.c_uint64, LINES)
        self.rx_last_ns = view(ring.rxLastNsAddress(), ctypes.c_int64, LINES)
        self.tx_packets = view(ring.txPacketsAddress(), ctypes.c_uint64, LINES)

    def port(self, line: int) -> Any:
        """The line's port, made when first asked for."""
        if line not in self.ports:
            self.ports[line] = pj.OffhookPort(self.ring, line)
            self.ports[line].create(f"line{line}", 8000)
        return self.ports[line]

    def release_ports(self) -> None:
        for port in self.ports.values():
            port.release()
        self.ports.clear()

    def tick(self) -> bool:
        """Wait for the bridge's next tick; False where none comes (no port is on the bridge)."""
        ready, _, _ = select.select([self.ring.eventFd()], [], [], 2.0)
        self.ring.drained()
        return bool(ready)

    def until(self, condition: Callable[[], bool]) -> None:
        """Let ticks go by until `condition` holds; fails after PATIENCE_TICKS."""
        for _ in range(PATIENCE_TICKS):
            if condition():
                return
            assert self.tick(), "the clock has stopped"
        raise AssertionError("it has not happened")

    def line(self) -> int:
        """The line of the only call."""
        (line,) = self.calls
        return line

    def close(self) -> None:
        self.endpoint.hangupAllCalls()
        self.release_ports()
        self.calls.clear()
        self.account.shutdown()
        del self.account
        self.endpoint.libDestroy()
        # pjsua2 allows one Endpoint at a time, and a failed test's traceback would keep this one alive.
        del self.endpoint
