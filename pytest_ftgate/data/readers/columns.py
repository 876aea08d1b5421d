"""Columns of a table -> the row as it would stand in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pytest_ftgate.data.readers.flags import flag_of
from pytest_ftgate.golden.case import answer_text

OPTIONAL = frozenset({"id", "cluster", "slices", "synthetic", "reviewed", "system"})
"""Columns whose empty cell says nothing."""


def without_nulls(value: Any) -> Any:
    """A value without the keys that are null: in a column all rows have the keys that any row has."""
    if isinstance(value, Mapping):
        return {key: without_nulls(below) for key, below in value.items() if below is not None}
    return [without_nulls(below) for below in value] if isinstance(value, list) else value


def row_of_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    """A row of CSV, whose cells are all text, with JSON read where a column may hold it.

    A conversation, the object of template variables in `input`, `slices`, true and false. An `expected` that is an
    object or a list is read only where it is written as we write it, so that the text of the answer stays as it is.
    """
    filled = {name: cell for name, cell in cells.items() if cell or name not in OPTIONAL}
    return {name: _READ[name](cell) if name in _READ else cell for name, cell in filled.items()}


def _parsed(cell: str, begins: str) -> Any:
    """The JSON value of a cell that begins so, else None."""
    if not cell.lstrip().startswith(tuple(begins)):
        return None
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return None


def _conversation(cell: str) -> Any:
    value = _parsed(cell, "[{")
    turns = value if isinstance(value, list) else [value]
    is_one = turns and all(isinstance(turn, dict) and not {"role", "from"}.isdisjoint(turn) for turn in turns)
    return value if is_one else cell


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
    dict.fromkeys(
        ("messages", "conversations", "contents", "prompt", "completion", "chosen", "rejected"), _conversation
    )
    | dict.fromkeys(("history", "tools", "functions", "preferred_output", "non_preferred_output"), _list)
    | {"input": _input, "slices": _slices, "expected": _expected, "synthetic": _flag, "reviewed": _flag}
)
