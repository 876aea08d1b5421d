"""One row as it is written: its file, its line, its keys and values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.errors import Fault


@dataclass(frozen=True, slots=True)
class Record:
    """One object of a data file. path: as the user would type it.

    line: 1-based line where it begins; in Parquet and dataset folders, which have no lines, the number of the row.
    """

    path: str
    line: int
    data: Mapping[str, Any]


Entry = Record | Fault
"""A record, or why there is none."""


def record_of(path: str, line: int, value: object) -> Entry:
    """The record of a parsed value; a fault if that is no object."""
    if isinstance(value, Mapping):
        return Record(path, line, value)
    return Fault(path, line, f"is a JSON {type(value).__name__}, expected an object")
