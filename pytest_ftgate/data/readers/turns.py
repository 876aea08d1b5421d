"""What stands for a conversation in a row -> its turns; and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_ftgate.golden.case import Message

ROLES = ("system", "user", "assistant")


class TurnsError(ValueError):
    """A value stands for no turns; `str()` says what was found and what is needed."""


def turns_of(value: object, role: str, key: str) -> list[Any]:
    """A list of messages as it is; a text as one turn of that role. Raises TurnsError for anything else."""
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    if isinstance(value, list):
        return value
    raise TurnsError(f"{key!r} is {_kind(value)}; expected a string or a list of messages")


def turn_faults(turns: Sequence[Any]) -> Iterator[str]:
    """Everything wrong with a conversation that shall end with the answer; turns are numbered from 1."""
    found = [f"turn {number} {what}" for number, turn in enumerate(turns, 1) for what in _in_turn(turn)]
    yield from found or _in_order([turn["role"] for turn in turns])
    if not found and not any(turn["content"].strip() for turn in turns if turn["role"] == "user"):
        yield "no non-empty user turn"


def _in_turn(turn: Any) -> Iterator[str]:
    if not isinstance(turn, Mapping):
        yield f'is {_kind(turn)}; expected {{"role": ..., "content": ...}}'
        return
    if turn.get("role") not in ROLES:
        yield f"has the role {turn.get('role')!r}; allowed: {', '.join(ROLES)}"
    if not isinstance(turn.get("content"), str):
        yield f"has content {_kind(turn.get('content'))}; expected a string"


def _in_order(roles: Sequence[str]) -> Iterator[str]:
    if "system" in roles[1:]:
        yield f"turn {roles.index('system', 1) + 1} has role system; allowed in the first turn only"
    said = [(number, role) for number, role in enumerate(roles, 1) if role != "system"]
    for (_, before), (number, role) in zip([(0, "assistant"), *said], said, strict=False):
        if role == before:
            yield f"turn {number} has role {role}; user and assistant must alternate, user first"
            return
    if not said or said[-1][1] != "assistant":
        yield "does not end with an assistant turn"


def messages_of(turns: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Valid turns with role and content alone."""
    return tuple({"role": turn["role"], "content": turn["content"]} for turn in turns)


def _kind(value: object) -> str:
    names = {type(None): "missing", str: "a string", dict: "an object", list: "a list", bool: "a boolean"}
    return names.get(type(value), f"a {type(value).__name__}")
