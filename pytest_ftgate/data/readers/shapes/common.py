"""Keys that mean the same in every shape: system, tools, label of KTO, thoughts, pictures; and those of our own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_ftgate.data.readers.flags import flag_of, is_like_flag
from pytest_ftgate.data.readers.shapes.calls import tools_of
from pytest_ftgate.data.readers.shapes.messages import MEDIA, REASONING
from pytest_ftgate.data.readers.shapes.parts import NO_MEDIA, content_of
from pytest_ftgate.data.readers.shapes.turn import Turn, TurnsError, filled, kind
from pytest_ftgate.data.readers.synthetic import synthetic_faults

Keys = Mapping[str, Any]

SYSTEM = ("system", "system_prompt", "systemInstruction", "system_instruction")
TOOLS = ("tools", "functions")
DESIRED = ("label", "kto_tag")
UNCLEAR = (
    "beside an answer is {value!r:.40}; write true or false if it says whether people wanted the answer (KTO), "
    "else rename or remove it"
)
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


def desired_in(data: Keys, used: frozenset[str]) -> dict[str, bool]:
    """Whether people wanted the answer, as KTO has it, by the key that says so, of those that the shape does not use.

    Raises TurnsError for what may mean it or not, such as 0: a rejected answer must not be learnt.
    """
    said = {key: flag_of(data[key]) for key in filled(data, DESIRED) if key not in used}
    for key, flag in said.items():
        if flag is None and (key == "kto_tag" or is_like_flag(data[key])):
            raise TurnsError(f"{key!r} {UNCLEAR.format(value=data[key])}")
    found = {key: flag for key, flag in said.items() if flag is not None}
    if len(set(found.values())) > 1:
        raise TurnsError(f"has {' and '.join(map(repr, found))}, one true and one false; expected one of them")
    return found


def reasoning_in(data: Keys, used: frozenset[str]) -> tuple[str, ...]:
    """Keys beside question and answer with what is thought before the answer."""
    return tuple(key for key in filled(data, REASONING) if key not in used and isinstance(data[key], str))


def common_faults(data: Keys) -> Iterator[str]:
    """What is wrong with keys that a row may have in every shape."""
    if media := filled(data, MEDIA):
        yield f"has {', '.join(map(repr, media))}; {NO_MEDIA}"
    if data.get("weight") in (0, "0"):
        yield "has the weight 0: nothing of it is to be learnt; remove the row"
    yield from synthetic_faults(data)
    if not isinstance(data.get("cluster", ""), str):
        yield f"'cluster' is {kind(data['cluster'])}; expected a string"
    slices = data.get("slices", {})
    if not isinstance(slices, Mapping):
        yield f"'slices' is {kind(slices)}; expected an object with string values"
    elif wrong := [kind(value) for value in slices.values() if not isinstance(value, str)]:
        yield f"'slices' holds {wrong[0]}; expected an object with string values"
