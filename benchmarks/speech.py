"""How long the speech server takes, and how well it hears: a table, and one JSON line.

    python -m benchmarks.speech [--model base] [--streams 1 4 8] [--seconds 15] [--decode-threads 1]

The server runs as its own process, as in a call. Talkers are the same recording at different places,
through G.711, fed in real time; each says 3 s, is quiet for 160 ms of line noise, asks for the final, and
goes on when it comes. A partial's latency is from the feeding of its newest sample to its arrival, a
final's from the asking.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter

import jiwer
import numpy as np

from benchmarks.human_clips import folded, short_clips, two_cities
from brain.engines import EngineError, Final, SttSettings, TtsSettings
from brain.eot.remote import RemoteEot
from brain.speech_client import SpeechChannel
from brain.stt.remote import RemoteStt
from brain.tts.remote import RemoteTts
from media.frame import Pcm

SEGMENT_S = 3.0
FRAME = 160
LINE = (np.random.default_rng(1).standard_normal(8 * FRAME) * 32).astype(np.int16)
"""160 ms of noise at -60 dBFS: what a voice activity detector needs to be sure."""

CLAUSES = (
    "Good morning, this is the clinic.",
    "How can I help you today?",
    "Of course.",
    "We are open from nine to five,",
    "and on Saturdays until noon.",
    "Could you tell me your name, please?",
    "Your number is 020 7946 0018, is that right?",
    "The doctor will call you back this afternoon.",
    "One moment.",
    "Is there anything else I can do for you?",
)


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """p50 and p95 in ms."""
    if not seconds:
        return {"p50": float("nan"), "p95": float("nan"), "n": 0}
    p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95])
    return {"p50": round(float(p50)), "p95": round(float(p95)), "n": len(seconds)}


@asynccontextmanager
async def server(model: str, decode_threads: int) -> AsyncGenerator[SpeechChannel, None]:
    """A speech server process with `model` and both voices, warm."""
    with tempfile.TemporaryDirectory() as folder:
        target = f"unix:{folder}/speech"
        arguments = ["--stt", model, "--voice", "hibari", "--voice", "joe"]
        arguments += ["--decode-threads", str(decode_threads), "--listen", target]
        child = await asyncio.create_subprocess_exec(sys.executable, "-m", "brain.speech_server", *arguments)
        channel = SpeechChannel(target)
        try:
            while not await ready(channel):
                await asyncio.sleep(0.1)
            yield channel
        finally:
            await channel.close()
            child.terminate()
            await child.wait()


async def ready(channel: SpeechChannel) -> bool:
    """Whether every engine is warm."""
    try:
        return (await channel.health()).ready
    except EngineError:
        return False


class Talker:
    """One caller who never stops."""

    def __init__(self, speech: Pcm) -> None:
        self._speech = speech
        self.partials: list[float] = []
        self.finals: list[float] = []
        self._segment = 0
        self._asked = 0.0
        self._fed: list[float] = []

    async def talk(self, stt: RemoteStt, call: str, settings: SttSettings, seconds: float) -> None:
        """Speak for `seconds` in real time and wait for the last final."""
        stream = await stt.open(call, 8000)
        answered = asyncio.Event()

        async def listen() -> None:
            async for heard in stream:
                now = perf_counter()
                if isinstance(heard, Final):
                    self.finals.append(now - self._asked)
                    answered.set()
                elif heard.segment == self._segment:
                    self.partials.append(now - self._fed[min(heard.audio_ms // 20, len(self._fed)) - 1])

        listening = asyncio.create_task(listen())
        for _ in range(round(seconds / SEGMENT_S)):
            at = int(self._segment * SEGMENT_S * 8000)
            said = np.concatenate([LINE, self._speech[at : at + int(SEGMENT_S * 8000)], LINE])
            self._segment += 1
            self._fed = []
            stream.begin(self._segment, settings)
            start = perf_counter()
            for place in range(0, said.size, FRAME):
                stream.feed(said[place : place + FRAME])
                self._fed.append(perf_counter())
                await asyncio.sleep(max(0.0, start + (place / FRAME + 1) * 0.02 - perf_counter()))
            answered.clear()
            self._asked = perf_counter()
            stream.finalize(self._segment, self._segment)
            await answered.wait()
        await stream.aclose()
        await listening


async def recognition(channel: SpeechChannel, model: str, streams: int, seconds: float) -> dict[str, object]:
    """Latencies with `streams` continuous talkers."""
    stt = RemoteStt(channel)
    speech = two_cities().telephone()
    talkers = [Talker(np.roll(speech, -n * 8000 * 5)) for n in range(streams)]
    settings = SttSettings(model=model)
    async with asyncio.TaskGroup() as tasks:
        for number, talker in enumerate(talkers):
            tasks.create_task(talker.talk(stt, f"call {number}", settings, seconds))
            await asyncio.sleep(SEGMENT_S / streams)  # their finals don't come together
    await stt.aclose()
    partials = [latency for talker in talkers for latency in talker.partials]
    finals = [latency for talker in talkers for latency in talker.finals]
    rate = len(partials) / (seconds * streams)
    return {
        "streams": streams,
        "partial": summary(partials),
        "final": summary(finals),
        "per_s": round(rate, 2),
    }


async def synthesis(channel: SpeechChannel, voice: str) -> dict[str, object]:
    """Time to the first audio of a clause, and seconds of work for one of audio."""
    tts, first, work, audio_s = RemoteTts(channel), [], 0.0, 0.0

    async def one(text: str) -> AsyncGenerator[str, None]:
        yield text

    for clause in CLAUSES * 2:
        start, begun = perf_counter(), False
        async for audio in tts.speak(one(clause), TtsSettings(voice), 8000):
            if not begun:
                first.append(perf_counter() - start)
                begun = True
            audio_s += audio.pcm.size / 8000
        work += perf_counter() - start
    return {"voice": voice, "first_audio": summary(first), "real_time_factor": round(work / audio_s, 3)}


async def end_of_turn(channel: SpeechChannel) -> dict[str, float]:
    """Time of one score of 8 s."""
    eot, speech, times = RemoteEot(channel), two_cities().telephone(), []
    for number in range(30):
        at = number * 8000
        start = perf_counter()
        await eot.score(speech[at : at + 64000], 8000)
        times.append(perf_counter() - start)
    return summary(times)


async def errors(channel: SpeechChannel, model: str) -> dict[str, float]:
    """Word error rates of the short clips, each one segment."""
    stt, found = RemoteStt(channel), {}
    for band, rate in (("full band", 16000), ("telephone", 8000)):
        said, heard = [], []
        for clip in short_clips():
            stream = await stt.open("wer", rate)
            stream.begin(1, SttSettings(model=model))
            stream.feed(clip.wideband() if rate == 16000 else clip.telephone())
            stream.finalize(1, 1)
            async for answer in stream:
                if isinstance(answer, Final):
                    said.append(folded(clip.text))
                    heard.append(folded(answer.text))
                    break
            await stream.aclose()
        found[band] = round(jiwer.wer(said, heard), 3)
    await stt.aclose()
    return found


async def measure(given: argparse.Namespace) -> dict[str, object]:
    """All figures."""
    async with server(given.model, given.decode_threads) as channel:
        figures: dict[str, object] = {"wer": await errors(channel, given.model)}
        figures["stt"] = [await recognition(channel, given.model, n, given.seconds) for n in given.streams]
        figures["tts"] = [await synthesis(channel, voice) for voice in ("hibari", "joe")]
        figures["eot"] = await end_of_turn(channel)
    return figures


def table(figures: dict[str, object]) -> str:
    """The figures for people."""
    rows = ["streams   partial p50  p95   a second   final p50  p95 ms"]
    for row in figures["stt"]:  # type: ignore[attr-defined]
        p, f = row["partial"], row["final"]
        cells = f"{row['streams']:>7} {p['p50']:>13.0f} {p['p95']:>4.0f} {row['per_s']:>10.2f}"
        rows.append(f"{cells} {f['p50']:>11.0f} {f['p95']:>4.0f}")
    rows.append("voice     first audio p50  p95 ms   work per audio")
    for row in figures["tts"]:  # type: ignore[attr-defined]
        first = row["first_audio"]
        rows.append(f"{row['voice']:<9} {first['p50']:>14} {first['p95']:>5} {row['real_time_factor']:>14}")
    rows.append(f"word error rate: {figures['wer']}")
    rows.append(f"end of turn: {figures['eot']} ms")
    return "\n".join(rows)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.speech", description=__doc__)
    parser.add_argument("--model", default="base")
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--decode-threads", type=int, default=1)
    given = parser.parse_args()
    figures = asyncio.run(measure(given))
    print(table(figures))
    about = {"benchmark": "speech", "model": given.model, "decode_threads": given.decode_threads}
    print(json.dumps(about | {"machine": platform.machine(), **figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
