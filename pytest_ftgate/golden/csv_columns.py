"""Columns of a *.golden.csv -> the keys of a case that they are, or probably mean."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from pytest_ftgate.files.schema import suggestion

COLUMNS = ("id", "input", "expected", "slices.NAME", "must_pass", "cluster", "graders", "tools", "notes")
"""The keys of a case, with a column for each slice."""
SLICE = "slices."

_OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("question", "prompt", "query", "instruction"), "input")
    | dict.fromkeys(("answer", "output", "target", "reference", "completion"), "expected")
)
"""What people and other tools call a column -> what it is called here."""

_LOOKED_AT = 1 << 16
"""Bytes of a file in which its first line is looked for."""


def header(path: Path) -> Sequence[str]:
    """The columns that the first line of a .csv or .tsv names; none if it cannot be read."""
    try:
        with path.open("rb") as file:
            text = file.read(_LOOKED_AT).decode("utf-8-sig", errors="replace")
    except OSError:
        return ()
    lines = [text.lstrip().partition("\n")[0]]
    rows = csv.reader(lines, delimiter="\t" if path.suffix == ".tsv" else ",")
    return [cell.strip() for cell in next(rows, [])]


def column_hint(column: str) -> str:
    """What to do about a column that a case has not."""
    if ";" in column or "\t" in column:
        return "separate columns with commas"
    if other := _OTHER_NAMES.get(column.lower()):
        return f"did you mean {other!r}?"
    hint = suggestion(column, COLUMNS)
    as_slice = f"; for a slice: {SLICE}{column}"
    return hint + as_slice if column.isidentifier() else hint


def rename_hint(columns: Sequence[str]) -> str:
    """The columns there are, and how to rename them, where none is `input`; "" if one is."""
    if "input" in columns:
        return ""
    if len(columns) == 1 and (";" in columns[0] or "\t" in columns[0]):
        return f"found: {columns[0]}; {column_hint(columns[0])}"
    renamed = dict(_renamed(columns))
    how = [f"{old} to {new}" for old, new in renamed.items()]
    if "input" not in renamed.values():
        how.append("the column with the questions to input")
    return f"found: {', '.join(columns)}; rename {', '.join(how)}"


def means_cases(columns: Iterable[str]) -> bool:
    """Whether columns are those of cases: one is the input, or is called as people call it."""
    return any("input" in column or _OTHER_NAMES.get(column.lower()) == "input" for column in columns)


def _renamed(columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The first column of each other name, if nothing has its right name yet."""
    taken = set(columns)
    for column in columns:
        new = _OTHER_NAMES.get(column.lower(), "")
        if new and new not in taken:
            taken.add(new)
            yield column, new
