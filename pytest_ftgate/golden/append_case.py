"""(file of cases, case as written) -> the bytes of the file with one case more; what is there stays byte for byte."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.csv_columns import SLICE, header


def with_case(path: Path, row: Mapping[str, Any]) -> bytes:
    """JSON Lines and CSV. Raises FtgateError for other files, with the lines to add, and for a column that lacks."""
    before = path.read_bytes()
    end = b"\r\n" if before.endswith(b"\r\n") else b"\n"
    gap = b"" if before.endswith(b"\n") or not before else end
    return before + gap + _line(path, row).encode() + end


def _line(path: Path, row: Mapping[str, Any]) -> str:
    if path.suffix == ".jsonl":
        return json.dumps(row, ensure_ascii=False)
    if path.suffix == ".csv":
        return _cells(path, row)
    written = ("" if path.suffix == ".json" else "- ") + json.dumps(row, ensure_ascii=False)
    raise FtgateError(
        f"{shown(path)}: cases are appended to .jsonl and .csv files only; nothing was written\n"
        f"    add this to its list of cases, then run ftgate lock:\n    {written}"
    )


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
