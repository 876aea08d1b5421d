"""A message of a chat completion, or what a stream adds to one -> its text, its reasoning and its tool calls."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

SAYS_SOMETHING = frozenset({"content", "refusal", "reasoning_content", "reasoning", "tool_calls", "function_call"})
"""Keys of a message of which one at least is there, be it null; a message without any is none."""

_THOUGHTS = frozenset({"thinking", "reasoning", "reasoning_text", "redacted_thinking"})
"""Types of parts of a content that are reasoning."""

_REASONING = ("reasoning_content", "reasoning")
"""Where servers put what a model thought; those that write both write the same."""


def answer_of(message: Mapping[str, Any]) -> str:
    """The text of the answer, or what the model says when it refuses. Raises TypeError for what is no text."""
    return text_of(message.get("content")) or text_of(message.get("refusal"))


def text_of(content: object) -> str:
    """The text of a content: as it is, or that of its parts in a list, without those that are reasoning; "" for null.

    Raises TypeError for anything else.
    """
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list):
        return "".join(_text_of_part(part) for part in content if not _is_thought(part))
    raise TypeError(f"content is {type(content).__name__}, not a text")


def reasoning_of(message: Mapping[str, Any]) -> str:
    """What a server tells apart from the answer as the model's reasoning; "" for nothing, and for what is no text."""
    told = next((said for name in _REASONING if (said := _thought(message.get(name)))), "")
    content = message.get("content")
    parts = content if isinstance(content, list) else ()
    return told + "".join(_thought(part.get(part["type"]) or part.get("text")) for part in parts if _is_thought(part))


def calls_of(message: Mapping[str, Any]) -> list[dict[str, str]]:
    """The functions that the model asks to call, {"name", "arguments" (JSON as text)}, in order.

    Raises KeyError, TypeError or AttributeError for what is no call.
    """
    return [{"name": name_of(each), "arguments": arguments_of(each)} for each in functions_of(message)]


def functions_of(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What stands below "function" in each of the tool calls, and the one call of an older API."""
    for call in message.get("tool_calls") or ():
        yield call["function"]
    if message.get("function_call"):
        yield message["function_call"]


def name_of(function: Mapping[str, Any]) -> str:
    """The name of a called function. Raises TypeError or KeyError if it has none."""
    if isinstance(name := function["name"], str) and name:
        return name
    raise TypeError(f"the name of a called function is {type(name).__name__}, not a text")


def arguments_of(function: Mapping[str, Any]) -> str:
    """The arguments as JSON text, which some servers send as an object; "" if there are none."""
    given = function.get("arguments")
    if given is None or isinstance(given, str):
        return given or ""
    return json.dumps(given, ensure_ascii=False)


def _text_of_part(part: object) -> str:
    if isinstance(part, Mapping):
        text = part.get("text")
        return text if isinstance(text, str) else ""
    if isinstance(part, str):
        return part
    raise TypeError(f"a part of content is {type(part).__name__}, not a text")


def _is_thought(part: object) -> bool:
    kind = part.get("type") if isinstance(part, Mapping) else None
    return isinstance(kind, str) and kind in _THOUGHTS


def _thought(given: object) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(given, str):
        return given
    parts = given if isinstance(given, list) else ()
    return "".join(text for part in parts if isinstance(part, Mapping) and isinstance(text := part.get("text"), str))
