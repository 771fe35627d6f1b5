"""`offhook serve` for a benchmark: its own folder, a free port, and stopped by its process id."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from telephony.doctor import options

START_LIMIT_S = 300.0
SIP_PORTS = range(10_000, 20_000)


@dataclass(frozen=True, slots=True)
class Bot:
    """A running bot. `data` is its data folder."""

    host: str
    port: int
    pid: int
    data: Path

    def uri(self, plan: str) -> str:
        """How to call a plan."""
        return f"sip:{plan}@{self.host}:{self.port}"

    def worker(self) -> int:
        """The process id of the call worker."""
        for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            if b"telephony.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
        raise LookupError("the bot has no worker")

    def records(self) -> dict[str, dict[str, Any]]:
        """The records of finished calls, by SIP Call-ID."""
        rows = [json.loads(path.read_text()) for path in self.data.glob("calls/*/record.json")]
        return {row["sip_call_id"]: row for row in rows}


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses now, with UDP or TCP.

    Not one of those that the system gives to whoever connects: another process might have it a moment later.
    """
    for port in random.SystemRandom().sample(SIP_PORTS, len(SIP_PORTS)):
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port
    raise OSError(f"no port from {SIP_PORTS.start} to {SIP_PORTS.stop} is free")


@asynccontextmanager
async def bot(config: dict[str, Any], environment: dict[str, str] | None = None) -> AsyncIterator[Bot]:
    """A bot with `config`, warm. Raises RuntimeError where it doesn't start."""
    with tempfile.TemporaryDirectory(prefix="offhook-bench-") as name:
        folder, port = Path(name), free_port()
        config = {**config, "data": {"folder": str(folder / "data"), **config.get("data", {})}}
        config["sip"] = {"listen": f"127.0.0.1:{port}", **config.get("sip", {})}
        path = folder / "offhook.json"
        path.write_text(json.dumps(config))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "telephony.main", "serve", "--config", str(path)),
            env={**os.environ, **(environment or {})},
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            await _ready(process, port)
            yield Bot("127.0.0.1", port, process.pid, folder / "data")
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()


async def _ready(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(START_LIMIT_S):
        while await asyncio.to_thread(options, "127.0.0.1", port, 0.5) != 200:
            if process.returncode is not None:
                raise RuntimeError(f"the bot ended with status {process.returncode}")
            await asyncio.sleep(0.2)
