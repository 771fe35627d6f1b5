"""`offhook doctor`: is everything there that a call needs? Each check is a line; the last ones are real calls.

A bot that answers at `sip.listen` is called as it is. Where none does, one is started with the same
configuration on a free port, without the trunk, and stopped again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from brain.engines import EngineError
from brain.llm import weights
from brain.stt.weights import model_folder
from dialplans.yaml_source import SourceError
from telephony import serve, supervisor
from telephony.config import Config, sip_settings, split_address

if TYPE_CHECKING:
    from telephony.caller.report import Report

CALLER = "sip:doctor@localhost"
"""Who calls. The records of a bot that was running have it: its operator can tell these calls from others."""
CODECS = ("pcmu", "pcma", "g722", "opus")
START_LIMIT_S = 180.0
REGISTER_LIMIT_S = 10.0
LATE_LIMIT_MS = 20.0
"""A machine whose timers are later than this in one of a hundred is too busy for a media clock."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check; `fine` None where it was not needed."""

    name: str
    fine: bool | None
    detail: str

    def __str__(self) -> str:
        mark = {True: "ok  ", False: "FAIL", None: "-   "}[self.fine]
        return f"{mark} {self.name:13} {self.detail}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`offhook doctor`'s options: those of `offhook serve`."""
    serve.add_arguments(parser)
    parser.add_argument("--no-calls", action="store_true", help="leave out the checks that make calls")


def run(args: argparse.Namespace) -> int:
    """0 when all is fine, 1 when something isn't, 2 when the configuration can't be read."""
    try:
        config = serve.configured(args)
    except (SourceError, serve.Wrong, OSError, ValueError) as error:
        print(f"offhook: {error}", file=sys.stderr)
        return 2
    status = 0
    for finding in [*local_checks(config)]:
        print(finding, flush=True)
        status |= finding.fine is False
    if not args.no_calls:
        status |= asyncio.run(_calls(config))
    return int(status)


def local_checks(config: Config) -> Iterator[Finding]:
    """What can be seen without a call."""
    yield _clock()
    running = options(*split_address(config.sip.listen, 5060))
    try:
        serve.check(config, ports=running is None)
        yield Finding("configuration", True, "plans, ports and folders are fine")
    except (SourceError, serve.Wrong, OSError) as error:
        yield Finding("configuration", False, str(error))
    said = "free" if running is None else f"a bot answers OPTIONS with {running}"
    yield Finding("port", running in (None, 200), f"{config.sip.listen} {said}")
    for model in config.speech.stt_models:
        try:
            yield Finding("speech model", True, str(model_folder(model)))
        except (EngineError, OSError, ValueError) as error:
            yield Finding("speech model", False, str(error))
    if config.llm.enabled and not config.llm.url:
        try:
            yield Finding("llm", True, str(weights.find(config.llm.model)))
        except weights.WeightsError as error:
            yield Finding("llm", False, str(error))
    else:
        yield Finding("llm", None, config.llm.url or "not enabled")


def options(host: str, port: int, wait_s: float = 1.0) -> int | None:
    """The status that OPTIONS over UDP gets at an address (RFC 3261 section 11); None for no answer."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(wait_s)
        sock.connect((host, port))
        own = "{}:{}".format(*sock.getsockname()[:2])
        unique = os.urandom(6).hex()
        sock.send(
            (
                f"OPTIONS sip:{host}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{unique};rport\r\n"
                f"Max-Forwards: 70\r\nFrom: <sip:doctor@{own}>;tag={unique}\r\nTo: <sip:{host}:{port}>\r\n"
                f"Call-ID: {unique}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            ).encode()
        )
        try:
            status = sock.recv(4096).split(b" ", 2)[1]
        except (OSError, IndexError):
            return None
    return int(status) if status.isdigit() else None


def _clock() -> Finding:
    late = []
    for _ in range(100):
        due = time.monotonic() + 0.005
        time.sleep(0.005)
        late.append((time.monotonic() - due) * 1000.0)
    late.sort()
    detail = f"timers late by {late[50]:.2f} ms at p50, {late[98]:.2f} ms at p99"
    return Finding("clock", late[98] < LATE_LIMIT_MS, detail)


async def _calls(config: Config) -> bool:
    """The checks over SIP. Returns whether one failed."""
    failed = False
    for finding in [await _registration(config)]:
        print(finding, flush=True)
        failed |= finding.fine is False
    address = split_address(config.sip.listen, 5060)
    if await asyncio.to_thread(options, *address) == 200:
        return failed | await _audio(address)
    try:
        async with _own_bot(config) as address:
            failed |= await _audio(address)
    except TimeoutError:
        print(Finding("start", False, f"the bot was not ready within {START_LIMIT_S:.0f} s"), flush=True)
        failed = True
    return failed


async def _registration(config: Config) -> Finding:
    if config.sip.trunk is None:
        return Finding("registration", None, "no trunk is configured")
    from telephony.sip import SipTransport  # pjsua2 is loaded only where it is used

    sip = config.sip.model_copy(update={"listen": "0.0.0.0:0"})
    transport = SipTransport(sip_settings(sip))
    await transport.start()
    try:
        async with asyncio.timeout(REGISTER_LIMIT_S):
            while not transport.registration.active:
                await asyncio.sleep(0.1)
    except TimeoutError:
        pass  # what came, if anything, is in the finding
    finally:
        state = transport.registration
        await transport.stop()
    return Finding(
        "registration", state.active, f"{config.sip.trunk.registrar}: {state.status} {state.reason}"
    )


async def _audio(address: tuple[str, int]) -> bool:
    """A call to the echo plan with each codec: what was said must come back."""
    failed = False
    for codec in CODECS:
        finding = await _echo(address, codec)
        print(finding, flush=True)
        failed |= finding.fine is False
    return failed


async def _echo(address: tuple[str, int], codec: str) -> Finding:
    from telephony.caller.cli import _script_path
    from telephony.caller.codecs import CodecUnavailable, codecs_named
    from telephony.caller.diary import Unreachable
    from telephony.caller.options import CallOptions
    from telephony.caller.runner import place_call
    from telephony.caller.script_file import load

    host, port = address
    uri = f"sip:echo@{f'[{host}]' if ':' in host else host}:{port}"
    try:
        options_ = CallOptions(codecs=codecs_named(codec), caller=CALLER, max_s=20.0)
        report = await place_call(uri, load(_script_path("echo")), options_)
    except (CodecUnavailable, Unreachable, OSError, ValueError) as error:
        return Finding(f"call {codec}", False, str(error))
    return Finding(f"call {codec}", *_verdict(report))


def _verdict(report: Report) -> tuple[bool, str]:
    if not report.answered or report.media is None:
        return False, f"{report.status} {report.reason}"
    heard = [turn for turn in report.turns if turn.bot_from_ns is not None]
    gaps = report.media.gaps
    detail = f"answered in {report.answer_ms or 0:.0f} ms, {report.media.packets} packets back"
    if gaps is not None:
        detail += f", gap p99 {gaps.p99_ms:.1f} ms"
    return bool(heard), detail + (", own voice heard" if heard else ", but nothing audible came back")


@asynccontextmanager
async def _own_bot(config: Config) -> AsyncIterator[tuple[str, int]]:
    """`offhook serve` with this configuration on a free port. Raises TimeoutError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        address = ("127.0.0.1", probe.getsockname()[1])
    sip = config.sip.model_copy(update={"listen": "{}:{}".format(*address), "trunk": None, "allow": []})
    with tempfile.TemporaryDirectory(prefix="offhook-doctor-") as folder:
        path = Path(folder) / "offhook.json"  # JSON is YAML
        data = config.data.model_copy(update={"folder": Path(folder) / "data"})
        own = config.model_copy(update={"sip": sip, "data": data, "log_level": "error"})
        path.write_text(own.model_dump_json())
        process = await asyncio.create_subprocess_exec(
            *supervisor.python("telephony.main", "serve", "--config", str(path)), stdout=asyncio.subprocess.DEVNULL
        )
        try:
            async with asyncio.timeout(START_LIMIT_S):
                while await asyncio.to_thread(options, *address, 0.5) != 200:
                    if process.returncode is not None:
                        raise TimeoutError
                    await asyncio.sleep(0.3)
            print(Finding("start", True, "all engines are warm"), flush=True)
            yield address
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()
