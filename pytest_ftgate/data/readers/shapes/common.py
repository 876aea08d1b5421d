"""Keys that mean the same in every shape: system, tools, label of KTO, thoughts, pictures; and those of our own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_ftgate.data.readers.shapes.calls import tools_of
from pytest_ftgate.data.readers.shapes.messages import MEDIA, REASONING
from pytest_ftgate.data.readers.shapes.parts import NO_MEDIA, content_of
from pytest_ftgate.data.readers.shapes.turn import Turn, TurnsError, filled
from pytest_ftgate.data.readers.synthetic import synthetic_faults

Keys = Mapping[str, Any]

SYSTEM = ("system", "system_prompt", "systemInstruction", "system_instruction")
TOOLS = ("tools", "functions")
DESIRED = ("label", "kto_tag")
OURS = frozenset(
    {"id", "cluster", "slices", "synthetic", "reviewed", "review", "review_by", "review_at", "source", "origin"}
    | {"notes", "must_pass", "graders", "parallel_tool_calls"}
)
"""Keys that a row may have in every shape, and that somebody reads or that say nothing to learn."""


def system_turns(data: Keys) -> list[Turn]:
    """The system turn of a key beside the messages, none if there is none. Raises TurnsError."""
    found = filled(data, SYSTEM)
    if len(found) > 1:
        raise TurnsError(f"has {' and '.join(map(repr, found))}; expected one of them")
    return [Turn("system", _system(data[key], key)) for key in found]


def _system(value: Any, key: str) -> str:
    inner = value.get("parts", value.get("content")) if isinstance(value, Mapping) else value
    try:
        return content_of(inner).text
    except TurnsError as error:
        raise TurnsError(f"{key!r} {error}") from None


def tools_in(data: Keys) -> tuple[Mapping[str, Any], ...]:
    """The functions that the model may call, in OpenAI's form. Raises TurnsError."""
    found = filled(data, TOOLS)
    return tuple(tool for key in found for tool in tools_of(data[key]))


def desired_in(data: Keys, used: frozenset[str]) -> tuple[str, bool] | None:
    """(key, whether people wanted the answer), as KTO has it; None if no key that the shape does not use says so."""
    return next(((key, _FLAGS[data[key]]) for key in DESIRED if key not in used and _is_flag(data.get(key))), None)


_FLAGS = {True: True, False: False, "true": True, "false": False, "True": True, "False": False}
"""In CSV all is text."""


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value in _FLAGS)


def reasoning_in(data: Keys, used: frozenset[str]) -> tuple[str, ...]:
    """Keys beside question and answer with what is thought before the answer."""
    return tuple(key for key in filled(data, REASONING) if key not in used and isinstance(data[key], str))


def common_faults(data: Keys) -> Iterator[str]:
    """What is wrong with keys that a row may have in every shape."""
    if media := filled(data, MEDIA):
        yield f"has {', '.join(map(repr, media))}; {NO_MEDIA}"
    yield from synthetic_faults(data)
    if not isinstance(data.get("cluster", ""), str):
        yield f"'cluster' is {data['cluster']!r:.40}; expected a string"
    slices = data.get("slices", {})
    if not isinstance(slices, Mapping) or not all(isinstance(value, str) for value in slices.values()):
        yield f"'slices' is {slices!r:.40}; expected an object with string values"
