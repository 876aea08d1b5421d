"""(Settings, key) -> a line to a server that speaks the OpenAI chat API, such as vLLM or llama.cpp."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp

from pytest_ftgate.files.secrets import mask, remember
from pytest_ftgate.serve.address import address_of, key_headers
from pytest_ftgate.serve.api.hints import hint_of
from pytest_ftgate.serve.api.parse import ParsedReply, parsed
from pytest_ftgate.serve.api.request import ApiRequest, Tool, Usage
from pytest_ftgate.serve.api.settings import Settings
from pytest_ftgate.serve.client.completion import MALFORMED, count_of, ending_of
from pytest_ftgate.serve.client.error_body import message_of
from pytest_ftgate.serve.client.message import functions_of, text_of
from pytest_ftgate.serve.client.proxy import proxy_for
from pytest_ftgate.serve.client.reasoning import split
from pytest_ftgate.serve.client.reply_body import REDIRECTS, parse_json, read_body, redirected, storable
from pytest_ftgate.serve.retry import RequestError, of_status


class OpenAILine:
    """One aiohttp session for all attempts; made inside the loop that uses it."""

    def __init__(self, settings: Settings, key: str) -> None:
        self._settings = settings
        self._url = address_of(settings.base_url, "/chat/completions")
        self._headers = key_headers(self._url, remember(key))
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        )

    async def ask(self, ask: ApiRequest) -> ParsedReply:
        """One attempt. Raises RequestError."""
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                status, raw, headers = await self._post(body_of(self._settings, ask))
        except RequestError:
            raise
        except TimeoutError:
            raise RequestError("timeout", f"no answer within {self._settings.timeout_s:g} s", billed=True) from None
        except aiohttp.ClientConnectorError as error:
            raise RequestError("connection", f"{type(error).__name__}: {error}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise RequestError("connection", f"{type(error).__name__}: {error}", billed=True) from None
        except Exception as error:  # noqa: BLE001 - what a body can do to the libraries that read it has no end
            raise RequestError("malformed", f"{type(error).__name__}: {error}", billed=True) from None
        if status != 200:
            said = raw.decode("utf-8", "replace")
            raise of_status(status, message_of(said), headers, hint_of(status, said))
        return parsed_reply(raw, self._settings.structured == "tools")

    async def _post(self, body: dict[str, Any]) -> tuple[int, bytes, Mapping[str, str]]:
        proxy = proxy_for(self._url)
        async with self._session.post(
            self._url, json=body, headers=self._headers, proxy=proxy, allow_redirects=False
        ) as reply:
            if reply.status in REDIRECTS:
                raise redirected(reply.status, reply.headers.get("Location", ""))
            return reply.status, await read_body(reply.content), reply.headers

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()


def body_of(settings: Settings, ask: ApiRequest) -> dict[str, Any]:
    """What is sent to /chat/completions: one system turn, and a forced tool or a schema for the answer."""
    system = [{"role": "system", "content": "\n\n".join(ask.system)}] if ask.system else []
    body: dict[str, Any] = {
        "model": settings.model,
        "max_tokens": ask.max_tokens,
        "messages": [*system, *map(dict, ask.messages)],
    }
    if ask.temperature is not None:
        body["temperature"] = ask.temperature
    if ask.tool:
        body |= _tools(ask.tool) if settings.structured == "tools" else _schema(ask.tool)
    return body


def _tools(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.schema), "strict": True}
    return {
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": tool.name}},
    }


def _schema(tool: Tool) -> dict[str, Any]:
    form = {"name": tool.name, "description": tool.description, "schema": dict(tool.schema), "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def parsed_reply(raw: bytes, tools: bool) -> ParsedReply:
    """Body of a chat completion. tools: the structured answer comes as a tool call. Raises RequestError."""
    try:
        data = parse_json(raw)
        choice = data["choices"][0]
        message = choice["message"]
        text = storable(split(text_of(message.get("content")))[1])
        calls = [function.get("arguments") for function in functions_of(message)]
        given = calls[0] if calls else (None if tools else text)
        stop = "content_filter" if message.get("refusal") else _stop_reason(choice.get("finish_reason"))
        return ParsedReply(parsed(given), text, stop, _usage(data.get("usage")))
    except MALFORMED as error:
        said = mask(storable(raw.decode("utf-8", "replace")))[:200]
        text = f"invalid chat completion ({type(error).__name__}): {said!r}"
        raise RequestError("malformed", text, billed=True) from None


def _stop_reason(given: object) -> str:
    """One of "stop", "length" or "content_filter". Raises RequestError for any other end of an answer."""
    try:
        return ending_of(given)["finish_reason"]
    except RequestError as trouble:
        if trouble.kind == "filtered":
            return "content_filter"
        raise


def _usage(given: object) -> Usage:
    usage = given if isinstance(given, Mapping) else {}
    details = usage.get("prompt_tokens_details")
    read = count_of(details.get("cached_tokens")) if isinstance(details, Mapping) else 0
    prompt = count_of(usage.get("prompt_tokens"))
    return Usage(max(0, prompt - read), count_of(usage.get("completion_tokens")), read)
