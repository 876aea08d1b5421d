"""Tools and calls of them in any dialect -> OpenAI's form. Raises TurnsError for what is none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_ftgate.data.readers.shapes.turn import Call, TurnsError, kind

_TOLD = ("name", "description", "strict", "parameters", "input_schema")
_SCHEMAS = {"input_schema": "parameters"}


def tools_of(value: Any) -> tuple[Mapping[str, Any], ...]:
    """The functions that a model may call: a list, or that as a text of JSON, as OpenAI, Anthropic or Vertex has it."""
    value = _parsed(value, "'tools'")
    if not isinstance(value, list):
        raise TurnsError(f"'tools' is {kind(value)}; expected a list of functions")
    return tuple(tool for each in value for tool in _tools(each))


def _tools(value: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(value, Mapping):
        raise TurnsError(f"'tools' holds {kind(value)}; expected functions with a name")
    if declared := value.get("functionDeclarations") or value.get("function_declarations"):
        yield from tools_of(declared)
        return
    function = value.get("function", value)
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise TurnsError("'tools' holds a function without a name")
    told = {_SCHEMAS.get(key, key): function[key] for key in _TOLD if function.get(key) is not None}
    _written(told, "'tools'")
    yield {"type": "function", "function": told}


def call_of(value: Any, number: int) -> Call:
    """A call: OpenAI's, or name and arguments alone. number: place of it in the turn, for one without an id."""
    if not isinstance(value, Mapping):
        raise TurnsError(f"calls {kind(value)}; expected a function's name and arguments")
    function = value.get("function", value)
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(name, str) or not name:
        raise TurnsError("has a tool call without a name")
    arguments: Any = next(
        (function[key] for key in ("arguments", "args", "input") if function.get(key) is not None), {}
    )
    if isinstance(arguments, str):
        _parsed(arguments or "{}", f"has a tool call of {name} whose arguments")
    text = (arguments or "{}") if isinstance(arguments, str) else _written(arguments, "has a tool call that")
    call_id = str(value.get("id") or f"call_{number}")
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": text}}


def calls_in(value: Any) -> tuple[Call, ...]:
    """A list of calls, one call, or a text of JSON that is either."""
    value = _parsed(value, "has tool calls that")
    values = value if isinstance(value, list) else [value]
    return tuple(call_of(each, number) for number, each in enumerate(values, 1))


def _written(value: Any, what: str) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise TurnsError(f"{what} cannot be written as JSON: {error}") from None


def _parsed(value: Any, what: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise TurnsError(f"{what} cannot be read as JSON") from None
