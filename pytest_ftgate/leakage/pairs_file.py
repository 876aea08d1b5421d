"""Report -> a file of its pairs of a golden case and a training row: JSON Lines or CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import LeakageError
from pytest_ftgate.files.atomic import replacing
from pytest_ftgate.files.text import shown
from pytest_ftgate.leakage.report import Leak, Report

COLUMNS = ("verdict", "golden", *(each.name for each in fields(Leak) if each.name != "verdict"))
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With these a spreadsheet begins to compute."""


def write_jsonl(report: Report, path: Path) -> None:
    """One object a pair, leaks first: the fields of `Leak`, and `golden` as in sms_spam/a1. Raises LeakageError."""
    _write(path, (json.dumps(each, ensure_ascii=False) + "\n" for each in _pairs(report)))


def write_csv(report: Report, path: Path) -> None:
    """The same as a table; a cell that a spreadsheet would compute begins with an apostrophe. Raises LeakageError."""
    _write(path, _lines(report))


def _pairs(report: Report) -> Iterator[dict[str, Any]]:
    for leak in report.found:
        values = {**asdict(leak), "golden": leak.golden}
        yield {name: values[name] for name in COLUMNS}


def _lines(report: Report) -> Iterator[str]:
    table = csv.writer(echo := _Echo())
    for row in (COLUMNS, *(pair.values() for pair in _pairs(report))):
        table.writerow(map(_cell, row))
        yield echo.line


class _Echo:
    """A file that keeps the line last written."""

    line = ""

    def write(self, line: str) -> None:
        self.line = line


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _write(path: Path, lines: Iterator[str]) -> None:
    try:
        with replacing(path) as stream:
            stream.writelines(lines)
    except OSError as error:
        raise LeakageError(f"{shown(path)}: cannot write the pairs: {error.strerror or error}") from None
