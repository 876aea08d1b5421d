"""Record -> DataRow, or all that is wrong with it: the shapes in which training data are written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.synthetic import synthetic_faults
from pytest_ftgate.data.readers.turns import TurnsError, messages_of, turn_faults, turns_of
from pytest_ftgate.errors import Fault
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.golden.case import answer_text

Keys = Mapping[str, Any]
Turns = list[Any]


@dataclass(frozen=True, slots=True)
class _Exchange:
    """turns: question and answer. worse: the same with the rejected answer."""

    turns: Turns
    worse: Turns | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to write a row. needs: keys that make a row one of this shape. may: further keys that it reads."""

    name: str
    needs: tuple[str, ...]
    read: Callable[[Keys], _Exchange]
    may: tuple[str, ...] = ()


def _preference(data: Keys) -> _Exchange:
    return _Exchange(_with_prompt(data, "chosen"), _with_prompt(data, "rejected"))


def _with_prompt(data: Keys, key: str) -> Turns:
    answer = turns_of(data[key], "assistant", key)
    if "prompt" not in data or _is_whole(answer):
        return answer
    return turns_of(data["prompt"], "user", "prompt") + answer


def _is_whole(turns: Turns) -> bool:
    """Whether a chosen or rejected answer repeats the question before it."""
    return bool(turns) and isinstance(turns[0], Mapping) and turns[0].get("role") in ("system", "user")


def _chat(data: Keys) -> _Exchange:
    if not isinstance(data["messages"], list):
        raise TurnsError("'messages' is not a list of messages")
    return _Exchange(data["messages"])


def _instruction(data: Keys) -> _Exchange:
    for key in ("instruction", "input", "output", "system"):
        if not isinstance(data.get(key, ""), str):
            raise TurnsError(f"{key!r} is not a string")
    asked = "\n\n".join(text for text in (data["instruction"], data.get("input", "")) if text)
    system = [{"role": "system", "content": data["system"]}] if "system" in data else []
    return _Exchange([*system, *turns_of(asked, "user", ""), *turns_of(data["output"], "assistant", "")])


def _completion(data: Keys) -> _Exchange:
    asked = turns_of(data["prompt"], "user", "prompt")
    return _Exchange(asked + turns_of(data["completion"], "assistant", "completion"))


def _own(data: Keys) -> _Exchange:
    said = data["input"]
    asked = turns_of(_spoken(said) if isinstance(said, Mapping) else said, "user", "input")
    try:
        answer = answer_text(data["expected"])
    except TypeError as error:
        raise TurnsError(f"'expected' cannot be written as JSON: {error}") from None
    return _Exchange([*asked, {"role": "assistant", "content": answer}])


def _spoken(variables: Keys) -> str:
    """What an object of template variables says, while there is no template: its only text, else all as JSON."""
    values = list(variables.values())
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return json.dumps(variables, ensure_ascii=False, default=str)


SHAPES = (
    Shape("preference", ("chosen", "rejected"), _preference, ("prompt",)),
    Shape("chat", ("messages",), _chat),
    Shape("instruction", ("instruction", "output"), _instruction, ("input", "system")),
    Shape("completion", ("prompt", "completion"), _completion),
    Shape("own", ("input", "expected"), _own),
)
"""In the order in which a row is tried: one that has the keys of two is of the first."""

_KNOWN = "; ".join(" + ".join(shape.needs) for shape in SHAPES)


def row_of(record: Record) -> DataRow | tuple[Fault, ...]:
    """The row of a record, or its faults. A key that is null is not there."""
    data = {key: value for key, value in record.data.items() if value is not None}
    shape = next((shape for shape in SHAPES if all(key in data for key in shape.needs)), None)
    if shape is None:
        found = ", ".join(map(repr, data)) or "none"
        message = f"unknown row format; found keys: {found}"
        return (Fault(record.path, record.line, message, f"supported: {_KNOWN}"),)
    try:
        exchange = shape.read(data)
    except TurnsError as error:
        return (Fault(record.path, record.line, f"({shape.name}) {error}"),)
    faults = [*_faults(exchange), *_extra_faults(data)]
    if faults:
        return tuple(Fault(record.path, record.line, f"({shape.name}) {what}") for what in faults)
    return _row(record, data, shape, exchange)


def _faults(exchange: _Exchange) -> Iterator[str]:
    found = list(turn_faults(exchange.turns))
    yield from found
    if exchange.worse is not None:
        worse = [f"rejected: {what}" for what in turn_faults(exchange.worse)]
        yield from worse
        if not found and not worse and messages_of(exchange.turns[:-1]) != messages_of(exchange.worse[:-1]):
            yield "chosen and rejected have different prompts"


def _extra_faults(data: Keys) -> Iterator[str]:
    yield from synthetic_faults(data)
    if not isinstance(data.get("cluster", ""), str):
        yield f"'cluster' is {data['cluster']!r:.40}; expected a string"
    slices = data.get("slices", {})
    if not isinstance(slices, Mapping) or not all(isinstance(value, str) for value in slices.values()):
        yield f"'slices' is {slices!r:.40}; expected an object with string values"


def _row(record: Record, data: Keys, shape: Shape, exchange: _Exchange) -> DataRow:
    asked, answer = _split(exchange.turns)
    rejected = None if exchange.worse is None else _split(exchange.worse)[1]
    used = {"id", *shape.needs, *shape.may}
    return DataRow(
        path=record.path,
        line=record.line,
        asked=asked,
        answer=answer,
        rejected=rejected,
        id=str(data["id"]) if "id" in data else digest_of([asked, answer, rejected])[:12],
        variables=data["input"] if shape.name == "own" and isinstance(data["input"], Mapping) else None,
        extras={key: value for key, value in data.items() if key not in used},
        shape=shape.name,
        written=data,
    )


def _split(turns: Sequence[Keys]) -> tuple[tuple[dict[str, str], ...], str]:
    return messages_of(turns[:-1]), str(turns[-1]["content"])
