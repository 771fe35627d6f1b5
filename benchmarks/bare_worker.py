"""A call worker with a scripted speech server and no language model: what a call costs without models.

The worker is the one that `offhook serve` starts, or with `burden` the same one in a process whose event loop
also burns pure Python and makes garbage (`benchmarks.busy_worker`).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bot import Bot, free_port
from telephony.config import Config
from telephony.doctor import options

START_LIMIT_S = 120.0
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Burden:
    """`burst_ms` of pure Python, then as much rest as makes it `share` of the time."""

    burst_ms: float = 10.0
    share: float = 0.4


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds of a process so far: of its event loop's thread and of all others (pjmedia, SIP)."""

    loop_s: float
    others_s: float

    def since(self, before: Spent) -> Spent:
        return Spent(self.loop_s - before.loop_s, self.others_s - before.others_s)


def spent(pid: int) -> Spent:
    """What process `pid` has used, from /proc: user and system time by thread."""
    threads: dict[int, float] = {}
    for path in Path(f"/proc/{pid}/task").iterdir():
        fields = (path / "stat").read_text().rpartition(")")[2].split()
        threads[int(path.name)] = (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND
    return Spent(threads.pop(pid), sum(threads.values()))


def memory(pid: int) -> dict[str, int]:
    """Resident memory in MB, and the number of threads."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {"rss_mb": int(fields["VmRSS"].split()[0]) // 1024, "threads": int(fields["Threads"])}


@asynccontextmanager
async def bare_worker(
    config: dict[str, Any],
    burden: Burden | None = None,
    script: Sequence[str] = ("yes",),
    module: str = "telephony.worker",
) -> AsyncIterator[Bot]:
    """A worker with `config`, warm; `pid` is its own. Raises RuntimeError where it doesn't start.

    The nth thing that callers say is heard as the nth line of `script`. `module` is what runs as the worker.
    """
    with tempfile.TemporaryDirectory(prefix="offhook-bench-") as name:
        folder, port = Path(name), free_port()
        config = {**config, "llm": {"enabled": False}, "speech": {"eot": False}, "log_level": "warning"}
        config["data"] = {"folder": str(folder / "data"), **config.get("data", {})}
        config["sip"] = {"listen": f"127.0.0.1:{port}", **config.get("sip", {})}
        speech = f"unix:{folder}/speech.sock"
        settings = folder / "worker.json"
        checked = json.loads(Config.model_validate(config).model_dump_json())
        settings.write_text(json.dumps({"config": checked, "speech": speech, "llm": ""}))
        # The scripted voice hums: nothing of it may get into the folder of real prompts.
        environment = {**os.environ, "OFFHOOK_CACHE": str(folder)}
        command = [module, str(settings)]
        if burden is not None:
            command = ["benchmarks.busy_worker", str(settings), str(burden.burst_ms), str(burden.share)]
        children = []
        try:
            server = ["brain.speech_server", "--listen", speech]
            for arguments in (server + [word for line in script for word in ("--script", line)], command):
                child = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", *arguments, env=environment, stdout=asyncio.subprocess.DEVNULL,
                    stderr=None if arguments is command else asyncio.subprocess.DEVNULL,
                )
                children.append(child)
            await _ready(children[-1], port)
            yield Bot("127.0.0.1", port, children[-1].pid, folder / "data")
        finally:
            for child in reversed(children):
                if child.returncode is None:
                    child.terminate()
                await child.wait()


async def _ready(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(START_LIMIT_S):
        while await asyncio.to_thread(options, "127.0.0.1", port, 0.5) != 200:
            if process.returncode is not None:
                raise RuntimeError(f"the worker ended with status {process.returncode}")
            await asyncio.sleep(0.2)
