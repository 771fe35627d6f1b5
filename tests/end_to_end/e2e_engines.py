"""The engines of a bot under test, in the test's own process: what is heard and answered is written down.

Speech is the real gRPC server over the fakes; the language model is an HTTP server that speaks as much of
the OpenAI chat API as is needed.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from brain.eot.fake import ScriptedEot
from brain.speech_engines import Engines, SpeechConfig
from brain.speech_scheduler import Scheduler
from brain.speech_server import serving
from brain.stt.fake import ScriptedStt
from brain.tts.fake import ToneTts

PLANS = Path(__file__).parent / "plans"


def settings(speech: str, llm: str, **sections: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with no model in it."""
    return {
        "plans": {"default": "keys", "folder": str(PLANS)},
        "speech": {"address": speech},
        "llm": {"url": llm} if llm else {"enabled": False},
        "log_level": "debug",
        **sections,
    }


class Hearing(ScriptedStt):
    """Hears `always`, but first, segment by segment, what stands in `next`."""

    def __init__(self) -> None:
        super().__init__([], whole=True)
        self.always = "yes"
        self.next: list[str] = []

    def next_text(self) -> str:
        return self.next.pop(0) if self.next else self.always


class FakeSpeech:
    """A speech server at `address`, in a thread."""

    def __init__(self) -> None:
        self.stt, self.tts = Hearing(), ToneTts()
        self.address = ""
        self._loop = asyncio.new_event_loop()
        self._up, self._stop = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    async def _serve(self) -> None:
        engines = Engines(self.stt, self.tts, ScriptedEot(), Scheduler(1))
        async with serving(engines, "127.0.0.1:0") as self.address:
            await engines.warm(SpeechConfig())
            self._up.set()
            await self._stop.wait()

    @contextmanager
    def running(self) -> Iterator[FakeSpeech]:
        self._thread.start()
        try:
            assert self._up.wait(30.0)
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
            self._loop.close()


class FakeLlm:
    """An OpenAI-compatible server at `url`. It says `answer`; while `hangs` is set it says nothing at all."""

    def __init__(self) -> None:
        self.answer = "Eight to six."
        self.hangs = threading.Event()
        self.released = threading.Event()
        self.failing = False
        self.asked: list[dict[str, Any]] = []
        self._server = _Server(("127.0.0.1", 0), _Chat)
        self._server.llm = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @contextmanager
    def running(self) -> Iterator[FakeLlm]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self.released.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    llm: FakeLlm

    def handle_error(self, request: object, client_address: object) -> None:
        """A bot that closes a connection cancels: nothing is wrong."""


class _Chat(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        llm = self.server.llm
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        llm.asked.append(body)
        if llm.failing:
            self.send_error(500, "out of memory")
            return
        if llm.hangs.is_set() and body["stream"]:
            llm.released.wait()
        text = json.dumps({"say": llm.answer}) if "response_format" in body else llm.answer
        self.send_response(200)
        if not body["stream"]:
            reply = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)
            return
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for word in text.split(" "):
            event = json.dumps({"choices": [{"delta": {"content": word + " "}}]})
            self.wfile.write(f"data: {event}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Tests print their own story."""
