"""Question of another tool (a text, or messages in OpenAI's form) -> input of a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_ROLES = {"system": "system", "developer": "system", "user": "user", "human": "user", "assistant": "assistant"}
_SPOKEN_AS = {"example_user": "user", "example_assistant": "assistant"}
"""Names of system messages that are examples, as OpenAI's evals write them."""
_TEXTS = ("text", "input_text", "output_text")

Message = dict[str, str]


class NotAsked(Exception):  # noqa: N818 - a state of a question, always caught by what imports it
    """The question cannot be asked as it is; its text says why."""


def question(value: Any) -> str | list[Message]:
    """A text, or messages that end with the user's; a lone turn of the user is a text. Raises NotAsked.

    A conversation without a turn of the user is one with its last system message as that turn.
    """
    if isinstance(value, str):
        if not value.strip():
            raise NotAsked("it is empty")
        return value
    if not isinstance(value, list) or not value:
        raise NotAsked(f"it is {_shape(value)}, expected a text or messages")
    messages = [_message(each) for each in value]
    if all(each["role"] == "system" for each in messages):
        messages[-1]["role"] = "user"
    if messages[-1]["role"] != "user":
        raise NotAsked("its last message is not the user's")
    return messages[0]["content"] if len(messages) == 1 else messages


def is_system_alone(value: Any) -> bool:
    """Whether messages are the system's alone, of which `question` makes the last one the user's."""
    return isinstance(value, list) and bool(value) and all(_is_system(each) for each in value)


def _is_system(message: Any) -> bool:
    if not isinstance(message, Mapping) or message.get("name") in _SPOKEN_AS:
        return False
    return _ROLES.get(str(message.get("role"))) == "system"


def _message(value: Any) -> Message:
    if not isinstance(value, Mapping) or not isinstance(value.get("role"), str):
        raise NotAsked(f"a message is {_shape(value)}, expected role and content")
    role = _SPOKEN_AS.get(str(value.get("name")), "") or _ROLES.get(value["role"], "")
    if not role:
        raise NotAsked(f"a message has the role {value['role']!r}, which a case cannot have")
    if value.get("tool_calls") or value.get("function_call"):
        raise NotAsked("a message calls tools, which a case cannot hold")
    return {"role": role, "content": _text(value.get("content"))}


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    for part in parts:
        if isinstance(part, Mapping) and part.get("type") not in _TEXTS:
            raise NotAsked(f"a message has a part of type {part.get('type')!r}; only texts are asked")
        if not isinstance(part, str | Mapping):
            raise NotAsked(f"the content of a message is {_shape(part)}, expected a text")
    return "\n".join(part if isinstance(part, str) else str(part.get("text", "")) for part in parts)


def _shape(value: Any) -> str:
    return "empty" if value in (None, [], {}) else f"of the type {type(value).__name__}"


def shared_system(inputs: Sequence[Any]) -> str | None:
    """The system turn that all questions begin with, where each has one more turn; None if there is none."""
    found = {each[0]["content"] for each in inputs if _is_system_and_user(each)}
    return found.pop() if len(found) == 1 and all(map(_is_system_and_user, inputs)) else None


def _is_system_and_user(value: Any) -> bool:
    return isinstance(value, list) and [each["role"] for each in value] == ["system", "user"]


def without_system(inputs: Iterable[list[Message]]) -> list[str]:
    """The user's turn of each."""
    return [each[-1]["content"] for each in inputs]
