"""The speech server and its clients keep the contracts, and a server that dies is an EngineError."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from contract_eot import EotContract
from contract_stt import SttContract, feed, until_final
from contract_tts import TtsContract, clauses

from brain.engines import EngineError, Eot, Stt, SttSettings, Tts, TtsSettings
from brain.eot.fake import ScriptedEot
from brain.eot.remote import RemoteEot
from brain.speech_client import SpeechChannel
from brain.speech_engines import Engines, SpeechConfig, build
from brain.speech_scheduler import Scheduler
from brain.speech_server import serving
from brain.stt.fake import ScriptedStt
from brain.stt.remote import RemoteStt
from brain.tts.fake import ToneTts, tone
from brain.tts.remote import RemoteTts
from media.frame import Pcm

SPEECH = np.full(8000, 500, np.int16)


@asynccontextmanager
async def served(
    script: tuple[str, ...] = (), **fakes: object
) -> AsyncGenerator[tuple[SpeechChannel, Engines], None]:
    """A server of fakes in this loop, and a channel to it."""
    engines = Engines(
        stt=fakes.get("stt", ScriptedStt(script)),  # type: ignore[arg-type]
        tts=fakes.get("tts", ToneTts()),  # type: ignore[arg-type]
        eot=fakes.get("eot", ScriptedEot([0.75])),  # type: ignore[arg-type]
        scheduler=Scheduler(1),
    )
    async with serving(engines, "127.0.0.1:0") as target:
        channel = SpeechChannel(target)
        try:
            yield channel, engines
        finally:
            await channel.close()


class TestRemoteStt(SttContract):
    @pytest.fixture
    async def stt(self) -> AsyncIterator[Stt]:
        async with served(("hello world",)) as (channel, _):
            stt = RemoteStt(channel)
            yield stt
            await stt.aclose()

    @pytest.fixture
    def speech(self) -> Pcm:
        return SPEECH


class TestRemoteTts(TtsContract):
    @pytest.fixture
    async def tts(self) -> AsyncIterator[Tts]:
        async with served() as (channel, _):
            yield RemoteTts(channel)


class TestRemoteEot(EotContract):
    @pytest.fixture
    async def eot(self) -> AsyncIterator[Eot]:
        async with served() as (channel, _):
            yield RemoteEot(channel)


# ---- what the wire carries -----------------------------------------------------------------------------


class Counting(ScriptedStt):
    """Notes the sizes in which audio arrives."""

    def __init__(self) -> None:
        super().__init__([])
        self.batches: list[int] = []

    async def open(self, call: str, rate_hz: int) -> object:  # type: ignore[override]
        stream = await super().open(call, rate_hz)
        take = stream.feed

        def counted(pcm: Pcm) -> None:
            self.batches.append(pcm.size)
            take(pcm)

        stream.feed = counted  # type: ignore[method-assign]
        return stream


async def fed(pcm: Pcm) -> list[int]:
    """The sizes in which `pcm` arrives at the server."""
    fake = Counting()
    async with served(stt=fake) as (channel, _):
        stt = RemoteStt(channel)
        stream = await stt.open("call", 8000)
        stream.begin(1, SttSettings())
        await feed(stream, pcm)
        stream.finalize(1, 1)
        final, _ = await until_final(stream, 1)
        await stt.aclose()
    assert final.audio_ms == pcm.size // 8
    assert sum(fake.batches) == pcm.size
    return fake.batches


async def test_audio_goes_out_in_batches_and_arrives_whole() -> None:
    batches = await fed(np.arange(8000, dtype=np.int16))
    assert all(480 <= size <= 640 for size in batches[:-1])  # 60 to 100 ms


async def test_audio_that_falls_quiet_goes_out_at_once() -> None:
    loud, quiet = np.full(1920, 8000, np.int16), np.full(960, 100, np.int16)
    batches = await fed(np.concatenate([loud, quiet]))
    assert max(batches[-4:]) < 480 <= max(batches[:4])


async def test_settings_cross_the_wire() -> None:
    class Noting(ScriptedStt):
        seen: list[SttSettings]

    stt, tts = ScriptedStt([]), ToneTts()
    async with served(stt=stt, tts=tts) as (channel, _):
        settings = SttSettings("tiny.en", "de", ("yes", "no"), ("en",), urgent=True, noisy=True)
        await RemoteStt(channel).warm(settings)
        await RemoteTts(channel).warm(TtsSettings("joe", 1.25))
    assert stt.warmed == [settings]
    assert tts.warmed == [TtsSettings("joe", 1.25)]


async def test_many_calls_share_one_stream() -> None:
    script = tuple(f"caller {n}" for n in range(20))
    async with served(script) as (channel, _):
        stt = RemoteStt(channel)
        streams = [await stt.open(f"call {n}", 8000) for n in range(20)]
        for stream in streams:
            stream.begin(1, SttSettings())
            stream.feed(SPEECH)
            stream.finalize(1, 1)
        texts = [(await until_final(stream, 1))[0].text for stream in streams]
        await stt.aclose()
    assert sorted(texts) == sorted(script)


async def test_audio_is_the_same_on_the_other_side() -> None:
    async with served() as (channel, _):
        settings = TtsSettings()
        audio = [a async for a in RemoteTts(channel).speak(clauses("Good morning."), settings, 8000)]
    assert np.array_equal(audio[0].pcm, tone("Good morning.", settings, 8000))


async def test_cancelling_a_reply_stops_the_server_too() -> None:
    class Slow(ToneTts):
        def __init__(self) -> None:
            super().__init__()
            self.closed = asyncio.Event()

        async def speak(self, clauses, settings, rate_hz):  # type: ignore[no-untyped-def, override]
            try:
                async for audio in super().speak(clauses, settings, rate_hz):
                    yield audio
                    await asyncio.Event().wait()  # the next clause takes forever
            finally:
                self.closed.set()

    slow = Slow()
    async with served(tts=slow) as (channel, _):
        speech = RemoteTts(channel).speak(clauses("One.", "Two.", "Three."), TtsSettings(), 8000)
        await anext(speech)
        await speech.aclose()
        async with asyncio.timeout(10):
            await slow.closed.wait()
    assert slow.spoken == ["One."]


# ---- health --------------------------------------------------------------------------------------------


async def test_health_tells_what_is_warm() -> None:
    config = SpeechConfig(script=())
    async with served() as (channel, engines):
        cold = await channel.health()
        assert (cold.ready, list(cold.engines)) == (False, [])
        await engines.warm(config)
        warm = await channel.health()
    assert warm.ready
    assert [(e.name, e.warm) for e in warm.engines] == [
        ("stt base en", True),
        ("tts hibari", True),
        ("eot smart-turn", True),
    ]


async def test_an_engine_that_cannot_be_warmed_says_why() -> None:
    tts = ToneTts()
    tts.failure = "no such voice"
    async with served(tts=tts) as (channel, engines):
        await engines.warm(SpeechConfig(script=()))
        health = await channel.health()
        with pytest.raises(EngineError, match="tts: no such voice"):
            await RemoteTts(channel).warm(TtsSettings())
    assert not health.ready
    assert [e.failure for e in health.engines if not e.warm] == ["tts: no such voice"]


# ---- failures ------------------------------------------------------------------------------------------


async def test_an_engine_that_fails_keeps_its_own_words() -> None:
    stt, tts, eot = ScriptedStt([]), ToneTts(), ScriptedEot()
    stt.failure, tts.failure, eot.failure = "stt is cold", "tts is cold", "eot is cold"
    async with served(stt=stt, tts=tts, eot=eot) as (channel, _):
        remote = RemoteStt(channel)
        stream = await remote.open("call", 8000)
        with pytest.raises(EngineError, match="^stt: stt is cold$"):
            await anext(aiter(stream))
        with pytest.raises(EngineError, match="^tts: tts is cold$"):
            await anext(RemoteTts(channel).speak(clauses("One."), TtsSettings(), 8000))
        with pytest.raises(EngineError, match="^eot: eot is cold$"):
            await RemoteEot(channel).score(SPEECH, 8000)
        await remote.aclose()


async def test_a_stream_that_fails_leaves_the_others() -> None:
    stt = ScriptedStt(["one", "two"])
    async with served(stt=stt) as (channel, _):
        remote = RemoteStt(channel)
        lost = await remote.open("lost", 8000)
        lost.begin(1, SttSettings())
        lost.finalize(1, 1)
        await until_final(lost, 1)
        stt.fail("gone")
        with pytest.raises(EngineError, match="gone"):
            await anext(aiter(lost))
        other = await remote.open("other", 8000)
        other.begin(1, SttSettings())
        other.feed(SPEECH)
        other.finalize(1, 1)
        assert (await until_final(other, 1))[0].text == "two"
        await remote.aclose()


async def test_without_a_server_everything_is_an_engine_error(tmp_path: Path) -> None:
    channel = SpeechChannel(f"unix:{tmp_path}/nobody")
    with pytest.raises(EngineError, match="no speech server"):
        await RemoteStt(channel, open_timeout_s=0.2).open("call", 8000)
    with pytest.raises(EngineError, match="tts: speech server: unavailable"):
        await anext(RemoteTts(channel).speak(clauses("One."), TtsSettings(), 8000))
    with pytest.raises(EngineError, match="eot: speech server: unavailable"):
        await RemoteEot(channel).score(SPEECH, 8000)
    with pytest.raises(EngineError, match="speech: "):
        await channel.health()
    await channel.close()


# ---- a server that is killed ---------------------------------------------------------------------------


@asynccontextmanager
async def process(listen: str, *arguments: str) -> AsyncGenerator[Process, None]:
    """A speech server of its own process, waited for and ended."""
    command = [sys.executable, "-m", "brain.speech_server", "--listen", listen, *arguments]
    child = await asyncio.create_subprocess_exec(*command, stderr=PIPE)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.terminate()
        await child.communicate()


async def test_a_sentence_survives_the_death_of_the_server(tmp_path: Path) -> None:
    listen = f"unix:{tmp_path}/speech"
    channel = SpeechChannel(listen)
    stt = RemoteStt(channel, open_timeout_s=60.0)
    async with asyncio.timeout(120), process(listen, "--script", "first words") as first:
        stream = await stt.open("call", 8000)
        stream.begin(5, SttSettings())
        stream.feed(SPEECH)
        assert (await anext(aiter(stream))).text == "first words"
        first.kill()
        with pytest.raises(EngineError):
            while True:
                await anext(aiter(stream))
        stream.feed(SPEECH)  # the caller goes on
        await stream.aclose()
    async with asyncio.timeout(120), process(listen, "--script", "one two three four five six"):
        stream = await stt.open("call", 8000)
        stream.begin(5, SttSettings())
        stream.feed(SPEECH[:1600])
        stream.finalize(5, 1)
        final, _ = await until_final(stream, 1)
        assert (final.audio_ms, final.text) == (2200, "one two three four five six")
        stream.begin(6, SttSettings())
        stream.finalize(6, 2)
        assert (await until_final(stream, 2))[0].audio_ms == 0
        await stt.aclose()
        await channel.close()


async def test_a_segment_that_was_begun_anew_is_not_brought_back() -> None:
    async with served(("one", "two")) as (channel, _):
        stt = RemoteStt(channel)
        stream = await stt.open("call", 8000)
        stream.begin(1, SttSettings())
        stream.feed(SPEECH)
        await stt.aclose()
        with pytest.raises(EngineError):
            async for _ in stream:
                pass
        again = await stt.open("call", 8000)
        again.begin(2, SttSettings())
        again.finalize(2, 1)
        assert (await until_final(again, 1))[0].audio_ms == 0
        await stt.aclose()


async def test_sigterm_ends_it_with_live_streams(tmp_path: Path) -> None:
    listen = f"unix:{tmp_path}/speech"
    channel = SpeechChannel(listen)
    stt = RemoteStt(channel, open_timeout_s=60.0)
    async with asyncio.timeout(120), process(listen, "--script", "words") as child:
        stream = await stt.open("call", 8000)
        child.send_signal(signal.SIGTERM)
        with pytest.raises(EngineError):
            await anext(aiter(stream))
        _, errors = await child.communicate()
        assert child.returncode == 0
        assert b"Traceback" not in errors and b"destroyed" not in errors
    await stt.aclose()
    await channel.close()


@pytest.mark.models
@pytest.mark.parametrize(
    "arguments",
    [
        ("--voice", "/nowhere/voice.onnx"),
        ("--voice", "nobody"),
        ("--stt", "huge"),
        ("--listen", "127.0.0.1:1x"),
    ],
)
async def test_a_wrong_setting_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    async with process(f"unix:{tmp_path}/speech", *arguments) as child:
        async with asyncio.timeout(60):
            _, errors = await child.communicate()
        lines = [line for line in errors.decode().splitlines() if line.startswith("speech server: ")]
        assert (child.returncode, len(lines)) == (2, 1)
        assert arguments[1].split(":")[0] in lines[0]


def test_the_fakes_need_no_models() -> None:
    engines = build(SpeechConfig(script=("a line",)))
    assert isinstance(engines.stt, ScriptedStt) and isinstance(engines.tts, ToneTts)
