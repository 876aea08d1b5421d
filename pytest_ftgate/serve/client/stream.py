"""Lines of a streamed chat completion -> fields of a Response, with the time to the first token."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.serve.client.errors import Trouble


@dataclass(slots=True)
class _Heard:
    """What came so far."""

    texts: list[str] = field(default_factory=list)
    first: float | None = None
    finish_reason: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    done: bool = False


async def read_stream(lines: AsyncIterable[bytes], sent: float) -> dict[str, Any]:
    """Read to the end. sent: `time.monotonic()` when the request was sent; ttft_s counts from there.

    Raises Trouble: "connection" for a stream that breaks off, "server_error" for an error told inside it.
    """
    heard = _Heard()
    try:
        async for line in lines:
            if line.startswith(b"data:"):
                _hear(heard, line[5:].strip())
    except ValueError as error:
        raise Trouble("refused", f"the stream cannot be read: {error}") from error
    if not heard.done and heard.finish_reason is None:
        raise Trouble("connection", "the stream ended before the answer did")
    return {
        "text": "".join(heard.texts),
        "finish_reason": "length" if heard.finish_reason == "length" else "stop",
        "prompt_tokens": int(heard.usage.get("prompt_tokens") or 0),
        "completion_tokens": int(heard.usage.get("completion_tokens") or 0),
        "ttft_s": heard.first - sent if heard.first is not None else 0.0,
    }


def _hear(heard: _Heard, data: bytes) -> None:
    if data == b"[DONE]":
        heard.done = True
        return
    try:
        _take(heard, json.loads(data))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        said = data[:200].decode("utf-8", "replace")
        raise Trouble("refused", f"no event of a chat completion ({type(error).__name__}): {said!r}") from error


def _take(heard: _Heard, event: dict[str, Any]) -> None:
    if event.get("error"):
        raise Trouble("server_error", f"error in the stream: {json.dumps(event['error'])[:500]}")
    heard.usage = event.get("usage") or heard.usage
    for choice in event.get("choices") or ():
        if text := (choice.get("delta") or {}).get("content"):
            heard.first = heard.first or time.monotonic()
            heard.texts.append(text)
        heard.finish_reason = choice.get("finish_reason") or heard.finish_reason
