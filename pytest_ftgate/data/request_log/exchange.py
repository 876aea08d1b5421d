"""JSON object -> LoggedRequest: a line of `ftgate serve`, or a request and response as OpenAI's API has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.data.request_log.request import LoggedRequest

_OUTPUTS = ("output", "completion", "answer", "response_text")


def exchange_of(line: int, data: Mapping[str, Any]) -> LoggedRequest | None:
    """None of an object in which nothing is asked; input "" of a request without text: token ids, a picture alone."""
    asked, answered = _object(data, "request"), _object(data, "response")
    source = asked if asked is not None else data
    found = _asked(source)
    if not found and "" not in (source.get("input"), source.get("prompt")):
        return None
    output = next((data[key] for key in _OUTPUTS if data.get(key) is not None), None)
    if output is None and answered is not None:
        output = answer_in(answered)
    elif output is None and asked is None and _ends_answered(found):
        *found, last = found
        output = last.get("content")
    if not _is_text(found) or not Row("", line, {"input": found}).question.strip():
        found = ""
    at = next((data[key] for key in ("at", "timestamp", "created_at") if isinstance(data.get(key), str)), "")
    model = next((each["model"] for each in (data, source) if isinstance(each.get("model"), str)), "")
    return LoggedRequest(line, found, output, at, model)


def _object(data: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    """What stands at a key, or in its `body`, as in a file of a batch."""
    found = data.get(key)
    if not isinstance(found, Mapping):
        return None
    body = found.get("body")
    return body if isinstance(body, Mapping) else found


def _asked(source: Mapping[str, Any]) -> Any:
    """`input` or `messages` as they are, else what a row of these columns asks."""
    told = source.get("instructions")
    if isinstance(told, str) and isinstance(source.get("input"), str | list):
        asked = source["input"]
        turns = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
        return [{"role": "system", "content": told}, *turns] if turns and asked else asked
    for key in ("input", "messages"):
        if isinstance(source.get(key), str | Mapping | list):
            return source[key]
    return source["prompt"] if isinstance(source.get("prompt"), list) else Row("", 0, source).question


def _ends_answered(asked: Any) -> bool:
    """Whether it is a conversation whose last turn is the model's."""
    last = asked[-1] if isinstance(asked, list) and len(asked) > 1 else None
    return isinstance(last, Mapping) and last.get("role") == "assistant"


def _is_text(asked: Any) -> bool:
    """Whether it is a text, variables, messages, or a script of texts."""
    if isinstance(asked, str | Mapping):
        return True
    return all(isinstance(turn, str) for turn in asked) or all(
        isinstance(turn, Mapping) and "role" in turn for turn in asked
    )


def answer_in(response: Mapping[str, Any]) -> Any:
    """The text of a chat completion, a completion or a response of the Responses API; None if it has none."""
    choices = response.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, Mapping):
        return response.get("output_text") or _output_text(response.get("output"))
    message = first.get("message")
    return message.get("content") if isinstance(message, Mapping) else first.get("text")


def _output_text(output: Any) -> str | None:
    """The texts of the messages among the items of a response."""
    items = [item.get("content") for item in output if isinstance(item, Mapping)] if isinstance(output, list) else []
    parts = [part for content in items if isinstance(content, list) for part in content if isinstance(part, Mapping)]
    return "".join(str(part.get("text", "")) for part in parts if part.get("type") == "output_text") or None
