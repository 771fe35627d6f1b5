"""A call from one network namespace into another, over a pair of virtual cables that lose, delay and reorder.

Needs root and iproute2; `tc netem` needs the kernel's sch_netem, which tests/netem_vm.sh brings. The same call is
made over a cable that works, with the caller's own emulator (telephony/caller/bad_line.py) in front of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from e2e_bot import LIMIT_S, OFFHOOK, SCRIPTED, Bot, serving
from e2e_calls import RATE, chirp, kept_blocks
from e2e_engines import PLANS

from media.g711 import decode_ulaw, encode_ulaw
from telephony.caller.voice import write_wav

pytestmark = pytest.mark.sip

BOT_ADDRESS, CALLER_ADDRESS = "10.213.77.1", "10.213.77.2"
NETEM = ("delay", "40ms", "8ms", "distribution", "normal", "loss", "8%", "reorder", "3%", "50%", "duplicate", "1%")
EMULATOR = ("--loss", "8%", "--burst", "1.5", "--delay-ms", "40", "--jitter-ms", "8", "--reorder", "3%",
            "--duplicate", "1%", "--seed", "4")  # fmt: skip
SCRIPT = """
steps:
  - wait_for: bot
    silence_ms: 400
  - repeat: 2
    steps: [{say: chirp.wav}]
  - press: "4"
  - press: "3"
  - press: "21"
  - wait_for: hangup
    within_s: 25
"""


def ip(*arguments: str) -> str:
    """`ip`, to its end. Raises CalledProcessError."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True, timeout=10)
    return done.stdout


@dataclass(frozen=True)
class Cable:
    """Two namespaces, and the names of the ends of the cable between them."""

    bot: str
    caller: str

    @property
    def ends(self) -> tuple[tuple[str, str], ...]:
        return (self.bot, "bot0"), (self.caller, "caller0")

    def inside(self, namespace: str) -> tuple[str, ...]:
        """How a command is run in one of them: the process that comes of it has the pid of the one started."""
        return ("ip", "netns", "exec", namespace)


@contextmanager
def namespace(name: str) -> Iterator[None]:
    """A network namespace; whatever still runs in it at the end is stopped by its pid."""
    ip("netns", "add", name)
    try:
        ip("-n", name, "link", "set", "lo", "up")
        yield
    finally:
        for pid in ip("netns", "pids", name).split():
            os.kill(int(pid), 9)
        ip("netns", "del", name)


@pytest.fixture
def cable() -> Iterator[Cable]:
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    cable = Cable(f"offhook-{os.getpid()}-bot", f"offhook-{os.getpid()}-caller")
    with ExitStack() as stack:
        try:
            stack.enter_context(namespace(cable.bot))
            stack.enter_context(namespace(cable.caller))
            ip("link", "add", "bot0", "netns", cable.bot, "type", "veth",
               "peer", "name", "caller0", "netns", cable.caller)  # fmt: skip
            for (name, end), address in zip(cable.ends, (BOT_ADDRESS, CALLER_ADDRESS), strict=True):
                ip("-n", name, "address", "add", f"{address}/30", "dev", end)
                ip("-n", name, "link", "set", end, "up")
        except FileNotFoundError:
            pytest.skip("no iproute2 here")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces here: {error.stderr.strip()}")
        yield cable


def spoil(cable: Cable) -> None:
    """netem on both ends. Skips where the kernel hasn't got it."""
    for name, end in cable.ends:
        done = subprocess.run(
            [*cable.inside(name), "tc", "qdisc", "add", "dev", end, "root", "netem", *NETEM],
            capture_output=True, text=True, timeout=10,
        )  # fmt: skip
        if done.returncode:
            pytest.skip(f"no tc netem here (tests/netem_vm.sh has it): {(done.stderr or done.stdout).strip()}")


def call(cable: Cable, port: int, folder: Path, *options: str) -> dict[str, Any]:
    """`offhook call` from the caller's namespace until it is answered: the bot may still be warming up."""
    ends = time.monotonic() + LIMIT_S
    while True:
        done = subprocess.run(
            [*cable.inside(cable.caller), *OFFHOOK, "call", f"sip:keys@{BOT_ADDRESS}:{port}",
             str(folder / "call.yaml"), "--json", *options],
            capture_output=True, text=True, timeout=2 * LIMIT_S,
        )  # fmt: skip
        report: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
        if report.get("answered"):
            return report
        assert time.monotonic() < ends, done.stdout + done.stderr


@pytest.mark.parametrize("how", ["netem", "emulator"])
def test_a_call_over_a_bad_line_between_two_namespaces(cable: Cable, tmp_path: Path, how: str) -> None:
    """Each key once, the prompt is heard, and so is the caller."""
    if how == "netem":
        spoil(cable)
    sound = chirp()
    write_wav(tmp_path / "chirp.wav", sound, RATE)
    (tmp_path / "call.yaml").write_text(SCRIPT)
    port = 5060
    config = {
        "plans": {"default": "keys", "folder": str(PLANS)},
        "llm": {"enabled": False},
        "sip": {"listen": f"{BOT_ADDRESS}:{port}", "lines": 4, "allow": [CALLER_ADDRESS]},
    }
    program = (*cable.inside(cable.bot), *SCRIPTED)
    with serving(tmp_path / "bot", config, program, warm=False) as bot:
        report = call(cable, port, tmp_path, *(EMULATOR if how == "emulator" else ()))
        record = answered(bot, report)
        assert bot.stop() == 0
    assert report["outcome"] == "done" and report["exit_status"] == 0, report["faults"]
    assert record["slots"]["number"] == "4321"
    assert report["media"]["packets"] > 50 and report["media"]["gaps"]["max_ms"] > 30
    quality = record["quality"]
    assert 0 < quality["rx_lost"] < quality["rx_packets"] / 4 and quality["rx_mos"] < 4.3, quality
    with wave.open(str(record["folder"] / "recording.wav")) as recording:
        heard = np.frombuffer(recording.readframes(recording.getnframes()), "<i2").reshape(-1, 2)[:, 0]
    # Said twice. The jitter buffer may have moved one part of it against the rest.
    assert kept_blocks(decode_ulaw(encode_ulaw(sound)), heard) > 0.7


def answered(bot: Bot, report: dict[str, Any]) -> dict[str, Any]:
    """The record of the call, as soon as it is written."""
    ends = time.monotonic() + LIMIT_S
    while not (record := bot.records().get(report["call_id"])):
        assert time.monotonic() < ends, bot.output
        time.sleep(0.05)
    return record


def test_nothing_of_it_is_left() -> None:
    """No namespace of this process, whatever became of the calls."""
    if sys.platform != "linux" or not Path("/run/netns").is_dir():
        pytest.skip("no network namespaces here")
    assert not list(Path("/run/netns").glob(f"offhook-{os.getpid()}-*"))
