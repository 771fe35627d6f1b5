"""Our jitter buffer beside pjmedia's: speech quality (PESQ-NB, ITU-T P.862) and delay over seeded network traces.

    python -m benchmarks.jitter                 a table and one JSON line
    python -m benchmarks.jitter --pjproject DIR      with pjmedia's side: DIR is a built pjproject (see docs/media.md)

Speech is two recordings and, where Debian's pocketsphinx-testdata is installed, two more voices, through G.711. Each
trace is played with twelve seeds, whose senders are 2.5, 7.5, 12.5 and 17.5 ms ahead of the clock. Delay is how long a
sample waits in the buffer, of those that were sent (W3C webrtc-stats, jitterBufferDelay); the 5 ms that pjmedia's
concealment adds aren't counted. The seeds here aren't those that the buffer was tuned with.
"""

from __future__ import annotations

import argparse
import glob
import json
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from pesq import pesq

from media.frame import Pcm
from media.g711 import decode_ulaw, encode_ulaw
from media.jitter import JitterBuffer, JitterReport
from media.resample import resample
from media.sound import read_wav
from tests.media.line_signals import gain, recording, to_int16
from tests.network_traces import PTIME_MS, TRACES

RATE = 8000
FRAME = 160
SEEDS = tuple(range(200, 212))
SCORED = 10 * RATE
DRIFT_LOOPS = 5
LIBRIVOX = "/usr/share/pocketsphinx/test/data/librivox/*.wav"
LIBRARIES = (("pjmedia", "pjmedia-x*"), ("pjlib", "pj-x*"))
SOURCE = Path(__file__).with_name("pjmedia_jbuf.c")

Arrivals = list[tuple[float, int]]


def speech() -> Pcm:
    """Some 40 s of people, through PCMU."""
    voices = [recording("moonshine_voice", "assets/two_cities.wav", 20.0)]
    voices.append(recording("moonshine_voice", "assets/beckett.wav", 10.0))
    for path in sorted(glob.glob(LIBRIVOX))[:2]:
        pcm, rate = read_wav(path)
        signal = resample(pcm, rate, RATE)[: 10 * RATE].astype(float)
        voices.append(to_int16(signal * gain(-22.0) / np.sqrt(np.mean(signal[np.abs(signal) > 300] ** 2))))
    whole = np.concatenate(voices)
    return decode_ulaw(encode_ulaw(whole[: whole.size // FRAME * FRAME]))


def arrivals(name: str, packets: int, seed: int) -> Arrivals:
    """When which packet comes, in seconds after the first tick."""
    ahead_ms = (seed % 4 + 0.5) * PTIME_MS / 4
    delays = TRACES[name](packets, seed)
    return sorted(((n * PTIME_MS + ahead_ms + d) / 1000, n) for n, d in enumerate(delays) if d is not None)


def play_ours(pcm: Pcm, trace: Arrivals, ticks: int) -> tuple[Pcm, JitterReport, float]:
    """What we play, the report, and what a `get` cost in microseconds (median, puts left out)."""
    buffer, out, costs, at = JitterBuffer(RATE), [], [], 0
    for tick in range(ticks):
        now = tick * PTIME_MS / 1000
        while at < len(trace) and trace[at][0] <= now:
            arrived, n = trace[at]
            buffer.put(n & 0xFFFF, n * FRAME & 0xFFFFFFFF, pcm[n * FRAME : (n + 1) * FRAME], arrived)
            at += 1
        began = time.perf_counter()
        out.append(buffer.get(now).pcm)
        costs.append(time.perf_counter() - began)
    return np.concatenate(out), buffer.report(), float(np.median(costs)) * 1e6


def play_pjmedia(program: Path, pcm: Pcm, trace: Arrivals, ticks: int) -> tuple[Pcm, float]:
    """What pjmedia plays, and its mean delay in milliseconds."""
    codes = encode_ulaw(pcm)
    request = struct.pack("<ii", ticks, len(trace)) + b"".join(
        struct.pack("<di", arrived, n) + codes[n * FRAME : (n + 1) * FRAME] for arrived, n in trace
    )
    answer = subprocess.run([program], input=request, stdout=subprocess.PIPE, check=True).stdout
    played = np.frombuffer(answer, np.dtype([("number", "<i4"), ("pcm", "<i2", FRAME // 2)]))
    arrived_ms = {n: arrived * 1000 for arrived, n in trace}
    waits = [
        half * PTIME_MS / 2 - arrived_ms[number // 2] - number % 2 * PTIME_MS / 2
        for half, number in enumerate(played["number"])
        if number >= 0
    ]
    return played["pcm"].reshape(-1).astype(np.int16), float(np.mean(waits))


def score(sent: Pcm, played: Pcm, every: int) -> float:
    """Mean PESQ-NB of every `every`-th 10 s."""
    starts = range(0, sent.size - SCORED + 1, SCORED * every)
    return float(
        np.mean([pesq(RATE, sent[s : s + SCORED], played[s + FRAME : s + FRAME + SCORED], "nb") for s in starts])
    )


def build(pjproject: Path, into: Path) -> Path:
    """The program that plays with pjmedia, linked to the static libraries of a built pjproject."""
    program = into / "pjmedia_jbuf"
    libraries = [str(next((pjproject / part / "lib").glob(f"lib{name}.a"))) for part, name in LIBRARIES]
    includes = [f"-I{pjproject / part / 'include'}" for part in ("pjlib", "pjmedia")]
    command = ["cc", "-O2", "-DPJ_AUTOCONF=1", *includes, str(SOURCE), "-o", str(program), *libraries]
    subprocess.run([*command, "-luuid", "-lm", "-lpthread"], check=True)
    return program


def main(argv: list[str]) -> int:
    """Print the table; pjmedia's columns are empty without its libraries."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jitter", description=__doc__)
    parser.add_argument("--pjproject", type=Path, help="source tree of pjproject in which `make lib` was run")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        program = build(options.pjproject, Path(folder)) if options.pjproject else None
        return run(program)


def run(program: Path | None) -> int:
    """All traces, ours and where there is a `program` pjmedia's."""
    sent_once = speech()
    heads = f"{'trace':18}{'PESQ ours':>10}{'pjmedia':>9}{'delay ours':>12}{'pjmedia':>9}{'ratio':>7}"
    print(f"{heads}  concealed   late    get")
    rows = []
    for name in TRACES:
        loops = DRIFT_LOOPS if name.startswith("drift") else 1
        sent = np.tile(sent_once, loops)
        packets = sent.size // FRAME
        ticks = packets + 60
        results = []
        for seed in SEEDS:
            trace = arrivals(name, packets, seed)
            played, report, cost_us = play_ours(sent, trace, ticks)
            made = report.concealed_samples / sent.size
            result = [score(sent, played, loops), report.mean_delay_ms, made, report.late / packets, cost_us]
            if program:
                theirs, delay_ms = play_pjmedia(program, sent, trace, ticks)
                result += [score(sent, theirs, loops), delay_ms]
            results.append(result)
        row = dict(zip(("pesq", "delay_ms", "concealed", "late", "get_us", "pj_pesq", "pj_delay_ms"),
                       map(float, np.mean(results, axis=0)), strict=False))  # fmt: skip
        rows.append({"trace": name} | row)
        show(name, row)
    mean = {key: float(np.mean([row[key] for row in rows])) for key in rows[0] if key != "trace"}
    show("mean", mean)
    print(json.dumps({"benchmark": "jitter", "traces": rows, "mean": mean}))
    return 0


def show(name: str, row: dict[str, float]) -> None:
    """One line of the table."""
    pj_pesq, pj_delay, ratio = "", "", ""
    if "pj_pesq" in row:
        pj_pesq, pj_delay = f"{row['pj_pesq']:.2f}", f"{row['pj_delay_ms']:.1f}"
        ratio = f"{row['delay_ms'] / row['pj_delay_ms']:.2f}"
    print(
        f"{name:18}{row['pesq']:10.2f}{pj_pesq:>9}{row['delay_ms']:9.1f} ms{pj_delay:>9}{ratio:>7}"
        f"{row['concealed']:11.1%}{row['late']:7.1%}{row['get_us']:4.0f} us",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
