"""Bots that tests share: starting one takes seconds. Engines are fakes, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from e2e_bot import Bot, serving
from e2e_engines import FakeLlm, FakeSpeech, settings

from benchmarks.human_clips import spoken_sample
from media.frame import Pcm
from telephony.caller.media_clock import MediaClock


@pytest.fixture(scope="session")
def speech() -> Iterator[FakeSpeech]:
    """The scripted speech server that the shared bot listens with."""
    with FakeSpeech().running() as speech:
        yield speech


@pytest.fixture(scope="session")
def llm() -> Iterator[FakeLlm]:
    """The language model of the shared bot."""
    with FakeLlm().running() as llm:
        yield llm


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """An environment whose cache no real bot will find a hummed prompt in."""
    return {"OFFHOOK_CACHE": str(tmp_path_factory.mktemp("cache"))}


@pytest.fixture(scope="session")
def bot(
    tmp_path_factory: pytest.TempPathFactory, speech: FakeSpeech, llm: FakeLlm, cache: Mapping[str, str]
) -> Iterator[Bot]:
    """A warm bot over fake engines, with all its lines free at the start of each test that cares."""
    config = settings(speech.address, llm.url, sip={"lines": 60, "rtp_timeout_s": 2.0})
    with serving(tmp_path_factory.mktemp("bot"), config, environment=cache) as bot:
        yield bot


@pytest.fixture(scope="session")
def clock() -> Iterator[MediaClock]:
    """Sends and receives the RTP of all callers of the session."""
    with MediaClock() as clock:
        yield clock


@pytest.fixture(scope="session")
def words() -> Pcm:
    """A person says "hello world", at 8 kHz: what is heard is up to the script."""
    try:
        pcm = spoken_sample("hello_world").telephone()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    return np.ascontiguousarray(pcm)
