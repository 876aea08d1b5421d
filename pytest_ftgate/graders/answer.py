"""Answer of a model -> the JSON in it, or its label."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from pytest_ftgate.files.jsonl import decode_from
from pytest_ftgate.graders.fenced_json import blocks
from pytest_ftgate.serve.client.reasoning import BYTE_ORDER_MARK, split

_JSON = "json"
_MISSING = object()


class NoJsonError(ValueError):
    """The answer holds no JSON that could be read."""


def json_of(text: str) -> Any:
    """The JSON value of an answer: the whole answer, or that of a fenced block in it, outside of what was only thought.

    Of several blocks with JSON the last counts, one that is tagged `json` before all others. Raises NoJsonError with
    what was found: NaN, infinities, numbers out of range, duplicate keys and half characters are no JSON.
    """
    bare = text.removeprefix(BYTE_ORDER_MARK).strip()
    try:
        return _whole(bare)
    except (ValueError, RecursionError) as error:
        _, answer = split(bare)
        if len(answer) < len(bare):
            return json_of(answer)
        found = [*blocks(bare)] if "```" in bare or "~~~" in bare else []
        wrong = next((block.error for block in reversed(found) if block.error), error)
    sound = [block for block in found if block.error is None]
    if not sound:
        raise NoJsonError(f"found {_head(text)!r}, not valid JSON ({_why(wrong)})")
    tagged = [block for block in sound if block.tag == _JSON]
    return (tagged or sound)[-1].value


def _whole(text: str) -> Any:
    """Raises ValueError or RecursionError if it is not one JSON value."""
    value, end = decode_from(text, 0)
    if end < len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def _head(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:117]}..."


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos + 1}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def label_of(text: str, path: str = "") -> str | None:
    """The label that an answer names, without white space around it; None if it names none.

    path: dotted path into the JSON of the answer, "label" or "a.b.0"; "" = the whole answer is the label.
    """
    if not path:
        return text.removeprefix(BYTE_ORDER_MARK).strip() or None
    try:
        return label_in(json_of(text), path)
    except NoJsonError:
        return None


def label_in(value: object, path: str = "") -> str | None:
    """The label at a path of a JSON value: a text, or a number, true or false as JSON writes it; None for the rest."""
    match value_at(value, path):
        case str(text):
            return text.strip() or None
        case bool() | int() | float() as scalar:
            return json.dumps(scalar)
    return None


def value_at(value: object, path: str, missing: Any = None) -> Any:
    """What stands at a dotted path, "a.b.0"; "" is the value itself; `missing` if there is no such place."""
    for name in path.split(".") if path else ():
        value = _below(value, name)
        if value is _MISSING:
            return missing
    return value


def _below(value: object, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name, _MISSING)
    if isinstance(value, list | tuple) and name.isdecimal() and int(name) < len(value):
        return value[int(name)]
    return _MISSING


def same(one: object, other: object, tolerance: float = 0.0) -> bool:
    """Whether two JSON values are equal: 1 and 1.0 are, 1 and true are not; numbers may differ by `tolerance`."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other or (tolerance > 0 and _near(one, other, tolerance))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key], tolerance) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(same(a, b, tolerance) for a, b in zip(one, other, strict=True))
    return one == other


def _near(one: float, other: float, tolerance: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-12, abs_tol=tolerance * (1 + 1e-12))
