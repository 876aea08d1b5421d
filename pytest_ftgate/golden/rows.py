"""Parsed lines of a golden set -> rows that keep the schema, and the faults of all others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.errors import Fault
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.files.schema import check
from pytest_ftgate.files.schema_valid import keeps
from pytest_ftgate.files.text import Keys

LineOf = Callable[[Keys], int]
Entry = tuple[int, Any] | Fault
"""(1-based line, value), or why the line has none."""

_BRACKETS = frozenset("[]")
_ODD = (" ", "[", "]", "::")
"""What a printable text may not hold; all other white space is not printable."""


@dataclass(frozen=True, slots=True)
class Row:
    """One case as written: its 1-based line, its keys and values, its id (own, or made from its content)."""

    line: int
    data: Mapping[str, Any]
    id: str


def row_id(data: Mapping[str, Any]) -> str:
    """The row's own id; without one, the first 12 hex digits of the digest of what is asked and how it is judged.

    It never depends on the place in the file, nor on slices, notes and the like.
    """
    own = data.get("id")
    if own is not None:
        return str(own)
    tools = [data["tools"]] if data.get("tools") else []
    return digest_of([data["input"], data.get("expected"), data.get("graders", []), *tools])[:12]


def id_problem(text: str) -> str:
    """Why a text cannot be an id (of a case) or a name (of a set); "" if it can."""
    if not text:
        return "is empty"
    if text.isprintable() and not any(part in text for part in _ODD):
        return ""
    odd = sorted({char for char in text if char in _BRACKETS or char.isspace() or not char.isprintable()})
    odd += ["::"] if "::" in text else []
    return f"contains {', '.join(map(ascii, odd))}" if odd else ""


def read_rows(entries: Iterable[Entry], path: str) -> tuple[list[Row], list[Fault]]:
    """Rows and faults of parsed JSON lines, duplicate ids among the faults; path: for the faults."""
    rows: list[Row] = []
    faults: list[Fault] = []
    for entry in entries:
        if isinstance(entry, Fault):
            faults.append(entry)
        elif _keeps(entry[1]):
            rows.append(Row(*entry, row_id(entry[1])))
        else:
            _add_checked(entry, path, _always(entry[0]), rows, faults)
    return rows, [*faults, *_duplicates(rows, path)]


def read_located_rows(cases: Iterable[Any], path: str, line_of: LineOf) -> tuple[list[Row], list[Fault]]:
    """As `read_rows`, where the line of every key is known; line_of: (number of the case, *keys) -> line."""
    rows: list[Row] = []
    faults: list[Fault] = []
    for number, data in enumerate(cases):
        _add_checked((line_of((number,)), data), path, _below(line_of, number), rows, faults)
    return rows, [*faults, *_duplicates(rows, path)]


def _always(line: int) -> LineOf:
    return lambda _keys: line


def _below(line_of: LineOf, number: int) -> LineOf:
    return lambda keys: line_of((number, *keys))


def _add_checked(entry: tuple[int, Any], path: str, line_of: LineOf, rows: list[Row], faults: list[Fault]) -> None:
    line, data = entry
    found = list(_row_faults(data, path, line_of))
    faults += found
    if not found:
        rows.append(Row(line, data, row_id(data)))


def _row_faults(data: Any, path: str, line_of: LineOf) -> Iterator[Fault]:
    own = data.get("id") if isinstance(data, dict) else None
    if isinstance(own, str) and (problem := id_problem(own)):
        allowed = "ids must be printable, without white space, '::', '[' or ']'"
        yield Fault(path, line_of(("id",)), f"id {own!a} {problem}; {allowed}")
        data = {**data, "id": "fine"}
    yield from check(data, "case", path, line_of)


def _duplicates(rows: Iterable[Row], path: str) -> Iterator[Fault]:
    first: dict[str, Row] = {}
    for row in rows:
        before = first.setdefault(row.id, row)
        if before is not row:
            yield Fault(path, row.line, _twice(row, before))


def _twice(row: Row, before: Row) -> str:
    if "id" in row.data or "id" in before.data:
        return f"duplicate id {row.id!r}, first used in line {before.line}"
    return f"duplicate of the case in line {before.line}; remove one, or add ids"


def _keeps(data: Any) -> bool:
    """Whether a row has no fault: the quick look that spares 100,000 rows the search for one."""
    return keeps(data, "case") and data.get("id", "").isprintable()  # what else an id may not hold the schema forbids
