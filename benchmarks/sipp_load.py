"""Many callers at once, by SIPp."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bot import Bot, free_port

SCENARIO = Path(__file__).parent / "media_calls.xml"
MENU = Path(__file__).parent.parent / "dialplans" / "menu.yaml"
KEY = "2"
ANSWER = "prescription"
"""What the menu says to 2, and to no other key."""
FREE_PORTS = range(24000, 30000, 2)


class SippMissing(RuntimeError):
    """SIPp isn't installed."""


@dataclass(frozen=True, slots=True)
class Load:
    """`calls` started `a_second` that do what they came for `hold_s` after the answer."""

    calls: int
    a_second: int
    hold_s: float

    @property
    def ramp_s(self) -> float:
        return self.calls / self.a_second


def long_menu(folder: Path, times: int) -> Path:
    """A folder with `menu.yaml` as `long`, whose prompt is said `times` times over."""
    head, rest = MENU.read_text().split("prompt: >-\n", 1)
    prompt, tail = rest.split("        options:", 1)
    text = f"{head}prompt: >-\n{prompt * times}        options:{tail}".replace("name: menu", "name: long", 1)
    folder.mkdir(exist_ok=True)
    (folder / "long.yaml").write_text(text)
    return folder


async def drive(bot: Bot, load: Load, scenario: Path = SCENARIO, plan: str = "long", sound: Path | None = None) -> str:
    """Run the load to its end. Returns "" or what SIPp complains of, its last lines. Raises SippMissing.

    Without `sound` the callers send back what they hear; with it they play it, a pcap file of RTP, which the
    scenario knows as `talk.pcap`.
    """
    if shutil.which("sipp") is None:
        raise SippMissing("SIPp isn't installed: apt install sip-tester")
    with tempfile.TemporaryDirectory(prefix="offhook-sipp-") as folder:
        if sound is not None:
            (Path(folder) / "talk.pcap").symlink_to(sound.resolve())
        process = await asyncio.create_subprocess_exec(
            *("sipp", f"{bot.host}:{bot.port}", "-sf", scenario, "-s", plan, "-nostdin"),
            *(() if sound is not None else ("-rtp_echo",)),
            *("-m", str(load.calls), "-l", str(load.calls), "-r", str(load.a_second)),
            *("-d", str(round(load.hold_s * 1000)), "-i", bot.host, "-mi", bot.host),
            *("-p", str(free_port()), "-mp", str(_free_media_port()), "-trace_err"),
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            status = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        errors = "".join(path.read_text() for path in Path(folder).glob("*_errors.log"))
    return "" if status == 0 else f"SIPp ended with {status}\n{errors[-2000:]}"


def _free_media_port() -> int:
    """SIPp also binds the two ports after it and the one after those."""
    for port in FREE_PORTS:
        try:
            for number in range(port, port + 4):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    probe.bind(("127.0.0.1", number))
        except OSError:
            continue
        return port
    raise OSError("no free media port")
