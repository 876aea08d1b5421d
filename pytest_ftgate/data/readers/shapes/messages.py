"""List of messages in any dialect (OpenAI, ShareGPT, Anthropic, Vertex) -> turns, faults, keys that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_ftgate.data.readers.shapes.calls import calls_in
from pytest_ftgate.data.readers.shapes.parts import NO_MEDIA, Content, content_of
from pytest_ftgate.data.readers.shapes.roles import ALIASES, CALLING, ROLES
from pytest_ftgate.data.readers.shapes.turn import Turn, TurnsError, filled, kind

_PLAIN = ("system", "user", "assistant")
_CONTENT = ("content", "value", "parts")
REASONING = ("reasoning_content", "reasoning", "thinking")
MEDIA = ("images", "image", "audios", "audio", "videos", "video")
_READ = frozenset(
    {"role", "from", "weight", "tool_calls", "function_call", "tool_call_id", "name", *_CONTENT, *REASONING, *MEDIA}
)


@dataclass
class Messages:
    """turns: those that could be read. faults: the others. unused: keys of messages that nothing reads."""

    turns: list[Turn] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    unused: dict[str, None] = field(default_factory=dict)


def read_messages(written: Sequence[Any]) -> Messages:
    """Every message, numbered from 1."""
    found = Messages()
    for number, message in enumerate(written, 1):
        if _is_plain(message):
            found.turns.append(Turn(message["role"], message["content"], number))
            continue
        if not isinstance(message, Mapping):
            found.faults.append(f'turn {number} is {kind(message)}; expected {{"role": ..., "content": ...}}')
            continue
        said = {key: value for key, value in message.items() if value is not None}
        wrong = [f"turn {number} {what}" for what in _wrong(said)]
        try:
            turns = list(_turns(said, number, found.unused)) if not wrong else []
        except TurnsError as error:
            wrong.append(f"turn {number} {error}")
        else:
            found.turns += turns
        found.faults += wrong
        read = _READ if role_of(said) == "tool" else _READ - {"name", "tool_call_id"}
        found.unused |= dict.fromkeys(f"messages[].{key}" for key in filled(said, said) if key not in read)
    return found


def _is_plain(message: Any) -> bool:
    """Whether it is of OpenAI's two keys alone, as nearly all are: then there is nothing to look for."""
    is_of_two = isinstance(message, dict) and len(message) == 2 and isinstance(message.get("content"), str)
    return is_of_two and message.get("role") in _PLAIN


def _wrong(message: Mapping[str, Any]) -> Iterator[str]:
    role = role_of(message)
    if role not in ROLES and role not in CALLING:
        yield f"has the role {role!r}; allowed: {', '.join(ROLES)}"
        try:
            _content(message)
        except TurnsError as error:
            yield str(error)
    if not _is_weight(message.get("weight", 1)):
        yield f"has the weight {message['weight']!r:.40}; expected 0 (read, not learnt) or 1"
    elif "weight" in message and message["weight"] == 1 and role != "assistant":
        yield f"has a weight, but the role {role}; only the assistant's turns are learnt"
    if media := filled(message, MEDIA):
        yield f"has {media[0]!r}; {NO_MEDIA}"


def is_message(value: Any) -> bool:
    """Whether it is an object with a role that we know, and a content or calls."""
    if not isinstance(value, Mapping) or role_of(value) not in (*ROLES, *CALLING):
        return False
    return not {*_CONTENT, "tool_calls", "function_call"}.isdisjoint(value)


def _is_weight(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value in (0, 1)


def role_of(message: Mapping[str, Any]) -> Any:
    """Of a message in any dialect, by our name for it; as it is written if we have none."""
    role = message.get("role", message.get("from"))
    return ALIASES.get(role, role) if isinstance(role, str) else role


def _content(message: Mapping[str, Any]) -> Content:
    if len(found := filled(message, _CONTENT)) > 1:
        raise TurnsError(f"has {' and '.join(map(repr, found))}; expected one of them")
    value = next((message[key] for key in (*found, *_CONTENT) if key in message), None)
    if value is None and filled(message, ("tool_calls", "function_call")):
        return Content()
    return content_of(value)


def _turns(message: Mapping[str, Any], number: int, unused: dict[str, None]) -> Iterator[Turn]:
    """The turns of a message: results of tools that stand in one of the user's are turns of their own.

    unused: the keys of parts of its content that nothing reads are added.
    """
    role, content = role_of(message), _content(message)
    unused.update(dict.fromkeys(f"messages[].content[].{key}" for key in content.unused))
    calls = [*content.calls]
    for key in filled(message, ("tool_calls", "function_call")):
        calls += calls_in(message[key])
    if role in CALLING:
        role, calls, content = "assistant", [*calls_in(content.text)], Content()
    thoughts = [*content.reasoning, *(_thought(message, key) for key in filled(message, REASONING))]
    if role != "assistant" and (calls or thoughts):
        raise TurnsError(f"has {'tool calls' if calls else 'thoughts'}, but the role {role}; expected assistant")
    yield from (replace(result, number=number) for result in content.results)
    if content.texts or calls or thoughts or not content.results:
        yield Turn(
            role,
            content.text,
            number,
            tuple(calls),
            "\n".join(thoughts),
            int(message.get("weight", 1)),
            *((str(message.get("tool_call_id", "")), str(message.get("name", ""))) if role == "tool" else ()),
        )


def _thought(message: Mapping[str, Any], key: str) -> str:
    if not isinstance(message[key], str):
        raise TurnsError(f"has {key!r} {kind(message[key])}; expected a string")
    return str(message[key])
