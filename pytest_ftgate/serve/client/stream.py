"""Lines of a streamed chat completion -> fields of a Response, with the time to the first token."""

from __future__ import annotations

import json
import time
from codecs import BOM_UTF8
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.files.secrets import mask
from pytest_ftgate.serve.client.completion import (
    MALFORMED,
    ending_of,
    fingerprint_of,
    latest_tokens,
    said_of,
    tokens_of,
)
from pytest_ftgate.serve.client.message import answer_of, arguments_of, name_of, reasoning_of
from pytest_ftgate.serve.client.reply_body import parse_json, storable
from pytest_ftgate.serve.retry import RequestError


@dataclass(slots=True)
class _Call:
    """A tool call as it comes: the name, then the arguments bit by bit."""

    name: str = ""
    arguments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Parsed:
    """What came so far. calls: by their place in the answer."""

    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    calls: dict[int, _Call] = field(default_factory=dict)
    first: float | None = None
    finish_reason: object = None
    tokens: dict[str, int] = field(default_factory=lambda: tokens_of(None))
    fingerprint: dict[str, str] = field(default_factory=dict)
    done: bool = False


async def read_stream(lines: AsyncIterable[bytes], sent: float) -> dict[str, Any]:
    """Read to the end. sent: `time.monotonic()` when the request was sent; ttft_s counts from there.

    Raises RequestError: "connection" for a stream that breaks off, "server_error" for an error told inside it.
    """
    parsed = _Parsed()
    async for event in _events(lines):
        _parse(parsed, event)
    if not parsed.done and parsed.finish_reason is None:
        raise RequestError("connection", "stream ended early")
    calls = [_whole(parsed.calls[place]) for place in sorted(parsed.calls)]
    return {
        **said_of("".join(parsed.texts), "".join(parsed.thoughts), calls),
        **ending_of(parsed.finish_reason),
        **parsed.tokens,
        **parsed.fingerprint,
        "ttft_s": parsed.first - sent if parsed.first is not None else 0.0,
    }


async def _events(lines: AsyncIterable[bytes]) -> AsyncIterator[list[bytes]]:
    """The data lines of each event; a blank line ends it, or the end of the stream."""
    data: list[bytes] = []
    async for each in lines:
        line = each.removeprefix(BOM_UTF8)
        if line.startswith(b"data:"):
            data.append(line[5:].strip())
        elif not line and data:
            yield data
            data = []
    if data:
        yield data


def _parse(parsed: _Parsed, data: list[bytes]) -> None:
    """An event. Of one whose lines are no JSON together, each line is read as an event of its own."""
    whole = b"\n".join(data).strip()
    try:
        _take(parsed, whole)
    except MALFORMED as error:
        if len(data) == 1:
            said = mask(storable(whole.decode("utf-8", "replace")))[:200]
            raise RequestError("refused", f"not a chat completion chunk ({type(error).__name__}): {said!r}") from error
        for line in data:
            _parse(parsed, [line])


def _take(parsed: _Parsed, data: bytes) -> None:
    if data in {b"[DONE]", b""}:
        parsed.done = parsed.done or data == b"[DONE]"
        return
    event = parse_json(data)
    if event.get("error"):
        raise RequestError("server_error", f"error in the stream: {mask(json.dumps(event['error']))[:500]}")
    parsed.tokens = latest_tokens(parsed.tokens, event.get("usage"))
    parsed.fingerprint = fingerprint_of(event) or parsed.fingerprint
    for choice in event.get("choices") or ():
        if not choice.get("index"):  # else a second answer, which was not asked for
            _add(parsed, choice.get("delta") or {})
            parsed.finish_reason = choice.get("finish_reason") or parsed.finish_reason


def _add(parsed: _Parsed, delta: dict[str, Any]) -> None:
    text, thought = answer_of(delta), reasoning_of(delta)
    parsed.texts.append(text)
    parsed.thoughts.append(thought)
    called = [*(delta.get("tool_calls") or ())]
    if old := delta.get("function_call"):
        called.append({"index": 0, "function": old})
    for each in called:
        _add_call(parsed.calls, each)
    if text or thought or called:
        parsed.first = parsed.first or time.monotonic()


def _add_call(calls: dict[int, _Call], delta: dict[str, Any]) -> None:
    """A piece of a tool call. Without an index, a name begins a call, and what has no name belongs to the last."""
    function, place = delta.get("function") or {}, delta.get("index")
    if not isinstance(place, int):
        begins = bool(function.get("name")) or not calls
        place = len(calls) if begins else len(calls) - 1
    call = calls.setdefault(place, _Call())
    if function.get("name"):
        call.name = name_of(function)
    call.arguments.append(arguments_of(function))


def _whole(call: _Call) -> dict[str, str]:
    if not call.name:
        raise RequestError("refused", "the answer calls a function without a name")
    return {"name": call.name, "arguments": "".join(call.arguments)}
