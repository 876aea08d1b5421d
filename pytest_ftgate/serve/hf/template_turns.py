"""Messages and tools as OpenAI writes them -> what chat templates take; for training, counting and serving alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def template_turns(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Copies of the messages; arguments of tool calls that are JSON in a text become the object, as vLLM does it.

    A template writes them as JSON itself, so that a text would be encoded twice.
    """
    return [_turn(message) for message in messages]


def template_tools(tools: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]] | None:
    """The tools as vLLM gives them to a template, so that a model is trained on what it will be shown; None for none.

    In OpenAI's order, a missing description or parameters as null, `strict` only where it stands.
    """
    return [{"type": "function", "function": _function(tool["function"])} for tool in tools] or None


def _function(told: Mapping[str, Any]) -> dict[str, Any]:
    function = {key: told.get(key) for key in ("name", "description", "parameters")}
    return function if told.get("strict") is None else {**function, "strict": told["strict"]}


def _turn(message: Mapping[str, Any]) -> dict[str, Any]:
    turn = dict(message)
    if "tool_calls" in turn:
        turn["tool_calls"] = [_call(call) for call in turn["tool_calls"]]
    return turn


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = dict(call["function"])
    function["arguments"] = _arguments(function.get("arguments", {}))
    return {**call, "function": function}


def _arguments(written: Any) -> Any:
    """The object that a text stands for; anything else as it is, "" as none."""
    if not isinstance(written, str):
        return written
    try:
        return json.loads(written or "{}")
    except ValueError:
        return written
