"""Keys of a row, of any format -> its line of JSON Lines: one rule for every copy that we write.

NaN and infinity are null (missing); dates and times are ISO 8601, durations, decimal numbers and UUIDs the text that
Python gives them. Anything else that JSON has no form for, such as bytes, is a fault, so that a copy loses nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from pytest_ftgate.data.readers.records import READERS
from pytest_ftgate.errors import DataError, Fault, FtgateError
from pytest_ftgate.files.compressed import check_not_compressed

_OTHER_FORMATS = frozenset(READERS) - {".json"}
"""A .json is read if it holds JSON Lines."""


def json_line(path: str, line: int, data: Mapping[str, Any]) -> str:
    """With its end of line. path, line: of the row. Raises DataError for what JSON has no form for."""
    try:
        return json.dumps({key: _plain(key, value) for key, value in data.items()}, ensure_ascii=False) + "\n"
    except (TypeError, ValueError) as error:
        raise DataError([Fault(path, line, f"cannot be written as JSON: {error}", "remove the column")]) from None


def check_target(path: Path) -> None:
    """For a file of JSON Lines to write. Raises FtgateError if its name says that it is something else."""
    check_not_compressed(path)
    if path.suffix.lower() in _OTHER_FORMATS:
        raise FtgateError(f"{path}: output is JSON Lines; use a name like {path.with_suffix('.jsonl').name}")


def _plain(column: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(column, below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(column, below) for below in value]
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        return None
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal | timedelta | UUID):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{column!r} has a value of type {type(value).__name__}")
