"""What a scripted server says -> the JSON of the APIs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

ERRORS = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error", 529: "overloaded_error"}


def error_body(status: int, text: str) -> dict[str, Any]:
    usual = "api_error" if status >= 500 else "invalid_request_error"
    return {"type": "error", "error": {"type": ERRORS.get(status, usual), "message": text}}


def as_message(body: dict[str, Any], said: Any, usage: dict[str, Any]) -> dict[str, Any]:
    """said: a dict, a text, or a Fault that has a stop_reason (cut off: half of a tool's input)."""
    stop = getattr(said, "stop_reason", "")
    given = said if isinstance(said, dict) else {} if stop == "max_tokens" else None
    content: list[dict[str, Any]] = []
    if given is not None and "format" in (body.get("output_config") or {}):
        content.append({"type": "text", "text": json.dumps(given)})
    elif given is not None and body.get("tools"):
        name = body["tools"][0]["name"]
        content.append({"type": "tool_use", "id": "toolu_1", "name": name, "input": given})
    elif isinstance(said, str):
        content.append({"type": "text", "text": said})
    words = len(json.dumps(said).split()) if isinstance(said, str | dict) else 1
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": stop or ("tool_use" if given is not None and body.get("tools") else "end_turn"),
        "stop_sequence": None,
        "usage": {**usage, "output_tokens": words},
    }


def as_events(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A message as server-sent events; each text or input in two parts."""
    empty = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    yield {"type": "message_start", "message": empty}
    for index, block in enumerate(message["content"]):
        tool = block["type"] == "tool_use"
        whole = json.dumps(block["input"]) if tool else block["text"]
        yield {
            "type": "content_block_start",
            "index": index,
            "content_block": {**block, **({"input": {}} if tool else {"text": ""})},
        }
        for part in (whole[: len(whole) // 2], whole[len(whole) // 2 :]):
            delta = {"type": "input_json_delta", "partial_json": part} if tool else {"type": "text_delta", "text": part}
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": message["stop_reason"], "stop_sequence": None},
        "usage": {"output_tokens": message["usage"]["output_tokens"]},
    }
    yield {"type": "message_stop"}


def as_completion(body: dict[str, Any], said: Any) -> dict[str, Any]:
    """The same as an answer of OpenAI's chat API: a tool call, or the text."""
    stop = {"max_tokens": "length", "refusal": "content_filter"}.get(getattr(said, "stop_reason", ""), "")
    message: dict[str, Any] = {"role": "assistant", "content": said if isinstance(said, str) else ""}
    if isinstance(said, dict) and body.get("tools"):
        function = {"name": body["tools"][0]["function"]["name"], "arguments": json.dumps(said)}
        message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
    elif isinstance(said, dict):
        message["content"] = json.dumps(said)
    words = sum(len(str(turn["content"]).split()) for turn in body["messages"])
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": stop or "stop"}],
        "usage": {"prompt_tokens": words, "completion_tokens": len(json.dumps(str(said)).split())},
    }
