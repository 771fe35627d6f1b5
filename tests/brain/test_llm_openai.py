"""The OpenAI client against a server of ours that answers byte for byte as a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from brain.engines import EngineError, LlmSettings, Message
from brain.llm.openai_chat import OpenAiChat, OpenAiChatConfig

ASKED = (Message("system", "Be kind."), Message("user", "Hello?"))
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def chunk(text: str | None) -> bytes:
    event = {"choices": [{"index": 0, "delta": {"content": text} if text is not None else {}}]}
    return b"data: " + json.dumps(event).encode() + b"\n\n"


def head(status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n".encode()


class Server:
    """Answers each request with `answer`, and keeps the last one's head and JSON body."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.head = ""
        self.asked: list[str] = []
        self.body: dict[str, object] = {}
        self.finished: asyncio.Queue[str] = asyncio.Queue()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        how = "cut"
        try:
            self.head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(" ".join(self.head.split()[:2]))
            lines = self.head.lower().split("\r\n")
            size = next((int(line[15:]) for line in lines if line.startswith("content-length")), 0)
            if size:
                self.body = json.loads(await reader.readexactly(size))
            await self._answer(reader, writer)
            how = "whole"
        except ConnectionError:
            how = "reset"
        finally:
            self.finished.put_nowait(how)
            writer.close()


@asynccontextmanager
async def served(answer: Answer, **config: object) -> AsyncIterator[tuple[OpenAiChat, Server]]:
    server = Server(answer)
    listener = await asyncio.start_server(server, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    config.setdefault("connect_s", 60.0)  # the machine may be busy with other tests
    async with listener:
        async with OpenAiChat(OpenAiChatConfig(f"http://127.0.0.1:{port}/v1", **config)) as llm:  # type: ignore[arg-type]
            yield llm, server


def sends(*parts: bytes) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()

    return answer


async def read(llm: OpenAiChat, settings: LlmSettings | None = None) -> str:
    async with asyncio.timeout(60):
        return "".join([piece async for piece in llm.chat(ASKED, settings or LlmSettings())])


async def test_pieces_are_read_from_the_events() -> None:
    events = [chunk(""), chunk("Good "), b": still here\n\n", chunk("day"), chunk(None), b"data: [DONE]\n\n"]
    async with served(sends(head(), *events)) as (llm, _):
        assert await read(llm) == "Good day"


async def test_events_may_be_cut_anywhere() -> None:
    stream = (
        head() + chunk("Grüß ") + chunk("Gott") + b'data: {"choices": [], "usage": {}}\n\ndata: [DONE]\n\n'
    )
    async with served(sends(*(stream[i : i + 7] for i in range(0, len(stream), 7)))) as (llm, _):
        assert await read(llm) == "Grüß Gott"


async def test_the_request_is_the_chat_apis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "s3cret")
    schema = {"type": "object"}
    config = {"model": "m", "api_key_env": "SECRET"}
    async with served(sends(head(), b"data: [DONE]\n\n"), **config) as (llm, server):
        await read(llm, LlmSettings(max_tokens=7, temperature=0.5, schema=schema, stop=("\n",)))
    assert server.head.startswith("POST /v1/chat/completions ")
    assert "authorization: bearer s3cret" in server.head.lower()
    assert server.body == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello?"}],
        "max_tokens": 7,
        "temperature": 0.5,
        "stream": True,
        "stop": ["\n"],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": schema},
        },
    }


async def test_without_a_key_none_is_sent() -> None:
    async with served(sends(head(), b"data: [DONE]\n\n"), api_key_env="OFFHOOK_NO_SUCH_KEY") as (llm, server):
        await read(llm)
    assert "authorization" not in server.head.lower()


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ([head("503 Service Unavailable"), b'{"error": "loading\\nmodel"}'], "HTTP 503: .*loading"),
        ([head(), b'data: {"error": {"message": "context full"}}\n\n'], "context full"),
        ([head(), b"data: {oops\n\n"], "not a chat chunk: {oops"),
        ([head(), b"data: 7\n\n"], "not a chat chunk: 7"),
        ([head(), chunk("Good ")], "broke off"),
        ([], "RemoteProtocolError"),
    ],
)
async def test_a_bad_answer_is_an_engine_error(sent: list[bytes], reason: str) -> None:
    async with served(sends(*sent)) as (llm, _):
        with pytest.raises(EngineError, match=reason) as raised:
            await read(llm)
    assert "\n" not in raised.value.reason


async def test_a_server_that_says_nothing_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with served(silent, piece_s=0.05) as (llm, _):
        with pytest.raises(EngineError, match="ReadTimeout"):
            await read(llm)


async def test_no_server_is_an_engine_error() -> None:
    listener = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    async with OpenAiChat(OpenAiChatConfig(f"http://127.0.0.1:{port}/v1")) as llm:
        with pytest.raises(EngineError, match="ConnectError"):
            await read(llm)
        with pytest.raises(EngineError, match="ConnectError"):
            await llm.warm(ASKED)


async def test_closing_the_iterator_closes_the_connection() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head() + chunk("and "))
        await reader.read()  # returns when the other side hangs up

    async with served(endless) as (llm, server):
        pieces = llm.chat(ASKED, LlmSettings())
        async with asyncio.timeout(60):
            assert await anext(pieces) == "and "
            await pieces.aclose()  # type: ignore[attr-defined]
            assert await server.finished.get() == "whole"


async def test_a_cancelled_task_closes_the_connection() -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()

    async with served(silent) as (llm, server), asyncio.timeout(60):
        task = asyncio.create_task(read(llm))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await server.finished.get() == "whole"


def whole(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


async def test_warming_asks_for_one_token() -> None:
    async with served(sends(whole("200 OK", b"{}"))) as (llm, server):
        await llm.warm(ASKED)
    assert server.body["max_tokens"] == 1
    assert server.body["stream"] is False


async def test_who_asks_while_a_prompt_is_read_waits_for_it() -> None:
    reading, read_through = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if server.body.get("stream"):
            writer.write(head() + chunk("Yes.") + b"data: [DONE]\n\n")
        elif len(server.asked) == 1:
            reading.set()
            await read_through.wait()
            writer.write(whole("200 OK", b"{}"))
        else:
            writer.write(whole("404 Not Found", b""))  # of slots

    async with served(answer) as (llm, server), asyncio.timeout(60):
        warming = asyncio.create_task(llm.warm(ASKED))
        await reading.wait()
        asking = [asyncio.create_task(read(llm)), asyncio.create_task(llm.read(ASKED))]
        for _ in range(100):
            await asyncio.sleep(0)
        assert server.asked == ["POST /v1/chat/completions"]
        read_through.set()
        await warming
        assert (await asyncio.gather(*asking))[0] == "Yes."


async def test_a_server_that_is_loading_is_not_warm() -> None:
    async with served(sends(whole("503 Loading", b"soon"))) as (llm, server):
        with pytest.raises(EngineError, match="HTTP 503: soon"):
            await llm.warm(ASKED)


async def test_warming_warms_every_slot_of_llama_cpp() -> None:
    slots = [{"id": 0}, {"id": 1, "id_task": 0}, {"id": 2}]
    async with served(sends(whole("200 OK", json.dumps(slots).encode()))) as (llm, server):
        await llm.warm(ASKED)
    assert server.asked == [
        "POST /v1/chat/completions",
        "GET /slots",
        "POST /slots/1?action=save",
        "POST /slots/0?action=restore",
        "POST /slots/2?action=restore",
    ]
    assert server.body == {"filename": "prefix.bin"}


@pytest.mark.parametrize(
    "page",
    [b"<html>Hi</html>", b'{"id": 1}', b'[{"no": 1}, {"no": 2}]', b"[1, 2]", b"7", b'[{"id": "x"}, {"id": null}]'],
)
async def test_a_server_that_knows_no_slots_is_warm(page: bytes) -> None:
    async with served(sends(whole("200 OK", page))) as (llm, server):
        await llm.warm(ASKED)
    assert server.asked == ["POST /v1/chat/completions", "GET /slots"]


async def test_a_server_that_hangs_up_when_asked_for_slots_is_warm() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(server.asked) == 1:
            writer.write(whole("200 OK", b"{}"))

    async with served(answer) as (llm, server):
        await llm.warm(ASKED)
    assert server.asked == ["POST /v1/chat/completions", "GET /slots"]


def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="http://"):
        OpenAiChatConfig("127.0.0.1:8000/v1")


def llama(server: list[Server]) -> Answer:
    """Answers each request as llama.cpp would; `server` is filled once there is one."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = server[0].asked[-1]
        pages = {
            "GET /slots": [{"id": 0, "id_task": 3}],
            "POST /apply-template": {"prompt": "<s>Be kind.</s><u>Hello?</u><a>"},
            "POST /completion": {"content": ""},
        }
        if asked in pages:
            writer.write(whole("200 OK", json.dumps(pages[asked]).encode()))
        elif server[0].body.get("stream"):
            writer.write(head() + chunk(" day") + b"data: [DONE]\n\n")
        else:
            writer.write(whole("200 OK", b"{}"))

    return answer


async def test_llama_cpp_goes_on_from_the_answers_beginning() -> None:
    server: list[Server] = []
    async with served(llama(server)) as (llm, found):
        server.append(found)
        assert await read(llm, LlmSettings(begin="Good")) == " day"  # not known yet
        await llm.warm(ASKED)
        assert await read(llm, LlmSettings(begin="Good")) == "Good day"
    messages = found.body["messages"]
    assert isinstance(messages, list) and messages[-1] == {"role": "assistant", "content": "Good"}


async def test_llama_cpp_reads_up_to_the_last_word() -> None:
    server: list[Server] = []
    async with served(llama(server)) as (llm, found):
        server.append(found)
        await llm.warm(ASKED)
        await llm.read(ASKED)
    assert found.asked[-2:] == ["POST /apply-template", "POST /completion"]
    assert found.body == {"prompt": "<s>Be kind.</s><u>Hello?", "n_predict": 0, "cache_prompt": True}


async def test_other_servers_read_by_making_a_token() -> None:
    async with served(sends(head(), chunk("x"), b"data: [DONE]\n\n")) as (llm, server):
        await llm.read(ASKED)
    assert server.asked == ["POST /v1/chat/completions"] and server.body["max_tokens"] == 1


async def test_a_page_that_is_no_template_is_an_engine_error() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        page = b'[{"id": 0}]' if server.asked[-1] == "GET /slots" else b"{}"
        writer.write(whole("200 OK", page))

    async with served(answer) as (llm, server):
        await llm.warm(ASKED)
        with pytest.raises(EngineError, match="not a template"):
            await llm.read(ASKED)
