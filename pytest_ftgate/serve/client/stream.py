"""Lines of a streamed chat completion -> fields of a Response, with the time to the first token."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.files.secrets import mask
from pytest_ftgate.serve.client.completion import MALFORMED, fingerprint_of, finish_reason, text_of, tokens_of
from pytest_ftgate.serve.client.reply_body import parse_json, storable
from pytest_ftgate.serve.retry import RequestError


@dataclass(slots=True)
class _Parsed:
    """What came so far."""

    texts: list[str] = field(default_factory=list)
    first: float | None = None
    finish_reason: object = None
    usage: object = None
    fingerprint: dict[str, str] = field(default_factory=dict)
    done: bool = False


async def read_stream(lines: AsyncIterable[bytes], sent: float) -> dict[str, Any]:
    """Read to the end. sent: `time.monotonic()` when the request was sent; ttft_s counts from there.

    Raises RequestError: "connection" for a stream that breaks off, "server_error" for an error told inside it.
    """
    parsed = _Parsed()
    async for line in lines:
        if line.startswith(b"data:"):
            _parse(parsed, line[5:].strip())
    if not parsed.done and parsed.finish_reason is None:
        raise RequestError("connection", "stream ended early")
    return {
        "text": storable("".join(parsed.texts)),
        "finish_reason": finish_reason(parsed.finish_reason),
        **tokens_of(parsed.usage),
        **parsed.fingerprint,
        "ttft_s": parsed.first - sent if parsed.first is not None else 0.0,
    }


def _parse(parsed: _Parsed, data: bytes) -> None:
    if data == b"[DONE]":
        parsed.done = True
        return
    try:
        _take(parsed, parse_json(data))
    except MALFORMED as error:
        said = mask(storable(data.decode("utf-8", "replace")))[:200]
        raise RequestError("refused", f"not a chat completion chunk ({type(error).__name__}): {said!r}") from error


def _take(parsed: _Parsed, event: dict[str, Any]) -> None:
    if event.get("error"):
        raise RequestError("server_error", f"error in the stream: {mask(json.dumps(event['error']))[:500]}")
    parsed.usage = event.get("usage") or parsed.usage
    parsed.fingerprint = fingerprint_of(event) or parsed.fingerprint
    for choice in event.get("choices") or ():
        if choice.get("index"):
            continue  # a second answer, which was not asked for
        delta = choice.get("delta") or {}
        if text := text_of(delta.get("content") or delta.get("refusal")):
            parsed.first = parsed.first or time.monotonic()
            parsed.texts.append(text)
        parsed.finish_reason = choice.get("finish_reason") or parsed.finish_reason
