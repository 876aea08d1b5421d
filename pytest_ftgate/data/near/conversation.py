"""Training row -> the turns of its conversation, as OpenAI, ShareGPT, Anthropic and Vertex write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

_ROLES: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("user", "human"), "user")
    | dict.fromkeys(("assistant", "gpt", "model", "chatgpt", "bot", "function_call"), "assistant")
    | dict.fromkeys(("system", "developer"), "system")
    | {"tool": "tool", "function": "tool", "observation": "tool"}
)
_CONTENTS = ("content", "value", "parts", "text")
_TEXT_PARTS = ("text", "input_text", "output_text")
_MEDIA = ("image", "image_url", "input_image", "audio", "input_audio", "video", "video_url", "file", "document")
_COLUMNS = ("messages", "conversations", "conversation", "contents", "dialogue", "dialog", "turns")


def role_of(turn: object) -> str | None:
    """Who speaks in a turn: "user", "assistant", "system" or "tool" in any form; None of what is no turn."""
    if not isinstance(turn, Mapping):
        return None
    role = turn.get("role", turn.get("from") if "value" in turn else None)
    return _ROLES.get(role) if isinstance(role, str) else None


def is_turn(value: object) -> bool:
    """Whether an object is one turn of a conversation."""
    return role_of(value) is not None


def said_in(value: Mapping[str, Any]) -> Any:
    """The content of a turn; of a part of a content its text, "" of a picture or a sound; None of any other object."""
    kind = value.get("type")
    if kind in _TEXT_PARTS and isinstance(value.get("text"), str):
        return value["text"]
    if kind in _MEDIA and (kind in value or "source" in value):
        return ""
    if ("role" in value and ("content" in value or "parts" in value)) or ("from" in value and is_turn(value)):
        return next((value[key] for key in _CONTENTS if key in value), None)
    return None


def turns_in(value: object) -> Sequence[Any]:
    """The turns of a list of turns, or of an object that holds one (`{"messages": [...]}`); none of anything else."""
    return conversation_in(value) if isinstance(value, Mapping) else _turns(value)


def conversation_in(data: Mapping[str, Any]) -> Sequence[Any]:
    """The turns of the first column that is named as conversations are; none without one."""
    return next((turns for key in _COLUMNS if key in data and (turns := _turns(data[key]))), ())


def _turns(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) and value and all(map(is_turn, value)) else ()
