"""Training row -> the turns of its conversation, as OpenAI, ShareGPT, Anthropic and Vertex write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_ftgate.data.readers.shapes.roles import ALIASES, CALLING, ROLES

_ANSWERING = (*CALLING, "chatgpt", "bot")
"""Further names of the assistant: a row that the readers refuse is compared all the same."""
_CONTENTS = ("content", "value", "parts", "text")
_NO_TEXT = frozenset({"role", "from", "weight", "name", "type", "id", "tool_call_id"})
"""Keys of a turn that say nothing; all others are compared."""
_KNOWN = frozenset({*ROLES, *ALIASES, *_ANSWERING})
_TEXT_PARTS = ("text", "input_text", "output_text")
_MEDIA = ("image", "image_url", "input_image", "audio", "input_audio", "video", "video_url", "file", "document")
_COLUMNS = ("messages", "conversations", "conversation", "contents", "dialogue", "dialog", "turns")


def role_of(turn: object) -> str | None:
    """Who speaks in a turn: "user", "assistant", "system" or "tool" in any form, or another name in lower case.

    None of what is no turn.
    """
    if not isinstance(turn, Mapping):
        return None
    role = turn.get("role", turn.get("from") if "value" in turn else None)
    if not isinstance(role, str):
        return None
    name = role.strip().lower()
    return "assistant" if name in _ANSWERING else ALIASES.get(name, name)


def is_asked(turn: object) -> bool:
    """Whether a part of a conversation may ask: it is the user's, or of somebody unknown."""
    return role_of(turn) not in ("assistant", "system", "tool")


def content_in(turn: object) -> Any:
    """What is said in a turn, without its other keys; what is no turn is itself."""
    if not isinstance(turn, Mapping):
        return turn
    return next((turn[key] for key in _CONTENTS if key in turn), turn)


def said_in(value: Mapping[str, Any]) -> Any:
    """All texts of a turn, its content first; of a part of a content its text, "" of a picture or a sound.

    None of any other object.
    """
    kind = value.get("type")
    if kind in _TEXT_PARTS and isinstance(value.get("text"), str):
        return value["text"]
    if kind in _MEDIA and (kind in value or "source" in value):
        return ""
    if not _is_turn(value):
        return None
    others = [key for key in value if key not in _CONTENTS and key not in _NO_TEXT]
    return [value[key] for key in (*_CONTENTS, *others) if key in value]


def _is_turn(value: Mapping[str, Any]) -> bool:
    """A `role` beside another text may be a column of its own, unless it is one that speaks."""
    if "role" in value and ("content" in value or "parts" in value):
        return True
    role = role_of(value)
    return role is not None and ("from" in value or str(value["role"]).strip().lower() in _KNOWN)


def turns_in(value: object) -> Sequence[Any]:
    """The turns of a list of turns, or of an object that holds one (`{"messages": [...]}`); none of anything else."""
    return conversation_in(value) if isinstance(value, Mapping) else _turns(value)


def conversation_in(data: Mapping[str, Any]) -> Sequence[Any]:
    """The turns of the first column that is named as conversations are; none without one."""
    return next((turns for key in _COLUMNS if key in data and (turns := _turns(data[key]))), ())


def _turns(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) and any(map(role_of, value)) else ()
