"""One turn of a row in one form, whatever dialect it was written in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_ftgate.golden.case import Message

Call = Mapping[str, Any]
"""{"id", "type": "function", "function": {"name", "arguments": JSON as text}}, as OpenAI has it."""


class TurnsError(ValueError):
    """A value stands for no turns; `str()` says what was found and what is needed."""


@dataclass(frozen=True, slots=True)
class Turn:
    """number: 1-based place in the row's own list; 0 if a key of the row made it, such as `system`.

    role: system, user, assistant or tool. weight: 0 for an answer that is read and not learnt, else 1.
    calls: functions that the assistant calls. call_id, name: of the call that a tool's turn answers.
    """

    role: str
    content: str
    number: int = 0
    calls: tuple[Call, ...] = ()
    reasoning: str = ""
    weight: int = 1
    call_id: str = ""
    name: str = ""

    @property
    def message(self) -> Message:
        """The turn as OpenAI and the chat templates have it; keys that say nothing are left out."""
        said = {
            "role": self.role,
            "content": self.content,
            "reasoning_content": self.reasoning,
            "tool_calls": [dict(call) for call in self.calls],
            "tool_call_id": self.call_id,
            "name": self.name,
        }
        return {key: value for key, value in said.items() if value or key in ("role", "content")}

    def joined(self, other: Turn) -> Turn:
        """The turn and the next one of the same role as one, a blank line between them."""
        return replace(self, content="\n\n".join(text for text in (self.content, other.content) if text))


def kind(value: object) -> str:
    """What a value of JSON is, for a message: "a list"."""
    names = {type(None): "missing", str: "a string", dict: "an object", list: "a list", bool: "a boolean"}
    names |= {int: "a number", float: "a number", bytes: "of bytes"}
    return names.get(type(value), f"a {type(value).__name__}")


def filled(keys: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Those of the names whose value says something."""
    return [name for name in names if name in keys and keys[name] not in (None, "", [], {})]
