"""(Settings, request) -> the body of a Messages request, and its answer -> parsed reply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pytest_ftgate.serve.api.parse import ParsedReply, parsed
from pytest_ftgate.serve.api.request import ApiRequest, Tool, Usage
from pytest_ftgate.serve.api.settings import Settings
from pytest_ftgate.serve.client.completion import count_of
from pytest_ftgate.serve.client.reply_body import storable, storable_json


def body_of(settings: Settings, ask: ApiRequest) -> dict[str, Any]:
    """What is sent to /v1/messages. The last system block ends what is cached."""
    body: dict[str, Any] = {"model": settings.model, "max_tokens": ask.max_tokens, "messages": list(ask.messages)}
    if ask.system:
        body["system"] = _system(ask.system)
    if ask.tool:
        body |= _form(settings, ask.tool)
    if ask.temperature is not None:
        body["temperature"] = ask.temperature
    return body | _thinking(settings)


def _system(texts: tuple[str, ...]) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text} for text in texts]
    blocks[-1]["cache_control"] = {"type": "ephemeral"}
    return blocks


def _form(settings: Settings, tool: Tool) -> dict[str, Any]:
    """A tool, or the schema for the text, which needs no tools and can be had with thinking."""
    if settings.structured == "json_schema":
        return {"output_config": {"format": {"type": "json_schema", "schema": dict(tool.schema)}}}
    return {"tools": [_tool(tool)], "tool_choice": _choice(settings, tool)}


def _tool(tool: Tool) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": dict(tool.schema), "strict": True}


def _choice(settings: Settings, tool: Tool) -> dict[str, Any]:
    """A forced tool; Claude refuses to be forced while it thinks."""
    if settings.thinking:
        return {"type": "auto", "disable_parallel_tool_use": True}
    return {"type": "tool", "name": tool.name, "disable_parallel_tool_use": True}


def _thinking(settings: Settings) -> dict[str, Any]:
    """A small Claude thinks unless told not to; a larger one may refuse to be told, and others know no such thing."""
    if settings.thinking:
        return {"thinking": {"type": "adaptive"}}
    return {"thinking": {"type": "disabled"}} if settings.model.startswith("claude-haiku") else {}


def parsed_reply(message: Any, structured: str) -> ParsedReply:
    """A Message of the SDK. Raises TypeError, ValueError or AttributeError if it is none, or not a whole one.

    A stream that was broken off reaches us as a Message without a reason to stop, not as an error.
    """
    if not message.stop_reason:
        raise ValueError("no stop_reason: incomplete message")
    blocks: Iterable[Any] = list(message.content)
    inputs = [block.input for block in blocks if block.type == "tool_use"]
    text = "".join(block.text for block in blocks if block.type == "text")
    given = parsed(text) if structured == "json_schema" else next(iter(inputs), None)
    return ParsedReply(storable_json(given), storable(text), storable(str(message.stop_reason)), _usage(message.usage))


def _usage(usage: Any) -> Usage:
    return Usage(
        count_of(usage.input_tokens),
        count_of(usage.output_tokens),
        count_of(usage.cache_read_input_tokens),
        count_of(usage.cache_creation_input_tokens),
    )


def split(body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(arguments of the SDK, extra body): the SDK has no argument for a temperature, which older models still take."""
    extra = {key: body[key] for key in ("temperature",) if key in body}
    return {key: value for key, value in body.items() if key not in extra}, extra
