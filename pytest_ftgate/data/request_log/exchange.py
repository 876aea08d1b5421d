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
    if not found:
        return None
    if not _is_text(found) or not Row("", line, {"input": found}).question.strip():
        found = ""
    output = next((data[key] for key in _OUTPUTS if data.get(key) is not None), None)
    if output is None and answered is not None:
        output = answer_in(answered)
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
    for key in ("input", "messages"):
        if isinstance(source.get(key), str | Mapping | list):
            return source[key]
    return source["prompt"] if isinstance(source.get("prompt"), list) else Row("", 0, source).question


def _is_text(asked: Any) -> bool:
    """Whether it is a text, variables, messages, or a script of texts."""
    if isinstance(asked, str | Mapping):
        return True
    return all(isinstance(turn, str) for turn in asked) or all(
        isinstance(turn, Mapping) and "role" in turn for turn in asked
    )


def answer_in(response: Mapping[str, Any]) -> Any:
    """The text of a chat completion or a completion; None if it has none."""
    choices = response.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, Mapping):
        return response.get("output_text")
    message = first.get("message")
    return message.get("content") if isinstance(message, Mapping) else first.get("text")
