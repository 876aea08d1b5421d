"""Text of an answer -> what it says, and the functions that it calls, as JSON objects in the manner of most templates.

Hermes and Qwen write {"name", "arguments"}, Llama {"name", "parameters"}, Mistral a list of the former; tags around
them belong to the call. A server reads them with a parser made for its model; in validation there is none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

Call = dict[str, Any]
"""{"name": text, "arguments": object}."""

_OPENING = re.compile(r"\s*(?:<[^<>\s]+>|\[TOOL_CALLS\])?\s*\[?\s*$")
_JSON = json.JSONDecoder()


def calls_in(text: str) -> tuple[str, list[Call]]:
    """(what stands before the first call without its opening tag, the calls in order); (text, []) if it calls none."""
    found = list(_found(text))
    if not found:
        return text, []
    return _OPENING.sub("", text[: found[0][0]]), [call for _, call in found]


def _found(text: str) -> Iterator[tuple[int, Call]]:
    place = text.find("{")
    while place >= 0:
        value, end = _object_at(text, place)
        if call := _call(value):
            yield place, call
        place = text.find("{", end)


def _object_at(text: str, place: int) -> tuple[Any, int]:
    """(the JSON object that begins there, its end); (None, the next place) if there is none."""
    try:
        return _JSON.raw_decode(text, place)
    except (ValueError, RecursionError):
        return None, place + 1


def _call(value: Any) -> Call | None:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return None
    arguments = value.get("arguments", value.get("parameters"))
    return {"name": value["name"], "arguments": arguments} if isinstance(arguments, dict) else None
