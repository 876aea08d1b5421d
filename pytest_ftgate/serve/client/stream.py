"""Lines of a streamed chat completion -> fields of a Response, with the time to the first token."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.files.secrets import mask
from pytest_ftgate.serve.retry import RequestError


@dataclass(slots=True)
class _Parsed:
    """What came so far."""

    texts: list[str] = field(default_factory=list)
    first: float | None = None
    finish_reason: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    done: bool = False


async def read_stream(lines: AsyncIterable[bytes], sent: float) -> dict[str, Any]:
    """Read to the end. sent: `time.monotonic()` when the request was sent; ttft_s counts from there.

    Raises RequestError: "connection" for a stream that breaks off, "server_error" for an error told inside it.
    """
    parsed = _Parsed()
    try:
        async for line in lines:
            if line.startswith(b"data:"):
                _parse(parsed, line[5:].strip())
    except ValueError as error:
        raise RequestError("refused", f"cannot parse the stream: {error}") from error
    if not parsed.done and parsed.finish_reason is None:
        raise RequestError("connection", "stream ended early")
    return {
        "text": "".join(parsed.texts),
        "finish_reason": "length" if parsed.finish_reason == "length" else "stop",
        "prompt_tokens": int(parsed.usage.get("prompt_tokens") or 0),
        "completion_tokens": int(parsed.usage.get("completion_tokens") or 0),
        "ttft_s": parsed.first - sent if parsed.first is not None else 0.0,
    }


def _parse(parsed: _Parsed, data: bytes) -> None:
    if data == b"[DONE]":
        parsed.done = True
        return
    try:
        _take(parsed, json.loads(data))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        said = mask(data.decode("utf-8", "replace"))[:200]
        raise RequestError("refused", f"not a chat completion chunk ({type(error).__name__}): {said!r}") from error


def _take(parsed: _Parsed, event: dict[str, Any]) -> None:
    if event.get("error"):
        raise RequestError("server_error", f"error in the stream: {mask(json.dumps(event['error']))[:500]}")
    parsed.usage = event.get("usage") or parsed.usage
    for choice in event.get("choices") or ():
        if text := (choice.get("delta") or {}).get("content"):
            parsed.first = parsed.first or time.monotonic()
            parsed.texts.append(text)
        parsed.finish_reason = choice.get("finish_reason") or parsed.finish_reason
