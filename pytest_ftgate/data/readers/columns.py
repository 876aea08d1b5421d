"""Columns of a table -> the row as it would stand in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from math import isnan
from types import MappingProxyType
from typing import Any

from pytest_ftgate.data.readers.flags import flag_of
from pytest_ftgate.data.readers.shapes.messages import is_message
from pytest_ftgate.golden.case import answer_text

OPTIONAL = frozenset({"id", "cluster", "slices", "synthetic", "reviewed", "system"})
"""Columns whose empty cell says nothing."""
OBJECT_OF = frozenset({"expected", "preferred_output"})
"""Columns beside which `input` may be an object: variables of a template, or OpenAI's messages. Else it is text."""


def row_of_columns(columns: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a table whose cells have types, as it would stand in JSON; a column without a value is null.

    Below it no key is null: in a column all rows have the keys that any row has. NaN is null; a date is a text.
    """
    return {name: _json(value) for name, value in columns.items()}


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _json(below) for key, below in value.items() if below is not None}
    if isinstance(value, list):
        return [_json(below) for below in value]
    if isinstance(value, float) and isnan(value):
        return None
    if isinstance(value, date | time):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def row_of_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    """A row of CSV, whose cells are all text, with JSON read where a column may hold it.

    A conversation, the object of template variables in `input`, `slices`, true and false. An `expected` that is an
    object or a list is read only where it is written as we write it, so that the text of the answer stays as it is.
    """
    filled = {name: cell for name, cell in cells.items() if cell or name not in OPTIONAL}
    read = {name: _READ[name](cell) if name in _READ else cell for name, cell in filled.items()}
    is_template = not OBJECT_OF.isdisjoint(cells)
    return read | ({} if is_template or "input" not in filled else {"input": _conversation(filled["input"])})


def _parsed(cell: str, begins: str) -> Any:
    """The JSON value of a cell that begins so, else None."""
    if not cell.lstrip().startswith(tuple(begins)):
        return None
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return None


def _conversation(cell: str) -> Any:
    """Messages of roles that we know, or one; JSON of any other kind is the text that the model reads or answers."""
    value = _parsed(cell, "[{")
    turns = value if isinstance(value, list) else [value]
    return value if turns and all(map(is_message, turns)) else cell


def _list(cell: str) -> Any:
    value = _parsed(cell, "[")
    return cell if value is None else value


def _input(cell: str) -> Any:
    value = _parsed(cell, "{")
    return _conversation(cell) if value is None else value


def _slices(cell: str) -> Any:
    value = _parsed(cell, "{")
    return cell if value is None else value


def _expected(cell: str) -> Any:
    value = _parsed(cell, "[{")
    return cell if value is None or answer_text(value) != cell else value


def _flag(cell: str) -> Any:
    value = flag_of(cell)
    return cell if value is None else value


_READ: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    dict.fromkeys(("prompt", "completion", "chosen", "rejected"), _conversation)
    | dict.fromkeys(("messages", "conversations", "contents", "history", "tools", "functions"), _list)
    | dict.fromkeys(("preferred_output", "non_preferred_output"), _list)
    | {"input": _input, "slices": _slices, "expected": _expected, "synthetic": _flag, "reviewed": _flag}
)
