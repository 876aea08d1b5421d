"""Answer of a model -> the JSON in it, or its label."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_FENCE = re.compile(r"^[ \t]*```[^\n`]*\n(.*?)^[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE)
_MISSING = object()


class NoJsonError(ValueError):
    """The answer holds no JSON that could be read."""


def json_of(text: str) -> Any:
    """The JSON value of an answer: the whole answer, or what stands in its last fenced block.

    Raises NoJsonError with what was found. NaN and infinities are no JSON.
    """
    try:
        return _parsed(text)
    except NoJsonError:
        blocks = _FENCE.findall(text) if "```" in text else ()
        if not blocks:
            raise
    return _parsed(blocks[-1])


def _parsed(text: str) -> Any:
    try:
        return _DECODER.decode(text.strip())
    except (ValueError, RecursionError) as error:
        head = text if len(text) <= 120 else f"{text[:117]}..."
        raise NoJsonError(f"found {head!r}, not valid JSON ({_why(error)})") from None


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos + 1}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not valid JSON")


_DECODER = json.JSONDecoder(parse_constant=_constant)


def label_of(text: str, path: str = "") -> str | None:
    """The label that an answer names, without white space around it; None if it names none.

    path: dotted path into the JSON of the answer, "label" or "a.b.0"; "" = the whole answer is the label.
    """
    if not path:
        return text.strip() or None
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
