"""`offhook serve` as users run it, in a process of its own, and what a test may look at of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.bot import free_port
from telephony.doctor import options

LIMIT_S = 60.0
"""What takes longer has failed: no test waits for ever."""
POLL_S = 0.02
OFFHOOK = (sys.executable, "-m", "telephony.main")
SCRIPTED = (sys.executable, str(Path(__file__).with_name("e2e_scripted.py")))
"""`offhook` whose own speech server is the scripted one."""

Found = TypeVar("Found")


def rtp_ports(count: int = 1000) -> str:
    """A range for RTP that begins at a port which nobody used a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        first = max(min(probe.getsockname()[1] & ~1, 65_000 - count), 20_000)
    return f"{first}-{first + count}"


async def until(found: Callable[[], Found | None], limit_s: float = LIMIT_S) -> Found:
    """Wait for what `found` finds."""
    async with asyncio.timeout(limit_s):
        while not (value := found()):
            await asyncio.sleep(POLL_S)
    return value


def children(pid: int) -> list[int]:
    """The process ids of a process's children."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def command_of(pid: int) -> str:
    """A process's command line, empty once it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def alive(pid: int) -> bool:
    """Whether the process runs: one that waits for its parent to take note has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Bot:
    """A running bot."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
        self.process, self.port = process, port
        self.data, self._log = folder / "data", folder / "output.txt"

    def uri(self, user: str) -> str:
        """How to call a plan."""
        return f"sip:{user}@127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        """All that the bot and its children have printed so far."""
        return self._log.read_text(errors="replace")

    def child(self, module: str) -> int | None:
        """The process id of the child that runs `module`."""
        return next((pid for pid in children(self.process.pid) if module in command_of(pid)), None)

    @property
    def worker(self) -> int:
        pid = self.child("telephony.worker")
        assert pid is not None, "the bot has no worker"
        return pid

    def status(self) -> int | None:
        """What OPTIONS gets."""
        return options("127.0.0.1", self.port, 0.3)

    def records(self) -> dict[str, dict[str, Any]]:
        """Records of finished calls by SIP Call-ID; the call's folder is in "folder"."""
        rows = {}
        for path in self.data.glob("calls/*/record.json"):
            row = json.loads(path.read_text())
            rows[row["sip_call_id"]] = row | {"folder": path.parent}
        return rows

    async def record(self, sip_call_id: str) -> dict[str, Any]:
        """The record of one call, as soon as it is written."""
        return await until(lambda: self.records().get(sip_call_id))

    def refused(self) -> list[dict[str, Any]]:
        """The calls that were refused."""
        path = self.data / "refused.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def wait_for(self, status: int | None) -> None:
        """Until OPTIONS gets `status`. Raises RuntimeError where the bot has ended."""
        ends = time.monotonic() + 3 * LIMIT_S
        while self.status() != status:
            if self.process.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"no {status} to OPTIONS; status {self.process.poll()}:\n{self.output}")
            time.sleep(POLL_S)

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LIMIT_S)


@contextmanager
def serving(
    folder: Path,
    config: Mapping[str, Any],
    program: tuple[str, ...] = OFFHOOK,
    environment: Mapping[str, str] | None = None,
    warm: bool = True,
) -> Iterator[Bot]:
    """A bot with `config` over a free port and a data folder; warm, unless a test wants to see it warm up."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    sip = {"listen": f"127.0.0.1:{port}", "rtp_ports": rtp_ports()} | config.get("sip", {})
    path = folder / "offhook.json"  # JSON is YAML
    path.write_text(json.dumps({**config, "sip": sip, "data": {"folder": str(folder / "data")}}))
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [*program, "serve", "--config", str(path)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
    bot = Bot(process, port, folder)
    try:
        if warm:
            bot.wait_for(200)
        yield bot
        assert "Traceback" not in bot.output, bot.output
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop a bot whose last calls nobody waits for: the second signal hurries."""
    for _ in range(10):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(1.0)
            return
    process.kill()
    process.wait()


def run(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command `offhook` with `arguments`, to its end."""
    return subprocess.run(
        [*OFFHOOK, *arguments],
        capture_output=True,
        text=True,
        timeout=2 * LIMIT_S,
        env={**os.environ, **(environment or {})},
    )


async def arun(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """As `run`, while calls of this process go on."""
    return await asyncio.to_thread(run, *arguments, environment=environment)
