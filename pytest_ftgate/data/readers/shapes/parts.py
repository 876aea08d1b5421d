"""Content of a message, a text or a list of parts -> what it says: text, thoughts, calls and results of tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.data.readers.shapes.calls import call_of
from pytest_ftgate.data.readers.shapes.turn import Call, Turn, TurnsError, kind

NO_MEDIA = "only text is trained: remove the row, or describe in words what it shows"
_TEXTS = frozenset({"text", "input_text", "output_text"})


@dataclass
class Content:
    """text: the parts, one a line. results: a tool's turn each."""

    texts: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    results: list[Turn] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All texts, one a line."""
        return "\n".join(self.texts)


def content_of(value: Any) -> Content:
    """Raises TurnsError for a part that is no text, such as an image, and for what is no content."""
    content = Content()
    if isinstance(value, str):
        content.texts.append(value)
        return content
    if not isinstance(value, list) or not value or not all(isinstance(part, Mapping) for part in value):
        raise TurnsError(f"has content {kind(value)}; expected a string or a list of parts with text")
    for part in value:
        _add(content, part)
    return content


def _add(content: Content, part: Mapping[str, Any]) -> None:
    name = str(part.get("type", "text"))
    number = len(content.calls) + 1
    if call := part.get("functionCall") or part.get("function_call"):
        content.calls.append(call_of(call, number))
    elif answer := part.get("functionResponse") or part.get("function_response"):
        said = answer if isinstance(answer, Mapping) else {"response": answer}
        content.results.append(_result(said.get("response"), "", str(said.get("name", ""))))
    elif name == "tool_use":
        content.calls.append(call_of(part, number))
    elif name == "tool_result":
        content.results.append(_result(part.get("content", ""), str(part.get("tool_use_id", "")), ""))
    elif name in ("thinking", "reasoning") or part.get("thought") is True:
        content.reasoning.append(_text(part, (name, "thinking", "text")))
    elif name in _TEXTS:
        content.texts.append(_text(part, ("text",)))
    else:
        raise TurnsError(f"has a part of type {name!r}; {NO_MEDIA}")


def _text(part: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    found = next((part[key] for key in keys if isinstance(part.get(key), str)), None)
    if found is None:
        raise TurnsError(f"has a part with {', '.join(map(repr, part)) or 'no keys'} and no text; {NO_MEDIA}")
    return str(found)


def _result(value: Any, call_id: str, name: str) -> Turn:
    is_content = isinstance(value, str) or (isinstance(value, list) and value)
    text = content_of(value).text if is_content else json.dumps(value, ensure_ascii=False, default=str)
    return Turn("tool", text, call_id=call_id, name=name)
