"""A child process: llama.cpp's OpenAI-compatible server with the packaged weights.

    python -m brain.llm.llama_server --model qwen2.5-1.5b --listen 127.0.0.1:8790

It prints `listening on http://HOST:PORT` once it answers, stops on SIGTERM or SIGINT, and exits with 2
and one line on stderr where it can't start. GET /health says {"status": "ok"} when it is ready.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path

# llama.cpp's threads meet at an OpenMP barrier hundreds of times a token, and GNU's waits there by spinning,
# for milliseconds. Where a core is shared, the spinning takes it from the very thread that is waited for:
# 16 to 25 times slower beside other work (docs/llm.md). Read once, when the library is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import xllamacpp  # noqa: E402

from brain.llm.weights import DEFAULT, WeightsError, find  # noqa: E402

DEFAULT_NICE = 0
"""How far the server steps back. llama.cpp's threads wait for one another several hundred times a token, so
a share of a core lost is a multiple of time lost: beside a busy thread it was three times slower at that
thread's level, and far slower at 5 below. What was measured, and how well, is in docs/llm.md."""


def build_params(
    model: Path, host: str, port: int, threads: int, slots: int, context: int, scratch: str
) -> xllamacpp.CommonParams:
    """The server's settings: `context` tokens for each of `slots` requests that may run at once.

    scratch: a folder through which a slot's prefix cache is copied to the others.
    """
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {model.stem}
    params.hostnames = [host]
    params.port = port
    params.n_parallel = slots
    params.n_ctx = slots * context
    params.n_gpu_layers = 0
    # Read the weights, don't map them: llama.cpp repacks most of them for the CPU, and the mapped
    # originals would stay in memory beside that (1.9 GB instead of 1.3).
    params.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
    params.fit_params = False
    params.cont_batching = True
    params.cache_prompt = True
    # Prompts of slots that were taken over by another call: a new call whose slot is cold gets its
    # plan's system prompt from here in milliseconds instead of reading it for seconds.
    params.cache_ram_mib = 512
    params.slot_save_path = scratch + os.sep
    params.ui = False
    params.verbosity = 0
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = threads
        cpu.poll = 0  # sleep between tokens; spinning would take the cores from speech
    return params


def listen_address(text: str) -> tuple[str, int]:
    """Parse "HOST:PORT" for argparse; port 0 takes a free one."""
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdigit() and int(port) < 65536):
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, got {text!r}")
    return host, int(port)


def claim(host: str, port: int) -> int:
    """The port to listen on, if it is free (a free one for 0). Raises OSError."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return int(probe.getsockname()[1])


def main(argv: list[str] | None = None) -> int:
    """The command. Returns 0 after a signal, 2 if the server could not start."""
    parser = argparse.ArgumentParser(prog="python -m brain.llm.llama_server", description="Serve an LLM.")
    parser.add_argument("--model", default=DEFAULT, help="a name (see brain.llm.weights) or a GGUF's path")
    parser.add_argument("--listen", type=listen_address, default=("127.0.0.1", 8790), metavar="HOST:PORT")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--slots", type=int, default=2, help="requests that may run at once")
    parser.add_argument("--context", type=int, default=2048, help="tokens a request may hold")
    parser.add_argument("--nice", type=int, default=DEFAULT_NICE)
    args = parser.parse_args(argv)
    host, port = args.listen
    if min(args.threads, args.slots, args.context) < 1:
        return _fail("--threads, --slots and --context must be 1 or more")
    try:
        model = find(args.model)
        port = claim(host, port)
    except WeightsError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{host}:{port}: {error.strerror}")
    os.nice(args.nice)  # before the server's threads start: they inherit it
    # Blocked in every thread that starts from here on, so that sigwait below gets them.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with tempfile.TemporaryDirectory(prefix="offhook-llm-") as scratch:
        params = build_params(model, host, port, args.threads, args.slots, args.context, scratch)
        try:
            server = xllamacpp.Server(params)
        except RuntimeError as error:
            return _fail(f"llama.cpp can't serve {model} on {host}:{port}: {error}")
        print(f"listening on {server.listening_address}", flush=True)
        signal.sigwait(signals)
    # A request in progress must not hold up the stop, and there is no state to save.
    os._exit(0)


def _fail(reason: str) -> int:
    print(f"offhook: llm: {reason}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
