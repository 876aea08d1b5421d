"""(file of cases, case as written) -> the bytes of the file with one case more; what is there stays byte for byte."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.csv_columns import SLICE, header

_YAML = (".yaml", ".yml")
_CASES = re.compile(r"^cases:[ \t]*(?:#.*)?$", re.MULTILINE)
_ITEM = re.compile(r"^([ \t]*)- ", re.MULTILINE)


def with_case(path: Path, row: Mapping[str, Any]) -> bytes:
    """JSON Lines, CSV and YAML whose cases are a list in lines of their own, at its end.

    Whether YAML is read as it was meant is for the caller to see. Raises FtgateError for other files, see `by_hand`,
    and for a CSV file that lacks a column.
    """
    before = path.read_bytes()
    end = b"\r\n" if before.endswith(b"\r\n") else b"\n"
    gap = b"" if before.endswith(b"\n") or not before else end
    return before + gap + _line(path, row).encode() + end


def by_hand(path: Path, row: Mapping[str, Any]) -> FtgateError:
    """That a case cannot be appended to a file, with the lines to add."""
    written = ("" if path.suffix == ".json" else "- ") + json.dumps(row, ensure_ascii=False)
    return FtgateError(
        f"{shown(path)}: the case cannot be appended to this file; nothing was written\n"
        f"    add this to its list of cases, then run ftgate lock:\n    {written}"
    )


def _line(path: Path, row: Mapping[str, Any]) -> str:
    if path.suffix == ".jsonl":
        return json.dumps(row, ensure_ascii=False)
    if path.suffix == ".csv":
        return _cells(path, row)
    if path.suffix in _YAML and (indent := _indent(path.read_text(encoding="utf-8"))) is not None:
        return f"{indent}- {json.dumps(row, ensure_ascii=False)}"
    raise by_hand(path, row)


def _indent(text: str) -> str | None:
    """What stands before each case of a YAML file; None if its cases are no list in lines of their own."""
    cases = _CASES.search(text)
    item = _ITEM.search(text, cases.end() if cases else 0)
    return item[1] if item else None


def _cells(path: Path, row: Mapping[str, Any]) -> str:
    columns = header(path)
    flat = {**row, **{f"{SLICE}{name}": value for name, value in row.get("slices", {}).items()}}
    flat.pop("slices", None)
    if missing := [name for name in flat if name not in columns and name != "id"]:
        raise FtgateError(
            f"{shown(path)}: has no column for {', '.join(missing)}; nothing was written\n"
            f"    add the column to its first line: {', '.join(columns)}"
        )
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(_cell(flat.get(column, "")) for column in columns)
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
