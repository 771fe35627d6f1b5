"""What `offhook serve` runs, from the configuration: the children, their addresses, and the checks before.

Everything that can be known to be wrong is found here, before any port is opened: one line each, exit 2.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from brain.engines import EngineError, TtsSettings
from brain.llm import weights
from brain.stt.weights import model_folder
from dialplans.plan import Plan
from dialplans.routes import Routes
from dialplans.yaml_source import SourceError, load
from telephony.config import Config, split_address
from telephony.records import private_folder
from telephony.supervisor import (
    MODEL_RESTARTED,
    SPEECH_RESTARTED,
    WRONG_CONFIGURATION,
    Child,
    Supervisor,
    python,
)

log = logging.getLogger("offhook.serve")


class Wrong(Exception):
    """The configuration can't work; the message is one clear line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`offhook serve`'s options."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="YAML configuration (docs/configuration.md)"
    )
    parser.add_argument("--sip", metavar="ADDR:PORT", help="where to listen, instead of sip.listen")
    parser.add_argument("--plan", metavar="NAME|FILE", help="the plan that answers, instead of plans.default")
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="where calls are kept, instead of data.folder"
    )


def configured(args: argparse.Namespace) -> Config:
    """The configuration with the command line's settings over it. Raises SourceError or Wrong."""
    config = load(args.config, Config) if args.config else Config()
    updates: dict[str, object] = {}
    if args.sip:
        try:
            split_address(args.sip, 5060)
        except ValueError as error:
            raise Wrong(f"--sip {args.sip}: {error}") from error
        updates["sip"] = config.sip.model_copy(update={"listen": args.sip})
    if args.plan:
        updates["plans"] = config.plans.model_copy(update={"default": args.plan})
    data = config.data.model_copy(update={"folder": (args.data or config.data.folder).absolute()})
    updates["data"] = data
    return config.model_copy(update=updates)


def check(config: Config, ports: bool = True) -> tuple[Routes, list[Plan]]:
    """All plans that may answer. Raises SourceError, Wrong or OSError where something can't work.

    `ports` says whether those of sip.listen must be free.
    """
    routes = Routes(config.plans.default, config.plans.folder)
    plans = routes.all()
    host, port = split_address(config.sip.listen, 5060)
    for kind, name in ((socket.SOCK_DGRAM, "udp"), (socket.SOCK_STREAM, "tcp")):
        if ports and port and name in config.sip.transports:
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as probe:
                if kind is socket.SOCK_STREAM:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((host, port))
                except OSError as error:
                    raise Wrong(f"sip.listen {host}:{port} ({name}): {error.strerror}") from error
    if public := config.sip.public_address:
        try:
            socket.getaddrinfo(public, None, socket.AF_INET, socket.SOCK_DGRAM)
        except OSError as error:
            raise Wrong(f"sip.public_address {public}: {error.strerror}") from error
    try:
        private_folder(config.data.folder)
    except OSError as error:
        raise Wrong(f"data.folder {config.data.folder}: {error.strerror}") from error
    if not os.access(config.data.folder, os.W_OK):
        raise Wrong(f"data.folder {config.data.folder}: not writable")
    if config.llm.enabled and not config.llm.url:
        try:
            weights.find(config.llm.model)
        except weights.WeightsError as error:
            raise Wrong(f"llm.model {config.llm.model}: {error}") from error
    if not config.speech.address:
        _check_speech(config, plans)
    return routes, plans


def _check_speech(config: Config, plans: list[Plan]) -> None:
    """The speech server here must have what is configured and what plans name. Raises Wrong."""
    from brain.tts.local import check_voice  # half a second of imports: only where voices are made here

    wanted: list[tuple[str, Callable[[], object]]] = []
    for model in config.speech.stt_models:
        wanted.append((f"speech.stt_models {model}", partial(model_folder, model)))
    for voice in config.speech.voices:
        wanted.append((f"speech.voices {voice}", partial(check_voice, TtsSettings(voice))))
    for plan in plans:
        if plan.listens:
            wanted.append((f"plan {plan.name}: stt", partial(model_folder, plan.stt.model)))
        wanted += [(f"plan {plan.name}: voice", partial(check_voice, tts)) for tts in plan.voices.values()]
    for place, look in wanted:
        try:
            look()
        except EngineError as error:
            raise Wrong(f"{place}: {error.reason}") from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def children(config: Config, runtime: Path) -> tuple[list[Child], list[Child]]:
    """The servers and the workers of this configuration; `runtime` is a private folder for sockets."""
    servers = []
    speech, llm = config.speech.address, config.llm.url
    if not speech:
        speech = f"unix:{runtime / 'speech.sock'}"
        arguments = ["--listen", speech, "--threads", str(config.speech.threads)]
        for model in config.speech.stt_models:
            arguments += ["--stt", model]
        for voice in config.speech.voices:
            arguments += ["--voice", voice]
        if not config.speech.eot:
            arguments.append("--no-eot")
        command = python("brain.speech_server", *arguments)
        servers.append(Child("speech server", command, restarted=SPEECH_RESTARTED))
    if config.llm.enabled and not llm:
        port = _free_port()
        llm = f"http://127.0.0.1:{port}/v1"
        servers.append(
            Child(
                "language model",
                python(
                    "brain.llm.llama_server",
                    *("--model", config.llm.model),
                    *("--listen", f"127.0.0.1:{port}"),
                    *("--threads", str(config.llm.threads)),
                    *("--slots", str(config.llm.slots)),
                    *("--context", str(config.llm.context)),
                ),
                restarted=MODEL_RESTARTED,
            )
        )
    settings = runtime / "worker.json"
    settings.touch(mode=0o600)
    row = {"config": json.loads(config.model_dump_json()), "speech": speech, "llm": llm}
    settings.write_text(json.dumps(row))
    worker = Child("worker", python("telephony.worker", str(settings)), grace_s=config.drain_s + 15.0)
    return servers, [worker]


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM. Returns the exit status."""
    try:
        config = configured(args)
        check(config)
    except (SourceError, Wrong, OSError, ValueError) as error:
        for line in str(error).splitlines():
            print(f"offhook: {line}", file=sys.stderr)
        return WRONG_CONFIGURATION
    logging.basicConfig(
        level=config.log_level.upper(), format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )
    runtime = Path(tempfile.mkdtemp(prefix="offhook-"))
    try:
        servers, workers = children(config, runtime)
        return asyncio.run(_supervise(servers, workers))
    finally:
        shutil.rmtree(runtime, ignore_errors=True)


async def _supervise(servers: list[Child], workers: list[Child]) -> int:
    return await Supervisor(servers, workers).run()
