"""*.golden.csv -> cases as they would stand in JSON, each with its line; faults of its columns, once for the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pytest_ftgate.errors import Fault, FileFaults
from pytest_ftgate.files.csv import Cells, read_csv
from pytest_ftgate.files.jsonl import parse_line
from pytest_ftgate.files.ordinary import is_file
from pytest_ftgate.files.schema import check
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.csv_columns import COLUMNS, SLICE, column_hint, means_cases
from pytest_ftgate.golden.rows import Entry


def csv_cases(path: Path) -> list[Entry]:
    """The cases; an empty cell leaves its key out. Raises FileFaults: not readable, or columns that a case has not."""
    try:
        is_file(path)
        found = list(read_csv(path))
    except OSError as error:
        raise FileFaults([Fault(shown(path), 0, f"cannot be read: {error.strerror or error}")]) from None
    if not found or isinstance(found[0], Fault):
        return [each for each in found if isinstance(each, Fault)]
    line, columns = found[0]
    if faults := list(_column_faults(columns, line, shown(path))):
        raise FileFaults(faults)
    return [row if isinstance(row, Fault) else _case(columns, row) for row in found[1:]]


def _column_faults(columns: Sequence[str], line: int, path: str) -> Iterator[Fault]:
    for column in columns:
        if column.startswith(SLICE):
            named = {"input": "", "slices": {column.removeprefix(SLICE): ""}}
            yield from check(named, "case", path, lambda _keys: line)
        elif column not in COLUMNS:
            yield Fault(path, line, f"{column!r} is not a column of a case; {column_hint(column)}")
    if "input" not in columns and not means_cases(columns):
        yield Fault(path, line, f"no column 'input'; found: {', '.join(columns)}", "name the columns in the first line")


def _case(columns: Sequence[str], row: Cells) -> tuple[int, dict[str, Any]]:
    line, cells = row
    case: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=True):
        if column.startswith(SLICE) and cell:
            case.setdefault("slices", {})[column.removeprefix(SLICE)] = cell
        elif cell or column == "input":
            case[column] = _READ.get(column, str)(cell)
    return line, case


def _parsed(cell: str) -> Any:
    """A cell that is written as a JSON object or list as that, any other as its text."""
    parsed = parse_line(cell, 0, "") if cell.lstrip().startswith(("{", "[")) else (0, cell)
    return cell if isinstance(parsed, Fault) else parsed[1]


def _asked(cell: str) -> Any:
    """As `_parsed`, but of lists only a conversation."""
    value = _parsed(cell)
    turns = value if isinstance(value, list) else [{"role": ""}]
    return value if turns and all(isinstance(turn, dict) and "role" in turn for turn in turns) else cell


def _flag(cell: str) -> Any:
    return {"true": True, "false": False}.get(cell.strip().lower(), cell)


_READ: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {"input": _asked, "expected": _parsed, "graders": _parsed, "tools": _parsed, "must_pass": _flag}
)
