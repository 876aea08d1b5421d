"""Content of a message, a text or a list of parts -> what it says: text, thoughts, calls and results of tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_ftgate.data.readers.shapes.calls import call_of
from pytest_ftgate.data.readers.shapes.turn import Call, Turn, TurnsError, filled, kind

NO_MEDIA = "only text is trained: remove the row, or describe in words what it shows"
_TEXTS = frozenset({"text", "input_text", "output_text"})
_MEDIA = (
    *("image", "image_url", "images", "audio", "audio_url", "input_audio", "video", "video_url", "file"),
    *("inlineData", "inline_data", "fileData", "file_data"),
)
_READ = frozenset(
    {"type", "text", "thinking", "reasoning", "thought", "functionCall", "function_call", "functionResponse"}
    | {"function_response", "function", "id", "name", "input", "arguments", "args", "tool_use_id", "content"}
)
_INSTEAD = ("functionCall", "function_call", "functionResponse", "function_response")
_SAYS_NOTHING = frozenset({"signature", "thoughtSignature", "thought_signature", "cache_control", "is_error"})


@dataclass
class Content:
    """text: the parts, one a line. results: a tool's turn each. unused: keys of parts that nothing reads."""

    texts: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    results: list[Turn] = field(default_factory=list)
    unused: dict[str, None] = field(default_factory=dict)

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
    if media := filled(part, _MEDIA):
        raise TurnsError(f"has a part with {media[0]!r}; {NO_MEDIA}")
    if filled(part, ("text",)) and (other := filled(part, _INSTEAD)):
        raise TurnsError(f"has a part with 'text' and {other[0]!r}; write two parts")
    content.unused |= dict.fromkeys(key for key in filled(part, part) if key not in _READ | _SAYS_NOTHING)
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
