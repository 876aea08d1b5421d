"""Lines of JSON -> values; every line that is not strict JSON is a fault."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from pytest_ftgate.errors import Fault
from pytest_ftgate.files.text import TOO_MANY_DIGITS

_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")
_HALF = r"contains an unpaired surrogate (\ud800 to \udfff)"


def parse_lines(text: str, path: str) -> Iterator[tuple[int, Any] | Fault]:
    """(1-based line, value) of each line, or the fault of a line that holds no strict JSON; blank lines are skipped.

    Lines end at a line feed and nowhere else: U+2028 and its like are legal inside a JSON string.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if line and not line.isspace():
            yield parse_line(line, number, path)


def parse_line(line: str, number: int, path: str) -> tuple[int, Any] | Fault:
    """(number, value) of one line, or its fault. number: 1-based."""
    try:
        value = _DECODER.decode(line.strip())
    except (ValueError, RecursionError) as error:
        return Fault(path, number, why_not_json(error))
    if _HALF_PAIR.search(line) and _has_half_pair(value):
        return Fault(path, number, _HALF)
    return number, value


def why_not_json(error: ValueError | RecursionError) -> str:
    """What a decoder raised, as the end of a sentence that begins with the file: "is not valid JSON: ..."."""
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"is not valid JSON: {error.msg} (column {error.colno})"
    return TOO_MANY_DIGITS if "int_max_str_digits" in str(error) else f"is not valid JSON: {error}"


def decode_from(text: str, start: int) -> tuple[Any, int]:
    """(value that begins at `start`, place after it). Raises ValueError, RecursionError; JSONDecodeError if cut off."""
    value, end = _DECODER.raw_decode(text, start)
    if _HALF_PAIR.search(text, start, end) and _has_half_pair(value):
        raise ValueError(_HALF)
    return value, end


def _has_half_pair(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"duplicate key {', '.join(map(repr, twice))}")
    return made


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not valid JSON; use null, or omit the key")


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits} is out of range")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
