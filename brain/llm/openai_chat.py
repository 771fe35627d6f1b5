"""`Llm` over any server that speaks the OpenAI chat API: llama.cpp's, vLLM's, a provider's.

The only file that imports httpx. Answers are streamed as server-sent events (WHATWG HTML, section 9.2:
`data:` lines ended by a blank line, the last one `[DONE]`). Closing the iterator closes the connection,
which is how these servers are told to stop generating.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from brain.engines import EngineError, LlmSettings, Message

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenAiChatConfig:
    """Where the model is.

    base_url: up to and with "/v1". model: the name the server knows. The key is `api_key`, else the
    environment variable `api_key_env`, else none is sent. Times are seconds: to connect, to wait for each
    further piece of an answer, and for the first read of a long prompt.
    """

    base_url: str
    model: str = "default"
    api_key: str = ""
    api_key_env: str = "OFFHOOK_LLM_API_KEY"
    connect_s: float = 1.0
    piece_s: float = 10.0
    warm_s: float = 120.0

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")):
            raise ValueError(f"llm.url must start with http:// or https://, got {self.base_url!r}")

    def key(self) -> str:
        """The API key, or an empty string."""
        return self.api_key or os.environ.get(self.api_key_env, "")


class OpenAiChat:
    """One server, many callers. Use as `async with`, or call `aclose` at the end.

    It never retries: a caller is waiting, and whoever asked has a scripted way on.
    """

    def __init__(self, config: OpenAiChatConfig, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._config = config
        key = config.key()
        self._client = httpx.AsyncClient(
            base_url=config.base_url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(config.piece_s, connect=config.connect_s),
            # One connection a call that is thinking, none shared: closing one must stop one answer only.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
            trust_env=False,  # a proxy from the environment must not see callers' words
            transport=transport,
        )
        self._reading_prompt = asyncio.Lock()
        """Held while a prompt is read. Asked meanwhile, llama.cpp would read it in another slot as well, both at half
        the speed."""
        self._ours = False
        """Whether the server is llama.cpp: it goes on from the beginning of an answer, and holds it to the schema."""

    async def __aenter__(self) -> OpenAiChat:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections; answers in progress end with EngineError."""
        await self._client.aclose()

    async def warm(self, messages: Sequence[Message]) -> None:
        """Have the server read `messages` and keep them in its prefix cache. Raises EngineError.

        llama.cpp has a cache for each slot: the first slot's is copied to all, or the second caller at once
        would wait for the whole prompt to be read (8 s on two cores) and hold up the first. Whoever asks meanwhile
        waits.
        """
        async with self._reading_prompt:
            await self._warm(messages)

    async def _warm(self, messages: Sequence[Message]) -> None:
        body = self._body(messages, LlmSettings(max_tokens=1)) | {"stream": False}
        timeout = httpx.Timeout(self._config.warm_s, connect=self._config.connect_s)
        try:
            response = await self._client.post("chat/completions", json=body, timeout=timeout)
            if response.status_code != 200:
                raise _refused(response.status_code, response.text)
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:
            raise _engine_error(error) from error
        try:
            await self._copy_slots()
        except (httpx.HTTPError, RuntimeError) as error:
            log.info("the model is warm, its other slots aren't: %s", _engine_error(error))

    async def _copy_slots(self) -> None:
        """Copy the prefix cache of the slot used last to the others, where the server has such (llama.cpp).

        GET /slots and POST /slots/ID?action=save|restore, tools/server/README.md of llama.cpp.
        """
        root = self._root()
        listed = await self._client.get(root.join("slots"))
        tasks = _slots(listed.text) if listed.status_code == 200 else {}
        self._ours = bool(tasks)
        if len(tasks) < 2:
            return
        used = max(tasks, key=tasks.__getitem__)
        file = {"filename": "prefix.bin"}
        saved = await self._client.post(root.join(f"slots/{used}?action=save"), json=file)
        if saved.status_code != 200:
            return  # a server that may not write files: its other slots read the prompt when they need it
        for slot in tasks:
            if slot != used:
                await self._client.post(root.join(f"slots/{slot}?action=restore"), json=file)

    def _root(self) -> httpx.URL:
        return self._client.base_url.copy_with(path=self._client.base_url.path.removesuffix("v1/"))

    async def read(self, messages: Sequence[Message]) -> None:
        """Have the server read as far as `messages` go. Raises EngineError.

        llama.cpp reads up to the last message's last word, and makes no token (POST /apply-template and
        /completion with `n_predict` 0, tools/server/README.md). Others also read what ends the message, and make one.
        """
        await self._prompt_read()
        if not self._ours:
            async for _ in self.chat(messages, LlmSettings(max_tokens=1)):
                pass
            return
        try:
            body: dict[str, Any] = {"messages": _as_rows(messages)}
            written = await self._client.post(self._root().join("apply-template"), json=body)
            prompt = str(written.json()["prompt"])
            open_end = prompt[: prompt.rindex(messages[-1].content) + len(messages[-1].content)]
            body = {"prompt": open_end, "n_predict": 0, "cache_prompt": True}
            response = await self._client.post(self._root().join("completion"), json=body)
            if response.status_code != 200:
                raise _refused(response.status_code, response.text)
        except (ValueError, KeyError, TypeError) as error:
            raise EngineError("llm", f"not a template: {_one_line(written.text)}") from error
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:
            raise _engine_error(error) from error

    async def chat(self, messages: Sequence[Message], settings: LlmSettings) -> AsyncIterator[str]:
        """Pieces of the answer as they come; closing the iterator cancels. Raises EngineError.

        `settings.begin` goes to llama.cpp as the last message, which its answer continues; the schema holds for both
        together. Servers that can't be known to do so don't get it.
        """
        await self._prompt_read()
        body = self._body(messages, settings)
        if settings.begin and self._ours:
            body["messages"].append({"role": "assistant", "content": settings.begin})
            yield settings.begin
        try:
            async with self._client.stream("POST", "chat/completions", json=body) as response:
                if response.status_code != 200:
                    raise _refused(response.status_code, (await response.aread()).decode(errors="replace"))
                async for line in response.aiter_lines():
                    if not line.startswith("data:"):
                        continue  # blank lines end an event; lines with a colon first keep the line open
                    data = line[5:].strip()
                    if data == "[DONE]":
                        return
                    if piece := _piece(data):
                        yield piece
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:
            raise _engine_error(error) from error
        raise EngineError("llm", "the answer broke off")

    async def _prompt_read(self) -> None:
        async with self._reading_prompt:
            pass

    def _body(self, messages: Sequence[Message], settings: LlmSettings) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._config.model,
            "messages": _as_rows(messages),
            "max_tokens": settings.max_tokens,
            "temperature": settings.temperature,
            "stream": True,
        }
        if settings.stop:
            body["stop"] = list(settings.stop)
        if settings.schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": dict(settings.schema)},
            }
        return body


def _as_rows(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": m.role, "content": m.content} for m in messages]


def _slots(text: str) -> dict[int, int]:
    """The number of each slot's last task, -1 before its first. Empty for anything but llama.cpp's list.

    Other servers answer an unknown path with a page of their own, and 200.
    """
    try:
        return {int(slot["id"]): int(slot.get("id_task", -1)) for slot in json.loads(text)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _piece(data: str) -> str:
    """The text in one event. Raises EngineError for an error event or one that isn't a chat chunk."""
    try:
        event: Mapping[str, Any] = json.loads(data)
        if "error" in event:
            raise EngineError("llm", _one_line(str(event["error"])))
        choices = event["choices"]
        return str(choices[0]["delta"].get("content") or "") if choices else ""
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise EngineError("llm", f"not a chat chunk: {_one_line(data)}") from error


def _refused(status: int, text: str) -> EngineError:
    return EngineError("llm", f"HTTP {status}: {_one_line(text)}")


def _engine_error(error: Exception) -> EngineError:
    return EngineError("llm", f"{type(error).__name__}: {_one_line(str(error))}".removesuffix(": "))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
